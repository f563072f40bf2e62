#ifndef SOLVE_TURNING_H
#define SOLVE_TURNING_H

#include "core/congruence.h"
#include "solve/frame.h"
#include "solve/grid.h"
#include "solve/passage.h"
#include "solve/ranks.h"
#include "solve/shard.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * A shard's moment in the coordinates of another, by all ranks together, of which none holds more
 * than a few columns. Turning goes along rows first and along columns then:
 *
 *     X_c = sum_k M[:, k] N2_ck,      M+[:, c] = S2(L) X_c S2(L)'
 *
 * A strip of columns at a time each rank reads a share of the rows and multiplies them by the
 * strip's columns of N2'; columns are dealt out, whole, and turned; and their rows go to the ranks
 * that have their blocks. The file is thus read once for each strip, by all ranks together.
 *
 * columns_most         in a strip
 * rows_read, rows_kept  of M, for each rank: that it reads, and whose blocks it has
 * one, two              what is given and got, COLUMN-major: rows of one rank's columns, and then
 * of the next one's to, from              the parts of each rank in them;   done: how much of a
 * part is there square                q x q;   NN_columns  NN by columns before, after         q x
 * d: squared a-priori scales in either frame
 */
struct turning {
    const struct shard *shard;
    const struct grid *grid;
    struct congruence congruence;
    int32_t d;
    int32_t q;
    int32_t columns_most;
    int32_t *rows_read;
    int32_t *rows_kept;
    struct ranks_parts to;
    struct ranks_parts from;
    int32_t *done;
    double *one;
    double *two;
    double *square;
    double *before;
    double *after;
};

/*
 * shard, grid  in       kept until turning_close
 * square       scratch  q x q, borrowed until turning_close
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_INPUT_OUTPUT. Whatever it returns, turning_close may
 * follow.
 */
enum lattn_status turning_open(struct turning *turning, const struct shard *shard,
                               const struct frame *frame, const struct grid *grid, double *square,
                               struct lattn_complaint *complaint);
void turning_close(struct turning *turning);

/* Bytes that it takes, of each rank. */
uint64_t turning_bytes(int32_t d, int32_t ranks);

/* The strip that begins with this query coordinate; all turn all strips, one after the other. */
struct passage_strip turning_strip(const struct turning *turning, int32_t first);

/*
 * Turn a strip.
 *
 * ret_rows  out  COLUMN-major, a column of each entry of the strip: rows (a, b) that this rank
 * keeps in their order; borrowed until the next call ret_lead  out  how many they are
 *
 * Returns the same on all ranks: LATTN_OK or LATTN_INPUT_OUTPUT.
 */
enum lattn_status turning_make(struct turning *turning, struct passage_strip strip,
                               const double **ret_rows, size_t *ret_lead,
                               struct lattn_complaint *complaint);

/* After all strips: the noise of what was turned, on all ranks. */
double turning_noise(struct turning *turning);

#endif
