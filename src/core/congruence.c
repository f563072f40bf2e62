/*
 * Products with triangles from either side, and what they do to rounding (README.md, statement 33).
 */
#include "core/congruence.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/even.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/*
 * Rounding of a turn that changes nothing, in units of u: sums of products, each of which goes
 * through four triangles.
 */
static const double turn_rounding = 2;

/* Noise of sums of which nothing is left. */
static const double noise_most = 0x1p53;

int64_t congruence_numbers(int32_t d, int32_t e)
{
    int64_t q = (int64_t)d * (d + 1) / 2, columns = (int64_t)e * (e + 1) / 2;

    return (int64_t)d * d + (int64_t)e * e + q * q + columns * columns;
}

enum lattn_status congruence_open(struct congruence *congruence, int32_t d, int32_t e)
{
    int32_t q = d * (d + 1) / 2, columns = e * (e + 1) / 2;

    *congruence = (struct congruence){
        .d = d,
        .e = e,
        .q = q,
        .columns = columns,
        .L = memory_raw((size_t)congruence_numbers(d, e), sizeof(double)),
    };
    if (congruence->L == NULL)
        return LATTN_NO_MEMORY;
    congruence->N = congruence->L + (size_t)d * (size_t)d;
    congruence->LL = congruence->N + (size_t)e * (size_t)e;
    congruence->NN = congruence->LL + (size_t)q * (size_t)q;
    return LATTN_OK;
}

void congruence_close(struct congruence *congruence)
{
    memory_release(congruence->L);
    *congruence = (struct congruence){0};
}

static void triangle_find(int32_t d, const double *A, const double *aim, double *ret_L)
{
    size_t n = (size_t)d;

    memset(ret_L, 0, n * n * sizeof *ret_L);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k-- > 0;) {
            double rest = aim[i * n + k];

            for (size_t j = k + 1; j <= i; j++)
                rest -= ret_L[i * n + j] * A[j * n + k];
            ret_L[i * n + k] = rest / A[k * n + k];
        }
}

void congruence_find(struct congruence *congruence, const double *A, const double *B,
                     const double *A_aim, const double *B_aim)
{
    triangle_find(congruence->d, A, A_aim, congruence->L);
    triangle_find(congruence->e, B, B_aim, congruence->N);
    congruence_lift(congruence);
}

void congruence_lift(struct congruence *congruence)
{
    even_lift(congruence->d, congruence->L, congruence->LL);
    even_lift(congruence->e, congruence->N, congruence->NN);
}

void congruence_turn(const struct congruence *congruence, int32_t count, double *X)
{
    int32_t q = congruence->q;
    size_t ldq = (size_t)q;

    dense_triangle_multiply_rows(DENSE_UPPER, DENSE_PLAIN, count * q, q, congruence->LL, ldq, X,
                                 ldq);
    for (int32_t g = 0; g < count; g++)
        dense_triangle_multiply_many(DENSE_TRANSPOSED, q, q, congruence->LL, ldq,
                                     X + (size_t)g * ldq * ldq, ldq);
}

void congruence_turn_labels(const struct congruence *congruence, int32_t m, double *C)
{
    int32_t q = congruence->q, e = congruence->e;
    size_t width = (size_t)m * (size_t)e;

    dense_triangle_multiply_many(DENSE_TRANSPOSED, q, (int32_t)width, congruence->LL, (size_t)q, C,
                                 width);
    dense_triangle_multiply_rows(DENSE_LOWER, DENSE_TRANSPOSED, q * m, e, congruence->N, (size_t)e,
                                 C, (size_t)e);
}

/* mixed = S2(L)^2 before (N^2)', squares entry by entry. */
static void scales_mix(const struct congruence *congruence, const double *before, double *mixed)
{
    size_t q = (size_t)congruence->q, e = (size_t)congruence->e;

    memset(mixed, 0, q * e * sizeof *mixed);
    for (size_t a = 0; a < q; a++)
        for (size_t b = a; b < q; b++) {
            double entry = congruence->LL[a * q + b];

            dense_add((int32_t)e, entry * entry, before + a * e, mixed + b * e);
        }
    for (size_t b = 0; b < q; b++)
        for (size_t l = e; l-- > 0;) {
            double *row = mixed + b * e;
            double sum = 0;

            for (size_t k = 0; k <= l; k++)
                sum += congruence->N[l * e + k] * congruence->N[l * e + k] * row[k];
            row[l] = sum;
        }
}

double congruence_noise(const struct congruence *congruence, double noise, const double *before,
                        const double *after, double *mixed)
{
    size_t p = (size_t)congruence->q * (size_t)congruence->e;
    double growth = 1; /* of the errors: the largest g^2 */

    scales_mix(congruence, before, mixed);
    for (size_t c = 0; c < p; c++)
        if (mixed[c] > 0) /* infinite where rounding has eaten up the scale */
            growth = fmax(growth, mixed[c] / fmax(0, after[c]));
    return fmin(noise_most, (noise + turn_rounding) * growth);
}
