#include "support/evidence.h"

#include "base/memory.h"
#include "core/feature.h"
#include "core/khatri.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static long double *numbers(size_t count)
{
    long double *x = memory_zeroed(count, sizeof *x);

    cr_assert_not_null(x);
    return x;
}

void evidence_init(struct evidence *evidence, int32_t d, int32_t e, int32_t m, int32_t room)
{
    int32_t q = d * (d + 1) / 2;

    *evidence = (struct evidence){.d = d, .e = e, .m = m, .q = q, .p = q * e, .room = room};
    evidence->S = numbers((size_t)(room * q));
    evidence->z = numbers((size_t)(room * e));
    evidence->y = numbers((size_t)(room * m));
    evidence->w = numbers((size_t)room);
}

void evidence_done(struct evidence *evidence)
{
    memory_release(evidence->S);
    memory_release(evidence->z);
    memory_release(evidence->y);
    memory_release(evidence->w);
}

void evidence_add(struct evidence *evidence, int32_t n, const double *tokens, const double *query,
                  const double *y, double w)
{
    int32_t row = evidence->count++;
    int32_t d = evidence->d;
    long double *S = evidence->S + row * evidence->q;

    cr_assert_lt(row, evidence->room);
    for (int32_t t = 0; t < n; t++)
        for (int32_t j = 0; j < d; j++)
            for (int32_t k = j; k < d; k++)
                S[feature_pair(d, j, k)] +=
                    (long double)tokens[t * d + j] * (long double)tokens[t * d + k];
    for (int32_t l = 0; l < evidence->e; l++)
        evidence->z[row * evidence->e + l] = query[l];
    for (int32_t a = 0; a < evidence->m; a++)
        evidence->y[row * evidence->m + a] = y[a];
    evidence->w[row] = w;
}

void evidence_sample(struct evidence *evidence, int32_t count, int32_t n, const double *mix,
                     struct random *random)
{
    enum { MOST = 64 };
    int32_t d = evidence->d;
    double normals[MOST], tokens[MOST], query[MOST], y[MOST];

    cr_assert_leq(n * d, MOST);
    for (int32_t i = 0; i < count; i++) {
        random_normals(random, normals, n * d);
        random_normals(random, query, evidence->e);
        random_normals(random, y, evidence->m);
        for (int32_t t = 0; t < n; t++)
            for (int32_t j = 0; j < d; j++) {
                double sum = 0;

                for (int32_t k = 0; k < d; k++)
                    sum += (mix == NULL ? k == j : mix[j * d + k]) * normals[t * d + k];
                tokens[t * d + j] = sum;
            }
        for (int32_t l = 0; l < evidence->e && l < d; l++)
            query[l] = tokens[(n - 1) * d + l];
        evidence_add(evidence, n, tokens, query, y, 0.5 + random_uniform(random));
    }
}

void evidence_features(const struct evidence *evidence, int32_t row, long double *ret_phi)
{
    for (int32_t c = 0; c < evidence->p; c++)
        ret_phi[c] = evidence->S[row * evidence->q + c / evidence->e] *
                     evidence->z[row * evidence->e + c % evidence->e];
}

void evidence_label(struct evidence *evidence, const long double *weights, double noise,
                    struct random *random)
{
    long double *phi = numbers((size_t)evidence->p);

    for (int32_t i = 0; i < evidence->count; i++) {
        evidence_features(evidence, i, phi);
        for (int32_t a = 0; a < evidence->m; a++) {
            double normal;
            long double sum = 0;

            random_normals(random, &normal, 1);
            for (int32_t c = 0; c < evidence->p; c++)
                sum += phi[c] * weights[c * evidence->m + a];
            evidence->y[i * evidence->m + a] = sum + (long double)(noise * normal);
        }
    }
    memory_release(phi);
}

/* X~ = A X A' of packed symmetric matrices. */
static void pairs_turn(int32_t n, const double *A, const long double *packed, long double *ret)
{
    for (int32_t j = 0; j < n; j++)
        for (int32_t k = j; k < n; k++) {
            long double sum = 0;

            for (int32_t x = 0; x < n; x++)
                for (int32_t y = 0; y < n; y++)
                    sum += (long double)A[j * n + x] * (long double)A[k * n + y] *
                           packed[x <= y ? feature_pair(n, x, y) : feature_pair(n, y, x)];
            ret[feature_pair(n, j, k)] = sum;
        }
}

/* One row in the coordinates of a moment, added to M and C in long double. */
static void row_fill(const struct evidence *evidence, const struct moment *moment, int32_t row,
                     long double *M, long double *C)
{
    int32_t q = evidence->q, e = evidence->e, m = evidence->m;
    int32_t columns = e * (e + 1) / 2;
    long double *s = numbers((size_t)q), *z = numbers((size_t)e);

    pairs_turn(evidence->d, moment->A, evidence->S + row * q, s);
    for (int32_t l = 0; l < e; l++)
        for (int32_t k = 0; k < e; k++)
            z[l] += (long double)moment->B[l * e + k] * evidence->z[row * e + k];
    for (int32_t a = 0; a < q; a++) {
        for (int32_t b = a; b < q; b++)
            for (int32_t l = 0; l < e; l++)
                for (int32_t k = l; k < e; k++)
                    M[khatri_row(q, a, b) * (size_t)columns + (size_t)feature_pair(e, l, k)] +=
                        evidence->w[row] * s[a] * s[b] * z[l] * z[k];
        for (int32_t o = 0; o < m; o++)
            for (int32_t l = 0; l < e; l++)
                C[(a * m + o) * e + l] += evidence->w[row] * s[a] * z[l] * evidence->y[row * m + o];
    }
    memory_release(s);
    memory_release(z);
}

void evidence_fill(const struct evidence *evidence, struct moment *moment)
{
    int32_t q = evidence->q, e = evidence->e, m = evidence->m;
    size_t columns = (size_t)(e * (e + 1) / 2);
    long double *M = numbers(khatri_rows(q) * columns), *C = numbers((size_t)(q * m * e));
    long double *energy = numbers((size_t)m);
    long double fade = moment->fade;

    for (int32_t i = 0; i < evidence->count; i++)
        row_fill(evidence, moment, i, M, C);
    evidence_gram(evidence, NULL, NULL, energy, NULL);
    for (size_t r = 0; r < khatri_rows(q); r++)
        for (size_t c = 0; c < columns; c++)
            moment->M[r * moment->ldm + c] = (double)(M[r * columns + c] / fade);
    for (int32_t i = 0; i < q * m * e; i++)
        moment->C[i] = (double)(C[i] / fade);
    for (int32_t a = 0; a < m; a++)
        moment->energy[a] = (double)(energy[a] / fade);
    memory_release(M);
    memory_release(C);
    memory_release(energy);
}

void evidence_wait(const struct evidence *evidence, struct moment *moment)
{
    int32_t e = evidence->e;

    cr_assert_leq(evidence->count, MOMENT_ROWS);
    for (int32_t i = 0; i < evidence->count; i++) {
        const long double *z = evidence->z + i * e;

        for (int32_t j = 0; j < evidence->q; j++)
            moment->s[(size_t)i * moment->lds + (size_t)j] =
                (double)evidence->S[i * evidence->q + j];
        for (int32_t l = 0; l < e; l++)
            for (int32_t k = l; k < e; k++)
                moment->zz[(size_t)i * moment->ldz + (size_t)feature_pair(e, l, k)] =
                    (double)(evidence->w[i] * z[l] * z[k]);
    }
    moment->waiting = evidence->count;
}

static void row_sum(const struct evidence *evidence, int32_t row, const long double *phi,
                    long double *G, long double *c)
{
    int32_t p = evidence->p, m = evidence->m;
    long double w = evidence->w[row];

    for (int32_t i = 0; G != NULL && i < p; i++)
        for (int32_t j = 0; j < p; j++)
            G[i * p + j] += w * phi[i] * phi[j];
    for (int32_t i = 0; c != NULL && i < p; i++)
        for (int32_t a = 0; a < m; a++)
            c[i * m + a] += w * phi[i] * evidence->y[row * m + a];
}

static void scales_sum(const struct evidence *evidence, int32_t row, long double *squares)
{
    int32_t d = evidence->d, e = evidence->e;
    const long double *S = evidence->S + row * evidence->q, *z = evidence->z + row * e;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++)
            for (int32_t l = 0; l < e; l++)
                squares[feature_pair(d, j, k) * e + l] += evidence->w[row] *
                                                          S[feature_pair(d, j, j)] *
                                                          S[feature_pair(d, k, k)] * z[l] * z[l];
}

void evidence_gram(const struct evidence *evidence, long double *ret_G, long double *ret_c,
                   long double *ret_energy, long double *ret_scales)
{
    long double *phi = numbers((size_t)evidence->p);

    for (int32_t i = 0; i < evidence->count; i++) {
        evidence_features(evidence, i, phi);
        row_sum(evidence, i, phi, ret_G, ret_c);
        if (ret_scales != NULL)
            scales_sum(evidence, i, ret_scales);
        for (int32_t a = 0; ret_energy != NULL && a < evidence->m; a++) {
            long double y = evidence->y[i * evidence->m + a];

            ret_energy[a] += evidence->w[i] * y * y;
        }
    }
    for (int32_t c = 0; ret_scales != NULL && c < evidence->p; c++)
        ret_scales[c] = sqrtl(ret_scales[c]);
    memory_release(phi);
}

/* Cholesky by rows of the lower triangle, then two substitutions; in place. */
static int definite_solve(int32_t p, int32_t m, long double *G, long double *c)
{
    for (int32_t i = 0; i < p; i++)
        for (int32_t j = 0; j <= i; j++) {
            long double sum = G[i * p + j];

            for (int32_t k = 0; k < j; k++)
                sum -= G[i * p + k] * G[j * p + k];
            if (i == j && !(sum > 0))
                return 0;
            G[i * p + j] = i == j ? sqrtl(sum) : sum / G[j * p + j];
        }
    for (int32_t a = 0; a < m; a++) {
        for (int32_t i = 0; i < p; i++) {
            for (int32_t k = 0; k < i; k++)
                c[i * m + a] -= G[i * p + k] * c[k * m + a];
            c[i * m + a] /= G[i * p + i];
        }
        for (int32_t i = p; i-- > 0;) {
            for (int32_t k = i + 1; k < p; k++)
                c[i * m + a] -= G[k * p + i] * c[k * m + a];
            c[i * m + a] /= G[i * p + i];
        }
    }
    return 1;
}

int evidence_solve(const struct evidence *evidence, long double *ret_weights)
{
    int32_t p = evidence->p;
    long double *G = numbers((size_t)(p * p));
    int is_definite;

    memset(ret_weights, 0, (size_t)(p * evidence->m) * sizeof *ret_weights);
    evidence_gram(evidence, G, ret_weights, NULL, NULL);
    is_definite = definite_solve(p, evidence->m, G, ret_weights);
    memory_release(G);
    return is_definite;
}

/* (R'X)_ij, X being R or C, columns i of R and `column` of [R C]. */
static long double product(const double *triangle, size_t ld, int32_t i, int32_t column)
{
    int32_t last = column < i ? column : i;
    long double sum = 0;

    for (int32_t k = 0; k <= last; k++)
        sum += (long double)triangle[(size_t)k * ld + (size_t)i] *
               (long double)triangle[(size_t)k * ld + (size_t)column];
    return sum;
}

static long double relative(long double difference, long double size)
{
    return difference == 0 ? 0 : fabsl(difference) / size;
}

double evidence_distance(const struct evidence *evidence, const double *triangle, size_t ld,
                         const double *residual, double share)
{
    int32_t p = evidence->p, m = evidence->m;
    long double *G = numbers((size_t)(p * p)), *c = numbers((size_t)(p * m));
    long double *energy = numbers((size_t)m), *scales = numbers((size_t)p);
    long double worst = 0;

    evidence_gram(evidence, G, c, energy, scales);
    for (int32_t i = 0; i < p; i++) {
        for (int32_t j = i; j < p; j++)
            worst = fmaxl(worst, relative(product(triangle, ld, i, j) - share * G[i * p + j],
                                          share * scales[i] * scales[j]));
        for (int32_t a = 0; a < m; a++)
            worst = fmaxl(worst, relative(product(triangle, ld, i, p + a) - share * c[i * m + a],
                                          share * scales[i] * sqrtl(energy[a])));
    }
    for (int32_t a = 0; a < m; a++) {
        long double sum = residual[a];

        for (int32_t i = 0; i < p; i++) {
            long double entry = triangle[(size_t)i * ld + (size_t)(p + a)];

            sum += entry * entry;
        }
        worst = fmaxl(worst, relative(sum - share * energy[a], share * energy[a]));
    }
    memory_release(G);
    memory_release(c);
    memory_release(energy);
    memory_release(scales);
    return (double)worst;
}
