#include "core/layer.h"

#include "base/memory.h"
#include "core/dense.h"

#include <math.h>
#include <string.h>

int32_t layer_head_length(const struct layer *layer)
{
    return layer->d * (layer->m + layer->d);
}

int32_t layer_length(const struct layer *layer)
{
    return layer->heads * layer_head_length(layer);
}

int32_t layer_tensor_length(int32_t d, int32_t m)
{
    return d * m * d * d;
}

struct layer layer_view(const struct layer *layer, double *numbers)
{
    size_t length = (size_t)layer->heads * (size_t)layer->d * (size_t)layer->m;

    return (struct layer){layer->d, layer->m, layer->heads, numbers, numbers + length};
}

enum lattn_status layer_init(struct layer *layer, int32_t d, int32_t m, int32_t heads)
{
    struct layer sizes = {.d = d, .m = m, .heads = heads};
    double *numbers = memory_raw((size_t)layer_length(&sizes), sizeof *numbers);

    if (numbers == NULL)
        return LATTN_NO_MEMORY;
    *layer = layer_view(&sizes, numbers);
    return LATTN_OK;
}

void layer_done(struct layer *layer)
{
    memory_release(layer->P);
    *layer = (struct layer){0};
}

void layer_multiply(const struct layer *layer, double alpha, double beta, double *tensor)
{
    int32_t rows = layer->d * layer->m;
    int32_t columns = layer->d * layer->d;

    dense_multiply(DENSE_TRANSPOSED, rows, columns, layer->heads, alpha, layer->P, (size_t)rows,
                   layer->Q, (size_t)columns, beta, tensor, (size_t)columns);
}

void layer_contract_P(const struct layer *layer, const double *tensor, double *ret_P)
{
    int32_t rows = layer->d * layer->m;
    int32_t columns = layer->d * layer->d;

    dense_multiply_rows(layer->heads, rows, columns, 1, layer->Q, (size_t)columns, tensor,
                        (size_t)columns, 0, ret_P, (size_t)rows);
}

void layer_contract_Q(const struct layer *layer, const double *tensor, double *ret_Q)
{
    int32_t rows = layer->d * layer->m;
    int32_t columns = layer->d * layer->d;

    dense_multiply(DENSE_PLAIN, layer->heads, columns, rows, 1, layer->P, (size_t)rows, tensor,
                   (size_t)columns, 0, ret_Q, (size_t)columns);
}

void layer_symmetrise(int32_t d, int32_t m, double *tensor)
{
    size_t width = (size_t)d;

    for (int32_t b = 0; b < d; b++) {
        for (int32_t a = 0; a < m; a++) {
            for (int32_t c = b + 1; c < d; c++) {
                double *here = tensor + ((size_t)(b * m + a) * width + (size_t)c) * width;
                double *there = tensor + ((size_t)(c * m + a) * width + (size_t)b) * width;

                for (size_t e = 0; e < width; e++)
                    here[e] = there[e] = (here[e] + there[e]) / 2;
            }
        }
    }
}

/* One d x d block: the transpose of gram's, and half the trace on the diagonal. */
static void block_couple(int32_t d, const double *gram, double *M, size_t n)
{
    double trace = 0;

    for (size_t i = 0; i < (size_t)d; i++) {
        trace += gram[i * n + i];
        for (size_t j = 0; j < (size_t)d; j++)
            M[i * n + j] = gram[j * n + i] / 2;
    }
    for (size_t i = 0; i < (size_t)d; i++)
        M[i * n + i] += trace / 2;
}

void layer_couple(int32_t d, int32_t heads, int32_t width, const double *F, const double *G,
                  double *ret_M, double *gram)
{
    int32_t n = heads * d;

    dense_multiply_rows(n, n, width, 1, F, (size_t)width, G, (size_t)width, 0, gram, (size_t)n);
    for (int32_t h = 0; h < heads; h++) {
        for (int32_t k = 0; k < heads; k++) {
            size_t corner = (size_t)(h * d) * (size_t)n + (size_t)(k * d);

            block_couple(d, gram + corner, ret_M + corner, (size_t)n);
        }
    }
}

/* rows = diag(sqrt(sigma)) op(turn) rows;  rows: heads x length */
static void rows_turn(enum dense_side side, int32_t heads, int32_t length, const double *turn,
                      const double *sigma, double *rows, double *work)
{
    size_t width = (size_t)length;

    memcpy(work, rows, (size_t)heads * width * sizeof *work);
    dense_multiply(side, heads, length, heads, 1, turn, (size_t)heads, work, width, 0, rows, width);
    for (size_t h = 0; h < (size_t)heads; h++)
        for (size_t i = 0; i < width; i++)
            rows[h * width + i] *= sqrt(sigma[h]);
}

enum lattn_status layer_balance(struct layer *layer, double *sigma)
{
    int32_t H = layer->heads;
    int32_t rows = layer->d * layer->m;
    int32_t columns = layer->d * layer->d;
    size_t square = (size_t)H * (size_t)H;
    size_t longest = (size_t)H * (size_t)(rows > columns ? rows : columns);
    double *r_P = memory_raw(5 * square + (size_t)H + longest, sizeof *r_P);
    double *r_Q, *core, *u, *vt, *s, *work;
    enum lattn_status status = LATTN_NO_MEMORY;

    if (r_P == NULL)
        return LATTN_NO_MEMORY;
    r_Q = r_P + square;
    core = r_Q + square;
    u = core + square;
    vt = u + square;
    s = vt + square;
    work = s + H;
    status = dense_orthonormalise(rows, H, layer->P, r_P);
    if (status == LATTN_OK)
        status = dense_orthonormalise(columns, H, layer->Q, r_Q);
    if (status == LATTN_OK) {
        dense_multiply_rows(H, H, H, 1, r_P, (size_t)H, r_Q, (size_t)H, 0, core, (size_t)H);
        /* By columns the core is its transpose: u turns Q, vt turns P. */
        status = dense_svd(H, H, core, s, u, vt);
    }
    if (status == LATTN_OK) {
        rows_turn(DENSE_TRANSPOSED, H, rows, vt, s, layer->P, work);
        rows_turn(DENSE_PLAIN, H, columns, u, s, layer->Q, work);
        if (sigma != NULL)
            memcpy(sigma, s, (size_t)H * sizeof *sigma);
    }
    memory_release(r_P);
    return status;
}

double layer_balance_flops(const struct layer *layer)
{
    double H = layer->heads;

    /* A small singular value decomposition takes some 60 n^3. */
    return H * H * (6.0 * layer->d * (layer->m + layer->d) + 60 * H);
}

/* Blocks of d x columns, one behind the other, become A' times each. */
static void blocks_multiply(int32_t d, int32_t columns, int32_t blocks, const double *A,
                            double *numbers, double *work)
{
    size_t length = (size_t)d * (size_t)columns;

    for (int32_t i = 0; i < blocks; i++) {
        double *block = numbers + (size_t)i * length;

        memcpy(work, block, length * sizeof *work);
        dense_multiply(DENSE_TRANSPOSED, d, columns, d, 1, A, (size_t)d, work, (size_t)columns, 0,
                       block, (size_t)columns);
    }
}

/* Rows of d become their products with A. */
static void rows_multiply(int32_t d, int32_t rows, const double *A, double *numbers, double *work)
{
    memcpy(work, numbers, (size_t)rows * (size_t)d * sizeof *work);
    dense_multiply(DENSE_PLAIN, rows, d, d, 1, work, (size_t)d, A, (size_t)d, 0, numbers,
                   (size_t)d);
}

enum lattn_status layer_transform(struct layer *layer, const double *A)
{
    double *work = memory_raw((size_t)layer_length(layer), sizeof *work);

    if (work == NULL)
        return LATTN_NO_MEMORY;
    blocks_multiply(layer->d, layer->m, layer->heads, A, layer->P, work);
    blocks_multiply(layer->d, layer->d, layer->heads, A, layer->Q, work);
    rows_multiply(layer->d, layer->heads * layer->d, A, layer->Q, work);
    memory_release(work);
    return LATTN_OK;
}

enum lattn_status layer_tensor_transform(int32_t d, int32_t m, const double *A, double *tensor)
{
    double *work = memory_raw((size_t)layer_tensor_length(d, m), sizeof *work);

    if (work == NULL)
        return LATTN_NO_MEMORY;
    blocks_multiply(d, m * d * d, 1, A, tensor, work);
    blocks_multiply(d, d, d * m, A, tensor, work);
    rows_multiply(d, d * m * d, A, tensor, work);
    memory_release(work);
    return LATTN_OK;
}
