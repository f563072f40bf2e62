/* khatri_absorb with 128-bit vectors, which SSE2, NEON and the like have from the start. */

#define KHATRI_LANES 2
#define KHATRI_QUADS 1
#define KHATRI_TARGET

#include "core/khatri_absorb.h"

void khatri_absorb_128(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                       const double *x, size_t ldx, double keep, double *M, size_t ldm,
                       size_t first, size_t last, double *work)
{
    chunks_absorb(q, n, k, s, lds, x, ldx, keep, M, ldm, first, last, work);
}
