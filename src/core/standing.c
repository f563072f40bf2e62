/*
 * Between evaluations rows are predicted by weights that follow them, and arriving inputs are
 * tested against a null space that is kept: both cost a bounded share of learning.
 */
#include "core/standing.h"

#include "core/dense.h"
#include "core/moment.h"
#include "core/nullspace.h"
#include "core/solution.h"
#include "core/weights.h"

#include <math.h>

/* A null space is made with this to spare, so that it can be believed in for a while. */
static const double spare_cuts = 2;

/* That of full rank is made anew when less than this is left of it. */
static const double firm_cuts = 4;

enum {
    /* In information form they are, when the rows have grown by an eighth. */
    MOMENT_SHARE = 8,
    /* Deficient weights are made anew when the rows have grown by a 32nd. */
    REFRESH_SHARE = 32,
    /* Dense components are not looked at before they have so many-th of their rows. */
    BEGINNINGS = 8,
    /* To look at fewer columns costs less than to fold a block of rows. */
    COLUMNS_FEW = 128,
    /* A triangle of this order fits the second-level cache. */
    COLUMNS_IN_CACHE = 256
};

enum lattn_status standing_settle(struct component *component)
{
    const struct solution *solution = component->solution;
    struct nullspace *settled;
    enum lattn_status status = nullspace_open(&settled, solution->columns, solution->rank,
                                              solution->pivot, solution->tail, solution->inverse);

    if (status != LATTN_OK)
        return status;
    settled->sigma = solution->sigma_rank;
    settled->time = solution->time;
    nullspace_close(&component->settled);
    component->settled = settled;
    component->settled_generation = solution->generation;
    component->settled_time = solution->time;
    component->is_unsettled = 0;
    return LATTN_OK;
}

/* Keep the null space of a solution: one that no rank cut disagrees with. It goes. */
static void standing_finish(struct component *component, enum lattn_status status, double cut_most)
{
    double strict = spare_cuts * cut_most;

    component->settled_rows = component->rows_seen;
    if (status == LATTN_OK && !(component->solution->sigma_rank > strict))
        status = solution_rank(component, strict);
    if (status == LATTN_OK)
        (void)standing_settle(component); /* without memory the old one stays */
    solution_close(&component->solution);
}

void standing_resettle(struct component *component, const double *inverse, double cut,
                       double cut_most, double tau)
{
    /* What R has, unfaded: it is asked for the null space alone. */
    enum lattn_status status =
        component->moment == NULL ? LATTN_OK : component_look(component, 1, component->time, tau);

    if (status == LATTN_OK)
        status = solution_begin(component, inverse, cut);
    standing_finish(component, status, cut_most);
    if (component->moment != NULL)
        component_look_away(component);
}

/* Make the weights at hand anew. Without memory the old ones stay, until the next rows. */
static void weights_refresh(struct component *component, const double *inverse, double cut,
                            double cut_most, double ridge)
{
    enum lattn_status status = solution_begin(component, inverse, cut);

    if (status == LATTN_OK)
        status = weights_make(component, ridge, component->weights);
    if (status == LATTN_OK) {
        component->full = component->solution->rank == component->columns;
        component->rows_fresh = 0;
    }
    component->weights_generation = 0;
    standing_finish(component, status, cut_most);
}

/*
 * Rows after which deficient weights, or a null space, are made anew. A pivoted factorisation costs
 * about as much as absorbing columns / 4 rows where all fits the cache and several columns where it
 * does not; small components also follow each doubling of their first rows, dense ones from an
 * eighth of their columns on: before that they have little to tell, and nothing that they
 * determine.
 *
 * made_at  rows seen when they were made last
 */
static int refresh_is_due(const struct component *component, uint64_t made_at, double forget)
{
    uint64_t columns = (uint64_t)component->columns;
    uint64_t due = component->rows_seen / REFRESH_SHARE;

    if (component->identity && component->rows_seen < columns / BEGINNINGS)
        return 0;
    if (forget < 1)
        due = (uint64_t)fmin((double)due, 1 / (1 - forget) / REFRESH_SHARE);
    if (due < columns + columns * columns / COLUMNS_IN_CACHE)
        due = columns + columns * columns / COLUMNS_IN_CACHE;
    if (columns <= 2 * COLUMNS_IN_CACHE && due > made_at)
        due = made_at;
    return component->rows_seen - made_at >= due;
}

int standing_is_open(const struct component *component, const double *inverse, double cut_most)
{
    return component->rows_seen >= (uint64_t)component->columns &&
           component_columns_free(component, inverse, spare_cuts * cut_most) < component->columns;
}

/*
 * As long as no dense row followed from others no input does, and weights tell little: they are
 * not worth a factorisation. The block in which the first one does is followed by a look.
 */
static int rows_are_independent(const struct component *component, const double *inverse,
                                double cut_most)
{
    return component->identity && component->columns > COLUMNS_FEW &&
           component->rows_seen < (uint64_t)component->columns &&
           (uint64_t)component_columns_free(component, inverse, cut_most) >= component->rows_seen;
}

/* Full weights follow the rows: from R and C, or by the gain of one row. */
static void weights_follow(struct component *component, double *gain, const double *error)
{
    size_t ldr;
    const double *r = component_triangle(component, &ldr);

    if (gain == NULL) {
        weights_full(component, component->weights);
        component->weights_generation = component->generation;
        component->weights_rank = component->columns;
        return;
    }
    dense_triangle_solve(DENSE_PLAIN, component->columns, r, ldr, gain);
    for (int32_t i = 0; i < component->columns; i++)
        dense_add(component->m, gain[i], error,
                  component->weights + (size_t)i * (size_t)component->m);
}

void standing_follow(struct component *component, int32_t rows, int closes, double *gain,
                     const double *error, const double *inverse, double cut, double cut_most,
                     double ridge, double forget)
{
    uint64_t columns = (uint64_t)component->columns;
    int can_follow = component->full && ridge == 0;
    int fills = component->rows_seen < columns && component->rows_seen + (uint64_t)rows >= columns;

    component->rows_seen += (uint64_t)rows;
    component->rows_fresh += (uint64_t)rows;
    if (!(can_follow && forget == 1) &&
        (fills || closes ||
         (refresh_is_due(component, component->rows_seen - component->rows_fresh, forget) &&
          !rows_are_independent(component, inverse, cut_most)))) {
        weights_refresh(component, inverse, cut, cut_most, ridge);
        return;
    }
    if (!can_follow)
        return;
    if (forget == 1 &&
        (component->is_unsettled || refresh_is_due(component, component->settled_rows, forget)) &&
        !nullspace_is_firm(component->settled, component->columns, inverse, firm_cuts * cut_most))
        standing_resettle(component, inverse, cut, cut_most, 0);
    weights_follow(component, gain, error);
}

/*
 * Rows that cost as much as deriving R does: measured, p = 288 and 2176; the Cholesky factorisation
 * alone is e^3 / 3 of them.
 */
static uint64_t derivation_rows(const struct moment *moment)
{
    uint64_t e = (uint64_t)moment->e;

    return 2 * e * e * e;
}

/* Weights of few rows are worth little when there is noise: those are followed by doublings. */
static int moment_is_due(const struct component *component, double forget)
{
    uint64_t made_at = component->rows_seen - component->rows_fresh;
    uint64_t columns = (uint64_t)component->columns;
    uint64_t least = MOMENT_SHARE * derivation_rows(component->moment);
    uint64_t due = made_at / MOMENT_SHARE;

    if (least > made_at)
        least = made_at;
    if (forget < 1) {
        due = (uint64_t)fmin((double)due, 1 / (1 - forget) / MOMENT_SHARE);
        least = derivation_rows(component->moment);
    }
    if (due < least)
        due = least;
    return component_is_followed(component) && component->rows_seen >= columns &&
           (made_at < columns || component->rows_fresh >= due);
}

int standing_moment_is_due(struct component *component, int32_t rows, double forget)
{
    component->rows_seen += (uint64_t)rows;
    component->rows_fresh += (uint64_t)rows;
    return moment_is_due(component, forget);
}

void standing_follow_moment(struct component *component, const double *inverse, double cut,
                            double cut_most, double tau, double forget)
{
    int is_firm;

    if (component_look(component, 1, component->time, tau) != LATTN_OK)
        return;
    is_firm = forget == 1 && nullspace_is_firm(component->settled, component->columns, inverse,
                                               firm_cuts * cut_most);
    component->full = !component->is_cut;
    component->rows_fresh = 0;
    component->weights_generation = 0;
    if (component->full)
        component_rebase(component);
    if (!is_firm)
        standing_finish(component, solution_begin(component, inverse, cut), cut_most);
    component_look_away(component);
}
