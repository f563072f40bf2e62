#include "support/courses.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum tokens { NORMALS, FEW, GROUPS, ONES };

/*
 * tokens  NORMALS: dense; FEW: dense, from a space of half the dimension; GROUPS: one-hot within
 *         two neighbouring coordinates, so that components stay apart for a while; ONES: the same
 *         as lists
 * grows   coordinates are named as the course goes on
 */
struct plan {
    const char *name;
    int32_t d;
    int32_t m;
    int32_t bias;
    double forget;
    double ridge;
    enum tokens tokens;
    enum lattn_labels labels;
    int weighs;
    int grows;
};

static const struct plan plans[COURSES] = {
    {"one coordinate", 1, 1, 0, 1, 0, NORMALS, LATTN_LABELS_LAST, 0, 0},
    {"dense", 4, 2, 0, 1, 0, NORMALS, LATTN_LABELS_LAST, 0, 0},
    {"dense with a bias", 5, 1, 1, 1, 0, NORMALS, LATTN_LABELS_CAUSAL, 0, 0},
    {"dense and large", 8, 3, 0, 1, 0, NORMALS, LATTN_LABELS_LAST, 0, 0},
    {"dense that fades", 3, 2, 0, 0.995, 0, NORMALS, LATTN_LABELS_FULL, 0, 0},
    {"dense that weighs", 4, 1, 0, 1, 0, NORMALS, LATTN_LABELS_LAST, 1, 0},
    {"dense with a ridge", 3, 1, 0, 1, 1e-3, NORMALS, LATTN_LABELS_LAST, 0, 0},
    {"deficient", 6, 1, 0, 1, 0, FEW, LATTN_LABELS_LAST, 0, 0},
    {"deficient that fades", 4, 2, 1, 0.99, 0, FEW, LATTN_LABELS_CAUSAL, 1, 0},
    {"groups", 8, 1, 0, 1, 0, GROUPS, LATTN_LABELS_LAST, 0, 0},
    {"groups that fade", 8, 2, 0, 0.998, 0, GROUPS, LATTN_LABELS_LAST, 1, 0},
    {"groups that grow", 4, 1, 1, 1, 0, GROUPS, LATTN_LABELS_CAUSAL, 0, 1},
    {"lists of ones", 8, 2, 1, 1, 0, ONES, LATTN_LABELS_CAUSAL, 0, 1},
    {"lists that fade", 6, 1, 0, 0.99, 1e-6, ONES, LATTN_LABELS_LAST, 0, 1},
};

static const struct plan *plan_of(const struct course *course)
{
    return &plans[course->number];
}

const char *course_name(const struct course *course)
{
    return plan_of(course)->name;
}

void course_start(struct course *course, int32_t number, uint64_t seed)
{
    const struct plan *plan = &plans[number];

    course->number = number;
    course->block = 0;
    course->random = (struct random){.state = seed * 1000003 + (uint64_t)number};
    course->settings = lattn_learner_settings_default();
    course->settings.bias = plan->bias;
    course->settings.forget = plan->forget;
    course->settings.ridge = plan->ridge;
    course->settings.dim = plan->tokens == ONES ? plan->d : 0;
    course->d = plan->d;
    course->m = plan->m;
}

/* Two coordinates that occur together; seldom, and late, two groups meet. */
static int32_t coordinate_draw(struct course *course, int32_t group)
{
    int meets = course->block > 20 && random_below(&course->random, 400) == 0;
    int32_t coordinate;

    if (meets)
        group = (int32_t)random_below(&course->random, (uint32_t)course->d / 2);
    coordinate = 2 * group + (int32_t)random_below(&course->random, 2);
    return coordinate < course->d ? coordinate : course->d - 1;
}

static size_t tokens_draw(struct course *course, int32_t n, double *z)
{
    enum tokens tokens = plan_of(course)->tokens;
    int32_t group = (int32_t)random_below(&course->random, (uint32_t)(course->d + 1) / 2);
    size_t d = (size_t)course->d;

    if (tokens == NORMALS || tokens == FEW)
        random_normals(&course->random, z, (int64_t)n * course->d);
    for (size_t t = 0; t < (size_t)n && tokens == FEW; t++)
        for (size_t i = (d + 1) / 2; i < d; i++)
            z[t * d + i] = 2 * z[t * d + i - (d + 1) / 2];
    if (tokens == GROUPS)
        memset(z, 0, (size_t)n * d * sizeof *z);
    for (size_t t = 0; t < (size_t)n && tokens == GROUPS; t++)
        z[t * d + (size_t)coordinate_draw(course, group)] = 1 + random_uniform(&course->random);
    for (size_t t = 0; t < (size_t)n && tokens == ONES; t++) {
        z[2 * t] = 1;
        z[2 * t + 1] = coordinate_draw(course, group);
    }
    return tokens == ONES ? 2 * (size_t)n : (size_t)n * d;
}

static struct lattn_item item_draw(struct course *course, double *z, double *y, size_t *ret_z)
{
    const struct plan *plan = plan_of(course);
    int32_t n = 1 + (int32_t)random_below(&course->random, COURSE_TOKENS_MAX);
    struct lattn_item item = {
        .z = z,
        .y = y,
        .weight = plan->weighs ? 0.25 + random_uniform(&course->random) : 1,
        .n = n,
        .d = course->d,
        .m = course->m,
        .labels = plan->labels,
        .tokens = plan->tokens == ONES ? LATTN_TOKENS_ONES : LATTN_TOKENS_DENSE,
    };

    *ret_z = tokens_draw(course, n, z);
    random_normals(&course->random, y, (int64_t)lattn_item_rows(&item) * course->m);
    return item;
}

/* Mostly single items and small blocks; some are folded in pieces. */
static size_t block_size(struct course *course)
{
    uint32_t kind = random_below(&course->random, 8);

    if (kind < 3)
        return 1;
    return 1 + random_below(&course->random, kind == 7 ? COURSE_BLOCK_MAX : 12);
}

struct lattn_batch course_next(struct course *course, const char **ret_name)
{
    static const char *const names[] = {"ant", "bee", "cat", "dog"};
    size_t count = block_size(course);
    size_t z_at = 0, y_at = 0;

    *ret_name = NULL;
    if (plan_of(course)->grows && course->block % 30 == 29 && course->block / 30 < 4) {
        *ret_name = names[course->block / 30];
        course->d++;
    }
    for (size_t i = 0; i < count; i++) {
        size_t z_used;

        course->items[i] = item_draw(course, course->z + z_at, course->y + y_at, &z_used);
        z_at += z_used;
        y_at += (size_t)lattn_item_rows(&course->items[i]) * (size_t)course->m;
    }
    course->block++;
    return (struct lattn_batch){.items = course->items, .count = count};
}

void course_teach(struct course *course, struct lattn_batch batch, const char *name,
                  struct lattn_learner *learner)
{
    struct lattn_complaint complaint = {""};
    int32_t index;

    if (name != NULL)
        cr_assert_eq(lattn_learner_name(learner, &name, 1, NULL, 0, NULL, 0, &index, NULL, NULL),
                     LATTN_OK, "%s", course_name(course));
    for (size_t i = 0; i < batch.count; i++)
        cr_assert_eq(lattn_learner_admit(learner, &batch.items[i], &complaint), LATTN_OK, "%s: %s",
                     course_name(course), complaint.text);
    lattn_learner_survey(learner, &batch);
}
