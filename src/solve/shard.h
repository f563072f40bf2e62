#ifndef SOLVE_SHARD_H
#define SOLVE_SHARD_H

#include "core/image_walk.h"
#include "store/state.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * One state among those that are summed: its image, opened and read as far as its large arrays.
 *
 * path       as given; borrowed
 * is_whole   its learner stands in another form than one moment of all features: it can only be
 *            read whole
 * state      without components (state_load_head)
 * moment     columns is 0 where nothing has been learned, or is_whole
 * base       byte of the file at which the learner's image begins
 * origin     of which shard it is
 * pairs      label rows learned
 * share      of its sums in the common ones: what is still to fade
 * mark       the last bytes of the image, a checksum of all others
 */
struct shard {
    const char *path;
    int descriptor;
    uint64_t bytes;
    int is_whole;
    struct state state;
    struct image_moment moment;
    uint64_t base;
    struct origin origin;
    uint64_t pairs;
    double share;
    uint64_t mark;
};

/*
 * Open the image of a state: the file itself, or a directory that lattn checkpoint -o made.
 *
 * Returns LATTN_OK; LATTN_NO_DATA where there is nothing at this path; LATTN_DAMAGED,
 * LATTN_OTHER_VERSION; LATTN_CONFLICT for a directory of lattnd --state, with advice in the
 * complaint; LATTN_INPUT_OUTPUT, LATTN_NO_MEMORY. Whatever it returns, shard_close may follow.
 */
enum lattn_status shard_open(struct shard *shard, const char *path,
                             struct lattn_complaint *complaint);
void shard_close(struct shard *shard);

/* Has anything been learned? */
int shard_has_data(const struct shard *shard);

/* Read all of it and compare the checksum. Returns LATTN_OK, LATTN_DAMAGED, LATTN_INPUT_OUTPUT. */
enum lattn_status shard_verify(const struct shard *shard, struct lattn_complaint *complaint);

/* Load all of it. Returns as state_load; ret_state is given. */
enum lattn_status shard_load(const struct shard *shard, struct state *ret_state,
                             struct lattn_complaint *complaint);

/* Read numbers that stand at a byte of the learner's image. LATTN_OK or LATTN_INPUT_OUTPUT. */
enum lattn_status shard_read(const struct shard *shard, uint64_t at, size_t count,
                             double *ret_numbers, struct lattn_complaint *complaint);

/* Read rows (a, b), (a, b + 1) ... of its moment (core/khatri.h). Returns as shard_read. */
enum lattn_status shard_rows(const struct shard *shard, int32_t a, int32_t b, int32_t count,
                             double *ret_rows, struct lattn_complaint *complaint);

#endif
