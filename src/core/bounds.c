#include "core/bounds.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"

#include <string.h>

enum { DRAWS = 2 };

/* Below this share of the largest a singular value may come from the rounding of W. */
static const double rank_least = 1e-7;

void bounds_contract(int32_t d, int32_t m, const double *S, const double *x, double *ret_N,
                     double *work)
{
    size_t square = (size_t)d * (size_t)d;

    dense_multiply_vector(DENSE_TRANSPOSED, d, m * d * d, 1, S, (size_t)m * square, x, 0, work);
    for (int32_t a = 0; a < m; a++)
        dense_multiply_vector(DENSE_TRANSPOSED, d, d, 1, work + (size_t)a * square, (size_t)d, x, 0,
                              ret_N + (size_t)a * (size_t)d);
}

/* M[b,c] = sum_a alpha_a sum_e S[b,a,c,e] beta_e;  work: m d^2 */
static void middle_contract(int32_t d, int32_t m, const double *S, const double *alpha,
                            const double *beta, double *ret_M, double *work)
{
    size_t width = (size_t)d;

    dense_multiply_vector(DENSE_PLAIN, d * m * d, d, 1, S, width, beta, 0, work);
    for (size_t b = 0; b < width; b++)
        dense_multiply_vector(DENSE_TRANSPOSED, m, d, 1, work + b * (size_t)m * width, width, alpha,
                              0, ret_M + b * width);
}

static enum lattn_status rank_find(int32_t m, int32_t n, double *matrix, double *s,
                                   int32_t *ret_rank)
{
    int32_t least = m < n ? m : n;
    enum lattn_status status = dense_svd(m, n, matrix, s, NULL, NULL);
    int32_t rank = 0;

    if (status != LATTN_OK)
        return status;
    while (rank < least && s[rank] > rank_least * s[0])
        rank++;
    *ret_rank = rank;
    return LATTN_OK;
}

enum lattn_status bounds_heads(int32_t d, int32_t m, const double *S, struct random *random,
                               int32_t *ret_heads)
{
    size_t width = (size_t)d;
    size_t widest = (size_t)(m > d ? m : d);
    double *matrix =
        memory_raw(widest * width + 3 * widest + (size_t)m * width * width, sizeof *matrix);
    double *s, *x, *y, *work;
    enum lattn_status status = LATTN_OK;
    int32_t heads = 1;
    int32_t rank = 0;

    if (matrix == NULL)
        return LATTN_NO_MEMORY;
    s = matrix + widest * width;
    x = s + widest;
    y = x + widest;
    work = y + widest;
    for (int32_t i = 0; i < DRAWS && status == LATTN_OK; i++) {
        random_normals(random, x, d);
        bounds_contract(d, m, S, x, matrix, work);
        /* By columns N is its transpose, of the same rank. */
        status = rank_find(d, m, matrix, s, &rank);
        heads = rank > heads ? rank : heads;
        if (status != LATTN_OK)
            break;
        random_normals(random, x, d);
        random_normals(random, y, m);
        middle_contract(d, m, S, y, x, matrix, work);
        status = rank_find(d, d, matrix, s, &rank);
        heads = (rank + 1) / 2 > heads ? (rank + 1) / 2 : heads;
    }
    memory_release(matrix);
    if (status == LATTN_OK)
        *ret_heads = heads;
    return status;
}

double bounds_flops(int32_t d, int32_t m)
{
    double square = (double)d * d;
    double widest = m > d ? m : d;

    /* Singular values alone take some 10 n^3. */
    return DRAWS * (4 * square * d * m + 20 * square * widest);
}

int64_t bounds_dimension(int32_t d, int32_t m, int32_t heads)
{
    int64_t D = d;
    int64_t H = heads;
    int64_t all = m * (int64_t)feature_count(d);
    int64_t dimension;

    if (m == 1)
        dimension = H < D ? H * (D - H) + D * (D * H - H * (H - 1) / 2) : all;
    else
        dimension = H * (m * D + D * D) - H * H;
    return dimension < all ? dimension : all;
}
