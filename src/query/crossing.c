/*
 * Low rank by adaptive crosses. Columns W b_0, W b_1, ... of a random orthonormal basis are asked
 * until the next one lies in the span of those before, which a few of its projections tell:
 *
 *     W = Q'Z,    Q  r x d, orthonormal rows that span the columns asked,    Z  r x d
 *
 * Of the columns left r projections each give their coordinates in Q. Whether something is zero is
 * always asked of its error bar; three held-out entries ask whether the rank was enough.
 */
#include "query/crossing.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/bilinear.h"
#include "query/frame.h"
#include "query/heldout.h"
#include "query/span.h"
#include "query/spread.h"
#include "query/value.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    SPARE = 3, /* projections of a column beyond its unknowns, to see whether it fits */
    HELD_OUT = 3,
    POSTPONED_MAX = 1, /* columns left for a better one: each is held out, in part */
    MATRICES = 13
};

/*
 * Row-major; rows b_j, u_i, q_i are directions. T' = transposed.
 *
 * basis         d x d: b_j, rounded
 * span          of the first columns, W b_j, with all that the frame was asked
 * postponed     columns at the end that were put off
 * lean          rank x d: directions near q_i in which the other columns are asked
 * coordinates   rank x d: row i holds those of all W b_j on q_i
 * projections   d x rank: row j holds those of column j on `lean`;  blurs: their errors
 * room          where the matrices are
 */
struct crossing {
    struct bilinear bilinear;
    struct random *random;
    struct lattn_attention *attention;
    int32_t d;
    int32_t rank_max;
    int32_t postponed;
    struct span span;
    double *basis;
    double *lean;
    double *coordinates;
    double *projections;
    double *blurs;
    double *room;
    struct bilinear_form *forms;
};

/* Projections of a column that show whether it lies in the span of k. */
static int32_t tested_of(int32_t d, int32_t k)
{
    return k + SPARE < d ? k + SPARE : d;
}

uint64_t crossing_count(int32_t d, int32_t rank)
{
    uint64_t known = (uint64_t)d * (uint64_t)(1 + rank);

    if (rank == d)
        return known;
    return known + (uint64_t)tested_of(d, rank) + (uint64_t)(d - rank - 1) * (uint64_t)rank +
           HELD_OUT;
}

static void crossing_done(struct crossing *crossing)
{
    bilinear_done(&crossing->bilinear);
    memory_release(crossing->room);
    memory_release(crossing->forms);
}

static enum lattn_status crossing_init(struct crossing *crossing, struct oracle *oracle,
                                       const struct conditions *conditions, struct random *random,
                                       int32_t rank_max, struct lattn_attention *attention)
{
    int32_t d = oracle->d;
    size_t matrix = (size_t)d * (size_t)d;
    double *room = memory_zeroed(MATRICES * matrix, sizeof *room);
    struct bilinear_form *forms = memory_zeroed(matrix, sizeof *forms);
    double **const matrices[MATRICES] = {
        &crossing->basis,         &crossing->span.frame,  &crossing->span.solver,
        &crossing->span.readings, &crossing->span.errors, &crossing->span.columns,
        &crossing->span.Q,        &crossing->span.R,      &crossing->lean,
        &crossing->coordinates,   &crossing->projections, &crossing->blurs,
        &crossing->span.scratch,
    };

    *crossing = (struct crossing){.random = random,
                                  .attention = attention,
                                  .d = d,
                                  .span = {.d = d},
                                  .rank_max = rank_max,
                                  .room = room,
                                  .forms = forms};
    for (size_t i = 0; room != NULL && i < MATRICES; i++)
        *matrices[i] = room + i * matrix;
    if (room == NULL || forms == NULL)
        return LATTN_NO_MEMORY;
    return bilinear_init(&crossing->bilinear, oracle, conditions, attention->V, attention->V_error);
}

static double *row(const struct crossing *crossing, double *matrix, int32_t i)
{
    return matrix + (size_t)i * (size_t)crossing->d;
}

/* A random basis to ask columns in, and a random anchored frame to ask them by. */
static enum lattn_status directions_draw(struct crossing *crossing)
{
    int32_t d = crossing->d;
    const double *v = crossing->attention->V;
    enum lattn_status status = frame_random(d, d, crossing->random, crossing->basis);

    if (status != LATTN_OK)
        return status;
    frame_round((int64_t)d * d, crossing->basis);
    random_normals(crossing->random, crossing->span.scratch, (int64_t)d * d);
    memcpy(crossing->span.scratch, v, (size_t)d * sizeof *v);
    status = dense_orthonormalise(d, d, crossing->span.scratch, crossing->span.R);
    if (status != LATTN_OK)
        return status;
    for (int32_t j = 0; j < d; j++)
        crossing->span.frame[j] = v[j] / dense_norm(d, v);
    for (int32_t i = 1; i < d; i++)
        frame_lean(d, v, row(crossing, crossing->span.scratch, i),
                   row(crossing, crossing->span.frame, i));
    bilinear_stretch(&crossing->bilinear, d, crossing->span.frame);
    span_open(&crossing->span);
    return LATTN_OK;
}

/* ---- columns ------------------------------------------------------------------------------- */

/* Ask entries of column j until it was asked by `count` rows of the frame. */
static enum lattn_status column_ask(struct crossing *crossing, int32_t j, int32_t count)
{
    int32_t d = crossing->d, first = crossing->span.asked[j] + 1;
    enum lattn_status status;

    for (int32_t i = first; i <= count; i++)
        crossing->forms[i - first] =
            (struct bilinear_form){.u = row(crossing, crossing->span.frame, i % d),
                                   .b = row(crossing, crossing->basis, j)};
    status = bilinear_ask(&crossing->bilinear, ORACLE_LEARN, (size_t)(count - first + 1),
                          crossing->forms);
    if (status != LATTN_OK)
        return status;
    for (int32_t i = first; i <= count; i++) {
        row(crossing, crossing->span.readings, j)[i % d] = crossing->forms[i - first].value;
        row(crossing, crossing->span.errors, j)[i % d] = crossing->forms[i - first].error;
    }
    crossing->span.asked[j] = count;
    return LATTN_OK;
}

static enum lattn_status rank_refuse(const struct crossing *crossing)
{
    return complain(&crossing->bilinear.oracle->complaint, LATTN_NO_CONVERGENCE,
                    "rank of W at most %d: it is larger", crossing->rank_max);
}

/* Put the next column off: behind all that were not looked at, with what is known of it. */
static void column_postpone(struct crossing *crossing)
{
    int32_t j = crossing->span.rank, last = crossing->d - 1 - crossing->postponed++;
    double *const matrices[] = {crossing->basis, crossing->span.readings, crossing->span.errors};
    int32_t asked = crossing->span.asked[j];

    crossing->span.asked[j] = crossing->span.asked[last];
    crossing->span.asked[last] = asked;
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++)
        for (int32_t l = 0; l < crossing->d; l++) {
            double kept = row(crossing, matrices[i], j)[l];

            row(crossing, matrices[i], j)[l] = row(crossing, matrices[i], last)[l];
            row(crossing, matrices[i], last)[l] = kept;
        }
}

/* Ask the rest of the next column, and count it among the known. */
static enum lattn_status column_take(struct crossing *crossing)
{
    enum lattn_status status;

    if (crossing->span.rank >= crossing->rank_max)
        return rank_refuse(crossing);
    status = column_ask(crossing, crossing->span.rank, crossing->d);
    return status == LATTN_OK ? span_take(&crossing->span, crossing->attention->V) : status;
}

/* Is there a column to look at instead of the next one? */
static int has_more(const struct crossing *crossing)
{
    return crossing->span.rank + 1 + crossing->postponed < crossing->d;
}

/* Take columns until the next one lies in their span, or all are known. */
static enum lattn_status columns_learn(struct crossing *crossing)
{
    int32_t d = crossing->d;
    struct span_fit fit;

    while (crossing->span.rank < d) {
        enum lattn_status status =
            column_ask(crossing, crossing->span.rank, tested_of(d, crossing->span.rank));

        if (status == LATTN_OK)
            status = span_fit(&crossing->span, crossing->span.rank, &fit);
        if (status != LATTN_OK || fit.fits)
            return status;
        if (fit.is_weak && crossing->postponed < POSTPONED_MAX && has_more(crossing)) {
            column_postpone(crossing);
            continue;
        }
        status = column_take(crossing);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

/* ---- the other columns --------------------------------------------------------------------- */

/* Rows along q_i see more of a column than those of the frame: a step for scores below one. */
static void step_lower(struct crossing *crossing)
{
    int32_t d = crossing->d, r = crossing->span.rank;
    double norm;

    dense_multiply_rows(r, r, d, 1, crossing->lean, (size_t)d, crossing->span.columns, (size_t)d, 0,
                        crossing->span.scratch, (size_t)r);
    norm = dense_norm(r * r, crossing->span.scratch);
    if (norm > 0)
        crossing->bilinear.step = fmin(crossing->bilinear.step, exp2(floor(log2(r / norm))));
}

/* Directions of length one near q_i: sqrt(c) v / |v| + sqrt(1 - c) q_i, not at right angles.
 */
static void lean_make(struct crossing *crossing)
{
    int32_t d = crossing->d;

    for (int32_t i = 0; i < crossing->span.rank; i++) {
        double *u = row(crossing, crossing->lean, i);
        double norm;

        frame_lean(d, crossing->attention->V, row(crossing, crossing->span.Q, i), u);
        norm = dense_norm(d, u);
        for (int32_t l = 0; l < d; l++)
            u[l] /= norm;
    }
    bilinear_stretch(&crossing->bilinear, crossing->span.rank, crossing->lean);
    step_lower(crossing);
}

/* Columns looked at already are asked by one more row of the frame than they have unknowns. */
static enum lattn_status postponed_ask(struct crossing *crossing)
{
    int32_t d = crossing->d;
    int32_t enough = crossing->span.rank < d ? crossing->span.rank + 1 : d;
    enum lattn_status status = LATTN_OK;

    for (int32_t j = crossing->span.rank; j < d && status == LATTN_OK; j++)
        if (crossing->span.asked[j] > 0 && crossing->span.asked[j] < enough)
            status = column_ask(crossing, j, enough);
    return status;
}

/* Ask `rank` projections of every column that was not looked at. */
static enum lattn_status projections_ask(struct crossing *crossing)
{
    int32_t d = crossing->d, r = crossing->span.rank;
    struct bilinear_form *form = crossing->forms;
    enum lattn_status status;

    for (int32_t j = r; j < d; j++)
        for (int32_t i = 0; i < r && crossing->span.asked[j] == 0; i++)
            *form++ = (struct bilinear_form){.u = row(crossing, crossing->lean, i),
                                             .b = row(crossing, crossing->basis, j)};
    status = bilinear_ask(&crossing->bilinear, ORACLE_LEARN, (size_t)(form - crossing->forms),
                          crossing->forms);
    form = crossing->forms;
    for (int32_t j = r; j < d && status == LATTN_OK; j++)
        for (int32_t i = 0; i < r; i++) {
            /* Those read by the frame are about as exact as from one entry for each unknown. */
            if (crossing->span.asked[j] > 0) {
                crossing->blurs[j * r + i] = row(crossing, crossing->span.errors, j)[(1 + i) % d];
                continue;
            }
            crossing->projections[j * r + i] = form->value;
            crossing->blurs[j * r + i] = form->error;
            form++;
        }
    return status;
}

/*
 * Coordinates of all columns on q_i: from R, from what the frame read, or from projections
 * t = (L Q') y. `ret_hold`: those read by the frame fit, which have more entries than unknowns.
 */
static enum lattn_status coordinates_fill(struct crossing *crossing, int *ret_hold)
{
    int32_t d = crossing->d, r = crossing->span.rank;
    size_t n = (size_t)d, k = (size_t)r;
    int32_t pivot[LATTN_DIM_MAX];
    struct span_fit fit;
    enum lattn_status status;

    dense_multiply_rows(r, r, d, 1, crossing->lean, n, crossing->span.Q, n, 0,
                        crossing->span.scratch, k);
    status = dense_lu(r, crossing->span.scratch, pivot);
    assert(status == LATTN_OK);
    if (r < d)
        dense_lu_solve(r, crossing->span.scratch, pivot, d - r, crossing->projections + k * k);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            row(crossing, crossing->coordinates, (int32_t)i)[j] =
                j >= k  ? crossing->projections[j * k + i]
                : j < i ? 0
                        : crossing->span.R[i * k + j];
    for (int32_t j = r; j < d && status == LATTN_OK; j++) {
        if (crossing->span.asked[j] == 0)
            continue;
        status = span_fit(&crossing->span, j, &fit);
        *ret_hold &= fit.fits;
        for (int32_t i = 0; i < r; i++)
            row(crossing, crossing->coordinates, i)[j] = fit.y[i];
    }
    return status;
}

/* W = Q'Z, Z = Y B'^-1, and its error bars. Z takes the place of the coordinates Y. */
static enum lattn_status weights_solve(struct crossing *crossing, int *ret_hold)
{
    int32_t d = crossing->d, r = crossing->span.rank;
    size_t n = (size_t)d;
    int32_t pivot[LATTN_DIM_MAX];
    const struct spread spread = {
        .d = d,
        .r = r,
        .basis = crossing->basis,
        .frame = crossing->span.frame,
        .errors = crossing->span.errors,
        .Q = crossing->span.Q,
        .R = crossing->span.R,
        .Z = crossing->coordinates,
        .lean = crossing->lean,
        .blurs = crossing->blurs,
    };
    enum lattn_status status;

    status = coordinates_fill(crossing, ret_hold);
    if (status != LATTN_OK)
        return status;
    memcpy(crossing->span.scratch, crossing->basis, n * n * sizeof *crossing->span.scratch);
    status = dense_lu(d, crossing->span.scratch, pivot);
    assert(status == LATTN_OK);
    dense_lu_solve(d, crossing->span.scratch, pivot, r, crossing->coordinates);
    dense_multiply(DENSE_TRANSPOSED, d, d, r, 1, crossing->span.Q, n, crossing->coordinates, n, 0,
                   crossing->attention->W, n);
    return spread_bars(&spread, crossing->attention->W_error);
}

/* Where no column was seen at all, an entry of W is known as well as one of its readings. */
static void zero_blur(struct crossing *crossing)
{
    size_t n = (size_t)crossing->d;
    double error = crossing->span.errors[1 % n] / crossing->bilinear.reach;

    for (size_t i = 0; i < n * n; i++)
        crossing->attention->W_error[i] = error;
}

/*
 * Entries to hold out, by the last rows of the frame: what columns that were put off were asked for
 * beyond their unknowns is held out already.
 */
static enum lattn_status weights_hold(struct crossing *crossing, int *ret_hold)
{
    int32_t d = crossing->d, count = HELD_OUT;
    double u[HELD_OUT * LATTN_DIM_MAX];
    int agree = 1;
    enum lattn_status status;

    for (int32_t j = d - crossing->postponed; j < d; j++)
        count -= j > crossing->span.rank ? crossing->span.asked[j] - crossing->span.rank : 0;
    count = count > 0 ? count : 0;
    for (int32_t i = 0; i < count; i++)
        memcpy(u + i * d, row(crossing, crossing->span.frame, (HELD_OUT * d - 1 - i) % d),
               (size_t)d * sizeof *u);
    status = heldout_ask(&crossing->bilinear, ORACLE_LEARN, count, u, crossing->attention,
                         crossing->random, &agree);
    *ret_hold &= agree;
    return status;
}

/* The columns that are left, and W. */
static enum lattn_status others_learn(struct crossing *crossing, int *ret_hold)
{
    enum lattn_status status = LATTN_OK;

    *ret_hold = 1;
    if (crossing->span.rank == 0) {
        zero_blur(crossing);
    } else {
        lean_make(crossing);
        status = postponed_ask(crossing);
        if (status == LATTN_OK)
            status = projections_ask(crossing);
        if (status == LATTN_OK)
            status = weights_solve(crossing, ret_hold);
    }
    if (status == LATTN_OK && crossing->span.rank < crossing->d)
        status = weights_hold(crossing, ret_hold);
    return status;
}

/*
 * W, once v is known: as many columns as it takes until held-out entries agree. Where they do not,
 * the column that seemed to fit did not show what was missing: the next one has to.
 */
static enum lattn_status weights_learn(struct crossing *crossing)
{
    int holds = 0;
    enum lattn_status status = columns_learn(crossing);

    while (status == LATTN_OK) {
        status = others_learn(crossing, &holds);
        if (status != LATTN_OK || holds)
            return status;
        if (has_more(crossing))
            column_postpone(crossing);
        status = column_take(crossing);
        if (status == LATTN_OK)
            status = columns_learn(crossing);
    }
    return status;
}

static enum lattn_status head_learn(struct crossing *crossing)
{
    struct bilinear *bilinear = &crossing->bilinear;
    struct oracle *oracle = bilinear->oracle;
    struct lattn_attention *attention = crossing->attention;
    enum lattn_status status;

    oracle_phase(oracle, "learning v", 0);
    status = value_learn(oracle, bilinear->conditions, attention->V, attention->V_error);
    if (status == LATTN_RANK)
        memset(attention->V, 0, (size_t)crossing->d * sizeof *attention->V);
    if (status != LATTN_OK)
        return status;
    oracle_phase(oracle, "finding the scale of W", 0);
    status = bilinear_scale(bilinear, crossing->random);
    if (status == LATTN_OK)
        status = directions_draw(crossing);
    if (status != LATTN_OK)
        return status;
    oracle_phase(oracle, "learning W", 0);
    return weights_learn(crossing);
}

enum lattn_status crossing_learn(struct oracle *oracle, const struct conditions *conditions,
                                 struct random *random, int32_t rank_max, int32_t *ret_rank,
                                 struct lattn_attention **ret_attention)
{
    struct lattn_attention *attention;
    struct crossing crossing;
    enum lattn_status status = lattn_attention_open(&attention, oracle->d, 1, 1);

    assert(oracle->m == 1 && 0 <= rank_max && rank_max <= oracle->d);
    if (status != LATTN_OK)
        return status;
    status = crossing_init(&crossing, oracle, conditions, random, rank_max, attention);
    if (status == LATTN_OK)
        status = head_learn(&crossing);
    crossing_done(&crossing);
    if (status < LATTN_OK) {
        lattn_attention_close(&attention);
        return status;
    }
    *ret_rank = crossing.span.rank;
    *ret_attention = attention;
    return status;
}
