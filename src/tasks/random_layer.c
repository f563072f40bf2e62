/*
 * Sequences of random tokens, labelled by a random layer of linear attention.
 *
 * Everything comes out of one stream of draws, so a seed names the layer and all sequences
 * (README.md). A label needs only S = Z Z' of its prefix, which grows by one outer product per
 * token; it is never computed from the whole prefix.
 */
#include <lattn/tasks.h>

#include "tasks/task.h"
#include "tasks/truth.h"

#include <math.h>
#include <string.h>

/*
 * z      length x d
 * y      rows x m, rows = length or 1
 * noise  rows x m
 * S      d x d, Z Z' of the tokens so far
 * q, s   d, Q_h z and S Q_h z
 */
struct random_layer {
    struct lattn_task task;
    struct lattn_random_settings settings;
    double *z;
    double *y;
    double *noise;
    double *S;
    double *q;
    double *s;
};

struct lattn_random_settings lattn_random_settings_default(void)
{
    return (struct lattn_random_settings){
        .dim = 4,
        .heads = 1,
        .outputs = 1,
        .length = 100,
        .noise = 0,
        .labels = LATTN_LABELS_CAUSAL,
        .seed = 1,
    };
}

static int settings_are_valid(const struct lattn_random_settings *settings)
{
    return settings->dim >= 1 && settings->dim <= LATTN_DIM_MAX && settings->heads >= 1 &&
           settings->outputs >= 1 && settings->outputs <= LATTN_OUTPUTS_MAX &&
           settings->length >= 1 && settings->length <= LATTN_TOKENS_MAX && settings->noise >= 0 &&
           isfinite(settings->noise) && settings->labels != LATTN_LABELS_FULL;
}

static int64_t label_rows(const struct lattn_random_settings *settings)
{
    return settings->labels == LATTN_LABELS_LAST ? 1 : settings->length;
}

static void normals_scaled(struct random *random, double *numbers, int64_t count, double std)
{
    random_normals(random, numbers, count);
    for (int64_t i = 0; i < count; i++)
        numbers[i] *= std;
}

/* ret = A x for a row-major A of so many rows. */
static void multiply(const double *A, int32_t rows, int32_t columns, const double *x, double *ret)
{
    for (int32_t i = 0; i < rows; i++) {
        double sum = 0;

        for (int32_t j = 0; j < columns; j++)
            sum += A[i * columns + j] * x[j];
        ret[i] = sum;
    }
}

/* S += z z' */
static void moment_add(double *S, const double *z, int32_t d)
{
    for (int32_t j = 0; j < d; j++)
        for (int32_t k = 0; k < d; k++)
            S[j * d + k] += z[j] * z[k];
}

/* y = sum_h V_h S Q_h z */
static void label(const struct random_layer *layer, const double *z, double *y)
{
    const struct lattn_model *truth = layer->task.truth;
    int32_t d = truth->d;

    memset(y, 0, (size_t)truth->m * sizeof *y);
    for (int64_t h = 0; h < truth->heads; h++) {
        const double *V = truth->V + h * truth->m * d;

        multiply(truth->Q + h * d * d, d, d, z, layer->q);
        multiply(layer->S, d, d, layer->q, layer->s);
        for (int32_t a = 0; a < truth->m; a++)
            for (int32_t j = 0; j < d; j++)
                y[a] += V[a * d + j] * layer->s[j];
    }
}

static enum lattn_status numbers_carve(struct random_layer *layer)
{
    /* The limits keep the sum far below what fits, about 2^28. */
    size_t d = (size_t)layer->settings.dim;
    size_t tokens = (size_t)layer->settings.length * d;
    size_t labels = (size_t)label_rows(&layer->settings) * (size_t)layer->settings.outputs;
    enum lattn_status status = task_reserve(&layer->task, tokens + 2 * labels + d * d + 2 * d);

    if (status != LATTN_OK)
        return status;
    layer->z = layer->task.numbers;
    layer->y = layer->z + tokens;
    layer->noise = layer->y + labels;
    layer->S = layer->noise + labels;
    layer->q = layer->S + d * d;
    layer->s = layer->q + d;
    return LATTN_OK;
}

static void layer_next(struct lattn_task *task, struct lattn_item *ret_item)
{
    struct random_layer *layer = (struct random_layer *)task;
    const struct lattn_random_settings *settings = &layer->settings;
    int32_t n = settings->length;
    int32_t d = settings->dim;
    int32_t m = settings->outputs;
    int64_t labels = label_rows(settings) * m;

    normals_scaled(&task->random, layer->z, (int64_t)n * d, 1 / sqrt(n));
    memset(layer->S, 0, (size_t)d * (size_t)d * sizeof *layer->S);
    for (int64_t t = 0; t < n; t++) {
        const double *z = layer->z + t * d;

        moment_add(layer->S, z, d);
        if (settings->labels == LATTN_LABELS_CAUSAL)
            label(layer, z, layer->y + t * m);
        else if (t == n - 1)
            label(layer, z, layer->y);
    }
    if (settings->noise > 0) {
        normals_scaled(&task->random, layer->noise, labels, settings->noise);
        for (int64_t i = 0; i < labels; i++)
            layer->y[i] += layer->noise[i];
    }
    *ret_item = (struct lattn_item){
        .z = layer->z,
        .y = layer->y,
        .weight = 1,
        .n = n,
        .d = d,
        .m = m,
        .labels = settings->labels,
    };
}

static void truth_draw(struct lattn_task *task, const struct lattn_random_settings *settings)
{
    int64_t columns = (int64_t)settings->heads * settings->dim;
    double std = 1 / sqrt(settings->dim);

    normals_scaled(&task->random, task->truth->V, columns * settings->outputs, std);
    normals_scaled(&task->random, task->truth->Q, columns * settings->dim, std);
    truth_order(task->truth);
}

enum lattn_status lattn_random_open(struct lattn_task **ret_task,
                                    const struct lattn_random_settings *settings)
{
    struct random_layer *layer;
    struct lattn_task *task;
    enum lattn_status status;

    if (!settings_are_valid(settings))
        return LATTN_RANGE;
    status = task_open(&task, sizeof *layer, layer_next, settings->seed);
    if (status != LATTN_OK)
        return status;
    layer = (struct random_layer *)task;
    layer->settings = *settings;
    status = numbers_carve(layer);
    if (status == LATTN_OK)
        status = lattn_model_open(&task->truth, settings->dim, settings->outputs, settings->heads);
    if (status == LATTN_OK)
        truth_draw(task, settings);
    return task_finish(task, status, ret_task);
}
