#include "query/reading.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"
#include "core/fewest.h"
#include "core/heads.h"
#include "core/metric.h"

#include <math.h>
#include <string.h>

/* More features (d > 39) take longer to whiten than to decompose. */
enum { FEWEST_FEATURES_MAX = 1 << 15 };

/* Flops after which the search for the fewest heads gives up: a fraction of a second. */
static const double effort_most = 1e9;

/* The search takes 1e-10 of all coefficients for rounding: answers must be more exact. */
static const double exact_share = 1e-11;

/* The misfit of heads that are exact, in units of d 2^-53: each coefficient is a sum over heads. */
static const double rounding_units = 16;

/* The coefficients as core reads them, all that there are: weights is count x m. */
struct reading {
    int32_t d;
    int32_t m;
    int32_t count;
    struct feature *features;
    double *weights;
};

static void reading_done(struct reading *reading)
{
    memory_release(reading->features);
    memory_release(reading->weights);
}

static enum lattn_status reading_init(struct reading *reading, int32_t d, int32_t m,
                                      const double *slices)
{
    size_t q = (size_t)d * ((size_t)d + 1) / 2, outputs = (size_t)m;
    int32_t count = feature_count(d);
    size_t at = 0;

    *reading = (struct reading){
        .d = d,
        .m = m,
        .count = count,
        .features = memory_raw((size_t)count, sizeof *reading->features),
        .weights = memory_raw((size_t)count * outputs, sizeof *reading->weights),
    };
    if (reading->features == NULL || reading->weights == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++)
            for (int32_t l = 0; l < d; l++, at++) {
                size_t from = (size_t)l * q + (size_t)feature_pair(d, j, k);

                reading->features[at] = (struct feature){(uint16_t)j, (uint16_t)k, (uint16_t)l};
                memcpy(reading->weights + at * outputs, slices + from * outputs,
                       outputs * sizeof *slices);
            }
    return LATTN_OK;
}

static int is_exact(const struct reading *reading, double error)
{
    int32_t numbers = reading->count * reading->m;
    double norm = dense_norm(numbers, reading->weights);

    return norm > 0 && error * sqrt(numbers) <= exact_share * norm;
}

/*
 * The distance of two tensors as a metric: a coefficient off the diagonal stands for two entries of
 * half its size. No two features share a row.
 */
static enum lattn_status fewest_read(const struct reading *reading, struct lattn_model **ret_model)
{
    static const double one = 1, half = M_SQRT1_2;
    const struct fewest_evidence evidence = {.effort = effort_most, .seed = 1};
    struct metric_triangle *triangles = memory_raw((size_t)reading->count, sizeof *triangles);
    struct metric metric;
    enum lattn_status status;

    if (triangles == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < reading->count; i++) {
        int is_square = reading->features[i].j == reading->features[i].k;

        triangles[i] = (struct metric_triangle){is_square ? &one : &half, 1, 1};
    }
    status = metric_init(&metric, reading->d, reading->m, reading->features, triangles,
                         reading->count, reading->weights);
    if (status == LATTN_OK) {
        status = fewest_find(&metric, &evidence, ret_model);
        metric_done(&metric);
    }
    memory_release(triangles);
    return status;
}

/* The fewest heads where they are exact; LATTN_MORE where they are not, or not known. */
static enum lattn_status fewest_try(const struct reading *reading, double error,
                                    struct lattn_model **ret_model)
{
    struct lattn_model *model = NULL;
    enum lattn_status status;

    if (reading->count > FEWEST_FEATURES_MAX || !is_exact(reading, error))
        return LATTN_MORE;
    status = fewest_read(reading, &model);
    if (status == LATTN_NO_CONVERGENCE)
        return LATTN_MORE;
    if (status == LATTN_OK && model->residual > rounding_units * reading->d * 0x1p-53) {
        lattn_model_close(&model);
        return LATTN_MORE;
    }
    if (status == LATTN_OK)
        *ret_model = model;
    return status;
}

enum lattn_status reading_make(int32_t d, int32_t m, const double *slices, double error,
                               struct lattn_model **ret_model)
{
    struct reading reading;
    enum lattn_status status = reading_init(&reading, d, m, slices);

    if (status == LATTN_OK)
        status = fewest_try(&reading, error, ret_model);
    if (status == LATTN_MORE) {
        const struct coefficients coefficients = {d, m, reading.count, reading.features,
                                                  reading.weights};

        status = heads_svd(&coefficients, 0, ret_model);
    }
    reading_done(&reading);
    return status;
}

double reading_misfit(const double *slices, const struct lattn_model *model)
{
    int32_t count = feature_count(model->d) * model->m;

    return model->residual * dense_norm(count, slices) / sqrt(count);
}
