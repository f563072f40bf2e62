/*
 * Sequences of random tokens, labelled by a random layer of linear attention.
 *
 * Everything comes out of one stream of draws, so a seed names the layer and all sequences
 * (README.md). A label needs only S = Z Z' of its prefix, which grows by one outer product per
 * token; it is never computed from the whole prefix.
 */
#include <lattn/tasks.h>

#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <string.h>

/*
 * z      length x d
 * y      rows x m, rows = length or 1
 * noise  rows x m
 * S      d x d, Z Z' of the tokens so far
 * q, s   d, Q_h z and S Q_h z
 */
struct lattn_random {
    struct lattn_random_settings settings;
    struct random random;
    struct lattn_model *truth;
    double *numbers;
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

static enum lattn_status numbers_carve(struct lattn_random *random)
{
    /* The limits keep the sum far below what fits, about 2^28. */
    size_t d = (size_t)random->settings.dim;
    size_t tokens = (size_t)random->settings.length * d;
    size_t labels = (size_t)label_rows(&random->settings) * (size_t)random->settings.outputs;

    random->numbers = memory_zeroed(tokens + 2 * labels + d * d + 2 * d, sizeof *random->numbers);
    if (random->numbers == NULL)
        return LATTN_NO_MEMORY;
    random->z = random->numbers;
    random->y = random->z + tokens;
    random->noise = random->y + labels;
    random->S = random->noise + labels;
    random->q = random->S + d * d;
    random->s = random->q + d;
    return LATTN_OK;
}

static void normals_scaled(struct random *random, double *numbers, int64_t count, double std)
{
    random_normals(random, numbers, count);
    for (int64_t i = 0; i < count; i++)
        numbers[i] *= std;
}

static double norm(const double *numbers, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += numbers[i] * numbers[i];
    return sqrt(sum);
}

static void swap(double *a, double *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

/* Largest head first, as a model promises; which one comes first changes no label. */
static void heads_order(struct lattn_model *model)
{
    int64_t v = (int64_t)model->m * model->d;
    int64_t q = (int64_t)model->d * model->d;

    for (int32_t h = 0; h < model->heads; h++)
        model->sigma[h] = norm(model->V + h * v, v) * norm(model->Q + h * q, q);
    for (int32_t h = 0; h < model->heads; h++) {
        int32_t largest = h;

        for (int32_t i = h + 1; i < model->heads; i++)
            if (model->sigma[i] > model->sigma[largest])
                largest = i;
        if (largest == h)
            continue;
        swap(model->V + h * v, model->V + largest * v, v);
        swap(model->Q + h * q, model->Q + largest * q, q);
        swap(model->sigma + h, model->sigma + largest, 1);
    }
}

static enum lattn_status truth_draw(struct lattn_random *random)
{
    const struct lattn_random_settings *settings = &random->settings;
    int64_t columns = (int64_t)settings->heads * settings->dim;
    double std = 1 / sqrt(settings->dim);
    enum lattn_status status =
        lattn_model_open(&random->truth, settings->dim, settings->outputs, settings->heads);

    if (status != LATTN_OK)
        return status;
    normals_scaled(&random->random, random->truth->V, columns * settings->outputs, std);
    normals_scaled(&random->random, random->truth->Q, columns * settings->dim, std);
    heads_order(random->truth);
    return LATTN_OK;
}

enum lattn_status lattn_random_open(struct lattn_random **ret_random,
                                    const struct lattn_random_settings *settings)
{
    struct lattn_random *random;
    enum lattn_status status;

    if (!settings_are_valid(settings))
        return LATTN_RANGE;
    random = memory_zeroed(1, sizeof *random);
    if (random == NULL)
        return LATTN_NO_MEMORY;
    random->settings = *settings;
    random->random.state = settings->seed;
    status = numbers_carve(random);
    if (status == LATTN_OK)
        status = truth_draw(random);
    if (status != LATTN_OK) {
        lattn_random_close(&random);
        return status;
    }
    *ret_random = random;
    return LATTN_OK;
}

void lattn_random_close(struct lattn_random **random)
{
    if (random == NULL || *random == NULL)
        return;
    lattn_model_close(&(*random)->truth);
    memory_release((*random)->numbers);
    memory_release(*random);
    *random = NULL;
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
static void label(const struct lattn_random *random, const double *z, double *y)
{
    const struct lattn_model *truth = random->truth;
    int32_t d = truth->d;

    memset(y, 0, (size_t)truth->m * sizeof *y);
    for (int64_t h = 0; h < truth->heads; h++) {
        const double *V = truth->V + h * truth->m * d;

        multiply(truth->Q + h * d * d, d, d, z, random->q);
        multiply(random->S, d, d, random->q, random->s);
        for (int32_t a = 0; a < truth->m; a++)
            for (int32_t j = 0; j < d; j++)
                y[a] += V[a * d + j] * random->s[j];
    }
}

void lattn_random_next(struct lattn_random *random, struct lattn_item *ret_item)
{
    const struct lattn_random_settings *settings = &random->settings;
    int32_t n = settings->length;
    int32_t d = settings->dim;
    int32_t m = settings->outputs;
    int64_t labels = label_rows(settings) * m;

    normals_scaled(&random->random, random->z, (int64_t)n * d, 1 / sqrt(n));
    memset(random->S, 0, (size_t)d * (size_t)d * sizeof *random->S);
    for (int64_t t = 0; t < n; t++) {
        const double *z = random->z + t * d;

        moment_add(random->S, z, d);
        if (settings->labels == LATTN_LABELS_CAUSAL)
            label(random, z, random->y + t * m);
        else if (t == n - 1)
            label(random, z, random->y);
    }
    if (settings->noise > 0) {
        normals_scaled(&random->random, random->noise, labels, settings->noise);
        for (int64_t i = 0; i < labels; i++)
            random->y[i] += random->noise[i];
    }
    *ret_item = (struct lattn_item){
        .z = random->z,
        .y = random->y,
        .weight = 1,
        .n = n,
        .d = d,
        .m = m,
        .labels = settings->labels,
    };
}

const struct lattn_model *lattn_random_truth(const struct lattn_random *random)
{
    return random->truth;
}
