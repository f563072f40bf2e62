#ifndef CORE_UPDATE_SCRATCH_H
#define CORE_UPDATE_SCRATCH_H

#include "core/update.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What the versions of the update share, and their names, which only update*.c and the tests use.
 */

enum {
    UPDATE_BLOCK = 8,      /* columns reduced one by one: a row of them is one cache line */
    UPDATE_PANEL_MAX = 32, /* columns reflected together, a multiple of UPDATE_BLOCK */
    UPDATE_TILE = 4,       /* rows of a product formed in registers */
    UPDATE_STRIP_MAX = 24, /* columns of it: three of the longest vectors */
};

/* Scratch of one block update; a panel is at most UPDATE_PANEL_MAX columns, and k4 is k rounded up
 * to whole tiles. */
struct update_scratch {
    double *V;    /* k4 x panel: reflectors; rows past k and columns past p are zero */
    double *R;    /* panel x panel: the factor's diagonal block, padded with zeros */
    double *L;    /* panel x panel, lower: Q' = I + V L V' */
    double *W;    /* panel x strip */
    double *Z;    /* panel x strip */
    double *edge; /* (panel + k) x strip: a copy of the strip at the right edge */
};

/*
 * Blocks of rows that are folded one behind the other, at the same time: a block meets each row of
 * the factor once, from the top down, so the next may follow as soon as it has passed.
 *
 * ahead   columns eliminated in the block before; NULL: there is none
 * passed  the same of this block, for the next
 */
struct update_front {
    const _Atomic int32_t *ahead;
    _Atomic int32_t *passed;
};

/* Wait for the block before to have eliminated so many columns. front: NULL for a block alone. */
void update_front_follow(const struct update_front *front, int32_t columns);

/* Let the next block know that this one has eliminated so many columns. */
void update_front_pass(const struct update_front *front, int32_t columns);

/* update_block as one of such blocks. */
void update_block_front(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                        size_t ldr, double *work, const struct update_front *front);

/* k rounded up to whole tiles. */
int32_t update_scratch_rows(int32_t k);

/* Lay the arrays into work, which holds update_workspace(k) doubles. */
struct update_scratch update_scratch_carve(int32_t k, double *work);

/* update_block with vectors of 128 bits, which any 64-bit machine has. */
void update_block_128(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                      size_t ldr, double *work, const struct update_front *front);

#if defined(__x86_64__)
/* With AVX2 and FMA, and with AVX-512F; to be called only where the processor has them. */
void update_block_256(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                      size_t ldr, double *work, const struct update_front *front);
void update_block_512(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                      size_t ldr, double *work, const struct update_front *front);
void update_row_256(int32_t p, int32_t q, double *factor, size_t ldf, double *row);
#endif

#endif
