/*
 * Linear regression in context: examples (x_t, <w, x_t>) with a new w for each sequence, then the
 * query (x, 0), whose label is <w, x>.
 *
 * What a layer of linear attention can do at best is one gradient step from 0,
 *
 *     yhat = c sum_t y_t <x_t, x>,          c = 1 / (n + k + 1 + s^2)
 *
 * for n examples of k features with noise s. Its mean squared error against <w, x>,
 * k (k + 1 + s^2) / (n + k + 1 + s^2), is what remains: the class, not the learner, is the limit.
 */
#include <lattn/tasks.h>

#include "tasks/task.h"
#include "tasks/truth.h"

#include <math.h>

/*
 * z      n + 1 tokens of d = k + 1
 * y      one number
 * draws  k numbers of w, then k + 1 per token: x, and the noise of its label
 */
struct regression {
    struct lattn_task task;
    struct lattn_regression_settings settings;
    double *z;
    double *y;
    double *draws;
};

struct lattn_regression_settings lattn_regression_settings_default(void)
{
    return (struct lattn_regression_settings){.dim = 5, .length = 20, .noise = 0, .seed = 1};
}

static int settings_are_valid(const struct lattn_regression_settings *settings)
{
    return settings->dim >= 2 && settings->dim <= LATTN_DIM_MAX && settings->length >= 1 &&
           settings->length < LATTN_TOKENS_MAX && settings->noise >= 0 && isfinite(settings->noise);
}

static int64_t draws_count(const struct lattn_regression_settings *settings)
{
    return settings->dim - 1 + ((int64_t)settings->length + 1) * settings->dim;
}

static void regression_next(struct lattn_task *task, struct lattn_item *ret_item)
{
    struct regression *regression = (struct regression *)task;
    const struct lattn_regression_settings *settings = &regression->settings;
    const double *w = regression->draws;
    int32_t features = settings->dim - 1;
    const double *drawn = regression->draws + features;
    double *token = regression->z;

    random_normals(&task->random, regression->draws, draws_count(settings));
    for (int32_t t = 0; t <= settings->length;
         t++, token += settings->dim, drawn += settings->dim) {
        double y = settings->noise * drawn[features];

        for (int32_t i = 0; i < features; i++) {
            token[i] = drawn[i];
            y += w[i] * drawn[i];
        }
        token[features] = t < settings->length ? y : 0;
        *regression->y = y;
    }
    *ret_item = (struct lattn_item){
        .z = regression->z,
        .y = regression->y,
        .weight = 1,
        .n = settings->length + 1,
        .d = settings->dim,
        .m = 1,
        .labels = LATTN_LABELS_LAST,
    };
}

static enum lattn_status numbers_carve(struct regression *regression)
{
    const struct lattn_regression_settings *settings = &regression->settings;
    size_t tokens = ((size_t)settings->length + 1) * (size_t)settings->dim;
    enum lattn_status status =
        task_reserve(&regression->task, tokens + 1 + (size_t)draws_count(settings));

    if (status != LATTN_OK)
        return status;
    regression->z = regression->task.numbers;
    regression->y = regression->z + tokens;
    regression->draws = regression->y + 1;
    return LATTN_OK;
}

static enum lattn_status truth_make(struct lattn_task *task,
                                    const struct lattn_regression_settings *settings)
{
    enum lattn_status status = truth_open(&task->truth, settings->dim, 1, 1);
    int32_t features = settings->dim - 1;
    double step = 1 / (settings->length + features + 1 + settings->noise * settings->noise);

    if (status != LATTN_OK)
        return status;
    truth_value(task->truth, 0, 0, features, 1);
    for (int32_t i = 0; i < features; i++) {
        truth_score(task->truth, 0, i, i, step);
        truth_name_coordinate(task->truth, i, "x%d", i);
    }
    truth_name_coordinate(task->truth, features, "y");
    truth_name_output(task->truth, 0, "y");
    truth_order(task->truth);
    return LATTN_OK;
}

enum lattn_status lattn_regression_open(struct lattn_task **ret_task,
                                        const struct lattn_regression_settings *settings)
{
    struct regression *regression;
    struct lattn_task *task;
    enum lattn_status status;

    if (!settings_are_valid(settings))
        return LATTN_RANGE;
    status = task_open(&task, sizeof *regression, regression_next, settings->seed);
    if (status != LATTN_OK)
        return status;
    regression = (struct regression *)task;
    regression->settings = *settings;
    status = numbers_carve(regression);
    if (status == LATTN_OK)
        status = truth_make(task, settings);
    return task_finish(task, status, ret_task);
}
