/*
 * The choice among the versions, the scratch that they share, and the update in plain C that they
 * are tested against: one row of M at a time, which stays in the first cache while the k rows pass.
 */

#include "core/khatri.h"
#include "core/khatri_scratch.h"

/* k rows cut into chunks, each column of each padded to KHATRI_LD. */
static size_t columns_count(int32_t q, int32_t k)
{
    return (size_t)(k / KHATRI_CHUNK + 1) * (size_t)q * KHATRI_LD;
}

/* Columns of x filled up to whole vectors of any length. */
static size_t strips_count(int32_t n, int32_t k)
{
    return (size_t)k * (((size_t)n + 7) / 8 * 8);
}

size_t khatri_workspace(int32_t q, int32_t n, int32_t k)
{
    return columns_count(q, k) + strips_count(n, k) + (size_t)KHATRI_PANEL * KHATRI_LD +
           (size_t)KHATRI_TILE_MAX * KHATRI_STRIP_MAX;
}

struct khatri_scratch khatri_scratch_carve(int32_t q, int32_t n, int32_t k, double *work)
{
    struct khatri_scratch scratch;

    scratch.columns = work;
    scratch.strips = scratch.columns + columns_count(q, k);
    scratch.panel = scratch.strips + strips_count(n, k);
    scratch.edge = scratch.panel + (size_t)KHATRI_PANEL * KHATRI_LD;
    return scratch;
}

/* m = keep m + sum_i s_i[a] s_i[b] x_i */
static void row_absorb(int32_t n, int32_t k, const double *s_a, const double *s_b, size_t lds,
                       const double *x, size_t ldx, double keep, double *m)
{
    for (int32_t c = 0; c < n; c++)
        m[c] *= keep;
    for (int32_t i = 0; i < k; i++, s_a += lds, s_b += lds, x += ldx) {
        double product = *s_a * *s_b;

        for (int32_t c = 0; c < n; c++)
            m[c] += product * x[c];
    }
}

void khatri_absorb_portable(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                            const double *x, size_t ldx, double keep, double *M, size_t ldm,
                            size_t first, size_t last, double *work)
{
    (void)work;
    for (int32_t a = 0; a < q; a++)
        for (int32_t b = a; b < q; b++) {
            size_t row = khatri_row(q, a, b);

            if (first <= row && row < last)
                row_absorb(n, k, s + a, s + b, lds, x, ldx, keep, M + row * ldm);
        }
}

void khatri_absorb(int32_t q, int32_t n, int32_t k, const double *s, size_t lds, const double *x,
                   size_t ldx, double keep, double *M, size_t ldm, size_t first, size_t last,
                   double *work)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        khatri_absorb_512(q, n, k, s, lds, x, ldx, keep, M, ldm, first, last, work);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        khatri_absorb_256(q, n, k, s, lds, x, ldx, keep, M, ldm, first, last, work);
        return;
    }
#endif
    khatri_absorb_128(q, n, k, s, lds, x, ldx, keep, M, ldm, first, last, work);
}
