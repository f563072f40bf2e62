/*
 * Keys with values, then a query: one of the keys beside noise. The layer that answers with the
 * value of the key is V = diag(0, I), Q = diag(I, 0),
 *
 *     y = (0, sum_t <k_t, q> v_t),          t over all tokens, the query (q, zeta) included
 *
 * so the noise comes back as |q|^2 zeta, a term that (14) of the paper leaves out.
 *
 * Where keys and values are orthonormal, relations among the features hide the layer; README.md.
 * Source: arXiv 2410.10101, section 4.2.
 */
#include <lattn/tasks.h>

#include "tasks/task.h"
#include "tasks/truth.h"

#include <math.h>
#include <string.h>

/*
 * z       half + 1 tokens of d = 2 half
 * y       d; the first half is 0 but for noise
 * noise   d
 * keys    half x half, rows are keys; values likewise
 * second  the stream that the noise comes from
 */
struct associative_memory {
    struct lattn_task task;
    struct lattn_memory_settings settings;
    struct random second;
    double *z;
    double *y;
    double *noise;
    double *keys;
    double *values;
};

struct lattn_memory_settings lattn_memory_settings_default(void)
{
    return (struct lattn_memory_settings){.dim = 8, .mix = 0.95, .noise = 0, .seed = 1};
}

static int settings_are_valid(const struct lattn_memory_settings *settings)
{
    return settings->dim >= 2 && settings->dim % 2 == 0 && settings->dim <= LATTN_DIM_MAX &&
           settings->mix >= 0 && settings->mix <= 1 && settings->noise >= 0 &&
           isfinite(settings->noise);
}

/* Make the rows of A orthonormal by modified Gram-Schmidt. */
static void orthonormalise(double *A, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        double *row = A + i * size;
        double norm = 0;

        for (int32_t k = 0; k < size; k++)
            norm += row[k] * row[k];
        norm = sqrt(norm);
        for (int32_t k = 0; k < size; k++)
            row[k] /= norm;
        for (double *below = row + size; below < A + size * size; below += size) {
            double along = 0;

            for (int32_t k = 0; k < size; k++)
                along += row[k] * below[k];
            for (int32_t k = 0; k < size; k++)
                below[k] -= along * row[k];
        }
    }
}

/* Keys, values, the query and its noise: 38 draws where d is 8. */
static void tokens_draw(struct associative_memory *memory)
{
    struct random *random = &memory->task.random;
    int32_t d = memory->settings.dim;
    int32_t half = d / 2;
    size_t bytes = (size_t)half * sizeof(double);
    int is_unitary = random_uniform(random) < memory->settings.mix;
    double *query = memory->z + half * d;

    random_normals(random, memory->keys, half * half);
    random_normals(random, memory->values, half * half);
    if (is_unitary) {
        orthonormalise(memory->keys, half);
        orthonormalise(memory->values, half);
    }
    for (int32_t t = 0; t < half; t++) {
        memcpy(memory->z + t * d, memory->keys + t * half, bytes);
        memcpy(memory->z + t * d + half, memory->values + t * half, bytes);
    }
    memcpy(query, memory->keys + random_below(random, (uint32_t)half) * (uint32_t)half, bytes);
    random_normals(random, query + half, half);
}

/* y = (0, sum_t <k_t, q> v_t) */
static void label(struct associative_memory *memory)
{
    int32_t d = memory->settings.dim;
    int32_t half = d / 2;
    const double *query = memory->z + half * d;

    memset(memory->y, 0, (size_t)d * sizeof *memory->y);
    for (const double *token = memory->z; token <= query; token += d) {
        double score = 0;

        for (int32_t k = 0; k < half; k++)
            score += token[k] * query[k];
        for (int32_t a = half; a < d; a++)
            memory->y[a] += score * token[a];
    }
}

static void memory_next(struct lattn_task *task, struct lattn_item *ret_item)
{
    struct associative_memory *memory = (struct associative_memory *)task;
    int32_t d = memory->settings.dim;

    tokens_draw(memory);
    label(memory);
    if (memory->settings.noise > 0) {
        random_normals(&memory->second, memory->noise, d);
        for (int32_t a = 0; a < d; a++)
            memory->y[a] += memory->settings.noise * memory->noise[a];
    }
    *ret_item = (struct lattn_item){
        .z = memory->z,
        .y = memory->y,
        .weight = 1,
        .n = d / 2 + 1,
        .d = d,
        .m = d,
        .labels = LATTN_LABELS_LAST,
    };
}

static enum lattn_status numbers_carve(struct associative_memory *memory)
{
    size_t d = (size_t)memory->settings.dim;
    size_t half = d / 2;
    enum lattn_status status =
        task_reserve(&memory->task, (half + 1) * d + 2 * d + 2 * half * half);

    if (status != LATTN_OK)
        return status;
    memory->z = memory->task.numbers;
    memory->y = memory->z + (half + 1) * d;
    memory->noise = memory->y + d;
    memory->keys = memory->noise + d;
    memory->values = memory->keys + half * half;
    return LATTN_OK;
}

static enum lattn_status truth_make(struct lattn_task *task, int32_t d)
{
    enum lattn_status status = truth_open(&task->truth, d, d, 1);
    int32_t half = d / 2;

    if (status != LATTN_OK)
        return status;
    for (int32_t i = 0; i < half; i++) {
        truth_value(task->truth, 0, half + i, half + i, 1);
        truth_score(task->truth, 0, i, i, 1);
        truth_name_coordinate(task->truth, i, "key %d", i);
        truth_name_coordinate(task->truth, half + i, "value %d", i);
    }
    truth_name_outputs(task->truth);
    truth_order(task->truth);
    return LATTN_OK;
}

enum lattn_status lattn_memory_open(struct lattn_task **ret_task,
                                    const struct lattn_memory_settings *settings)
{
    struct associative_memory *memory;
    struct lattn_task *task;
    enum lattn_status status;

    if (!settings_are_valid(settings))
        return LATTN_RANGE;
    status = task_open(&task, sizeof *memory, memory_next, settings->seed);
    if (status != LATTN_OK)
        return status;
    memory = (struct associative_memory *)task;
    memory->settings = *settings;
    memory->second.state = ~settings->seed;
    status = numbers_carve(memory);
    if (status == LATTN_OK)
        status = truth_make(task, settings->dim);
    return task_finish(task, status, ret_task);
}
