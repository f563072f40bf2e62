/*
 * From the information form to a triangle and back. G~ is expanded from M where the triangle is to
 * stand, scaled, and factored there: at full rank nothing else of that size is needed.
 *
 * A row of R, seen as q x e, is turned from the right by S2(A^-1)' (x) B^-T; that is a product with
 * a triangle from the left and another from the right, O(p^2 q) for all rows.
 */
#include "core/moment_root.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/even.h"
#include "core/feature.h"
#include "core/khatri.h"
#include "core/spectrum.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double unit_roundoff = 0x1p-53;

/*
 * lambda / lambda_max must be above so many times the relative error of G: eigenvalues move by as
 * much as the matrix.
 */
static const double errors_per_eigenvalue = 10;

enum {
    /* Columns of G~ that are made at a time when a triangle is added. */
    PANEL_COLUMNS = 128,
    /* At most such a part of the rows is left out before one looks again. */
    CUT_PART = 16
};

/*
 * What the way to a triangle needs; p = q e columns.
 *
 * scale   p: a-priori scales in even coordinates, squared until they were used to scale G~
 * inverse p: 1 / scale, 0 for a column without data
 * S, B    q x q and e x e: S2(A^-1)', upper, and B^-1, lower
 * least   eigenvalues above this share of the largest one are told from rounding
 */
struct root {
    const struct moment *moment;
    size_t p;
    size_t q;
    size_t e;
    size_t m;
    double *scale;
    double *inverse;
    double *S;
    double *B;
    double least;
};

void moment_scales(const struct moment *moment, double *ret_squares)
{
    int32_t d = moment->d, e = moment->e;

    for (int32_t j = 0; j < d; j++) {
        int32_t jj = feature_pair(d, j, j);

        for (int32_t k = j; k < d; k++) {
            const double *row =
                moment->M + khatri_row(moment->q, jj, feature_pair(d, k, k)) * moment->ldm;

            for (int32_t l = 0; l < e; l++)
                *ret_squares++ = fmax(0, row[feature_pair(e, l, l)]);
        }
    }
}

static void root_done(struct root *root)
{
    memory_release(root->scale);
    memory_release(root->inverse);
    memory_release(root->S);
    memory_release(root->B);
}

/* S2(A^-1)'; nothing but A^-1 is needed in between. */
static enum lattn_status pairs_invert(const struct moment *moment, double *ret_S)
{
    double *C = memory_raw((size_t)moment->d * (size_t)moment->d, sizeof *C);

    if (C == NULL)
        return LATTN_NO_MEMORY;
    even_invert(moment->d, moment->A, C);
    even_lift(moment->d, C, ret_S);
    memory_release(C);
    return LATTN_OK;
}

static enum lattn_status root_init(struct root *root, const struct moment *moment, double tau)
{
    *root = (struct root){
        .moment = moment,
        .p = (size_t)moment_features(moment),
        .q = (size_t)moment->q,
        .e = (size_t)moment->e,
        .m = (size_t)moment->m,
        .least = errors_per_eigenvalue * fmax(tau, moment->noise * unit_roundoff),
    };
    root->scale = memory_raw(root->p, sizeof(double));
    root->inverse = memory_raw(root->p, sizeof(double));
    root->S = memory_raw(root->q * root->q, sizeof(double));
    root->B = memory_raw(root->e * root->e, sizeof(double));
    if (root->scale == NULL || root->inverse == NULL || root->S == NULL || root->B == NULL ||
        pairs_invert(moment, root->S) != LATTN_OK) {
        root_done(root);
        return LATTN_NO_MEMORY;
    }
    even_invert(moment->e, moment->B, root->B);
    moment_scales(moment, root->scale);
    for (size_t c = 0; c < root->p; c++) {
        root->scale[c] = sqrt(root->scale[c]);
        root->inverse[c] = root->scale[c] > 0 ? 1 / root->scale[c] : 0;
    }
    return LATTN_OK;
}

/* One block of G~, of the pairs a and b, with scaled columns; e x e. */
static void block_expand(const struct root *root, size_t a, size_t b, double *block, size_t ld)
{
    size_t e = root->e;
    const double *inverse_a = root->inverse + a * e, *inverse_b = root->inverse + b * e;
    const double *entry =
        root->moment->M + khatri_row((int32_t)root->q, (int32_t)a, (int32_t)b) * root->moment->ldm;

    for (size_t l = 0; l < e; l++) {
        block[l * ld + l] = *entry++ * inverse_a[l] * inverse_b[l];
        for (size_t k = l + 1; k < e; k++, entry++) {
            block[l * ld + k] = *entry * inverse_a[l] * inverse_b[k];
            if (b > a)
                block[k * ld + l] = *entry * inverse_a[k] * inverse_b[l];
        }
    }
}

/* G~ with scaled columns, on and above the diagonal. */
static void gram_expand(const struct root *root, double *gram, size_t ld)
{
    for (size_t a = 0; a < root->q; a++)
        for (size_t b = a; b < root->q; b++)
            block_expand(root, a, b, gram + a * root->e * ld + b * root->e, ld);
}

/* row_turn where S and B are diagonal: to call for products of such triangles takes longer. */
static void row_scale(size_t q, size_t e, const double *S, const double *B, size_t pair, double *x)
{
    for (; pair < q; pair++, x += e)
        for (size_t l = 0; l < e; l++)
            x[l] *= S[pair * (q + 1)] * B[l * (e + 1)];
}

/*
 * Turn a row whose first nonzero column is `first`, what stands before it being anything, by
 * S' (x) B' from the right. They have the form of AA and B.
 */
static void row_turn(const struct moment *moment, const double *S, const double *B, size_t first,
                     double *row)
{
    size_t q = (size_t)moment->q, e = (size_t)moment->e;
    size_t pair = first / e;
    double *x = row + pair * e;

    memset(x, 0, (first - pair * e) * sizeof *x);
    if (moment->only_scales) {
        row_scale(q, e, S, B, pair, x);
        return;
    }
    dense_triangle_multiply_many(DENSE_TRANSPOSED, (int32_t)(q - pair), (int32_t)e,
                                 S + pair * (q + 1), q, x, e);
    dense_triangle_multiply_rows(DENSE_LOWER, DENSE_TRANSPOSED, (int32_t)(q - pair), (int32_t)e, B,
                                 e, x, e);
}

/* The sums with labels, columns scaled like those of G~, in the given order of features. */
static void labels_place(const struct root *root, size_t rows, const int32_t *pivot,
                         double *ret_labels, size_t ld)
{
    size_t e = root->e, m = root->m;

    for (size_t i = 0; i < rows; i++) {
        size_t c = pivot == NULL ? i : (size_t)pivot[i];
        const double *from = root->moment->C + c / e * m * e + c % e;

        for (size_t a = 0; a < m; a++)
            ret_labels[i * ld + a] = from[a * e] * root->inverse[c];
    }
}

/* sum w y^2 - |C|^2, and C as it has faded. */
static void labels_finish(const struct root *root, size_t rank, double *labels, size_t ld,
                          double *ret_residual)
{
    double fade = root->moment->fade;
    double share = sqrt(fade);

    for (size_t a = 0; a < root->m; a++) {
        double square = 0;

        for (size_t i = 0; i < rank; i++) {
            square += labels[i * ld + a] * labels[i * ld + a];
            labels[i * ld + a] *= share;
        }
        ret_residual[a] = fade * fmax(0, root->moment->energy[a] - square);
    }
}

/* ---- full rank ----------------------------------------------------------------------------- */

/*
 * Factor G~ where it stands. *ret_rho is sigma_min / sigma_max of the factor; 0 where there is
 * none.
 */
static enum lattn_status full_factor(const struct root *root, double *triangle, size_t ld,
                                     double *ret_rho)
{
    int32_t p = (int32_t)root->p;
    double largest, smallest;
    enum lattn_status status;

    *ret_rho = 0;
    gram_expand(root, triangle, ld);
    if (dense_cholesky(p, triangle, ld) != LATTN_OK)
        return LATTN_OK;
    status = spectrum_glance(p, triangle, ld, &largest, &smallest);
    if (status == LATTN_OK)
        *ret_rho = smallest / largest;
    return status;
}

/* C = R~^-T c~, which no change of coordinates changes; then R in plain ones. */
static void full_finish(const struct root *root, double *triangle, size_t ld, double *ret_residual)
{
    size_t p = root->p;
    double share = sqrt(root->moment->fade);
    double *labels = triangle + p;

    labels_place(root, p, NULL, labels, ld);
    dense_triangle_solve_many(DENSE_TRANSPOSED, (int32_t)p, (int32_t)root->m, triangle, ld, labels,
                              ld);
    labels_finish(root, p, labels, ld, ret_residual);
    for (size_t i = 0; i < p; i++) {
        double *row = triangle + i * ld;

        for (size_t c = i; c < p; c++)
            row[c] *= root->scale[c] * share;
        row_turn(root->moment, root->S, root->B, i, row);
    }
}

/* ---- what is left where the rank is not full ----------------------------------------------- */

/* The last rows go, as far as their pivots are alike and are a small part of all. */
static int32_t rank_lower(size_t p, const double *factor, int32_t rank)
{
    int32_t least = rank - 1 - rank / CUT_PART;
    double pivot = factor[(size_t)(rank - 1) * (p + 1)];

    do
        rank--;
    while (rank > least && factor[(size_t)(rank - 1) * (p + 1)] < 2 * pivot);
    return rank;
}

/*
 * Rows of a pivoted factor to keep: their smallest singular value, which is at least that of the
 * square part in front, must be above the share of the largest.
 */
static enum lattn_status rank_choose(const struct root *root, const double *factor, int32_t *rank,
                                     double *ret_rho)
{
    int32_t p = (int32_t)root->p;
    double largest, smallest;
    enum lattn_status status = spectrum_glance(p, factor, root->p, &largest, NULL);

    *ret_rho = 0;
    for (; status == LATTN_OK && *rank > 0; *rank = rank_lower(root->p, factor, *rank)) {
        status = spectrum_glance(*rank, factor, root->p, NULL, &smallest);
        if (status == LATTN_OK && smallest > sqrt(root->least) * largest) {
            *ret_rho = smallest / largest;
            break;
        }
    }
    return status;
}

/*
 * A pivoted factor of G~, p x p, zero below its rank. Its pivots are bounded by the largest entry
 * of the diagonal, which the largest eigenvalue is not below.
 */
static enum lattn_status cut_factor(const struct root *root, double *factor, int32_t *pivot,
                                    int32_t *ret_rank)
{
    size_t p = root->p;
    double largest = 0;
    enum lattn_status status;

    gram_expand(root, factor, p);
    for (size_t i = 0; i < p; i++)
        largest = fmax(largest, factor[i * (p + 1)]);
    status = dense_pivoted_cholesky((int32_t)p, factor, p, root->least * largest, pivot, ret_rank);
    if (status == LATTN_OK)
        memset(factor + (size_t)*ret_rank * p, 0, (p - (size_t)*ret_rank) * p * sizeof *factor);
    return status;
}

/* Bring the rows that are kept to plain coordinates and a triangle; the others are zero. */
static enum lattn_status cut_finish(const struct root *root, const double *factor,
                                    const int32_t *pivot, size_t rank, double *triangle, size_t ld,
                                    double *ret_residual)
{
    size_t p = root->p;
    double share = sqrt(root->moment->fade);
    double *labels = triangle + p;

    labels_place(root, rank, pivot, labels, ld);
    if (rank > 0)
        dense_triangle_solve_many(DENSE_TRANSPOSED, (int32_t)rank, (int32_t)root->m, factor, p,
                                  labels, ld);
    labels_finish(root, rank, labels, ld, ret_residual);
    for (size_t i = 0; i < p; i++)
        memset(triangle + i * ld, 0, (i < rank ? p : p + root->m) * sizeof *triangle);
    for (size_t i = 0; i < rank; i++) {
        double *row = triangle + i * ld;

        for (size_t j = i; j < p; j++) {
            size_t c = (size_t)pivot[j];

            row[c] = factor[i * p + j] * root->scale[c] * share;
        }
        row_turn(root->moment, root->S, root->B, 0, row);
    }
    if (rank == 0)
        return LATTN_OK;
    return dense_triangularise((int32_t)rank, (int32_t)(p + root->m), triangle, ld);
}

static enum lattn_status cut_triangle(const struct root *root, double *triangle, size_t ld,
                                      double *ret_residual, struct moment_root *ret_root)
{
    size_t p = root->p;
    double *factor = memory_raw(p * p, sizeof *factor);
    int32_t *pivot = memory_raw(p, sizeof *pivot);
    int32_t rank;
    int64_t seen = 0;
    enum lattn_status status = LATTN_NO_MEMORY;

    if (factor == NULL || pivot == NULL)
        goto done;
    status = cut_factor(root, factor, pivot, &rank);
    if (status == LATTN_OK)
        status = rank_choose(root, factor, &rank, &ret_root->rho);
    if (status == LATTN_OK)
        status = cut_finish(root, factor, pivot, (size_t)rank, triangle, ld, ret_residual);
    if (status != LATTN_OK)
        goto done;
    for (size_t c = 0; c < p; c++)
        seen += root->inverse[c] > 0;
    ret_root->rank = rank;
    ret_root->is_cut = rank < seen;
done:
    memory_release(factor);
    memory_release(pivot);
    return status;
}

enum lattn_status moment_triangle(const struct moment *moment, double tau, double *ret_triangle,
                                  size_t ld, double *ret_residual, struct moment_root *ret_root)
{
    struct root root;
    struct moment_root found = {0};
    enum lattn_status status = root_init(&root, moment, tau);

    if (status != LATTN_OK)
        return status;
    status = full_factor(&root, ret_triangle, ld, &found.rho);
    if (status == LATTN_OK && found.rho * found.rho > root.least) {
        full_finish(&root, ret_triangle, ld, ret_residual);
        found.rank = (int64_t)root.p;
    } else if (status == LATTN_OK) {
        status = cut_triangle(&root, ret_triangle, ld, ret_residual, &found);
    }
    root_done(&root);
    if (status == LATTN_OK)
        *ret_root = found;
    return status;
}

/* ---- back ---------------------------------------------------------------------------------- */

/* The triangle in even coordinates, p x p, zeros below the diagonal. */
static void triangle_turn(const struct moment *moment, const double *triangle, size_t ld,
                          double *turned)
{
    size_t p = (size_t)moment_features(moment);

    for (size_t i = 0; i < p; i++) {
        double *row = turned + i * p;

        memset(row, 0, i * sizeof *row);
        memcpy(row + i, triangle + i * ld + i, (p - i) * sizeof *row);
        row_turn(moment, moment->AA, moment->B, i, row);
    }
}

/* M of the pair a with the pairs b >= a, from rows a of G~, which have the columns from a on. */
static void pair_add(struct moment *moment, size_t a, const double *gram, size_t ldg)
{
    size_t e = (size_t)moment->e;
    double *entry;

    for (size_t b = a; b < (size_t)moment->q; b++, gram += e) {
        entry = moment->M + khatri_row(moment->q, (int32_t)a, (int32_t)b) * moment->ldm;
        for (size_t l = 0; l < e; l++)
            for (size_t k = l; k < e; k++, entry++)
                *entry = moment->fade * *entry + (gram[l * ldg + k] + gram[k * ldg + l]) / 2;
    }
}

/* G~ by panels of columns: R~ has nothing below their last one. */
static void gram_add(struct moment *moment, const double *turned, size_t pairs, double *panel)
{
    size_t q = (size_t)moment->q, e = (size_t)moment->e;
    size_t p = q * e;

    for (size_t a = 0; a < q; a += pairs) {
        size_t count = a + pairs < q ? pairs : q - a;
        size_t first = a * e, end = (a + count) * e;

        dense_multiply(DENSE_TRANSPOSED, (int32_t)(end - first), (int32_t)(p - first), (int32_t)end,
                       1, turned + first, p, turned + first, p, 0, panel, p - first);
        for (size_t i = 0; i < count; i++)
            pair_add(moment, a + i, panel + i * e * (p - first) + i * e, p - first);
    }
}

/* sums  scratch  p x m: R~'C */
static void labels_add(struct moment *moment, const double *triangle, size_t ld,
                       const double *turned, double *sums)
{
    size_t p = (size_t)moment_features(moment);
    size_t m = (size_t)moment->m, e = (size_t)moment->e;
    const double *labels = triangle + p;

    dense_multiply(DENSE_TRANSPOSED, (int32_t)p, (int32_t)m, (int32_t)p, 1, turned, p, labels, ld,
                   0, sums, m);
    for (size_t c = 0; c < p; c++) {
        double *to = moment->C + c / e * m * e + c % e;

        for (size_t a = 0; a < m; a++)
            to[a * e] = moment->fade * to[a * e] + sums[c * m + a];
    }
    for (size_t a = 0; a < m; a++) {
        double square = 0;

        for (size_t i = 0; i < p; i++)
            square += labels[i * ld + a] * labels[i * ld + a];
        moment->energy[a] = moment->fade * moment->energy[a] + square;
    }
}

enum lattn_status moment_add_triangle(struct moment *moment, const double *triangle, size_t ld)
{
    size_t p = (size_t)moment_features(moment);
    size_t e = (size_t)moment->e, m = (size_t)moment->m;
    size_t pairs = PANEL_COLUMNS / e > 0 ? PANEL_COLUMNS / e : 1;
    size_t wide = pairs * e > m ? pairs * e : m;
    double *turned = memory_raw(p * p, sizeof *turned);
    double *panel = memory_raw(wide * p, sizeof *panel);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (turned != NULL && panel != NULL) {
        triangle_turn(moment, triangle, ld, turned);
        gram_add(moment, turned, pairs, panel);
        labels_add(moment, triangle, ld, turned, panel);
        moment->fade = 1;
        status = LATTN_OK;
    }
    memory_release(turned);
    memory_release(panel);
    return status;
}
