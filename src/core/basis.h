#ifndef CORE_BASIS_H
#define CORE_BASIS_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/* A row that was chosen, and how long it was beside those chosen before it. */
struct basis_choice {
    size_t row;
    double length;
};

/*
 * Choose independent rows of X, each of them far outside the span of those before it.
 *
 * Rounds of block Gram-Schmidt: a round takes rows that are still at least half as long as the
 * longest one at its begin, then projects all the others. So no choice is shorter than half of the
 * longest there was, and the work is matrix products instead of one pass over X per choice.
 *
 * rows        in, lost  count x width
 * floors      in        count: what is left of row i is rounding where it is no longer than that
 * most        in        choose at most so many
 * ret_choices out       room for min(most, count, width)
 *
 * Unless `most` ends it, nothing longer than the floors is left outside the span of what was
 * chosen. About 4 count width flops per choice. Allocates workspace. Returns LATTN_OK or
 * LATTN_NO_MEMORY.
 */
enum lattn_status basis_choose(int32_t count, int32_t width, double *rows, const double *floors,
                               size_t most, struct basis_choice *ret_choices, size_t *ret_count);

/* Bytes of its workspace. */
size_t basis_bytes(int32_t count, int32_t width);

#endif
