#ifndef SOLVE_PASSAGE_H
#define SOLVE_PASSAGE_H

#include "solve/frame.h"
#include "solve/grid.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Rows of moments on their way into pieces of one matrix. Row (a, b) of a moment is block (a, b) of
 * G~, d x d, symmetric in itself; it goes to the one rank that has this block, and whatever else is
 * to be known of it is found while it passes. Coordinates are those of the frame; p = q d.
 *
 * frame, grid  borrowed; blocks are added to the pieces
 * is_first     or set
 * share        of the rows in the sum
 * pair_ratio   q, entry_ratio: q, query_ratio: d: what scaling leads from the rows' frame to ours
 * delta        p x m row-major: weights at hand of the shard less the base
 * has_delta    they are not all 0
 *
 * What is found, the part of this rank:
 *
 * scale        p: squared a-priori scales
 * labels       p x m row-major: what delta adds to sums of labels;   energy  m: to their squares
 * tokens       d x d: sum w |S_jj|^2 z~ z~'
 * is_finite    all that passed
 *
 * Of its own:
 *
 * pair_of      q: j where pair number a is (j, j), else -1
 * view         q x d: what pair a of S~ adds to each S_jj
 * block        d x d: the row as a block;   answer  d x m
 */
struct passage {
    const struct frame *frame;
    struct grid *grid;
    int32_t d;
    int32_t q;
    int32_t m;
    int is_first;
    double share;
    double *pair_ratio;
    double *entry_ratio;
    double *query_ratio;
    double *delta;
    int has_delta;
    double *scale;
    double *labels;
    double *energy;
    double *tokens;
    int is_finite;
    int32_t *pair_of;
    double *view;
    double *block;
    double *answer;
};

/* Returns LATTN_OK or LATTN_NO_MEMORY. Whatever it returns, passage_close may follow. */
enum lattn_status passage_open(struct passage *passage, const struct frame *frame,
                               struct grid *grid, int32_t m);
void passage_close(struct passage *passage);

/*
 * From a shard's frame, A and B, to ours: by scaling, or the rows have been turned already.
 */
void passage_scale(struct passage *passage, const double *A, const double *B);
void passage_scale_none(struct passage *passage);

/*
 * Take rows (a, b), (a, b + 1) ... whose blocks are all this rank's.
 *
 * strip       in  of rows only the entries (l, l'), l <= l', with first <= l < end
 * step, lead  in  numbers from one entry to the next, from one row to the next
 */
struct passage_strip {
    int32_t first;
    int32_t end;
};
void passage_take(struct passage *passage, struct passage_strip strip, int32_t a, int32_t b,
                  int32_t count, const double *rows, size_t step, size_t lead);

/* The rank that has block (a, b) of d x d, and the first b from which on it may be another. */
int32_t passage_owner(const struct grid *grid, int32_t d, int32_t a, int32_t b);
int32_t passage_run_end(const struct grid *grid, int32_t d, int32_t q, int32_t b);

#endif
