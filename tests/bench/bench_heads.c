/*
 * What the fewest heads cost: random teachers with m = d, read from exact weights on one core.
 *
 * Goals: 60 ms at d = 16, 2 s at d = 32, for up to 4 heads.
 */
#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"
#include "core/fewest.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Weights of a random teacher, p x m, every feature in order. */
struct problem {
    struct feature *features;
    double *R;
    double *weights;
};

static int problem_make(int32_t d, int32_t heads, struct random *random, struct problem *problem)
{
    int32_t p = feature_count(d);
    size_t columns = (size_t)d;
    double *coef = memory_raw((size_t)p * columns, sizeof *coef);
    struct lattn_model *teacher = NULL;

    *problem = (struct problem){.features = memory_raw((size_t)p, sizeof *problem->features),
                                .R = memory_zeroed((size_t)p * (size_t)p, sizeof(double)),
                                .weights = memory_raw((size_t)p * columns, sizeof(double))};
    if (coef == NULL || problem->features == NULL || problem->R == NULL ||
        problem->weights == NULL || lattn_model_open(&teacher, d, d, heads) != LATTN_OK)
        return 0;
    random_normals(random, teacher->V, (int64_t)heads * d * d);
    random_normals(random, teacher->Q, (int64_t)heads * d * d);
    lattn_model_coef(teacher, coef);
    lattn_model_close(&teacher);
    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++)
            for (int32_t l = 0; l < d; l++) {
                const struct feature f = {(uint16_t)j, (uint16_t)k, (uint16_t)l};
                size_t i = (size_t)feature_index(d, f);

                problem->features[i] = f;
                problem->R[i * (size_t)p + i] = 1;
                for (size_t a = 0; a < columns; a++)
                    problem->weights[i * columns + a] = coef[a * (size_t)p + i];
            }
    memory_release(coef);
    return 1;
}

static void problem_done(struct problem *problem)
{
    memory_release(problem->features);
    memory_release(problem->R);
    memory_release(problem->weights);
}

/* Milliseconds of one search; the heads found in ret_heads, 0 if none. */
static double problem_time(int32_t d, const struct problem *problem, int32_t *ret_heads)
{
    const struct fewest_evidence evidence = {.effort = 1e12, .seed = 1};
    struct lattn_model *model = NULL;
    struct metric metric;
    double start = seconds();
    double end;

    *ret_heads = 0;
    if (metric_init(
            &metric, d, d, problem->features,
            &(struct metric_triangle){problem->R, (size_t)feature_count(d), feature_count(d)}, 1,
            problem->weights) != LATTN_OK)
        return 0;
    if (fewest_find(&metric, &evidence, &model) == LATTN_OK)
        *ret_heads = model->heads;
    end = seconds();
    metric_done(&metric);
    lattn_model_close(&model);
    return (end - start) * 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static int case_run(int32_t d, int32_t heads, int rounds)
{
    struct random random = {.state = (uint64_t)(100 * d + heads)};
    double times[16];
    int right = 0;

    for (int i = 0; i < rounds; i++) {
        struct problem problem;
        int32_t found;

        if (!problem_make(d, heads, &random, &problem))
            return 0;
        times[i] = problem_time(d, &problem, &found);
        right += found == heads;
        problem_done(&problem);
    }
    qsort(times, (size_t)rounds, sizeof *times, compare);
    printf("d = m = %2d, %d heads: median %6.1f ms, at most %6.1f ms, right in %d of %d\n", d,
           heads, times[rounds / 2], times[rounds - 1], right, rounds);
    return 1;
}

int main(void)
{
    dense_threads_one();
    for (int32_t heads = 1; heads <= 4; heads++)
        if (!case_run(8, heads, 9) || !case_run(16, heads, 9))
            return 1;
    for (int32_t heads = 1; heads <= 4; heads += 3)
        if (!case_run(32, heads, 3))
            return 1;
    return 0;
}
