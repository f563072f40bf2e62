#ifndef CORE_KHATRI_SCRATCH_H
#define CORE_KHATRI_SCRATCH_H

#include "core/khatri.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What the versions of khatri_absorb share, and their names, which only khatri*.c and the tests
 * use.
 */

enum {
    KHATRI_CHUNK = 128,   /* rows absorbed at a time: a strip of x stays in the first cache */
    KHATRI_LD = 136,      /* of columns cut into chunks; not a power of two, which caches dislike */
    KHATRI_PANEL = 16,    /* rows of products formed at a time, a multiple of KHATRI_TILE_MAX */
    KHATRI_TILE_MAX = 8,  /* rows of M summed in registers */
    KHATRI_STRIP_MAX = 24 /* columns of M summed in registers: three of the longest vectors */
};

/* Scratch of one call; chunk h is rows h KHATRI_CHUNK, ... of s and x. */
struct khatri_scratch {
    double *columns; /* chunks x q x KHATRI_LD: s column by column; garbage behind the rows */
    double *strips;  /* k x n, n rounded up to whole vectors: of each chunk, x strip by strip */
    double *panel;   /* KHATRI_PANEL x KHATRI_LD: products s[a] s[b] of one chunk */
    double *edge;    /* KHATRI_TILE_MAX x KHATRI_STRIP_MAX: a copy of M's last rows */
};

/* Lay the arrays into work, which holds khatri_workspace(q, n, k) doubles. */
struct khatri_scratch khatri_scratch_carve(int32_t q, int32_t n, int32_t k, double *work);

/* khatri_absorb with vectors of 128 bits, which any 64-bit machine has. */
void khatri_absorb_128(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                       const double *x, size_t ldx, double keep, double *M, size_t ldm,
                       size_t first, size_t last, double *work);

#if defined(__x86_64__)
/* With AVX2 and FMA, and with AVX-512F; to be called only where the processor has them. */
void khatri_absorb_256(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                       const double *x, size_t ldx, double keep, double *M, size_t ldm,
                       size_t first, size_t last, double *work);
void khatri_absorb_512(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                       const double *x, size_t ldx, double keep, double *M, size_t ldm,
                       size_t first, size_t last, double *work);
#endif

#endif
