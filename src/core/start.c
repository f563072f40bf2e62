#include "core/start.h"

#include "base/memory.h"
#include "core/block.h"
#include "core/bounds.h"
#include "core/dense.h"

#include <lattn/model.h>

#include <math.h>
#include <string.h>

enum {
    START_TRUNCATED = 0,
    START_COLUMNS = 1,
    START_ROWS = 2,
    START_RANDOM = 3,
    /* A start need not be exact: so many rounds of subspace iteration, so many spare vectors. */
    ROUNDS = 4,
    SPARE = 4
};

static const double antisymmetric_sizes[] = {0.3, 0.6, 1, 2};

/* ---- truncated singular value decomposition ------------------------------------------------ */

/* P and Q of the layer become the leading singular vectors of a tensor, by subspace iteration. */
static enum lattn_status subspace_iterate(const double *tensor, struct layer *layer)
{
    int32_t k = layer->heads;
    int32_t rows = layer->d * layer->m;
    int32_t columns = layer->d * layer->d;
    double *r = memory_raw((size_t)k * (size_t)k, sizeof *r);
    enum lattn_status status = r == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    for (int32_t i = 0; i < ROUNDS && status == LATTN_OK; i++) {
        layer_contract_P(layer, tensor, layer->P);
        status = dense_orthonormalise(rows, k, layer->P, r);
        if (status == LATTN_OK)
            layer_contract_Q(layer, tensor, layer->Q);
        if (status == LATTN_OK && i < ROUNDS - 1)
            status = dense_orthonormalise(columns, k, layer->Q, r);
    }
    memory_release(r);
    return status == LATTN_OK ? layer_balance(layer, NULL) : status;
}

static enum lattn_status truncated_make(const double *tensor, struct random *random,
                                        struct layer *layer)
{
    int32_t d = layer->d;
    int32_t most = lattn_heads_max(d, layer->m);
    int32_t k = layer->heads + SPARE < most ? layer->heads + SPARE : most;
    struct layer wide;
    enum lattn_status status = layer_init(&wide, d, layer->m, k);

    if (status != LATTN_OK)
        return status;
    random_normals(random, wide.Q, (int64_t)k * d * d);
    status = subspace_iterate(tensor, &wide);
    if (status == LATTN_OK) {
        memcpy(layer->P, wide.P, (size_t)(layer->heads * d * layer->m) * sizeof(double));
        memcpy(layer->Q, wide.Q, (size_t)(layer->heads * d * d) * sizeof(double));
    }
    layer_done(&wide);
    return status;
}

/* tensor = S + s A;  A[b,a,c,e] = -A[c,a,b,e] */
static void antisymmetric_add(const struct layer *layer, const double *S, double size,
                              struct random *random, double *tensor)
{
    int32_t length = layer_tensor_length(layer->d, layer->m);
    double *A = tensor + length;

    random_normals(random, A, length);
    memcpy(tensor, A, (size_t)length * sizeof *tensor);
    layer_symmetrise(layer->d, layer->m, tensor);
    dense_add(length, -1, tensor, A);
    memcpy(tensor, S, (size_t)length * sizeof *tensor);
    dense_add(length, size * dense_norm(length, S) / dense_norm(length, A), A, tensor);
}

static enum lattn_status random_make(int32_t number, const double *S, struct random *random,
                                     struct layer *layer)
{
    size_t length = (size_t)layer_tensor_length(layer->d, layer->m);
    double *tensor = memory_raw(2 * length, sizeof *tensor);
    double size = antisymmetric_sizes[(number - START_RANDOM) % 4];
    enum lattn_status status;

    if (tensor == NULL)
        return LATTN_NO_MEMORY;
    antisymmetric_add(layer, S, size, random, tensor);
    status = truncated_make(tensor, random, layer);
    memory_release(tensor);
    return status;
}

/* ---- one head in closed form --------------------------------------------------------------- */

/*
 * For one head M_e[b,c] = sum_a alpha_a S[b,a,c,e] = (v q_e' + q_e v') / 2 with v = V'alpha and q_e
 * column e of Q, so M = sum_e beta_e M_e has eigenvalues l+ >= 0 >= l- and |v| times v is
 *
 *     x = sqrt(l+) u+ +- sqrt(-l-) u-
 *
 * for one of the signs; and with x of length one Q_e ~ M_e x - x (x'M_e x) / 2.
 */
struct one_head {
    double *matrices; /* d x d x d: M_e[b,c] at [b,c,e] */
    double *middle;   /* d x d */
    double *values;
    double *alpha;
    double *x;
};

static void one_head_contract(const struct one_head *one, const struct layer *layer,
                              const double *S, struct random *random)
{
    int32_t d = layer->d;
    size_t square = (size_t)d * (size_t)d;

    random_normals(random, one->alpha, layer->m);
    random_normals(random, one->x, d);
    for (size_t b = 0; b < (size_t)d; b++)
        dense_multiply_vector(DENSE_TRANSPOSED, layer->m, d * d, 1,
                              S + b * (size_t)layer->m * square, square, one->alpha, 0,
                              one->matrices + b * square);
    dense_multiply_vector(DENSE_PLAIN, d * d, d, 1, one->matrices, (size_t)d, one->x, 0,
                          one->middle);
}

/* Q from the direction of v that the sign stands for; P by linear least squares. */
static enum lattn_status one_head_take(const struct one_head *one, double sign, const double *S,
                                       struct layer *layer)
{
    int32_t d = layer->d;
    const double *low = one->middle;
    const double *high = one->middle + (size_t)(d - 1) * (size_t)d;
    double a = sqrt(fmax(one->values[d - 1], 0));
    double b = sign * sqrt(fmax(-one->values[0], 0));
    double norm;

    for (int32_t i = 0; i < d; i++)
        one->x[i] = a * high[i] + b * low[i];
    norm = dense_norm(d, one->x);
    for (int32_t i = 0; i < d; i++)
        one->x[i] /= norm > 0 ? norm : 1;
    /* Q[c,e] = sum_b x_b M[b,c,e], less half of its part along x. */
    dense_multiply_vector(DENSE_TRANSPOSED, d, d * d, 1, one->matrices, (size_t)d * (size_t)d,
                          one->x, 0, layer->Q);
    dense_multiply_vector(DENSE_TRANSPOSED, d, d, 1, layer->Q, (size_t)d, one->x, 0,
                          one->values + d);
    for (int32_t c = 0; c < d; c++)
        dense_add(d, -one->x[c] / 2, one->values + d, layer->Q + (size_t)c * (size_t)d);
    return block_fit_P(S, layer);
}

/* |sym(T) - S| for one head. */
static double one_head_miss(const struct layer *layer, const double *S, double *tensor)
{
    int32_t length = layer_tensor_length(layer->d, layer->m);

    layer_multiply(layer, 1, 0, tensor);
    layer_symmetrise(layer->d, layer->m, tensor);
    dense_add(length, -1, S, tensor);
    return dense_norm(length, tensor);
}

/* Keep the better of both signs. */
static enum lattn_status one_head_choose(const struct one_head *one, const double *S,
                                         struct layer *layer, struct layer *other, double *tensor)
{
    enum lattn_status status = dense_symmetric(layer->d, one->middle, one->values);

    if (status == LATTN_OK)
        status = one_head_take(one, 1, S, layer);
    if (status == LATTN_OK)
        status = one_head_take(one, -1, S, other);
    if (status == LATTN_OK && one_head_miss(other, S, tensor) < one_head_miss(layer, S, tensor))
        memcpy(layer->P, other->P, (size_t)layer_length(layer) * sizeof *layer->P);
    return status;
}

static enum lattn_status one_head_make(const double *S, struct random *random, struct layer *layer)
{
    size_t d = (size_t)layer->d;
    size_t m = (size_t)layer->m;
    size_t tensor = (size_t)layer_tensor_length(layer->d, layer->m);
    struct one_head one = {.matrices =
                               memory_raw(d * d * d + d * d + 3 * d + m + tensor, sizeof(double))};
    struct layer other = {0};
    enum lattn_status status = LATTN_NO_MEMORY;

    if (one.matrices != NULL) {
        one.middle = one.matrices + d * d * d;
        one.values = one.middle + d * d;
        one.x = one.values + 2 * d;
        one.alpha = one.x + d;
        status = layer_init(&other, layer->d, layer->m, 1);
    }
    if (status == LATTN_OK) {
        one_head_contract(&one, layer, S, random);
        status = one_head_choose(&one, S, layer, &other, one.alpha + m);
    }
    layer_done(&other);
    memory_release(one.matrices);
    return status;
}

/* ---- spans from N(x) ----------------------------------------------------------------------- */

/* Points that are more than enough for the null space to be the span and nothing else. */
static int32_t span_points(const struct layer *layer, int32_t width)
{
    return 2 * width * layer->d / (width - layer->heads) + 2 * layer->d;
}

/*
 * N(x) = sum_h (V_h x)(x'Q_h): every P_h takes x into the column space of N(x), the span of its
 * first H left singular vectors, and every Q_h takes it into the row space, so the factors of
 * either kind span the null space of
 *
 *     sum over points x of  x x' (x) E,      E the projector on the complement.
 *
 * width  of a factor: m for P, d for Q
 */
struct span {
    int32_t number; /* START_COLUMNS or START_ROWS */
    int32_t width;
    double *form;    /* d width x d width */
    double *values;  /* d width */
    double *N;       /* m x d by columns, or d x m by columns */
    double *vectors; /* min(m, d) of length width, behind them the other ones */
    double *projector;
    double *x;
    double *work; /* m d^2 */
};

static enum lattn_status span_init(struct span *span, const struct layer *layer, int32_t number)
{
    size_t d = (size_t)layer->d;
    size_t m = (size_t)layer->m;
    size_t w = number == START_COLUMNS ? m : d;
    size_t least = d < m ? d : m;
    double *memory = memory_zeroed(
        d * w * (d * w + 1) + m * d + least * (m + d) + w * w + d + m * d * d, sizeof *memory);

    *span = (struct span){.number = number, .width = (int32_t)w, .form = memory};
    if (memory == NULL)
        return LATTN_NO_MEMORY;
    span->values = span->form + d * w * d * w;
    span->N = span->values + d * w;
    span->vectors = span->N + m * d;
    span->projector = span->vectors + least * (m + d);
    span->x = span->projector + w * w;
    span->work = span->x + d;
    return LATTN_OK;
}

/* N(x) with the vectors that matter as its columns. */
static void span_contract(const struct span *span, const struct layer *layer, const double *S)
{
    size_t d = (size_t)layer->d;
    size_t m = (size_t)layer->m;

    bounds_contract(layer->d, layer->m, S, span->x, span->N, span->work);
    if (span->number == START_ROWS)
        return;
    memcpy(span->work, span->N, m * d * sizeof *span->work);
    for (size_t a = 0; a < m; a++)
        for (size_t e = 0; e < d; e++)
            span->N[e * m + a] = span->work[a * d + e];
}

/* projector = I - the outer products of the first H singular vectors. */
static enum lattn_status span_project(const struct span *span, const struct layer *layer)
{
    int32_t w = span->width;
    int32_t other = layer->d + layer->m - w;
    int32_t least = layer->d < layer->m ? layer->d : layer->m;
    enum lattn_status status = dense_svd(w, other, span->N, span->work, span->vectors,
                                         span->vectors + (size_t)least * (size_t)w);

    if (status != LATTN_OK)
        return status;
    dense_multiply(DENSE_TRANSPOSED, w, w, layer->heads, -1, span->vectors, (size_t)w,
                   span->vectors, (size_t)w, 0, span->projector, (size_t)w);
    for (size_t i = 0; i < (size_t)w; i++)
        span->projector[i * (size_t)w + i] += 1;
    return LATTN_OK;
}

/* form += x x' (x) projector */
static void span_add(const struct span *span, int32_t d)
{
    size_t w = (size_t)span->width;
    size_t n = (size_t)d * w;

    for (size_t b = 0; b < (size_t)d; b++)
        for (size_t i = 0; i < w; i++)
            for (size_t c = 0; c < (size_t)d; c++)
                dense_add(span->width, span->x[b] * span->x[c], span->projector + i * w,
                          span->form + (b * w + i) * n + c * w);
}

static enum lattn_status span_find(const struct span *span, const struct layer *layer,
                                   const double *S, struct random *random, double *ret_factors)
{
    int32_t n = layer->d * span->width;
    enum lattn_status status = LATTN_OK;

    for (int32_t i = span_points(layer, span->width); i > 0 && status == LATTN_OK; i--) {
        random_normals(random, span->x, layer->d);
        span_contract(span, layer, S);
        status = span_project(span, layer);
        if (status == LATTN_OK)
            span_add(span, layer->d);
    }
    if (status == LATTN_OK)
        status = dense_symmetric(n, span->form, span->values);
    if (status == LATTN_OK)
        memcpy(ret_factors, span->form, (size_t)layer->heads * (size_t)n * sizeof *ret_factors);
    return status;
}

static enum lattn_status span_make(int32_t number, const double *S, struct random *random,
                                   struct layer *layer)
{
    double *factors = number == START_COLUMNS ? layer->P : layer->Q;
    struct span span;
    enum lattn_status status = span_init(&span, layer, number);

    if (status == LATTN_OK)
        status = span_find(&span, layer, S, random, factors);
    memory_release(span.form);
    if (status != LATTN_OK)
        return status;
    return number == START_COLUMNS ? block_fit_Q(S, layer) : block_fit_P(S, layer);
}

/* ---- all of them --------------------------------------------------------------------------- */

static int span_exists(int32_t number, const struct layer *layer)
{
    int32_t H = layer->heads;

    return number == START_COLUMNS ? H < layer->m && H <= layer->d : H < layer->d && H <= layer->m;
}

enum lattn_status start_make(int32_t number, const double *S, struct random *random,
                             struct layer *layer)
{
    if (number == START_TRUNCATED && layer->heads == 1)
        return one_head_make(S, random, layer);
    if (number == START_TRUNCATED)
        return truncated_make(S, random, layer);
    if (number >= START_RANDOM)
        return random_make(number, S, random, layer);
    return span_exists(number, layer) ? span_make(number, S, random, layer) : LATTN_RANK;
}

double start_flops(int32_t number, const struct layer *layer)
{
    double tensor = layer_tensor_length(layer->d, layer->m);
    double n = (double)layer->d * (number == START_COLUMNS ? layer->m : layer->d);

    double k = layer->heads + SPARE;

    if (number == START_TRUNCATED || number >= START_RANDOM)
        return 4 * ROUNDS * k * (tensor + k * layer->d * (layer->m + layer->d)) +
               layer_balance_flops(layer);
    if (!span_exists(number, layer))
        return 0;
    return 10 * n * n * n +
           2 * (tensor + n * n) * span_points(layer, number == START_COLUMNS ? layer->m : layer->d);
}
