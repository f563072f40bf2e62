#include "core/fewest.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/bounds.h"
#include "core/canonical.h"
#include "core/decomposition.h"
#include "core/dense.h"
#include "core/fisher.h"
#include "core/start.h"

#include <math.h>

enum { STARTS_EXACT = 20, STARTS_NOISY = 5 };

/* Residuals below this share of the labels are rounding. */
static const double noise_least = 1e-20;

/* f at which heads reproduce W, and how far a fit goes on. */
static const double exact_f = 1e-10;
static const double tolerance_f = 1e-12;

/* A plain fit that comes so near may be held up by rounding of W that the data does not see. */
static const double near_f = 1e-6;

/* Two starts that come so near to one another have reached the least misfit there is. */
static const double same_f = 1e-3;

/* Heads whose misfit noise alone makes less often than this are too few. */
static const double p_least = 1e-3;

/*
 * S       the tensor of W in coordinates of unit covariance, size  | S |
 * total   | R W |, or 0 while nobody asked
 * effort  what is left
 */
struct search {
    const struct metric *metric;
    const struct fewest_evidence *evidence;
    struct random random;
    double *S;
    double size;
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

/* Fit by one weighting; effort is the search's. */
static enum lattn_status search_fit(struct search *search, struct decomposition *decomposition,
                                    struct layer *layer, double *ret_f)
{
    enum lattn_status status;

    if (decomposition->weighting == DECOMPOSITION_WEIGHTED && search->total == 0)
        search->total = sqrt(metric_norm(search->metric));
    decomposition->metric = search->metric;
    decomposition->S = search->S;
    decomposition->scale =
        decomposition->weighting == DECOMPOSITION_PLAIN ? search->size : search->total;
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

/* Polish by the data what a plain fit cannot bring nearer; sets f to the better one. */
static enum lattn_status exact_polish(struct search *search, struct layer *layer, double *f)
{
    struct decomposition decomposition = {
        .weighting = DECOMPOSITION_WEIGHTED,
        .tolerance = exact_f,
        .gain_least = 1e-3,
        .gain_steps = 2,
        .steps_max = 20,
    };
    double weighted;
    enum lattn_status status = search_fit(search, &decomposition, layer, &weighted);

    if (status == LATTN_OK)
        *f = fmin(*f, weighted);
    return status;
}

static enum lattn_status exact_try(struct search *search, int32_t number, struct layer *layer,
                                   double *ret_f)
{
    struct decomposition decomposition = {
        .weighting = DECOMPOSITION_PLAIN,
        .tolerance = tolerance_f,
        .gain_least = 1e-3,
        .gain_steps = 8,
        .steps_max = 100,
    };
    enum lattn_status status = search_start(search, number, layer);

    if (status == LATTN_OK)
        status = search_fit(search, &decomposition, layer, ret_f);
    if (status == LATTN_OK && *ret_f > exact_f && *ret_f <= near_f)
        status = exact_polish(search, layer, ret_f);
    return status;
}

/* Try so many heads from all starts. Returns LATTN_MORE where none leads to W. */
static enum lattn_status exact_fit(struct search *search, struct layer *layer)
{
    for (int32_t number = 0; number < STARTS_EXACT && search->effort > 0; number++) {
        double f = INFINITY;
        enum lattn_status status = exact_try(search, number, layer, &f);

        if (status != LATTN_OK && !is_passed_over(status))
            return status;
        if (f <= exact_f)
            return LATTN_OK;
    }
    return LATTN_MORE;
}

/* ---- with noise ---------------------------------------------------------------------------- */

/* How often noise alone makes a misfit of f and more, with so many heads. */
static double noise_share(const struct search *search, int32_t heads, double f)
{
    const struct metric *metric = search->metric;
    const struct fewest_evidence *evidence = search->evidence;
    int64_t all = (int64_t)metric->m * metric->p;
    int64_t nu1 = all - bounds_dimension(metric->d, metric->m, heads);
    double misfit = f * search->total;

    if (nu1 <= 0)
        return f <= exact_f;
    return fisher_tail(misfit * misfit / (double)nu1 / (evidence->rss / evidence->freedom),
                       (double)nu1, evidence->freedom);
}

static enum lattn_status noisy_try(struct search *search, int32_t number, struct layer *layer,
                                   double *ret_f)
{
    struct decomposition plain = {
        .weighting = DECOMPOSITION_PLAIN,
        .tolerance = tolerance_f,
        .gain_least = 1e-3,
        .gain_steps = 3,
        .steps_max = 15,
    };
    struct decomposition weighted = {
        .weighting = DECOMPOSITION_WEIGHTED,
        .tolerance = exact_f,
        .gain_least = 1e-4,
        .gain_steps = 2,
        .steps_max = 60,
    };
    enum lattn_status status = search_start(search, number, layer);

    if (status == LATTN_OK)
        status = search_fit(search, &plain, layer, ret_f);
    if (status == LATTN_OK)
        status = search_fit(search, &weighted, layer, ret_f);
    return status;
}

static enum lattn_status noisy_fit(struct search *search, struct layer *layer)
{
    double least = INFINITY;

    for (int32_t number = 0; number < STARTS_NOISY && search->effort > 0; number++) {
        double f = INFINITY;
        enum lattn_status status = noisy_try(search, number, layer, &f);

        if (status != LATTN_OK && !is_passed_over(status))
            return status;
        if (status == LATTN_OK && noise_share(search, layer->heads, f) >= p_least)
            return LATTN_OK;
        if (fabs(f - least) <= same_f * least)
            break;
        least = fmin(f, least);
    }
    return LATTN_MORE;
}

/* ---- the search over H --------------------------------------------------------------------- */

static int search_is_exact(const struct search *search)
{
    const struct fewest_evidence *evidence = search->evidence;

    return evidence->freedom <= 0 || evidence->rss <= noise_least * evidence->yy;
}

/* Is there data enough to refuse one head too few? */
static int search_has_evidence(const struct search *search)
{
    const struct metric *metric = search->metric;
    int64_t all = (int64_t)metric->m * metric->p;

    return search_is_exact(search) ||
           search->evidence->freedom >= (double)(all - bounds_dimension(metric->d, metric->m, 1));
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
    model->certified = layer->heads == bound ? LATTN_CERTIFIED_MINIMAL : LATTN_CERTIFIED_NOT;
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
    status = search_is_exact(search) ? exact_fit(search, &layer) : noisy_fit(search, &layer);
    if (status == LATTN_OK)
        status = search_write(search, &layer, bound, ret_model);
    layer_done(&layer);
    return status;
}

static enum lattn_status search_run(struct search *search, struct lattn_model **ret_model)
{
    int32_t d = search->metric->d;
    int32_t m = search->metric->m;
    int32_t most = d * (m < d ? m : d);
    int32_t bound = 1;
    enum lattn_status status = LATTN_OK;

    if (search_is_exact(search))
        status = bounds_heads(d, m, search->S, &search->random, &bound);
    if (status != LATTN_OK)
        return status;
    status = LATTN_MORE;
    for (int32_t heads = bound; heads <= most && status == LATTN_MORE && search->effort > 0;
         heads++)
        status = search_step(search, heads, bound, ret_model);
    return status;
}

enum lattn_status fewest_find(const struct metric *metric, const struct fewest_evidence *evidence,
                              struct lattn_model **ret_model)
{
    struct search search;
    enum lattn_status status = search_init(&search, metric, evidence);

    if (status == LATTN_OK)
        status = search.size > 0 && search_has_evidence(&search) ? search_run(&search, ret_model)
                                                                 : LATTN_MORE;
    memory_release(search.S);
    return status;
}
