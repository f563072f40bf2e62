/*
 * Gauss-Newton for layers of several heads (polish.h): questions and steps. One column after
 * another is drawn, factored and folded into the equations of V, so that memory is that of the
 * factors and no column's questions outlive its turn.
 */
#include "query/polish.h"

#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { TOKENS_MIN = 2, TOKENS_MAX = 4, STEPS_MAX = 60, HALVINGS_MAX = 8 };

/* Root mean square of scores at which two to four weights move most and none is lost. */
#define SCORE_AIM 1.3
/* Steps go on while the residual falls below this share of what it was. */
#define GAIN_LEAST 0.9
/* Smallest share of the largest pivot that still counts. */
#define PIVOT_LEAST (100 * DBL_EPSILON)
/* What a token may lack of the largest norm, for rounding of its coordinates. */
#define NORM_SPARED (1 - 1.0 / 1024)

/* 1.6 for every unknown, V among the columns. */
static int32_t rows_of(int32_t d, int32_t heads)
{
    return (8 * heads * (d + 1) + 4) / 5;
}

uint64_t polish_count(int32_t d, int32_t heads)
{
    return (uint64_t)d * (uint64_t)rows_of(d, heads);
}

int32_t polish_fits(int32_t d, int32_t heads)
{
    int64_t unknowns = (int64_t)heads * d;

    return 2 * d * unknowns * unknowns <= POLISH_NUMBERS_MAX;
}

static double *numbers_take(double **next, size_t count)
{
    double *taken = *next;

    if (taken != NULL)
        *next += count;
    return taken;
}

/* Give every array its place from `next` on; returns how many numbers they are. */
static size_t numbers_place(struct polish *polish, double *next)
{
    size_t d = (size_t)polish->d, n = (size_t)polish->unknowns, rows = (size_t)polish->rows;
    double **const arrays[] = {
        &polish->last,       &polish->keys,         &polish->values,      &polish->answers,
        &polish->basis,      &polish->moves,        &polish->rest,        &polish->triangles,
        &polish->couplings,  &polish->targets,      &polish->information, &polish->gradient,
        &polish->tried_keys, &polish->tried_values,
    };
    const size_t counts[] = {
        d * d,     d * n,     n,     d * rows, n * rows, n * rows, rows,
        d * n * n, d * n * n, d * n, n * n,    n,        d * n,    n,
    };
    size_t total = 0;

    static_assert(sizeof arrays / sizeof *arrays == sizeof counts / sizeof *counts, "one each");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        *arrays[i] = numbers_take(&next, counts[i]);
        total += counts[i];
    }
    return total;
}

enum lattn_status polish_open(struct polish **ret_polish, int32_t d, int32_t heads)
{
    struct polish *polish = memory_zeroed(1, sizeof *polish);

    assert(polish_fits(d, heads));
    if (polish == NULL)
        return LATTN_NO_MEMORY;
    polish->d = d;
    polish->heads = heads;
    polish->unknowns = heads * d;
    polish->rows = rows_of(d, heads);
    polish->numbers = memory_zeroed(numbers_place(polish, NULL), sizeof *polish->numbers);
    if (polish->numbers == NULL) {
        polish_close(&polish);
        return LATTN_NO_MEMORY;
    }
    numbers_place(polish, polish->numbers);
    *ret_polish = polish;
    return LATTN_OK;
}

void polish_close(struct polish **polish)
{
    struct polish *closed = *polish;

    *polish = NULL;
    if (closed == NULL)
        return;
    memory_release(closed->numbers);
    memory_release(closed);
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Rows of a column come in thirds of two, three and four tokens. */
static int32_t row_tokens(const struct polish *polish, int32_t row)
{
    return TOKENS_MIN + (TOKENS_MAX - TOKENS_MIN + 1) * row / polish->rows;
}

/* Where the tokens of a column begin; splitmix64 scatters what is multiplied here. */
static struct random column_random(const struct polish *polish, int32_t column)
{
    struct random random = {.state = polish->seed ^ (uint64_t)(column + 1) * 0xd1342543de82ef95u};

    random.state = random_bits(&random);
    return random;
}

/* Random directions of lengths up to the radius, then the last token. */
static void sequence_draw(const struct polish *polish, int32_t column, int32_t tokens,
                          struct random *random, double *ret_x)
{
    int32_t d = polish->d;

    for (int32_t i = 0; i < tokens - 1; i++, ret_x += d) {
        double size = polish->radius * (1 + random_uniform(random)) / 2;
        double norm;

        random_normals(random, ret_x, d);
        norm = fmax(dense_norm(d, ret_x), DBL_MIN);
        for (int32_t j = 0; j < d; j++)
            ret_x[j] *= size / norm;
        frame_round(d, ret_x);
    }
    memcpy(ret_x, polish->last + (size_t)column * (size_t)d, (size_t)d * sizeof *ret_x);
}

/* Ask the rows of one column; those of one length go together. */
static enum lattn_status column_ask(struct polish *polish, int32_t column, struct oracle *oracle,
                                    enum oracle_purpose purpose, double *x)
{
    struct random random = column_random(polish, column);
    double *answers = polish->answers + (size_t)column * (size_t)polish->rows;
    enum lattn_status status = LATTN_OK;

    for (int32_t row = 0, end; row < polish->rows && status == LATTN_OK; row = end) {
        int32_t tokens = row_tokens(polish, row);
        double *next = x;

        for (end = row; end < polish->rows && row_tokens(polish, end) == tokens; end++) {
            sequence_draw(polish, column, tokens, &random, next);
            next += tokens * polish->d;
        }
        status = oracle_ask(oracle, purpose, (size_t)(end - row), tokens, x, answers + row);
    }
    return status;
}

/* The size of a last token in this direction: the largest scores among the heads as aimed at. */
static double last_size(const struct polish *polish, const double *W, const double *direction)
{
    int32_t d = polish->d;
    double key[LATTN_DIM_MAX];
    double most = 0;

    for (int32_t h = 0; h < polish->heads; h++) {
        dense_multiply_vector(DENSE_PLAIN, d, d, 1, W + (size_t)h * (size_t)d * (size_t)d,
                              (size_t)d, direction, 0, key);
        most = fmax(most, dense_norm(d, key));
    }
    return fmin(polish->radius, SCORE_AIM * sqrt(d) / fmax(polish->radius * most, DBL_MIN));
}

/* Last tokens, and the keys that W makes of them. */
static enum lattn_status last_choose(struct polish *polish, struct random *random, const double *W)
{
    int32_t d = polish->d;
    size_t square = (size_t)d * (size_t)d;
    enum lattn_status status = frame_random(d, d, random, polish->last);

    if (status != LATTN_OK)
        return status;
    for (int32_t j = 0; j < d; j++) {
        double *last = polish->last + (size_t)j * (size_t)d;
        double size = last_size(polish, W, last);

        for (int32_t i = 0; i < d; i++)
            last[i] *= size;
        frame_round(d, last);
        for (int32_t h = 0; h < polish->heads; h++)
            dense_multiply_vector(DENSE_PLAIN, d, d, 1, W + (size_t)h * square, (size_t)d, last, 0,
                                  polish->keys + (size_t)(j * polish->heads + h) * (size_t)d);
    }
    return LATTN_OK;
}

enum lattn_status polish_ask(struct polish *polish, struct oracle *oracle,
                             enum oracle_purpose purpose, const struct conditions *conditions,
                             struct random *random, const double *W, const double *V)
{
    size_t room = (size_t)polish->rows * TOKENS_MAX * (size_t)polish->d;
    double *x = memory_raw(room, sizeof *x);
    enum lattn_status status;

    assert(oracle->d == polish->d && oracle->m == 1 && conditions->length >= TOKENS_MAX);
    if (x == NULL)
        return LATTN_NO_MEMORY;
    polish->seed = random_bits(random);
    polish->radius = conditions->norm * NORM_SPARED;
    memcpy(polish->values, V, (size_t)polish->unknowns * sizeof *V);
    status = last_choose(polish, random, W);
    for (int32_t j = 0; j < polish->d && status == LATTN_OK; j++)
        status = column_ask(polish, j, oracle, purpose, x);
    polish->size = dense_norm(polish->d * polish->rows, polish->answers) /
                   sqrt((double)polish->d * polish->rows);
    memory_release(x);
    return status;
}

/* ---- a step ---------------------------------------------------------------------------------- */

/*
 * What one head says about a sequence; where derivatives are asked for they go to
 * ret_by_key[i * stride] and ret_by_value[i * stride], i = 0 .. d - 1.
 */
static double head_apply(int32_t d, const double *key, const double *value, int32_t tokens,
                         const double *x, size_t stride, double *ret_by_key, double *ret_by_value)
{
    double weights[TOKENS_MAX], values[TOKENS_MAX];
    double most = -INFINITY, sum = 0, mean = 0;

    for (int32_t i = 0; i < tokens; i++) {
        weights[i] = dense_dot(d, x + i * d, key);
        values[i] = dense_dot(d, x + i * d, value);
        most = fmax(most, weights[i]);
    }
    for (int32_t i = 0; i < tokens; i++) {
        weights[i] = exp(weights[i] - most);
        sum += weights[i];
    }
    for (int32_t i = 0; i < tokens; i++) {
        weights[i] /= sum;
        mean += weights[i] * values[i];
    }
    for (int32_t j = 0; j < d && ret_by_key != NULL; j++) {
        double by_key = 0, by_value = 0;

        for (int32_t i = 0; i < tokens; i++) {
            by_key += weights[i] * (values[i] - mean) * x[i * d + j];
            by_value += weights[i] * x[i * d + j];
        }
        ret_by_key[(size_t)j * stride] = by_key;
        ret_by_value[(size_t)j * stride] = by_value;
    }
    return mean;
}

/* What the layer of these keys and values leaves of a column's answers, and its derivatives. */
static void column_apply(struct polish *polish, int32_t column, const double *keys,
                         const double *values, int has_derivatives)
{
    struct random random = column_random(polish, column);
    size_t rows = (size_t)polish->rows;
    int32_t d = polish->d;
    double x[TOKENS_MAX * LATTN_DIM_MAX];

    for (int32_t row = 0; row < polish->rows; row++) {
        int32_t tokens = row_tokens(polish, row);
        double answer = 0;

        sequence_draw(polish, column, tokens, &random, x);
        for (int32_t h = 0; h < polish->heads; h++) {
            size_t at = (size_t)h * (size_t)d;
            double *by_key = polish->basis + at * rows + row;
            double *by_value = polish->moves + at * rows + row;

            answer += head_apply(d, keys + (size_t)column * (size_t)polish->unknowns + at,
                                 values + at, tokens, x, rows, has_derivatives ? by_key : NULL,
                                 has_derivatives ? by_value : NULL);
        }
        polish->rest[row] = polish->answers[(size_t)column * rows + (size_t)row] - answer;
    }
}

/* Root mean square of what a layer leaves of all answers. */
static double residual_compute(struct polish *polish, const double *keys, const double *values)
{
    double square = 0;

    for (int32_t j = 0; j < polish->d; j++) {
        column_apply(polish, j, keys, values, 0);
        square += dense_dot(polish->rows, polish->rest, polish->rest);
    }
    return sqrt(square / ((double)polish->d * polish->rows));
}

static int triangle_is_regular(int32_t n, const double *r)
{
    double most = 0, least = INFINITY;

    for (int32_t i = 0; i < n; i++) {
        double pivot = fabs(r[(size_t)i * (size_t)n + (size_t)i]);

        most = fmax(most, pivot);
        least = fmin(least, pivot);
    }
    return least > PIVOT_LEAST * most;
}

/* Factor a column, and add what it says about V: basis becomes Q, moves M, rest that less Q Q'r. */
static enum lattn_status column_factor(struct polish *polish, int32_t column)
{
    int32_t n = polish->unknowns, rows = polish->rows;
    size_t wide = (size_t)n, block = (size_t)column * wide * wide;
    double *triangle = polish->triangles + block, *coupling = polish->couplings + block;
    double *target = polish->targets + (size_t)column * wide;
    enum lattn_status status = dense_orthonormalise(rows, n, polish->basis, triangle);

    if (status != LATTN_OK)
        return status;
    if (!triangle_is_regular(n, triangle))
        return LATTN_NO_CONVERGENCE;
    dense_multiply_rows(n, n, rows, 1, polish->basis, (size_t)rows, polish->moves, (size_t)rows, 0,
                        coupling, wide);
    dense_multiply(DENSE_TRANSPOSED, n, rows, n, -1, coupling, wide, polish->basis, (size_t)rows, 1,
                   polish->moves, (size_t)rows);
    dense_multiply_vector(DENSE_PLAIN, n, rows, 1, polish->basis, (size_t)rows, polish->rest, 0,
                          target);
    dense_multiply_vector(DENSE_TRANSPOSED, n, rows, -1, polish->basis, (size_t)rows, target, 1,
                          polish->rest);
    dense_multiply_rows(n, n, rows, 1, polish->moves, (size_t)rows, polish->moves, (size_t)rows, 1,
                        polish->information, wide);
    dense_multiply_vector(DENSE_PLAIN, n, rows, 1, polish->moves, (size_t)rows, polish->rest, 1,
                          polish->gradient);
    return LATTN_OK;
}

/* Factors at the present layer; information becomes its Cholesky factor. */
static enum lattn_status factors_compute(struct polish *polish)
{
    int32_t n = polish->unknowns;
    size_t square = (size_t)n * (size_t)n;
    enum lattn_status status = LATTN_OK;

    memset(polish->information, 0, square * sizeof *polish->information);
    memset(polish->gradient, 0, (size_t)n * sizeof *polish->gradient);
    for (int32_t j = 0; j < polish->d && status == LATTN_OK; j++) {
        column_apply(polish, j, polish->keys, polish->values, 1);
        status = column_factor(polish, j);
    }
    if (status != LATTN_OK)
        return status;
    status = dense_cholesky(n, polish->information, (size_t)n);
    return status == LATTN_RANK ? LATTN_NO_CONVERGENCE : status;
}

/* targets become the step of the keys, gradient that of the values. */
static void steps_compute(struct polish *polish)
{
    int32_t n = polish->unknowns;
    size_t wide = (size_t)n;

    dense_triangle_solve(DENSE_TRANSPOSED, n, polish->information, wide, polish->gradient);
    dense_triangle_solve(DENSE_PLAIN, n, polish->information, wide, polish->gradient);
    for (int32_t j = 0; j < polish->d; j++) {
        double *target = polish->targets + (size_t)j * wide;
        size_t block = (size_t)j * wide * wide;

        dense_multiply_vector(DENSE_PLAIN, n, n, -1, polish->couplings + block, wide,
                              polish->gradient, 1, target);
        dense_triangle_solve(DENSE_PLAIN, n, polish->triangles + block, wide, target);
    }
}

/* Move by this part of the step where that leaves less. */
static int step_try(struct polish *polish, double part)
{
    int32_t n = polish->unknowns;
    size_t keys = (size_t)polish->d * (size_t)n * sizeof(double);
    double left;

    memcpy(polish->tried_keys, polish->keys, keys);
    memcpy(polish->tried_values, polish->values, (size_t)n * sizeof(double));
    dense_add(polish->d * n, part, polish->targets, polish->tried_keys);
    dense_add(n, part, polish->gradient, polish->tried_values);
    left = residual_compute(polish, polish->tried_keys, polish->tried_values);
    if (!(left < polish->residual))
        return 0;
    memcpy(polish->keys, polish->tried_keys, keys);
    memcpy(polish->values, polish->tried_values, (size_t)n * sizeof(double));
    polish->residual = left;
    return 1;
}

enum lattn_status polish_run(struct polish *polish)
{
    double before = INFINITY;

    polish->residual = residual_compute(polish, polish->keys, polish->values);
    for (int32_t k = 0; k < STEPS_MAX && polish->residual < GAIN_LEAST * before; k++) {
        enum lattn_status status = factors_compute(polish);
        double part = 1;

        if (status != LATTN_OK)
            return status;
        steps_compute(polish);
        before = polish->residual;
        for (int32_t i = 0; i < HALVINGS_MAX && !step_try(polish, part); i++)
            part /= 2;
    }
    return LATTN_OK;
}
