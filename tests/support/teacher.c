#include "support/teacher.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/fewest.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static double *numbers_new(size_t count)
{
    double *numbers = memory_zeroed(count, sizeof *numbers);

    cr_assert_not_null(numbers);
    return numbers;
}

/* rows x columns normals; of the given rank unless that is 0. */
static void matrix_draw(int32_t rows, int32_t columns, int32_t rank, struct random *random,
                        double *ret_matrix)
{
    double *left, *right;

    if (rank == 0) {
        random_normals(random, ret_matrix, (int64_t)rows * columns);
        return;
    }
    left = numbers_new((size_t)(rows * rank));
    right = numbers_new((size_t)(rank * columns));
    random_normals(random, left, (int64_t)rows * rank);
    random_normals(random, right, (int64_t)rank * columns);
    for (int32_t i = 0; i < rows; i++)
        for (int32_t j = 0; j < columns; j++) {
            ret_matrix[i * columns + j] = 0;
            for (int32_t k = 0; k < rank; k++)
                ret_matrix[i * columns + j] += left[i * rank + k] * right[k * columns + j];
        }
    memory_release(left);
    memory_release(right);
}

static void teacher_list(struct teacher *teacher)
{
    int32_t d = teacher->model->d;
    size_t m = (size_t)teacher->model->m;
    size_t p = (size_t)feature_count(d);
    double *coef = numbers_new(p * m);

    lattn_model_coef(teacher->model, coef);
    for (uint16_t j = 0; j < d; j++)
        for (uint16_t k = j; k < d; k++)
            for (uint16_t l = 0; l < d; l++) {
                const struct feature f = {j, k, l};
                size_t i = (size_t)feature_index(d, f);

                teacher->features[i] = f;
                teacher->triangle[i * p + i] = 1;
                for (size_t a = 0; a < m; a++)
                    teacher->weights[i * m + a] = coef[a * p + i];
            }
    memory_release(coef);
}

void teacher_init(struct teacher *teacher, int32_t d, int32_t m, int32_t heads, int32_t rank,
                  struct random *random)
{
    size_t p = (size_t)feature_count(d);

    *teacher = (struct teacher){
        .features = memory_zeroed(p, sizeof *teacher->features),
        .weights = numbers_new(p * (size_t)m),
        .triangle = numbers_new(p * p),
    };
    cr_assert_not_null(teacher->features);
    cr_assert_eq(lattn_model_open(&teacher->model, d, m, heads), LATTN_OK);
    for (int32_t h = 0; h < heads; h++) {
        matrix_draw(m, d, rank, random, teacher->model->V + (size_t)(h * m * d));
        matrix_draw(d, d, rank, random, teacher->model->Q + (size_t)(h * d * d));
    }
    teacher_list(teacher);
}

void teacher_done(struct teacher *teacher)
{
    lattn_model_close(&teacher->model);
    memory_release(teacher->features);
    memory_release(teacher->weights);
    memory_release(teacher->triangle);
}

struct lattn_model *teacher_heads(const struct teacher *teacher, double effort)
{
    const struct fewest_evidence evidence = {.effort = effort, .seed = 1};
    int32_t d = teacher->model->d;
    struct lattn_model *model = NULL;
    struct metric metric;
    enum lattn_status status;

    cr_assert_eq(metric_init(&metric, d, teacher->model->m, teacher->features,
                             &(struct metric_triangle){teacher->triangle, (size_t)feature_count(d),
                                                       feature_count(d)},
                             1, teacher->weights),
                 LATTN_OK);
    status = fewest_find(&metric, &evidence, &model);
    cr_assert(status == LATTN_OK || status == LATTN_MORE);
    metric_done(&metric);
    return model;
}

/* Every token x becomes mix x; d x d. */
static void tokens_mix(int64_t tokens, int32_t d, const double *mix, double *z)
{
    double *mixed = numbers_new((size_t)tokens * (size_t)d);

    dense_multiply_rows((int32_t)tokens, d, d, 1, z, (size_t)d, mix, (size_t)d, 0, mixed,
                        (size_t)d);
    memcpy(z, mixed, (size_t)tokens * (size_t)d * sizeof *z);
    memory_release(mixed);
}

void teacher_tokens(int64_t tokens, int32_t d, const double *mix, struct random *random, double *z)
{
    random_normals(random, z, tokens * d);
    if (mix != NULL)
        tokens_mix(tokens, d, mix, z);
}

/* Labels with their noise. */
static void labels_make(const struct teacher *teacher, int32_t pairs, const double *z, double noise,
                        struct random *random, double *y)
{
    int32_t seen = 2 * teacher->model->d;
    int64_t count = (int64_t)pairs * teacher->model->m;
    double *errors = numbers_new((size_t)count);
    double squares = 0;

    random_normals(random, errors, count);
    for (int32_t i = 0; i < pairs; i++)
        lattn_model_apply(teacher->model, z + (int64_t)i * seen * teacher->model->d, seen,
                          y + (int64_t)i * teacher->model->m);
    for (int64_t i = 0; i < count; i++)
        squares += y[i] * y[i] / (double)count;
    for (int64_t i = 0; i < count; i++)
        y[i] += noise * sqrt(squares) * errors[i];
    memory_release(errors);
}

struct lattn_learner *teacher_teach(const struct teacher *teacher, int32_t pairs, double noise,
                                    const double *mix, struct random *random)
{
    enum { BATCH = 256 };
    const struct lattn_learner_settings settings = lattn_learner_settings_default();
    int32_t d = teacher->model->d;
    int32_t m = teacher->model->m;
    size_t tokens = 2 * (size_t)d * (size_t)d;
    double *z = numbers_new((size_t)pairs * tokens);
    double *y = numbers_new((size_t)pairs * (size_t)m);
    struct lattn_learner *learner = NULL;

    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    teacher_tokens((int64_t)pairs * 2 * d, d, mix, random, z);
    labels_make(teacher, pairs, z, noise, random, y);
    for (int32_t i = 0; i < pairs;) {
        struct lattn_item items[BATCH];
        struct lattn_batch batch = {.items = items};

        for (; i < pairs && batch.count < BATCH; i++) {
            struct lattn_item *item = &items[batch.count++];

            *item = (struct lattn_item){.z = z + (size_t)i * tokens,
                                        .y = y + (size_t)i * (size_t)m,
                                        .weight = 1,
                                        .n = 2 * d,
                                        .d = d,
                                        .m = m,
                                        .labels = LATTN_LABELS_LAST};
            cr_assert_eq(lattn_learner_admit(learner, item, NULL), LATTN_OK);
        }
        lattn_learner_absorb(learner, &batch);
    }
    memory_release(z);
    memory_release(y);
    return learner;
}
