/* A first idea of all heads, from the neighbourhood of one pair of directions. */
#include "query/rough.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* What a fit may leave of the values: the rest is for the polish. */
#define ROUGH 1e-6

/*
 * u, b       d x d, row 0 is the lookout's
 * block      d x d, one b many times
 * poles      d, of (u_i, b_0)
 * points     d, of the column at hand
 * L          heads x d x d, [h][j][i] is the score of (u_i, b_j), which is s t u_i'W_h b_j
 */
struct rough {
    const struct lookouts *lookouts;
    const struct lookout *lookout;
    int32_t d;
    double *u;
    double *b;
    double *block;
    double *L;
    struct poles *poles;
    struct poles_points *points;
};

uint64_t rough_count(int32_t d, int32_t heads)
{
    uint64_t n = (uint64_t)d, k = (uint64_t)heads;

    return 2 * k * n + (k + 1) * n * (n - 1);
}

/* Rows (v_0 + lean p_i) / sqrt(1 + lean^2) with p_i at right angles to v_0, and v_0 itself. */
static void neighbours_fill(int32_t d, const double *v, double lean, double *ret_rows)
{
    double shrink = 1 / sqrt(1 + lean * lean);

    frame_complete(d, v, ret_rows);
    for (int32_t i = 1; i < d; i++)
        for (int32_t j = 0; j < d; j++) {
            double *entry = &ret_rows[(size_t)i * (size_t)d + (size_t)j];

            *entry = shrink * (v[j] + lean * *entry);
        }
    memcpy(ret_rows, v, (size_t)d * sizeof *v);
    frame_round((int64_t)d * d, ret_rows);
}

static enum lattn_status column_ask(struct rough *rough, int32_t column, enum copies_part part,
                                    struct oracle *oracle, enum oracle_purpose purpose)
{
    size_t row = (size_t)rough->d * sizeof *rough->b;

    for (int32_t i = 0; i < rough->d; i++)
        memcpy(rough->block + (size_t)i * (size_t)rough->d,
               rough->b + (size_t)column * (size_t)rough->d, row);
    return copies_ask(&rough->lookouts->copies, part, oracle, purpose, rough->d, rough->u,
                      rough->block, rough->points);
}

static double *score_at(const struct rough *rough, int32_t h, int32_t i, int32_t j)
{
    size_t d = (size_t)rough->d;

    return &rough->L[((size_t)h * d + (size_t)j) * d + (size_t)i];
}

static void scores_keep(const struct rough *rough, const struct poles *poles, int32_t i, int32_t j)
{
    for (int32_t h = 0; h < poles->count; h++)
        *score_at(rough, h, i, j) = poles->l[h];
}

/* (u_i, b_0): values and scores alike. */
static enum lattn_status first_column_learn(struct rough *rough, struct oracle *oracle,
                                            enum oracle_purpose purpose)
{
    enum lattn_status status = column_ask(rough, 0, COPIES_ALL, oracle, purpose);
    double square = 0, residual, allowed;

    for (int32_t i = 0; i < rough->d && status == LATTN_OK; i++) {
        rough->poles[i] = rough->lookout->poles;
        status = poles_refine(&rough->points[i], POLES_ALL, &rough->poles[i], &residual);
        scores_keep(rough, &rough->poles[i], i, 0);
        square += residual * residual;
    }
    if (status != LATTN_OK)
        return status;
    residual = sqrt(square / rough->d);
    allowed = rough->lookouts->slack +
              ROUGH * dense_norm(rough->lookout->poles.count, rough->lookout->poles.c);
    if (residual <= allowed)
        return LATTN_OK;
    return complain(&oracle->complaint, LATTN_NO_CONVERGENCE,
                    "%d heads leave %.2g of what copies of two tokens say, %.2g is explained",
                    rough->lookout->poles.count, residual, allowed);
}

/* (u_i, b_j): values are known, scores begin at those of (u_i, b_0). */
static enum lattn_status column_learn(struct rough *rough, int32_t column, struct oracle *oracle,
                                      enum oracle_purpose purpose)
{
    enum lattn_status status = column_ask(rough, column, COPIES_SOME, oracle, purpose);

    for (int32_t i = 0; i < rough->d && status == LATTN_OK; i++) {
        struct poles poles = rough->poles[i];
        double residual;

        status = poles_refine(&rough->points[i], POLES_SCORES, &poles, &residual);
        scores_keep(rough, &poles, i, column);
    }
    return status;
}

/* V from u_i.v_h = c_h; W from U W_h B' = L_h / (s t). u, b and L are lost. */
static enum lattn_status parameters_solve(struct rough *rough, double *ret_W, double *ret_V)
{
    int32_t d = rough->d, heads = rough->lookout->poles.count;
    size_t n = (size_t)d;
    const struct copies *copies = &rough->lookouts->copies;
    int32_t pivot[LATTN_DIM_MAX];
    enum lattn_status status = dense_lu(d, rough->u, pivot);

    if (status != LATTN_OK)
        return status;
    for (int32_t h = 0; h < heads; h++)
        for (int32_t i = 0; i < d; i++)
            ret_V[(size_t)h * n + (size_t)i] = rough->poles[i].c[h];
    dense_lu_solve(d, rough->u, pivot, heads, ret_V);
    dense_lu_solve(d, rough->u, pivot, heads * d, rough->L);
    for (int32_t h = 0; h < heads; h++)
        for (int32_t i = 0; i < d; i++)
            for (int32_t j = 0; j < d; j++)
                ret_W[((size_t)h * n + (size_t)i) * n + (size_t)j] =
                    *score_at(rough, h, i, j) / (copies->s * copies->t);
    status = dense_lu(d, rough->b, pivot);
    if (status == LATTN_OK)
        dense_lu_solve(d, rough->b, pivot, heads * d, ret_W);
    return status;
}

static enum lattn_status rough_open(struct rough *rough, int32_t d, int32_t heads)
{
    size_t square = (size_t)d * (size_t)d;

    rough->d = d;
    rough->u = memory_raw(square, sizeof *rough->u);
    rough->b = memory_raw(square, sizeof *rough->b);
    rough->block = memory_raw(square, sizeof *rough->block);
    rough->L = memory_raw((size_t)heads * square, sizeof *rough->L);
    rough->poles = memory_raw((size_t)d, sizeof *rough->poles);
    rough->points = memory_raw((size_t)d, sizeof *rough->points);
    return rough->u == NULL || rough->b == NULL || rough->block == NULL || rough->L == NULL ||
                   rough->poles == NULL || rough->points == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

static void rough_close(struct rough *rough)
{
    memory_release(rough->u);
    memory_release(rough->b);
    memory_release(rough->block);
    memory_release(rough->L);
    memory_release(rough->poles);
    memory_release(rough->points);
}

enum lattn_status rough_learn(const struct lookouts *lookouts, const struct lookout *lookout,
                              double lean, struct oracle *oracle, enum oracle_purpose purpose,
                              double *ret_W, double *ret_V)
{
    struct rough rough = {.lookouts = lookouts, .lookout = lookout};
    size_t at = (size_t)lookout->index * (size_t)oracle->d;
    enum lattn_status status = rough_open(&rough, oracle->d, lookout->poles.count);

    if (status == LATTN_OK) {
        neighbours_fill(oracle->d, lookouts->u + at, lean, rough.u);
        neighbours_fill(oracle->d, lookouts->b + at, lean, rough.b);
        status = first_column_learn(&rough, oracle, purpose);
    }
    for (int32_t j = 1; j < oracle->d && status == LATTN_OK; j++)
        status = column_learn(&rough, j, oracle, purpose);
    if (status == LATTN_OK)
        status = parameters_solve(&rough, ret_W, ret_V);
    rough_close(&rough);
    return status == LATTN_RANK ? LATTN_NO_CONVERGENCE : status;
}
