/*
 * Low rank from a batch of rank-one projections. Directions u lean to v as in the anchored frame,
 *
 *     u = R (sqrt(c) v/|v| + sqrt(1 - c) p),    p of length one, at random, at right angles to v
 *
 * so that they are far from isotropic: Gauss-Newton works in coordinates in which E[u u'] = 1,
 * where W is S X with S = E[u u']^(-1/2), and returns to those of W for the error bars.
 */
#include "query/rankone.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/bilinear.h"
#include "query/factors.h"
#include "query/frame.h"
#include "query/softmax.h"
#include "query/value.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    /* 2 d r: a step solves as many equations, 32 MiB and a second. */
    UNKNOWNS_MAX = 2048
};

/* Products of normals, which entries are at r = 1, are large at times: let few be saturated. */
static const double step_share = 0.5;

/*
 * u, b     count x d: the directions, as asked
 * along    mean square of u along v/|v|;  across  and along each other axis
 */
struct rankone {
    struct bilinear bilinear;
    struct random *random;
    struct lattn_attention *attention;
    int32_t d;
    int32_t count;
    double *u;
    double *b;
    double along;
    double across;
    struct factors factors;
    struct bilinear_form *forms;
};

/*
 * Entries of W that are asked. Gauss-Newton found W in 20 of 20 cases from 2.5, 2 and 1.5 times as
 * many as W of rank 2, 4 and 8 has freedoms; the fewer, the more it takes.
 */
static double entries_of(int32_t d, int32_t rank)
{
    return ceil((1 + 2 / sqrt(rank)) * rank * (2 * d - rank));
}

static int is_whole(int32_t d, int32_t rank)
{
    return entries_of(d, rank) >= (double)d * d || 2 * d * rank > UNKNOWNS_MAX;
}

uint64_t rankone_count(int32_t d, int32_t rank)
{
    return is_whole(d, rank) ? softmax_count(d) : (uint64_t)d + (uint64_t)entries_of(d, rank);
}

static void rankone_done(struct rankone *rankone)
{
    bilinear_done(&rankone->bilinear);
    factors_done(&rankone->factors);
    memory_release(rankone->u);
    memory_release(rankone->b);
    memory_release(rankone->forms);
}

static enum lattn_status rankone_init(struct rankone *rankone, struct oracle *oracle,
                                      const struct conditions *conditions, struct random *random,
                                      int32_t rank, struct lattn_attention *attention)
{
    int32_t d = oracle->d, count = (int32_t)entries_of(d, rank);
    size_t size = (size_t)count * (size_t)d;
    enum lattn_status status;

    *rankone = (struct rankone){
        .random = random,
        .attention = attention,
        .d = d,
        .count = count,
        .u = memory_raw(size, sizeof(double)),
        .b = memory_raw(size, sizeof(double)),
        .forms = memory_raw((size_t)count, sizeof *rankone->forms),
    };
    if (rankone->u == NULL || rankone->b == NULL || rankone->forms == NULL)
        return LATTN_NO_MEMORY;
    status = factors_init(&rankone->factors, count, d, rank);
    return status == LATTN_OK ? bilinear_init(&rankone->bilinear, oracle, conditions, attention->V,
                                              attention->V_error)
                              : status;
}

/* ---- questions ----------------------------------------------------------------------------- */

static void unit_draw(int32_t d, struct random *random, const double *normal, double *ret_p)
{
    double square = dense_dot(d, normal, normal), norm;

    random_normals(random, ret_p, d);
    dense_add(d, -dense_dot(d, ret_p, normal) / square, normal, ret_p);
    norm = dense_norm(d, ret_p);
    for (int32_t l = 0; l < d; l++)
        ret_p[l] /= norm;
}

static void directions_draw(struct rankone *rankone)
{
    int32_t d = rankone->d;
    const double *v = rankone->attention->V;
    double p[LATTN_DIM_MAX];

    for (int32_t q = 0; q < rankone->count; q++) {
        unit_draw(d, rankone->random, v, p);
        frame_lean(d, v, p, rankone->u + q * d);
        frame_draw(d, rankone->random, rankone->b + q * d);
    }
    bilinear_stretch(&rankone->bilinear, rankone->count, rankone->u);
}

/* All entries at once. */
static enum lattn_status entries_ask(struct rankone *rankone)
{
    int32_t d = rankone->d;

    for (int32_t q = 0; q < rankone->count; q++)
        rankone->forms[q] =
            (struct bilinear_form){.u = rankone->u + q * d, .b = rankone->b + q * d};
    rankone->bilinear.step *= step_share;
    return bilinear_ask(&rankone->bilinear, ORACLE_LEARN, (size_t)rankone->count, rankone->forms);
}

/* ---- coordinates --------------------------------------------------------------------------- */

/* x = (f1 v v'/|v|^2 + f2 (1 - v v'/|v|^2)) x */
static void rescale(int32_t d, const double *v, double along, double across, double *x)
{
    double share = dense_dot(d, x, v) / dense_dot(d, v, v);

    for (int32_t l = 0; l < d; l++)
        x[l] = across * x[l] + (along - across) * share * v[l];
}

/* Directions of mean square one along each axis, and entries of standard deviation one. */
static void problem_whiten(struct rankone *rankone)
{
    int32_t d = rankone->d, count = rankone->count;
    const double *v = rankone->attention->V;
    double whole = dense_dot(count * d, rankone->u, rankone->u) / count;
    double along = 0;

    for (int32_t q = 0; q < count; q++)
        along += pow(dense_dot(d, rankone->u + q * d, v), 2) / dense_dot(d, v, v) / count;
    rankone->along = along;
    rankone->across = (whole - along) / (d - 1);
    for (int32_t q = 0; q < count; q++) {
        const struct bilinear_form *form = &rankone->forms[q];
        double *a = rankone->factors.a + q * d, *b = rankone->factors.b + q * d;

        memcpy(a, form->u, (size_t)d * sizeof *a);
        rescale(d, v, 1 / sqrt(rankone->along), 1 / sqrt(rankone->across), a);
        for (int32_t l = 0; l < d; l++) {
            a[l] /= form->error;
            b[l] = form->b[l] * sqrt(d);
        }
        rankone->factors.y[q] = form->value / form->error;
    }
}

/* Back to those of W: u'W b = (u'S^-1) X (sqrt(d) b), W = sqrt(d) S X. */
static void problem_restore(struct rankone *rankone)
{
    struct factors *factors = &rankone->factors;
    int32_t d = rankone->d, r = factors->r;
    const double *v = rankone->attention->V;
    double column[LATTN_DIM_MAX];

    for (int32_t q = 0; q < rankone->count; q++)
        for (int32_t l = 0; l < d; l++) {
            factors->a[q * d + l] = rankone->u[q * d + l] / rankone->forms[q].error;
            factors->b[q * d + l] = rankone->b[q * d + l];
        }
    for (int32_t k = 0; k < r; k++) {
        for (int32_t l = 0; l < d; l++)
            column[l] = factors->L[l * r + k];
        rescale(d, v, sqrt(d / rankone->along), sqrt(d / rankone->across), column);
        for (int32_t l = 0; l < d; l++)
            factors->L[l * r + k] = column[l];
    }
}

/* ---- W ------------------------------------------------------------------------------------- */

/* Where W is zero an entry is known as well as all readings together know it. */
static void zero_blur(struct rankone *rankone)
{
    int32_t d = rankone->d;
    double information = 0;

    for (int32_t q = 0; q < rankone->count; q++)
        information += pow(rankone->bilinear.reach / rankone->forms[q].error / d, 2);
    for (int32_t i = 0; i < d * d; i++)
        rankone->attention->W_error[i] = 1 / sqrt(information);
}

static enum lattn_status weights_solve(struct rankone *rankone)
{
    struct factors *factors = &rankone->factors;
    int32_t d = rankone->d, told = factors->r;
    enum lattn_status status;

    problem_whiten(rankone);
    status = factors_fit(factors, rankone->random);
    if (status == LATTN_NO_CONVERGENCE)
        return complain(&rankone->bilinear.oracle->complaint, status,
                        "rank of W at most %d: no such W explains %d answers", told,
                        rankone->count);
    if (status != LATTN_OK)
        return status;
    if (factors->r == 0) {
        zero_blur(rankone);
        return LATTN_OK;
    }
    problem_restore(rankone);
    dense_multiply_rows(d, d, factors->r, 1, factors->L, (size_t)factors->r, factors->R,
                        (size_t)factors->r, 0, rankone->attention->W, (size_t)d);
    status = factors_bars(factors, rankone->attention->W_error);
    return status == LATTN_NO_CONVERGENCE
               ? complain(&rankone->bilinear.oracle->complaint, status,
                          "rank of W at most %d: %d answers leave it open", told, rankone->count)
               : status;
}

/* Everything but memory. */
static enum lattn_status head_learn(struct rankone *rankone)
{
    struct bilinear *bilinear = &rankone->bilinear;
    struct oracle *oracle = bilinear->oracle;
    struct lattn_attention *attention = rankone->attention;
    enum lattn_status status;

    oracle_phase(oracle, "learning v", 0);
    status = value_learn(oracle, bilinear->conditions, attention->V, attention->V_error);
    if (status == LATTN_RANK)
        memset(attention->V, 0, (size_t)rankone->d * sizeof *attention->V);
    if (status != LATTN_OK)
        return status;
    oracle_phase(oracle, "finding the scale of W", 0);
    status = bilinear_scale(bilinear, rankone->random);
    if (status != LATTN_OK)
        return status;
    oracle_phase(oracle, "learning W", 0);
    directions_draw(rankone);
    status = entries_ask(rankone);
    return status == LATTN_OK ? weights_solve(rankone) : status;
}

enum lattn_status rankone_learn(struct oracle *oracle, const struct conditions *conditions,
                                struct random *random, int32_t rank,
                                struct lattn_attention **ret_attention)
{
    struct lattn_attention *attention;
    struct rankone rankone;
    enum lattn_status status;

    assert(oracle->m == 1 && 1 <= rank && rank <= oracle->d);
    if (is_whole(oracle->d, rank))
        return softmax_learn(oracle, conditions, random, ret_attention);
    status = lattn_attention_open(&attention, oracle->d, 1, 1);
    if (status != LATTN_OK)
        return status;
    status = rankone_init(&rankone, oracle, conditions, random, rank, attention);
    if (status == LATTN_OK)
        status = head_learn(&rankone);
    rankone_done(&rankone);
    if (status >= LATTN_OK)
        *ret_attention = attention;
    else
        lattn_attention_close(&attention);
    return status;
}
