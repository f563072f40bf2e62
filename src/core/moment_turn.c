/*
 * Changes of coordinates: the second moments that say which ones are even, and the congruence that
 * carries M and C over. With  A+ = L A  every pair of rows and columns is turned by S2(L), and the
 * columns by S2(N) where B+ = N B: products with triangles, in place but for some columns at a
 * time.
 */
#include "core/moment_turn.h"

#include "base/memory.h"
#include "core/congruence.h"
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

/* Below this noise is nothing beside the rounding of sums, and not worth a look at all columns. */
static const double noise_diluted = 32;

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
 * block              COLUMNS x q x q
 * old, aim, mixed    q x e: squared a-priori scales before and after, and what a turn makes of
 *                    rounding of their size
 */
struct turn {
    struct congruence congruence;
    double *block;
    double *old;
    double *aim;
    double *mixed;
};

static void turn_done(struct turn *turn)
{
    congruence_close(&turn->congruence);
    memory_release(turn->block);
    memory_release(turn->old);
}

static enum lattn_status turn_init(struct turn *turn, const struct moment *moment)
{
    size_t q = (size_t)moment->q, p = (size_t)moment_features(moment);

    *turn = (struct turn){
        .block = memory_raw(q * q, COLUMNS * sizeof(double)),
        .old = memory_raw(3 * p, sizeof(double)),
    };
    if (congruence_open(&turn->congruence, moment->d, moment->e) != LATTN_OK ||
        turn->block == NULL || turn->old == NULL) {
        turn_done(turn);
        return LATTN_NO_MEMORY;
    }
    turn->aim = turn->old + p;
    turn->mixed = turn->aim + p;
    return LATTN_OK;
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
    int32_t columns = moment_columns(moment);

    dense_triangle_multiply_rows(DENSE_UPPER, DENSE_PLAIN, (int32_t)khatri_rows(moment->q), columns,
                                 turn->congruence.NN, (size_t)columns, moment->M, moment->ldm);
    for (int32_t column = 0; column < columns; column += COLUMNS) {
        int32_t count = columns - column < COLUMNS ? columns - column : COLUMNS;

        block_read(moment, (size_t)column, (size_t)count, turn->block);
        congruence_turn(&turn->congruence, count, turn->block);
        block_write(moment, (size_t)column, (size_t)count, turn->block);
    }
    congruence_turn_labels(&turn->congruence, moment->m, moment->C);
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
                sum += row[c] * turn->congruence.NN[c * columns + column];
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
            F[(size_t)j * ldq + a] = turn->congruence.LL[a * ldq + (size_t)feature_pair(d, j, j)];
    for (int32_t l = 0; l < e; l++) {
        double *square = ret_squares + l;

        column_turn(turn, moment, (size_t)feature_pair(e, l, l), X);
        dense_multiply(DENSE_PLAIN, d, q, q, 1, F, ldq, X, ldq, 0, FX, ldq);
        for (int32_t j = 0; j < d; j++)
            for (int32_t k = j; k < d; k++, square += e)
                *square = dense_dot(q, FX + (size_t)j * ldq, F + (size_t)k * ldq);
    }
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

/* What noise a turn by L and N, which have been lifted, leaves. */
static double turn_weigh(const struct turn *turn, const struct moment *moment)
{
    moment_scales(moment, turn->old);
    scales_turn(turn, moment, turn->aim);
    return congruence_noise(&turn->congruence, moment->noise, turn->old, turn->aim, turn->mixed);
}

/* Turn by L and N, which have been weighed, and note A and B. */
static void turn_make(const struct turn *turn, struct moment *moment, double noise)
{
    sums_turn(turn, moment);
    moment->noise = noise;
    even_compose(moment->d, turn->congruence.L, moment->A);
    even_compose(moment->e, turn->congruence.N, moment->B);
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
    moment_sum(moment, turn.congruence.L, turn.congruence.N);
    even_choose(moment->d, turn.congruence.L);
    even_choose(moment->e, turn.congruence.N);
    congruence_lift(&turn.congruence);
    noise = turn_weigh(&turn, moment);
    if (noise <= noise_bearable)
        turn_make(&turn, moment, noise);
    turn_done(&turn);
    return LATTN_OK;
}

enum lattn_status moment_turn_to(struct moment *moment, const double *A, const double *B)
{
    struct turn turn;
    enum lattn_status status = turn_init(&turn, moment);

    assert(moment->waiting == 0);
    if (status != LATTN_OK)
        return status;
    congruence_find(&turn.congruence, moment->A, moment->B, A, B);
    turn_make(&turn, moment, turn_weigh(&turn, moment));
    memcpy(moment->A, A, (size_t)moment->d * (size_t)moment->d * sizeof *A);
    memcpy(moment->B, B, (size_t)moment->e * (size_t)moment->e * sizeof *B);
    moment_turned(moment);
    turn_done(&turn);
    return LATTN_OK;
}
