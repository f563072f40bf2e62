#ifndef SOLVE_SHARDS_H
#define SOLVE_SHARDS_H

#include "solve/shard.h"

/*
 * All states that are to be summed.
 *
 * expect         so many, or 0: as many as the shards themselves say, or whatever is there
 * allow_missing  go on without those that are not there
 */
struct shards_wish {
    const char *const *paths;
    int32_t count;
    int32_t expect;
    int allow_missing;
};

/*
 * count      that are there;   expected: that there should be
 * whole      sums of all, without components: what verdict and report need beside the moments
 * is_spread  each that has features is one moment of all of them, so that they can be summed where
 *            they stand
 * updates    of the component that had most;   noise, is_cut: of the worst moment
 */
struct shards {
    struct shard *list;
    int32_t count;
    int32_t expected;
    struct state whole;
    int is_spread;
    uint64_t updates;
    double noise;
    int is_cut;
};

/*
 * Open them, and refuse what would be counted twice or does not belong together: one image twice, a
 * shard twice, another number of shards or epoch, a producer in two, other sizes, names or
 * settings. Checksums are not looked at.
 *
 * Returns LATTN_OK or why not, naming the state. Whatever it returns, shards_close may follow.
 */
enum lattn_status shards_open(struct shards *shards, const struct shards_wish *wish,
                              struct lattn_complaint *complaint);
void shards_close(struct shards *shards);

#endif
