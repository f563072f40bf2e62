#include "core/heads.h"

#include "base/memory.h"
#include "core/dense.h"

#include <math.h>
#include <string.h>

enum { ABSENT = -1 };

/*
 * The unfolding of S without its zero rows and columns: with symbols as tokens most are zero, and a
 * zero row or column has zero entries in every singular vector.
 *
 * row_at, column_at  place of row a d + b and column c d + e, or ABSENT
 * rows, columns      the way back
 * matrix             rows_count x columns_count COLUMN-major, like u (times least) and vt
 */
struct unfolding {
    int32_t d;
    int32_t m;
    int32_t rows_count;
    int32_t columns_count;
    int32_t least;
    int32_t *row_at;
    int32_t *column_at;
    int32_t *rows;
    int32_t *columns;
    double *matrix;
    double *sigma;
    double *u;
    double *vt;
};

static void unfolding_done(struct unfolding *unfolding)
{
    memory_release(unfolding->row_at);
    memory_release(unfolding->column_at);
    memory_release(unfolding->rows);
    memory_release(unfolding->columns);
    memory_release(unfolding->matrix);
    memory_release(unfolding->sigma);
    memory_release(unfolding->u);
    memory_release(unfolding->vt);
}

/* Turn marks into places, and list what was marked. */
static int32_t marks_place(int32_t count, int32_t *marks, int32_t *ret_list)
{
    int32_t kept = 0;

    for (int32_t i = 0; i < count; i++) {
        if (marks[i])
            ret_list[kept] = i;
        marks[i] = marks[i] ? kept++ : ABSENT;
    }
    return kept;
}

/* Feature (jk,l) stands in rows (a,j), column (k,l) and in rows (a,k), column (j,l). */
static void feature_mark(struct unfolding *unfolding, struct feature feature, const double *weights)
{
    int32_t d = unfolding->d;

    for (int32_t a = 0; a < unfolding->m; a++) {
        if (weights[a] == 0)
            continue;
        unfolding->row_at[a * d + feature.j] = 1;
        unfolding->row_at[a * d + feature.k] = 1;
        unfolding->column_at[feature.k * d + feature.l] = 1;
        unfolding->column_at[feature.j * d + feature.l] = 1;
    }
}

static enum lattn_status unfolding_find(struct unfolding *unfolding,
                                        const struct coefficients *coefficients)
{
    size_t rows = (size_t)coefficients->m * (size_t)coefficients->d;
    size_t columns = (size_t)coefficients->d * (size_t)coefficients->d;

    unfolding->row_at = memory_zeroed(rows, sizeof(int32_t));
    unfolding->column_at = memory_zeroed(columns, sizeof(int32_t));
    unfolding->rows = memory_raw(rows, sizeof(int32_t));
    unfolding->columns = memory_raw(columns, sizeof(int32_t));
    if (unfolding->row_at == NULL || unfolding->column_at == NULL || unfolding->rows == NULL ||
        unfolding->columns == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < coefficients->count; i++)
        feature_mark(unfolding, coefficients->features[i],
                     coefficients->weights + (size_t)i * (size_t)coefficients->m);
    unfolding->rows_count = marks_place((int32_t)rows, unfolding->row_at, unfolding->rows);
    unfolding->columns_count =
        marks_place((int32_t)columns, unfolding->column_at, unfolding->columns);
    unfolding->least = unfolding->rows_count < unfolding->columns_count ? unfolding->rows_count
                                                                        : unfolding->columns_count;
    return LATTN_OK;
}

/* Where S[a,b,c,e] lies in an array like matrix; it must occur. */
static size_t entry_at(const struct unfolding *unfolding, int32_t a, int32_t b, int32_t c,
                       int32_t e)
{
    int32_t row = unfolding->row_at[a * unfolding->d + b];
    int32_t column = unfolding->column_at[c * unfolding->d + e];

    return (size_t)column * (size_t)unfolding->rows_count + (size_t)row;
}

/* S[a,b,c,e] is half of the coefficient of z_b z_c z_e off the diagonal, all of it on it. */
static void matrix_fill(const struct unfolding *unfolding, const struct coefficients *coefficients)
{
    for (int32_t i = 0; i < coefficients->count; i++) {
        struct feature f = coefficients->features[i];

        for (int32_t a = 0; a < unfolding->m; a++) {
            double value = coefficients->weights[(size_t)i * (size_t)unfolding->m + (size_t)a];

            if (value == 0)
                continue;
            unfolding->matrix[entry_at(unfolding, a, f.j, f.k, f.l)] =
                f.j == f.k ? value : value / 2;
            unfolding->matrix[entry_at(unfolding, a, f.k, f.j, f.l)] =
                f.j == f.k ? value : value / 2;
        }
    }
}

static enum lattn_status unfolding_decompose(struct unfolding *unfolding,
                                             const struct coefficients *coefficients)
{
    size_t rows = (size_t)unfolding->rows_count;
    size_t columns = (size_t)unfolding->columns_count;
    size_t least = (size_t)unfolding->least;

    unfolding->matrix = memory_zeroed(rows * columns, sizeof(double));
    unfolding->sigma = memory_raw(least, sizeof(double));
    unfolding->u = memory_raw(rows * least, sizeof(double));
    unfolding->vt = memory_raw(least * columns, sizeof(double));
    if (unfolding->matrix == NULL || unfolding->sigma == NULL || unfolding->u == NULL ||
        unfolding->vt == NULL)
        return LATTN_NO_MEMORY;
    if (least == 0)
        return LATTN_OK;
    matrix_fill(unfolding, coefficients);
    return dense_svd(unfolding->rows_count, unfolding->columns_count, unfolding->matrix,
                     unfolding->sigma, unfolding->u, unfolding->vt);
}

/* Heads that are more than the rounding of the decomposition. */
static int32_t heads_count(const struct unfolding *unfolding, int32_t heads_max)
{
    double unit = (unfolding->rows_count + unfolding->columns_count) * 0x1p-53;
    int32_t count = 0;

    while (count < unfolding->least && unfolding->sigma[count] > unit * unfolding->sigma[0])
        count++;
    return heads_max > 0 && heads_max < count ? heads_max : count;
}

/* The sign that makes the largest entry of V_h positive. */
static double head_sign(const struct unfolding *unfolding, int32_t head)
{
    size_t rows = (size_t)unfolding->rows_count;
    const double *u = unfolding->u + (size_t)head * rows;
    double largest = 0;

    for (size_t i = 0; i < rows; i++)
        if (fabs(u[i]) > fabs(largest))
            largest = u[i];
    return largest < 0 ? -1 : 1;
}

static void heads_fill(const struct unfolding *unfolding, struct lattn_model *model)
{
    size_t rows = (size_t)unfolding->rows_count;
    size_t columns = (size_t)unfolding->columns_count;
    size_t least = (size_t)unfolding->least;
    size_t d = (size_t)model->d;

    for (int32_t h = 0; h < model->heads; h++) {
        double *V = model->V + (size_t)h * (size_t)model->m * d;
        double *Q = model->Q + (size_t)h * d * d;
        double scale = sqrt(unfolding->sigma[h]) * head_sign(unfolding, h);

        model->sigma[h] = unfolding->sigma[h];
        for (size_t i = 0; i < rows; i++)
            V[unfolding->rows[i]] = scale * unfolding->u[(size_t)h * rows + i];
        for (size_t j = 0; j < columns; j++)
            Q[unfolding->columns[j]] = scale * unfolding->vt[j * least + (size_t)h];
    }
}

/* matrix = what the first heads leave of S: U diag(sigma) V' - S. */
static void matrix_subtract(const struct unfolding *unfolding,
                            const struct coefficients *coefficients, int32_t heads)
{
    size_t rows = (size_t)unfolding->rows_count;
    size_t columns = (size_t)unfolding->columns_count;
    size_t least = (size_t)unfolding->least;

    for (int32_t h = 0; h < heads; h++)
        for (size_t i = 0; i < rows; i++)
            unfolding->u[(size_t)h * rows + i] *= unfolding->sigma[h];
    memset(unfolding->matrix, 0, rows * columns * sizeof(double));
    matrix_fill(unfolding, coefficients);
    /* Seen row by row, the transpose of each of them: matrix' = vt' u' - matrix'. */
    dense_multiply(DENSE_PLAIN, (int32_t)columns, (int32_t)rows, heads, 1, unfolding->vt, least,
                   unfolding->u, rows, -1, unfolding->matrix, rows);
}

/*
 * The norm of the coefficients that `matrix` stands for. The entry of (a, b, c, e) and its partner
 * (a, c, b, e) add up to one coefficient; a partner that does not occur is zero.
 */
static double matrix_norm(const struct unfolding *unfolding)
{
    int32_t d = unfolding->d;
    double sum = 0;

    for (int32_t column = 0; column < unfolding->columns_count; column++) {
        int32_t c = unfolding->columns[column] / d;
        int32_t e = unfolding->columns[column] % d;

        for (int32_t row = 0; row < unfolding->rows_count; row++) {
            int32_t a = unfolding->rows[row] / d;
            int32_t b = unfolding->rows[row] % d;
            int has_partner = b != c && unfolding->row_at[a * d + c] != ABSENT &&
                              unfolding->column_at[b * d + e] != ABSENT;
            double value = unfolding->matrix[entry_at(unfolding, a, b, c, e)];

            if (has_partner && b > c)
                continue;
            if (has_partner)
                value += unfolding->matrix[entry_at(unfolding, a, c, b, e)];
            sum += value * value;
        }
    }
    return sqrt(sum);
}

static double residual_find(const struct unfolding *unfolding,
                            const struct coefficients *coefficients, int32_t heads)
{
    double norm;

    if (unfolding->least == 0)
        return 0;
    norm = dense_norm(coefficients->count * coefficients->m, coefficients->weights);
    matrix_subtract(unfolding, coefficients, heads);
    return matrix_norm(unfolding) / norm;
}

enum lattn_status heads_svd(const struct coefficients *coefficients, int32_t heads_max,
                            struct lattn_model **ret_model)
{
    struct unfolding unfolding = {.d = coefficients->d, .m = coefficients->m};
    struct lattn_model *model = NULL;
    enum lattn_status status;

    /* 16 GiB of coefficients are more than BLAS can count, and than we hold. */
    if ((int64_t)coefficients->count * coefficients->m > INT32_MAX)
        return LATTN_MEMORY_LIMIT;
    status = unfolding_find(&unfolding, coefficients);
    if (status == LATTN_OK &&
        (int64_t)unfolding.rows_count * unfolding.columns_count > HEADS_ENTRIES_MAX)
        status = LATTN_MEMORY_LIMIT;
    if (status == LATTN_OK)
        status = unfolding_decompose(&unfolding, coefficients);
    if (status == LATTN_OK)
        status = lattn_model_open(&model, coefficients->d, coefficients->m,
                                  heads_count(&unfolding, heads_max));
    if (status == LATTN_OK) {
        heads_fill(&unfolding, model);
        model->decomposition = LATTN_DECOMPOSITION_SVD;
        model->residual = residual_find(&unfolding, coefficients, model->heads);
    }
    unfolding_done(&unfolding);
    if (status != LATTN_OK)
        return status;
    *ret_model = model;
    return LATTN_OK;
}
