#include "core/fewest.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/bounds.h"
#include "core/canonical.h"
#include "core/decomposition.h"
#include "core/dense.h"
#include "core/fisher.h"
#include "core/start.h"
#include "core/view.h"

#include <math.h>

enum { STARTS_EXACT = 20, STARTS_NOISY = 5 };

/* Residuals below this share of the labels are rounding. */
static const double noise_least = 1e-20;

/* f at which heads reproduce W, and how far a fit goes on. */
static const double exact_f = 1e-10;
static const double tolerance_f = 1e-12;

/*
 * A plain fit that comes so near may be held up by heads whose entries differ in size by orders of
 * magnitude, or by rounding of W that the data does not see.
 */
static const double near_f = 1e-5;

/* Two starts whose plain fits come so near to one another lead to the same heads. */
static const double same_f = 1e-2;

/* Heads whose misfit noise alone makes less often than this are too few. */
static const double p_least = 1e-3;

/*
 * S       the tensor of W in coordinates of unit covariance, size  | S |
 * even    the same in coordinates of its own; S NULL while nobody asked
 * total   | R W |, which takes all of R; 0 while nobody asked
 * effort  what is left
 */
struct search {
    const struct metric *metric;
    const struct fewest_evidence *evidence;
    struct random random;
    double *S;
    double size;
    struct view even;
    double total;
    double effort;
};

static enum lattn_status search_init(struct search *search, const struct metric *metric,
                                     const struct fewest_evidence *evidence)
{
    int32_t length = layer_tensor_length(metric->d, metric->m);
    enum lattn_status status;

    *search = (struct search){
        .metric = metric,
        .evidence = evidence,
        .random = {.state = evidence->seed},
        .S = memory_raw((size_t)length, sizeof(double)),
        .effort = evidence->effort,
    };
    if (search->S == NULL)
        return LATTN_NO_MEMORY;
    metric_tensor(metric, search->S);
    status = layer_tensor_transform(metric->d, metric->m, metric->C, search->S);
    search->size = dense_norm(length, search->S);
    return status;
}

static double search_total(struct search *search)
{
    if (search->total == 0)
        search->total = sqrt(metric_norm(search->metric));
    return search->total;
}

/* Fit by one weighting; effort is the search's. */
static enum lattn_status search_fit(struct search *search, struct decomposition *decomposition,
                                    struct layer *layer, double *ret_f)
{
    enum lattn_status status;

    decomposition->S = search->S;
    decomposition->scale = decomposition->metric == NULL ? search->size : search_total(search);
    decomposition->effort = search->effort;
    status = decomposition_fit(decomposition, layer, ret_f);
    search->effort = decomposition->effort;
    return status;
}

static enum lattn_status search_start(struct search *search, int32_t number, struct layer *layer)
{
    search->effort -= start_flops(number, layer);
    return start_make(number, search->S, &search->random, layer);
}

/* A start that is not there for these sizes, or leads nowhere, is passed over. */
static int is_passed_over(enum lattn_status status)
{
    return status == LATTN_RANK;
}

/* ---- without noise ------------------------------------------------------------------------- */

static const struct decomposition exact_plain = {
    .tolerance = tolerance_f,
    .goal = INFINITY,
    .gain_least = 1e-3,
    .gain_steps = 8,
    .steps_max = 100,
};

static enum lattn_status exact_try(struct search *search, int32_t number, struct layer *layer,
                                   double *ret_f)
{
    struct decomposition decomposition = exact_plain;
    enum lattn_status status = search_start(search, number, layer);

    return status == LATTN_OK ? search_fit(search, &decomposition, layer, ret_f) : status;
}

/* The same in coordinates of S's own; f is told of those of unit covariance again. */
static enum lattn_status exact_try_even(struct search *search, int32_t number, struct layer *layer,
                                        double *ret_f)
{
    struct decomposition decomposition = exact_plain;
    enum lattn_status status = LATTN_OK;

    if (search->even.S == NULL)
        status = view_init(&search->even, layer->d, layer->m, search->S);
    if (status == LATTN_OK)
        status = start_make(number, search->even.S, &search->random, layer);
    if (status != LATTN_OK)
        return status;
    decomposition.S = search->even.S;
    decomposition.scale = search->even.size;
    decomposition.effort = search->effort - start_flops(number, layer);
    status = decomposition_fit(&decomposition, layer, ret_f);
    search->effort = decomposition.effort;
    if (status == LATTN_OK)
        status = layer_transform(layer, search->even.inverse);
    decomposition = exact_plain;
    return status == LATTN_OK ? search_fit(search, &decomposition, layer, ret_f) : status;
}

/* Polish by the data. */
static enum lattn_status exact_polish(struct search *search, struct layer *layer, double *ret_f)
{
    struct decomposition decomposition = {
        .metric = search->metric,
        .tolerance = exact_f,
        .goal = INFINITY,
        .gain_least = 1e-3,
        .gain_steps = 2,
        .steps_max = 20,
    };

    return search_fit(search, &decomposition, layer, ret_f);
}

static int is_near(double f)
{
    return f > exact_f && f <= near_f;
}

static enum lattn_status exact_begin(struct search *search, int32_t number, struct layer *layer,
                                     double *ret_f)
{
    enum lattn_status status = exact_try(search, number, layer, ret_f);

    if (status == LATTN_OK && is_near(*ret_f))
        status = exact_try_even(search, number, layer, ret_f);
    if (status == LATTN_OK && is_near(*ret_f))
        status = exact_polish(search, layer, ret_f);
    return status;
}

/* Try so many heads from all starts. Returns LATTN_MORE where none leads to W. */
static enum lattn_status exact_fit(struct search *search, struct layer *layer)
{
    for (int32_t number = 0; number < STARTS_EXACT && search->effort > 0; number++) {
        double f = INFINITY;
        enum lattn_status status = exact_begin(search, number, layer, &f);

        if (status != LATTN_OK && !is_passed_over(status))
            return status;
        if (f <= exact_f)
            return LATTN_OK;
    }
    return LATTN_MORE;
}

/* ---- with noise ---------------------------------------------------------------------------- */

/* The f up to which noise alone may explain the misfit of so many heads. */
static double noisy_goal(struct search *search, int32_t heads)
{
    const struct metric *metric = search->metric;
    const struct fewest_evidence *evidence = search->evidence;
    int64_t all = (int64_t)metric->m * metric->p;
    double nu1 = (double)(all - bounds_dimension(metric->d, metric->m, heads));

    if (nu1 <= 0)
        return exact_f;
    return sqrt(fisher_quantile(p_least, nu1, evidence->freedom) * nu1 * evidence->rss /
                evidence->freedom) /
           search_total(search);
}

/* Do two starts lead to the same heads? The least is INFINITY before the first. */
static int is_same(double f, double least)
{
    return f >= least * (1 - same_f) && f <= least * (1 + same_f);
}

/* A plain fit, cheap and near to what the data says. */
static enum lattn_status noisy_begin(struct search *search, int32_t number, struct layer *layer,
                                     double *ret_f)
{
    struct decomposition decomposition = {
        .tolerance = tolerance_f,
        .goal = INFINITY,
        .gain_least = 1e-3,
        .gain_steps = 3,
        .steps_max = 15,
    };
    enum lattn_status status = search_start(search, number, layer);

    return status == LATTN_OK ? search_fit(search, &decomposition, layer, ret_f) : status;
}

static enum lattn_status noisy_finish(struct search *search, double goal, struct layer *layer,
                                      double *ret_f)
{
    struct decomposition decomposition = {
        .metric = search->metric,
        .tolerance = exact_f,
        .goal = goal,
        .gain_least = 1e-4,
        .gain_steps = 2,
        .steps_max = 60,
    };

    return search_fit(search, &decomposition, layer, ret_f);
}

static enum lattn_status noisy_fit(struct search *search, struct layer *layer)
{
    double goal = noisy_goal(search, layer->heads);
    double least = INFINITY;

    for (int32_t number = 0; number < STARTS_NOISY && search->effort > 0; number++) {
        double begun, f;
        enum lattn_status status = noisy_begin(search, number, layer, &begun);

        if (is_passed_over(status))
            continue;
        if (status == LATTN_OK && is_same(begun, least))
            break;
        if (status == LATTN_OK)
            status = noisy_finish(search, goal, layer, &f);
        if (status != LATTN_OK || f <= goal)
            return status;
        least = fmin(least, begun);
    }
    return LATTN_MORE;
}

/* ---- the search over H --------------------------------------------------------------------- */

static int evidence_is_exact(const struct fewest_evidence *evidence)
{
    return evidence->freedom <= 0 || evidence->rss <= noise_least * evidence->yy;
}

/* Lower bounds hold for W, and for its source only where W is exact. */
static enum lattn_certified certified_of(const struct search *search, int32_t heads, int32_t bound)
{
    return evidence_is_exact(search->evidence) && heads == bound ? LATTN_CERTIFIED_MINIMAL
                                                                 : LATTN_CERTIFIED_NOT;
}

/* The model of a layer in coordinates of unit covariance, which is lost. */
static enum lattn_status search_write(const struct search *search, struct layer *layer,
                                      int32_t bound, struct lattn_model **ret_model)
{
    struct lattn_model *model = NULL;
    enum lattn_status status = layer_transform(layer, search->metric->inverse);

    if (status == LATTN_OK)
        status = lattn_model_open(&model, layer->d, layer->m, layer->heads);
    if (status != LATTN_OK)
        return status;
    model->decomposition = LATTN_DECOMPOSITION_FEWEST;
    model->certified = certified_of(search, layer->heads, bound);
    model->residual = metric_residual(search->metric, layer);
    status = canonical_write(layer, model);
    if (status != LATTN_OK) {
        lattn_model_close(&model);
        return status;
    }
    *ret_model = model;
    return LATTN_OK;
}

/* Try one number of heads. */
static enum lattn_status search_step(struct search *search, int32_t heads, int32_t bound,
                                     struct lattn_model **ret_model)
{
    struct layer layer;
    enum lattn_status status = layer_init(&layer, search->metric->d, search->metric->m, heads);

    if (status != LATTN_OK)
        return status;
    status =
        evidence_is_exact(search->evidence) ? exact_fit(search, &layer) : noisy_fit(search, &layer);
    if (status == LATTN_OK)
        status = search_write(search, &layer, bound, ret_model);
    layer_done(&layer);
    return status;
}

static enum lattn_status search_run(struct search *search, struct lattn_model **ret_model)
{
    int32_t d = search->metric->d;
    int32_t m = search->metric->m;
    int32_t most = lattn_heads_max(d, m);
    int32_t bound = 1;
    enum lattn_status status = LATTN_OK;

    if (evidence_is_exact(search->evidence)) {
        search->effort -= bounds_flops(d, m);
        status = bounds_heads(d, m, search->S, &search->random, &bound);
    }
    if (status != LATTN_OK)
        return status;
    status = LATTN_MORE;
    for (int32_t heads = bound; heads <= most && status == LATTN_MORE && search->effort > 0;
         heads++)
        status = search_step(search, heads, bound, ret_model);
    return status;
}

int fewest_is_known(int32_t d, int32_t m, const struct fewest_evidence *evidence)
{
    int64_t all = (int64_t)m * feature_count(d);

    return evidence_is_exact(evidence) ||
           evidence->freedom >= (double)(all - bounds_dimension(d, m, 1));
}

enum lattn_status fewest_find(const struct metric *metric, const struct fewest_evidence *evidence,
                              struct lattn_model **ret_model)
{
    struct search search;
    enum lattn_status status = search_init(&search, metric, evidence);

    if (status == LATTN_OK)
        status = search.size > 0 && fewest_is_known(metric->d, metric->m, evidence)
                     ? search_run(&search, ret_model)
                     : LATTN_MORE;
    view_done(&search.even);
    memory_release(search.S);
    return status;
}
