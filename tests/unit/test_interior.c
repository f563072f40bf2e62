#include "query/interior.h"

#include "query/frame.h"
#include "query/vantages.h"
#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 6, WIDTH = 9 };

/* A layer whose network is known. */
struct scene {
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *layer;
    struct network_info info;
};

static void scene_open(struct scene *scene, double size, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(&scene->box, D, 1, 1, &random);
    blackbox_network(&scene->box, WIDTH, &random);
    random_normals(&random, scene->box.c, WIDTH);
    for (int i = 0; i < D * D; i++)
        scene->box.W[i] *= size;
    asking_init(&scene->asking, &scene->box);
    cr_assert_eq(network_learn(&scene->asking.oracle, &scene->asking.conditions,
                               &scene->asking.random, &scene->layer, &scene->info),
                 LATTN_OK);
}

static void scene_close(struct scene *scene)
{
    lattn_attention_close(&scene->layer);
    asking_done(&scene->asking);
    blackbox_done(&scene->box);
}

static enum lattn_status scene_learn(struct scene *scene)
{
    return interior_learn(&scene->asking.oracle, &scene->asking.conditions, &scene->asking.random,
                          &scene->info, scene->layer);
}

Test(interior, learns_W_of_any_size)
{
    for (double size = 1e-3; size < 2e3; size *= 10) {
        struct scene scene;
        uint64_t before;

        scene_open(&scene, size, 1);
        before = scene.asking.oracle.counts.learn;
        cr_assert_eq(scene_learn(&scene), LATTN_OK, "%s", scene.asking.oracle.complaint.text);
        cr_expect_leq(blackbox_distance(D * D, scene.layer->W, scene.box.W), 1e-8, "%g at %g",
                      blackbox_distance(D * D, scene.layer->W, scene.box.W), size);
        cr_expect_eq(scene.asking.oracle.counts.learn - before, interior_count(D));
        scene_close(&scene);
    }
}

Test(interior, learns_that_W_is_zero)
{
    struct scene scene;

    scene_open(&scene, 0, 2);
    cr_assert_eq(scene_learn(&scene), LATTN_OK, "%s", scene.asking.oracle.complaint.text);
    for (int i = 0; i < D * D; i++)
        cr_expect_leq(fabs(scene.layer->W[i]), 1e-10);
    scene_close(&scene);
}

Test(interior, stays_within_the_norm_it_may_ask)
{
    struct scene scene;

    scene_open(&scene, 1, 3);
    scene.asking.conditions.norm = 4;
    scene.box.norm = 0;
    cr_assert_eq(scene_learn(&scene), LATTN_OK);
    cr_expect_leq(scene.box.norm, 4);
    cr_expect_leq(blackbox_distance(D * D, scene.layer->W, scene.box.W), 1e-8);
    scene_close(&scene);
}

/* Weights that sum to more than one. */
static enum lattn_status doubled_ask(void *arg, size_t count, struct lattn_question *questions,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = blackbox_ask(arg, count, questions, complaint);

    for (size_t i = 0; i < count; i++)
        if (questions[i].n == 2)
            questions[i].y[0] += 3 * fabs(questions[i].x[0]);
    return status;
}

Test(interior, refuses_weights_that_are_none)
{
    struct scene scene;

    scene_open(&scene, 1, 4);
    scene.box.oracle.ask = doubled_ask;
    cr_expect_eq(scene_learn(&scene), LATTN_NO_CONVERGENCE);
    cr_expect(strstr(scene.asking.oracle.complaint.text, "weight") != NULL);
    scene_close(&scene);
}

/* Inside a ball of its reach the network is linear with the gradient told. */
Test(vantages, lie_inside_pieces)
{
    struct scene scene;
    struct vantages vantages;
    double x[D], own, there;

    scene_open(&scene, 1, 5);
    cr_assert_eq(vantages_open(&vantages, scene.layer, &scene.info, &scene.asking.conditions),
                 LATTN_OK);
    while (vantages.count < D)
        cr_assert_eq(vantages_add(&vantages, &scene.asking.random, 1), LATTN_OK);
    for (int i = 0; i < D * 20; i++) {
        const double *b = vantages.b + i % D * D, *g = vantages.gradient + i % D * D;

        lattn_attention_apply(scene.layer, b, 1, &there);
        terrain_direction(&scene.asking.random, D, vantages.reach[i % D], x);
        for (int j = 0; j < D; j++) {
            there += g[j] * x[j];
            x[j] += b[j];
        }
        lattn_attention_apply(scene.layer, x, 1, &own);
        cr_expect_float_eq(own, there, 1e-12 * (1 + fabs(own)));
    }
    vantages_close(&vantages);
    scene_close(&scene);
}

Test(vantages, are_refused_where_a_network_is_flat)
{
    struct lattn_attention *layer;
    struct network_info info = {.terrain = {.radius = 1}};
    struct conditions conditions = {.norm = 10, .epsilon = 0x1p-53};
    struct vantages vantages;
    struct random random = {.state = 1};

    cr_assert_eq(lattn_attention_open_network(&layer, D, 0), LATTN_OK);
    cr_assert_eq(vantages_open(&vantages, layer, &info, &conditions), LATTN_OK);
    cr_expect_eq(vantages_add(&vantages, &random, 1), LATTN_RANK);
    cr_expect_eq(vantages.count, 0);
    vantages_close(&vantages);
    lattn_attention_close(&layer);
}

/* The errors are those of the solutions to each value alone, squared and added. */
Test(interior, solves_the_anchored_frame)
{
    double v[D], u[D * D], x[D], value[D] = {0}, error[D], got[D], got_error[D];
    double squares[D] = {0}, part[D], part_error[D];
    struct random random = {.state = 2};

    random_normals(&random, v, D);
    random_normals(&random, x, D);
    frame_anchor(D, v, u);
    for (int i = 0; i < D; i++) {
        double alone[D] = {0};

        error[i] = i + 1;
        alone[i] = error[i];
        frame_anchor_solve(D, u, alone, alone, part, part_error);
        for (int j = 0; j < D; j++) {
            squares[j] += part[j] * part[j];
            value[i] += u[i * D + j] * x[j];
        }
    }
    frame_anchor_solve(D, u, value, error, got, got_error);
    for (int j = 0; j < D; j++) {
        cr_expect_float_eq(got[j], x[j], 1e-13);
        cr_expect_float_eq(got_error[j], sqrt(squares[j]), 1e-12);
    }
}
