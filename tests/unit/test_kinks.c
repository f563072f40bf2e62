#include "query/kinks.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { D = 6 };

/* A chord through a network, with what is known of it as a survey would tell. */
struct scene {
    struct blackbox box;
    struct asking asking;
    struct chord chord;
    struct kinks kinks;
};

static void scene_open(struct scene *scene, int32_t width, double bias, uint64_t seed)
{
    struct terrain terrain;
    struct random random = {.state = seed};
    double through[D];

    blackbox_init(&scene->box, D, 1, 1, &random);
    blackbox_network(&scene->box, width, &random);
    random_normals(&random, scene->box.c, width);
    for (int32_t k = 0; k < width; k++)
        scene->box.c[k] *= bias;
    asking_init(&scene->asking, &scene->box);
    cr_assert_eq(
        terrain_survey(&scene->asking.oracle, &scene->asking.conditions, &random, &terrain),
        LATTN_OK);
    random_normals(&random, through, D);
    cr_assert_eq(chord_open(&scene->chord, &scene->asking.oracle, &scene->asking.conditions,
                            &terrain, through, &random),
                 LATTN_OK);
}

static void scene_close(struct scene *scene)
{
    chord_close(&scene->chord);
    asking_done(&scene->asking);
    blackbox_done(&scene->box);
}

static int increasing(const void *a, const void *b)
{
    const double *first = a, *second = b;

    return (*first > *second) - (*first < *second);
}

/* Where each neuron turns on the chord, from the box's own numbers. Returns how many within. */
static int32_t kinks_compute(const struct scene *scene, double *ret_at)
{
    const struct blackbox *box = &scene->box;
    int32_t count = 0;

    for (int32_t k = 0; k < box->width; k++) {
        double value = box->c[k], rise = 0;

        for (int32_t j = 0; j < D; j++) {
            value += box->A[j * box->width + k] * scene->chord.origin[j];
            rise += box->A[j * box->width + k] * scene->chord.direction[j];
        }
        if (fabs(value / rise) < scene->chord.reach)
            ret_at[count++] = -value / rise;
    }
    qsort(ret_at, (size_t)count, sizeof *ret_at, increasing);
    return count;
}

static void scene_check(int32_t width, double bias, uint64_t seed)
{
    struct scene scene;
    double want[KINKS_MAX];
    int32_t count;

    scene_open(&scene, width, bias, seed);
    count = kinks_compute(&scene, want);
    cr_assert_eq(kinks_find(&scene.chord, &scene.asking.random, &scene.kinks), LATTN_OK);
    cr_expect_eq(scene.kinks.count, count, "%d of %d", scene.kinks.count, count);
    for (int32_t k = 0; k < count && count == scene.kinks.count; k++)
        cr_expect_float_eq(scene.kinks.at[k], want[k], 1e-8 * (1 + fabs(want[k])), "%g, not %g",
                           scene.kinks.at[k], want[k]);
    cr_expect_leq(scene.asking.oracle.counts.learn, 16 * (uint64_t)width + 60);
    scene_close(&scene);
}

Test(kinks, finds_all_of_a_network)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        scene_check(1, 0, seed);
        scene_check(5, 0, 100 + seed);
        scene_check(12, 0.5, 200 + seed);
        scene_check(40, 2, 300 + seed);
    }
}

Test(kinks, finds_none_where_neurons_cancel)
{
    struct scene scene;

    scene_open(&scene, 2, 0, 1);
    for (int32_t j = 0; j < D; j++)
        scene.box.A[2 * j + 1] = -scene.box.A[2 * j];
    scene.box.w[1] = -scene.box.w[0];
    cr_assert_eq(kinks_find(&scene.chord, &scene.asking.random, &scene.kinks), LATTN_OK);
    cr_expect_eq(scene.kinks.count, 0);
    scene_close(&scene);
}

static enum lattn_status sines_ask(void *arg, size_t count, struct lattn_question *questions,
                                   struct lattn_complaint *complaint)
{
    (void)arg;
    (void)complaint;
    for (size_t i = 0; i < count; i++)
        questions[i].y[0] = sin(questions[i].x[0]);
    return LATTN_OK;
}

Test(kinks, refuses_what_bends_everywhere)
{
    struct scene scene;

    scene_open(&scene, 3, 1, 2);
    scene.box.oracle.ask = sines_ask;
    cr_expect_eq(kinks_find(&scene.chord, &scene.asking.random, &scene.kinks),
                 LATTN_NO_CONVERGENCE);
    cr_expect_str_eq(scene.asking.oracle.complaint.text,
                     "answers along a line are not piecewise linear");
    cr_expect_leq(scene.asking.oracle.counts.learn, 5000);
    scene_close(&scene);
}

Test(kinks, hands_on_what_the_oracle_says)
{
    struct scene scene;

    scene_open(&scene, 8, 1, 3);
    scene.asking.oracle.budget = oracle_count(&scene.asking.oracle) + 20;
    cr_expect_eq(kinks_find(&scene.chord, &scene.asking.random, &scene.kinks), LATTN_BUDGET);
    scene_close(&scene);
}
