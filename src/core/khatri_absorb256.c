/* khatri_absorb with AVX2 and FMA. */

#include "core/khatri_scratch.h"

#if defined(__x86_64__)

#define KHATRI_LANES 4
#define KHATRI_QUADS 1
#define KHATRI_TARGET __attribute__((target("avx2,fma")))

#include "core/khatri_absorb.h"

KHATRI_TARGET void khatri_absorb_256(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                                     const double *x, size_t ldx, double keep, double *M,
                                     size_t ldm, size_t first, size_t last, double *work)
{
    chunks_absorb(q, n, k, s, lds, x, ldx, keep, M, ldm, first, last, work);
}

#endif
