/*
 * Changes of coordinates: the second moments that say which ones are even, and the congruence that
 * carries M and C over. With  A+ = L A  every pair of rows and columns is turned by S2(L), and the
 * columns by S2(N) where B+ = N B: products with triangles, in place but for some columns at a
 * time.
 */
#include "core/moment_turn.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/even.h"
#include "core/feature.h"
#include "core/khatri.h"
#include "core/moment_root.h"

#include <lattn/limits.h>

#include <assert.h>
#include <math.h>
#include <string.h>

/* Columns of M that are turned together: a cache line of each row. */
enum { COLUMNS = 8 };

/*
 * Rounding of a turn that changes nothing, in units of u: sums of products, each of which goes
 * through four triangles.
 */
static const double turn_rounding = 2;

/* Below this noise is nothing beside the rounding of sums, and not worth a look at all columns. */
static const double noise_diluted = 32;

/* Noise of sums of which nothing is left. */
static const double noise_most = 0x1p53;

/* A turn may lead to so much noise: G~ is then known to 1e-11, its root's rank down to 1e-5. */
static const double noise_bearable = 0x1p16;

/* ---- moments of tokens and queries --------------------------------------------------------- */

static double trace_of(int32_t n, const double *packed)
{
    double sum = 0;

    for (int32_t i = 0; i < n; packed += n - i, i++)
        sum += *packed;
    return sum;
}

/* Add a packed matrix to the upper triangle of another. */
static void packed_add(int32_t n, double weight, const double *packed, double *matrix)
{
    for (int32_t i = 0; i < n; packed += n - i, i++)
        dense_add(n - i, weight, packed, matrix + (size_t)i * (size_t)(n + 1));
}

/*
 * T and U of the waiting rows, on and above the diagonal. Rows are weighted relative to the largest
 * one, since tr(S)^2 may overflow where no feature does.
 */
static void rows_sum(const struct moment *moment, double *T, double *U)
{
    double largest = 0;

    for (int32_t i = 0; i < moment->waiting; i++)
        largest =
            fmax(largest, trace_of(moment->d, moment->s + (size_t)i * moment->lds) *
                              sqrt(trace_of(moment->e, moment->zz + (size_t)i * moment->ldz)));
    for (int32_t i = 0; i < moment->waiting; i++) {
        const double *s = moment->s + (size_t)i * moment->lds;
        const double *zz = moment->zz + (size_t)i * moment->ldz;
        double S = trace_of(moment->d, s), z2 = trace_of(moment->e, zz);
        double size = S * sqrt(z2) / largest;

        if (!(size > 0))
            continue;
        packed_add(moment->d, size * size / S, s, T);
        packed_add(moment->e, size * size / z2, zz, U);
    }
}

/* T_t = sum_il M[(ii, t), (ll)] of a pair t. */
static double tokens_entry(const struct moment *moment, int32_t t)
{
    double sum = 0;

    for (int32_t i = 0; i < moment->d; i++) {
        int32_t ii = feature_pair(moment->d, i, i);
        size_t row = ii < t ? khatri_row(moment->q, ii, t) : khatri_row(moment->q, t, ii);

        sum += trace_of(moment->e, moment->M + row * moment->ldm);
    }
    return sum;
}

/* T and U of what M holds, in its coordinates, on and above the diagonal. No rows are waiting. */
static void moment_sum(const struct moment *moment, double *T, double *U)
{
    int32_t d = moment->d, columns = moment_columns(moment);
    double *squares = moment->work;
    int32_t t = 0;

    memset(T, 0, (size_t)d * (size_t)d * sizeof *T);
    memset(U, 0, (size_t)moment->e * (size_t)moment->e * sizeof *U);
    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++)
            T[(size_t)j * (size_t)d + (size_t)k] = tokens_entry(moment, t++);
    memset(squares, 0, (size_t)columns * sizeof *squares);
    for (int32_t i = 0; i < d; i++)
        for (int32_t k = i; k < d; k++)
            dense_add(columns, i == k ? 1 : 2,
                      moment->M +
                          khatri_row(moment->q, feature_pair(d, i, i), feature_pair(d, k, k)) *
                              moment->ldm,
                      squares);
    packed_add(moment->e, 1, squares, U);
}

/* T and U from one row of R: G = R'R is their sum. Nothing is read before column `first`. */
static void row_sum(const struct moment *moment, size_t first, const double *row, double *T,
                    double *U)
{
    size_t d = (size_t)moment->d, e = (size_t)moment->e;
    size_t column = 0;
    double sums[LATTN_DIM_MAX] = {0}; /* over i of the features (ii, l) */

    for (int32_t i = 0; i < moment->d; i++)
        for (size_t l = 0; l < e; l++) {
            size_t c = (size_t)feature_pair(moment->d, i, i) * e + l;

            sums[l] += c < first ? 0 : row[c];
        }
    for (size_t j = 0; j < d; j++)
        for (size_t k = j; k < d; k++)
            for (size_t l = 0; l < e; l++, column++)
                T[j * d + k] += column < first ? 0 : sums[l] * row[column];
    for (size_t l = 0; l < e; l++)
        dense_add((int32_t)(e - l), sums[l], sums + l, U + l * (e + 1));
}

/* Let A and B, in which the upper triangles of T and U stand, be those to begin with. */
static void coordinates_begin(struct moment *moment)
{
    even_choose(moment->d, moment->A);
    even_choose(moment->e, moment->B);
    moment_turned(moment);
}

static void coordinates_clear(struct moment *moment)
{
    memset(moment->A, 0, (size_t)moment->d * (size_t)moment->d * sizeof *moment->A);
    memset(moment->B, 0, (size_t)moment->e * (size_t)moment->e * sizeof *moment->B);
}

void moment_turn_first(struct moment *moment)
{
    coordinates_clear(moment);
    rows_sum(moment, moment->A, moment->B);
    coordinates_begin(moment);
}

enum lattn_status moment_turn_triangle(struct moment *moment, const double *triangle, size_t ld)
{
    size_t p = (size_t)moment_features(moment);

    assert(moment->e <= LATTN_DIM_MAX);
    coordinates_clear(moment);
    for (size_t i = 0; i < p; i++)
        row_sum(moment, i, triangle + i * ld, moment->A, moment->B);
    coordinates_begin(moment);
    return LATTN_OK;
}

/* The place of rows that wait serves as scratch, and is left as zeros. */
int moment_is_even(const struct moment *moment)
{
    size_t dd = (size_t)moment->d * (size_t)moment->d, ee = (size_t)moment->e * (size_t)moment->e;
    double *T = moment->s, *U = moment->zz;
    int holds;

    assert(moment->waiting == 0);
    moment_sum(moment, T, U);
    holds = even_holds(moment->d, T) && even_holds(moment->e, U);
    memset(T, 0, dd * sizeof *T);
    memset(U, 0, ee * sizeof *U);
    return holds;
}

/* ---- carrying over ------------------------------------------------------------------------- */

/*
 * What a turn needs.
 *
 * L, N        d x d and e x e, lower: A+ = L A, B+ = N B
 * LL, NN      S2(L)' and S2(N)', upper
 * block       COLUMNS x q x q
 * old, mixed  q x e: squared a-priori scales before, and what a turn makes of rounding of that size
 */
struct turn {
    double *L;
    double *N;
    double *LL;
    double *NN;
    double *block;
    double *old;
    double *mixed;
};

static void turn_done(struct turn *turn)
{
    memory_release(turn->L);
    memory_release(turn->N);
    memory_release(turn->LL);
    memory_release(turn->NN);
    memory_release(turn->block);
    memory_release(turn->old);
    memory_release(turn->mixed);
}

static enum lattn_status turn_init(struct turn *turn, const struct moment *moment)
{
    size_t d = (size_t)moment->d, e = (size_t)moment->e, q = (size_t)moment->q;
    size_t columns = (size_t)moment_columns(moment);

    *turn = (struct turn){
        .L = memory_raw(d * d, sizeof(double)),
        .N = memory_raw(e * e, sizeof(double)),
        .LL = memory_raw(q * q, sizeof(double)),
        .NN = memory_raw(columns * columns, sizeof(double)),
        .block = memory_raw(q * q, COLUMNS * sizeof(double)),
        .old = memory_raw(q * e, sizeof(double)),
        .mixed = memory_raw(q * e, sizeof(double)),
    };
    if (turn->L != NULL && turn->N != NULL && turn->LL != NULL && turn->NN != NULL &&
        turn->block != NULL && turn->old != NULL && turn->mixed != NULL)
        return LATTN_OK;
    turn_done(turn);
    return LATTN_NO_MEMORY;
}

/* So many columns of M as symmetric q x q matrices, one behind the other. */
static void block_read(const struct moment *moment, size_t column, size_t count, double *block)
{
    size_t q = (size_t)moment->q;
    const double *row = moment->M + column;

    for (size_t a = 0; a < q; a++)
        for (size_t b = a; b < q; b++, row += moment->ldm)
            for (size_t g = 0; g < count; g++)
                block[(g * q + a) * q + b] = block[(g * q + b) * q + a] = row[g];
}

static void block_write(const struct moment *moment, size_t column, size_t count,
                        const double *block)
{
    size_t q = (size_t)moment->q;
    double *row = moment->M + column;

    for (size_t a = 0; a < q; a++)
        for (size_t b = a; b < q; b++, row += moment->ldm)
            for (size_t g = 0; g < count; g++)
                row[g] = block[(g * q + a) * q + b];
}

static void sums_turn(const struct turn *turn, struct moment *moment)
{
    int32_t q = moment->q, columns = moment_columns(moment);
    size_t ldq = (size_t)q, width = (size_t)moment->m * (size_t)moment->e;

    dense_triangle_multiply_rows(DENSE_UPPER, DENSE_PLAIN, (int32_t)khatri_rows(q), columns,
                                 turn->NN, (size_t)columns, moment->M, moment->ldm);
    for (int32_t column = 0; column < columns; column += COLUMNS) {
        int32_t count = columns - column < COLUMNS ? columns - column : COLUMNS;

        block_read(moment, (size_t)column, (size_t)count, turn->block);
        dense_triangle_multiply_rows(DENSE_UPPER, DENSE_PLAIN, count * q, q, turn->LL, ldq,
                                     turn->block, ldq);
        for (int32_t g = 0; g < count; g++)
            dense_triangle_multiply_many(DENSE_TRANSPOSED, q, q, turn->LL, ldq,
                                         turn->block + (size_t)g * ldq * ldq, ldq);
        block_write(moment, (size_t)column, (size_t)count, turn->block);
    }
    dense_triangle_multiply_many(DENSE_TRANSPOSED, q, (int32_t)width, turn->LL, ldq, moment->C,
                                 width);
    dense_triangle_multiply_rows(DENSE_LOWER, DENSE_TRANSPOSED, q * moment->m, moment->e, turn->N,
                                 (size_t)moment->e, moment->C, (size_t)moment->e);
}

/* mixed = S2(L)^2 old (N^2)', squares entry by entry. */
static void scales_mix(const struct turn *turn, const struct moment *moment)
{
    size_t q = (size_t)moment->q, e = (size_t)moment->e;

    memset(turn->mixed, 0, q * e * sizeof *turn->mixed);
    for (size_t a = 0; a < q; a++)
        for (size_t b = a; b < q; b++) {
            double entry = turn->LL[a * q + b];

            dense_add((int32_t)e, entry * entry, turn->old + a * e, turn->mixed + b * e);
        }
    for (size_t b = 0; b < q; b++)
        for (size_t l = e; l-- > 0;) {
            double *row = turn->mixed + b * e;
            double sum = 0;

            for (size_t k = 0; k <= l; k++)
                sum += turn->N[l * e + k] * turn->N[l * e + k] * row[k];
            row[l] = sum;
        }
}

/* A column of M N2' as a symmetric q x q matrix. */
static void column_turn(const struct turn *turn, const struct moment *moment, size_t column,
                        double *ret_X)
{
    size_t q = (size_t)moment->q, columns = (size_t)moment_columns(moment);
    const double *row = moment->M;

    for (size_t a = 0; a < q; a++)
        for (size_t b = a; b < q; b++, row += moment->ldm) {
            double sum = 0;

            for (size_t c = 0; c <= column; c++)
                sum += row[c] * turn->NN[c * columns + column];
            ret_X[a * q + b] = ret_X[b * q + a] = sum;
        }
}

/*
 * The squared scales that a turn leads to, without making it: with X the column (ll) of M N2' and
 * F the rows (jj) of S2(L) they are the entries of F X F'.
 */
static void scales_turn(const struct turn *turn, const struct moment *moment, double *ret_squares)
{
    int32_t d = moment->d, e = moment->e, q = moment->q;
    size_t ldq = (size_t)q, size = (size_t)d * ldq;
    double *X = turn->block, *F = X + ldq * ldq, *FX = F + size;

    for (int32_t j = 0; j < d; j++)
        for (size_t a = 0; a < ldq; a++)
            F[(size_t)j * ldq + a] = turn->LL[a * ldq + (size_t)feature_pair(d, j, j)];
    for (int32_t l = 0; l < e; l++) {
        double *square = ret_squares + l;

        column_turn(turn, moment, (size_t)feature_pair(e, l, l), X);
        dense_multiply(DENSE_PLAIN, d, q, q, 1, F, ldq, X, ldq, 0, FX, ldq);
        for (int32_t j = 0; j < d; j++)
            for (int32_t k = j; k < d; k++, square += e)
                *square = dense_dot(q, FX + (size_t)j * ldq, F + (size_t)k * ldq);
    }
}

/*
 * Entries of G~ have errors of about  noise u D_c D_c',  as if drawn independently; the congruence
 * with K = S2(L) (x) N sums their squares with the weights K_ac^2 K_bc'^2, which makes them
 * noise u g_a g_b D+_a D+_b  with  g_a^2 = sum_c K_ac^2 D_c^2 / D+_a^2.
 */
static double noise_after(const struct turn *turn, const struct moment *moment)
{
    size_t p = (size_t)moment_features(moment);
    double growth = 1; /* of the errors: the largest g^2 */

    moment_scales(moment, turn->old);
    scales_mix(turn, moment);
    scales_turn(turn, moment, turn->old);
    for (size_t c = 0; c < p; c++)
        if (turn->mixed[c] > 0) /* infinite where rounding has eaten up the scale */
            growth = fmax(growth, turn->mixed[c] / fmax(0, turn->old[c]));
    return fmin(noise_most, (moment->noise + turn_rounding) * growth);
}

/* sum_i s_i[a] s_i[b] zz_i[c] of the waiting rows. */
static double waiting_sum(const struct moment *moment, int32_t a, int32_t b, int32_t c)
{
    const double *s = moment->s, *zz = moment->zz;
    double sum = 0;

    for (int32_t i = 0; i < moment->waiting; i++, s += moment->lds, zz += moment->ldz)
        sum += s[a] * s[b] * zz[c];
    return sum;
}

void moment_turn_dilute(struct moment *moment)
{
    int32_t d = moment->d, e = moment->e;
    double share = 0; /* of the old in a column that has most of it */

    if (moment->noise < noise_diluted)
        return;
    for (int32_t j = 0; j < d; j++) {
        for (int32_t k = j; k < d; k++) {
            int32_t jj = feature_pair(d, j, j), kk = feature_pair(d, k, k);
            const double *row = moment->M + khatri_row(moment->q, jj, kk) * moment->ldm;

            for (int32_t l = 0; l < e; l++) {
                int32_t ll = feature_pair(e, l, l);
                double old = moment->fade * row[ll];
                double added = fmax(0, waiting_sum(moment, jj, kk, ll));

                if (old != 0)
                    share = fmax(share, old > 0 ? old / (old + added) : 1);
            }
        }
    }
    moment->noise *= share;
}

/* Lift L and N, and tell what noise a turn by them leaves. */
static double turn_weigh(const struct turn *turn, const struct moment *moment)
{
    even_lift(moment->d, turn->L, turn->LL);
    even_lift(moment->e, turn->N, turn->NN);
    return noise_after(turn, moment);
}

/* Turn by L and N, which have been weighed, and note A and B. */
static void turn_make(const struct turn *turn, struct moment *moment, double noise)
{
    sums_turn(turn, moment);
    moment->noise = noise;
    even_compose(moment->d, turn->L, moment->A);
    even_compose(moment->e, turn->N, moment->B);
    moment_turned(moment);
}

/*
 * Where few rows outweigh all others, or a direction has faded, even coordinates of now would make
 * rounding of the large as large as what is known of the small: then they stay what they were.
 */
enum lattn_status moment_turn(struct moment *moment)
{
    struct turn turn;
    enum lattn_status status = turn_init(&turn, moment);
    double noise;

    assert(moment->waiting == 0);
    if (status != LATTN_OK)
        return status;
    moment_sum(moment, turn.L, turn.N);
    even_choose(moment->d, turn.L);
    even_choose(moment->e, turn.N);
    noise = turn_weigh(&turn, moment);
    if (noise <= noise_bearable)
        turn_make(&turn, moment, noise);
    turn_done(&turn);
    return LATTN_OK;
}

/* L with  L A = A+,  by substitution: no inverse of A comes in. */
static void turn_find(int32_t d, const double *A, const double *aim, double *ret_L)
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

enum lattn_status moment_turn_to(struct moment *moment, const double *A, const double *B)
{
    struct turn turn;
    enum lattn_status status = turn_init(&turn, moment);

    assert(moment->waiting == 0);
    if (status != LATTN_OK)
        return status;
    turn_find(moment->d, moment->A, A, turn.L);
    turn_find(moment->e, moment->B, B, turn.N);
    turn_make(&turn, moment, turn_weigh(&turn, moment));
    memcpy(moment->A, A, (size_t)moment->d * (size_t)moment->d * sizeof *A);
    memcpy(moment->B, B, (size_t)moment->e * (size_t)moment->e * sizeof *B);
    moment_turned(moment);
    turn_done(&turn);
    return LATTN_OK;
}
