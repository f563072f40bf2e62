#include "query/mirror.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <string.h>

enum { D = 3, N = 2, COUNT = 5 };

/* A layer with a network without biases, and its mirror. */
struct scene {
    struct blackbox box;
    struct asking asking;
    struct mirror mirror;
    double x[COUNT * N * D];
    double y[COUNT];
};

static void scene_open(struct scene *scene)
{
    struct random random = {.state = 1};
    struct terrain terrain = {.steepness = 1, .radius = 1, .is_homogeneous = 1};

    blackbox_init(&scene->box, D, 1, 1, &random);
    blackbox_network(&scene->box, 4, &random);
    random_normals(&random, scene->x, COUNT * N * D);
    asking_init(&scene->asking, &scene->box);
    cr_assert_eq(
        mirror_open(&scene->mirror, &scene->asking.oracle, &scene->asking.conditions, &terrain),
        LATTN_OK);
}

static void scene_close(struct scene *scene)
{
    mirror_close(&scene->mirror);
    asking_done(&scene->asking);
    blackbox_done(&scene->box);
}

static double ask_once(struct scene *scene, double sign, const double *x)
{
    double flipped[N * D], y;
    struct lattn_question question = {.n = N, .x = flipped, .y = &y};
    struct lattn_complaint complaint;

    for (int j = 0; j < N * D; j++)
        flipped[j] = sign * x[j];
    cr_assert_eq(blackbox_ask(&scene->box, 1, &question, &complaint), LATTN_OK);
    return y;
}

Test(mirror, answers_the_difference)
{
    struct scene scene;

    scene_open(&scene);
    cr_assert_eq(oracle_ask(&scene.mirror.outer, ORACLE_LEARN, COUNT, N, scene.x, scene.y),
                 LATTN_OK);
    for (int i = 0; i < COUNT; i++) {
        const double *x = scene.x + i * N * D;

        cr_expect_eq(scene.y[i], ask_once(&scene, 1, x) - ask_once(&scene, -1, x));
    }
    scene_close(&scene);
}

Test(mirror, counts_two_questions_for_the_same_purpose)
{
    struct scene scene;

    scene_open(&scene);
    cr_assert_eq(oracle_ask(&scene.mirror.outer, ORACLE_LEARN, COUNT, N, scene.x, scene.y),
                 LATTN_OK);
    cr_assert_eq(oracle_ask(&scene.mirror.outer, ORACLE_TRIAL, 2, N, scene.x, scene.y), LATTN_OK);
    cr_assert_eq(oracle_ask(&scene.mirror.outer, ORACLE_VERIFY, 1, N, scene.x, scene.y), LATTN_OK);
    cr_expect_eq(scene.asking.oracle.counts.learn, 2 * COUNT);
    cr_expect_eq(scene.asking.oracle.counts.trial, 4);
    cr_expect_eq(scene.asking.oracle.counts.verify, 2);
    scene_close(&scene);
}

Test(mirror, hands_on_why_it_ends)
{
    struct scene scene;

    scene_open(&scene);
    scene.asking.oracle.budget = 2 * COUNT - 1;
    cr_expect_eq(oracle_ask(&scene.mirror.outer, ORACLE_LEARN, COUNT, N, scene.x, scene.y),
                 LATTN_BUDGET);
    cr_expect_str_eq(scene.mirror.outer.complaint.text, scene.asking.oracle.complaint.text);
    cr_expect(strlen(scene.asking.oracle.complaint.text) > 0);
    scene_close(&scene);
}
