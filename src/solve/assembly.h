#ifndef SOLVE_ASSEMBLY_H
#define SOLVE_ASSEMBLY_H

#include "solve/frame.h"
#include "solve/grid.h"
#include "solve/shards.h"

/*
 * The moments of all shards as one matrix in pieces, and what stands beside it. Coordinates are
 * those of the frame; p = q d features.
 *
 *     G~ = scale H scale,    labels = sum w phi~ (y - base'phi)',    energy = sum w (y -
 * base'phi)^2
 *
 * The pieces of the grid are those of H. Base are the weights at hand of the shard that the frame
 * comes from: sums of labels are about what some weights leave of them, so that nothing is lost to
 * the size of the labels, and each shard's are brought to those of this one.
 *
 * scale   p: a-priori scales in the frame
 * labels  p x m COLUMN-major;   base  p x m row-major, in plain coordinates
 * energy  m
 * tokens  d x d: sum w |S_jj|^2 z z', in plain coordinates
 * noise   of G~, in units of u (core/moment.h)
 */
struct assembly {
    int32_t d;
    int32_t p;
    int32_t m;
    double *scale;
    double *labels;
    double *base;
    double *energy;
    double *tokens;
    double noise;
};

/*
 * The shard whose frame is that of all: one that is turned, if any is, since it has reason to be;
 * the one with most pairs among those. -1 where none has features.
 */
int32_t assembly_reference(const struct shards *shards);

/* Does this shard stand in a frame from which scaling alone does not lead to the other's? */
int assembly_is_turned(const struct shard *shard, const struct shard *reference);

/*
 * Read the rows that stand in this rank's pieces, from all shards, and turn those that stand in
 * another frame (turning.h).
 *
 * grid  in/out  opened; its pieces are filled
 *
 * Called by all ranks together; all return the same: LATTN_OK, LATTN_DAMAGED, LATTN_INPUT_OUTPUT or
 * LATTN_NO_MEMORY. Whatever it returns, assembly_done may follow.
 */
enum lattn_status assembly_make(struct assembly *assembly, const struct shards *shards,
                                const struct frame *frame, struct grid *grid,
                                struct lattn_complaint *complaint);
void assembly_done(struct assembly *assembly);

#endif
