/*
 * What learning costs outside of the oracle: one softmax head at d = 64 and 256, of one answer and
 * of d, and linear attention, on one core.
 *
 * Goals: 50 ms at d = 64, 100 where all of linear attention is asked, 10 s at d = 256. The time in
 * the oracle's callback is taken off.
 */
#include "base/random.h"
#include "core/dense.h"
#include "query/conditions.h"
#include "query/linear.h"
#include "query/oracle.h"
#include "query/softmax.h"
#include "query/vector.h"

#include <lattn/query.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Of this process: what others do does not count. */
static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A layer that answers, and the time that it took. */
struct layer {
    struct lattn_attention *truth;
    double elapsed;
};

static enum lattn_status layer_ask(void *arg, size_t count, struct lattn_question *questions,
                                   struct lattn_complaint *complaint)
{
    struct layer *layer = arg;
    double start = seconds();

    (void)complaint;
    for (size_t i = 0; i < count; i++) {
        lattn_attention_apply(layer->truth, questions[i].x, questions[i].n, questions[i].y);
        questions[i].is_refused = 0;
    }
    layer->elapsed += seconds() - start;
    return LATTN_OK;
}

typedef enum lattn_status (*learn_fn)(struct oracle *oracle, const struct conditions *conditions,
                                      struct random *random,
                                      struct lattn_attention **ret_attention);

/* Seconds of one head outside of the oracle; negative where it was not learned. */
static double head_time(struct layer *layer, double *ret_oracle)
{
    const struct lattn_probe_settings settings = {0};
    const struct lattn_oracle asked = {
        .d = layer->truth->d, .m = layer->truth->m, .ask = layer_ask, .arg = layer};
    const struct conditions conditions = {
        .norm = 0x1p10, .length = LATTN_QUESTION_TOKENS_MAX, .epsilon = 0x1p-53, .scale = 1};
    struct random random = {.state = 1};
    struct lattn_attention *learned = NULL;
    struct oracle oracle;
    learn_fn learn = asked.m == 1 ? softmax_learn : vector_learn;
    double start = seconds();
    double taken = -1;

    layer->elapsed = 0;
    if (oracle_init(&oracle, &asked, &settings) == LATTN_OK &&
        learn(&oracle, &conditions, &random, &learned) == LATTN_OK)
        taken = seconds() - start - layer->elapsed;
    *ret_oracle = layer->elapsed;
    lattn_attention_close(&learned);
    oracle_done(&oracle);
    return taken;
}

static int size_time(int32_t d, int32_t m, int repeats, double goal)
{
    struct random random = {.state = (uint64_t)d};
    struct layer layer = {0};
    double best = INFINITY, oracle = 0;

    if (lattn_attention_open(&layer.truth, d, m, 1) != LATTN_OK)
        return 0;
    random_normals(&random, layer.truth->W, (int64_t)d * d);
    random_normals(&random, layer.truth->V, (int64_t)m * d);
    for (int64_t i = 0; i < (int64_t)d * d; i++)
        layer.truth->W[i] /= sqrt(d);
    for (int i = 0; i < repeats && best >= 0; i++)
        best = fmin(best, head_time(&layer, &oracle));
    lattn_attention_close(&layer.truth);
    printf("d = %3d, m = %3d: %8.1f ms, goal %6.0f; oracle %8.1f ms\n", d, m, 1e3 * best,
           1e3 * goal, 1e3 * oracle);
    return best >= 0 && best <= goal;
}

/* ---- linear attention ------------------------------------------------------------------------ */

/* One head with Q = q p', which answers in O(n d): there are d^2 (d + 1) / 2 questions. */
struct linear_layer {
    int32_t d;
    double *v;
    double *q;
    double *p;
    double elapsed;
};

static enum lattn_status linear_ask(void *arg, size_t count, struct lattn_question *questions,
                                    struct lattn_complaint *complaint)
{
    struct linear_layer *layer = arg;
    int32_t d = layer->d;
    double start = seconds();

    (void)complaint;
    for (size_t i = 0; i < count; i++) {
        const double *x = questions[i].x;
        double sum = 0;

        for (int32_t t = 0; t < questions[i].n; t++, x += d)
            sum += dense_dot(d, layer->v, x) * dense_dot(d, layer->q, x);
        questions[i].y[0] = sum * dense_dot(d, layer->p, x - d);
        questions[i].is_refused = 0;
    }
    layer->elapsed += seconds() - start;
    return LATTN_OK;
}

static double linear_time(struct linear_layer *layer)
{
    const struct lattn_probe_settings settings = {0};
    const struct lattn_oracle asked = {.d = layer->d, .m = 1, .ask = linear_ask, .arg = layer};
    const struct conditions conditions = {.norm = 0x1p10, .length = 8, .epsilon = 0x1p-53};
    struct lattn_model *learned = NULL;
    struct oracle oracle;
    double error, start = seconds();
    double taken = INFINITY;

    if (oracle_init(&oracle, &asked, &settings) == LATTN_OK &&
        linear_learn(&oracle, &conditions, &learned, &error) == LATTN_OK)
        taken = seconds() - start - layer->elapsed;
    lattn_model_close(&learned);
    oracle_done(&oracle);
    return taken;
}

static int linear_size_time(int32_t d, double goal)
{
    struct random random = {.state = (uint64_t)d};
    double *numbers = calloc((size_t)d * 3, sizeof *numbers);
    struct linear_layer layer = {.d = d, .v = numbers, .q = numbers + d, .p = numbers + 2 * d};
    double taken;

    if (numbers == NULL)
        return 0;
    random_normals(&random, numbers, (int64_t)d * 3);
    taken = linear_time(&layer);
    free(numbers);
    printf("d = %3d, linear : %8.1f ms, goal %6.0f; oracle %8.1f ms\n", d, 1e3 * taken, 1e3 * goal,
           1e3 * layer.elapsed);
    return taken <= goal;
}

int main(void)
{
    static const struct {
        int32_t d, m;
        int repeats;
        double goal;
    } sizes[] = {{64, 1, 3, 0.05}, {64, 64, 3, 0.05}, {256, 1, 1, 10}, {256, 256, 1, 10}};
    int is_met = 1;

    dense_threads_one();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        is_met = size_time(sizes[i].d, sizes[i].m, sizes[i].repeats, sizes[i].goal) && is_met;
    is_met = linear_size_time(64, 0.1) && is_met;
    is_met = linear_size_time(256, 10) && is_met;
    return is_met ? EXIT_SUCCESS : EXIT_FAILURE;
}
