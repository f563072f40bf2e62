/*
 * The model of a learner: heads read from its weights, the fewest where they can be known, with its
 * certificate and names.
 */
#include "base/memory.h"
#include "core/fewest.h"
#include "core/heads.h"
#include "core/learner.h"
#include "core/metric.h"
#include "core/solution.h"

#include <string.h>

/* Flops after which a search for the fewest heads gives up: about two seconds on one core. */
static const double effort_most = 1e10;

/*
 * The same where no pair is left over to tell noise from none. Few heads are found at once; noise
 * has none to be found, and would spend it all.
 */
static const double effort_unproven = 1e9;

/* One generation has one model, whoever asks and when. */
static const uint64_t seed_fixed = 1;

/* The features of all components and their weights, side by side; owned by the caller. */
struct collection {
    struct feature *features;
    double *weights;
    int32_t count;
};

static enum lattn_status collection_make(const struct factor *factor, struct collection *collection)
{
    size_t m = (size_t)factor->m;
    size_t count = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            count += (size_t)factor->components[i]->columns;
    *collection = (struct collection){
        .features = memory_raw(count, sizeof *collection->features),
        .weights = memory_raw(count * m, sizeof *collection->weights),
    };
    if (collection->features == NULL || collection->weights == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];

        for (int32_t c = 0; component != NULL && c < component->columns; c++) {
            memcpy(collection->weights + (size_t)collection->count * m,
                   solution_exact(component) + (size_t)c * (size_t)component->m,
                   m * sizeof *collection->weights);
            collection->features[collection->count++] = component->features[c];
        }
    }
    return LATTN_OK;
}

/* Everything a model carries besides its heads. */
static enum lattn_status model_label(struct lattn_learner *learner, struct lattn_model *model)
{
    enum lattn_status status;

    model->certificate = memory_zeroed(1, sizeof *model->certificate);
    if (model->certificate == NULL)
        return LATTN_NO_MEMORY;
    status = lattn_learner_certify(learner, model->certificate);
    if (status != LATTN_OK)
        return status;
    model->bias = learner->settings.bias;
    model->pairs = learner->factor.pairs;
    model->generation = learner->factor.generation;
    return lattn_names_copy(&learner->names, &model->names);
}

/* A model without heads: what it carries besides them costs nothing. */
static enum lattn_status model_bare(const struct factor *factor, struct lattn_model **ret_model)
{
    enum lattn_status status = lattn_model_open(ret_model, factor->d, factor->m, 0);

    if (status == LATTN_OK)
        (*ret_model)->residual = 1;
    return status;
}

/* Read heads, at most heads_max of them if that is not 0, from the weights. */
static enum lattn_status model_read(const struct factor *factor, int32_t heads_max,
                                    struct lattn_model **ret_model)
{
    struct collection collection;
    enum lattn_status status = collection_make(factor, &collection);

    if (status == LATTN_OK) {
        const struct coefficients coefficients = {factor->d, factor->m, collection.count,
                                                  collection.features, collection.weights};

        status = heads_svd(&coefficients, heads_max, ret_model);
    }
    memory_release(collection.features);
    memory_release(collection.weights);
    return status;
}

/* ---- the fewest heads ---------------------------------------------------------------------- */

/* Does the data determine the function? */
static int is_determined(const struct factor *factor)
{
    int64_t rank = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            rank += factor->components[i]->solution->rank;
    return rank == feature_count(factor->d);
}

/* The triangles of all components, in the order of collection_make; owned by the caller. */
static enum lattn_status triangles_list(const struct factor *factor,
                                        struct metric_triangle **ret_triangles, int32_t *ret_count)
{
    struct metric_triangle *triangles =
        memory_raw((size_t)factor->components_count, sizeof *triangles);
    int32_t count = 0;

    if (triangles == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];

        if (component == NULL)
            continue;
        triangles[count].columns = component->columns;
        triangles[count].R = component_triangle(component, &triangles[count].ldr);
        count++;
    }
    *ret_triangles = triangles;
    *ret_count = count;
    return LATTN_OK;
}

struct fewest_evidence learner_evidence(const struct lattn_learner *learner, const double *rss,
                                        int64_t rank)
{
    const struct factor *factor = &learner->factor;
    /* In pairs of the mean weight, as many as RSS / sigma^2 is worth. */
    double freedom = factor->m * learner_freedom(learner, rank) * factor->weight / factor->weight2;
    struct fewest_evidence evidence = {
        .freedom = freedom,
        .effort = freedom > 0 ? effort_most : effort_unproven,
        .seed = seed_fixed,
    };

    for (int32_t a = 0; a < factor->m; a++) {
        evidence.rss += rss[a];
        evidence.yy += factor->yy[a];
    }
    return evidence;
}

static enum lattn_status evidence_read(const struct lattn_learner *learner, int64_t rank,
                                       struct fewest_evidence *ret_evidence)
{
    double *rss = memory_zeroed((size_t)learner->factor.m, sizeof *rss);

    if (rss == NULL)
        return LATTN_NO_MEMORY;
    factor_residual(&learner->factor, rss);
    *ret_evidence = learner_evidence(learner, rss, rank);
    memory_release(rss);
    return LATTN_OK;
}

/* The distance that all components see; features and weights are the collection's. */
static enum lattn_status metric_make(const struct factor *factor,
                                     const struct collection *collection, struct metric *ret_metric)
{
    struct metric_triangle *triangles;
    int32_t count;
    enum lattn_status status = triangles_list(factor, &triangles, &count);

    if (status != LATTN_OK)
        return status;
    status = metric_init(ret_metric, factor->d, factor->m, collection->features, triangles, count,
                         collection->weights);
    memory_release(triangles);
    return status;
}

static enum lattn_status collection_fewest(const struct factor *factor,
                                           const struct collection *collection,
                                           const struct fewest_evidence *evidence,
                                           struct lattn_model **ret_model)
{
    struct metric metric;
    enum lattn_status status = metric_make(factor, collection, &metric);

    if (status != LATTN_OK)
        return status;
    status = fewest_find(&metric, evidence, ret_model);
    metric_done(&metric);
    return status;
}

/* Returns LATTN_MORE where the fewest heads are not known. */
static enum lattn_status model_read_fewest(const struct lattn_learner *learner,
                                           struct lattn_model **ret_model)
{
    const struct factor *factor = &learner->factor;
    struct collection collection;
    struct fewest_evidence evidence;
    enum lattn_status status;

    if (!is_determined(factor) || factor->ridge > 0 ||
        (int64_t)factor->d * factor->d * factor->d * factor->m > HEADS_ENTRIES_MAX)
        return LATTN_MORE;
    status = evidence_read(learner, feature_count(factor->d), &evidence);
    if (status != LATTN_OK)
        return status;
    if (!fewest_is_known(factor->d, factor->m, &evidence))
        return LATTN_MORE;
    status = collection_make(factor, &collection);
    if (status == LATTN_OK)
        status = collection_fewest(factor, &collection, &evidence, ret_model);
    memory_release(collection.features);
    memory_release(collection.weights);
    return status;
}

static enum lattn_status model_decompose(const struct lattn_learner *learner,
                                         enum lattn_heads heads, int32_t count,
                                         struct lattn_model **ret_model)
{
    enum lattn_status status = LATTN_MORE;

    if (heads == LATTN_HEADS_COUNT && count == 0)
        return model_bare(&learner->factor, ret_model);
    if (heads == LATTN_HEADS_FEWEST)
        status = model_read_fewest(learner, ret_model);
    if (status == LATTN_MORE || status == LATTN_NO_CONVERGENCE)
        status = model_read(&learner->factor, heads == LATTN_HEADS_COUNT ? count : 0, ret_model);
    return status;
}

enum lattn_status lattn_learner_model(struct lattn_learner *learner, enum lattn_heads heads,
                                      int32_t count, struct lattn_model **ret_model)
{
    uint64_t generation = learner->factor.generation;
    struct lattn_model *model = NULL;
    enum lattn_status status = learner_solve(learner);

    if (status == LATTN_OK && heads == LATTN_HEADS_COUNT &&
        (count < 0 || count > lattn_learner_heads_max(learner)))
        status = LATTN_RANGE;
    if (status == LATTN_OK)
        status = shelf_take(&learner->shelf, generation, heads, count, &model);
    if (status == LATTN_MORE) {
        status = model_decompose(learner, heads, count, &model);
        if (status == LATTN_OK)
            status = shelf_put(&learner->shelf, generation, heads, count, model);
    }
    if (status == LATTN_OK)
        status = model_label(learner, model);
    if (status != LATTN_OK) {
        lattn_model_close(&model);
        return status;
    }
    *ret_model = model;
    return LATTN_OK;
}

void lattn_learner_note_model(struct lattn_learner *learner, enum lattn_heads heads, int32_t count,
                              const struct lattn_model *model)
{
    /* What is not kept is made again when somebody asks. */
    if (model->generation == learner->factor.generation)
        (void)shelf_put(&learner->shelf, model->generation, heads, count, model);
}
