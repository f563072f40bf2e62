#include "query/network.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 6 };

static void box_init(struct blackbox *box, int32_t width, double bias, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, D, 1, 1, &random);
    blackbox_network(box, width, &random);
    random_normals(&random, box->c, width);
    for (int32_t k = 0; k < width; k++)
        box->c[k] *= bias;
}

static enum lattn_status box_learn(const struct blackbox *box, struct asking *asking,
                                   struct lattn_attention **ret_attention,
                                   struct network_info *ret_info)
{
    asking_init(asking, box);
    *ret_attention = NULL;
    return network_learn(&asking->oracle, &asking->conditions, &asking->random, ret_attention,
                         ret_info);
}

/* Is a row of J the neuron k of the box, times its weight? */
static int has_neuron(const struct lattn_network *got, const struct blackbox *box, int32_t k)
{
    double size = fabs(box->w[k]);

    for (int32_t i = 0; i < got->width; i++) {
        double wrong = fabs(got->c[i] - size * box->c[k]);

        for (int32_t j = 0; j < D; j++)
            wrong = fmax(wrong, fabs(got->J[i * D + j] - size * box->A[j * box->width + k]));
        if (wrong < 1e-9 && got->s[i] == copysign(1, box->w[k]))
            return 1;
    }
    return 0;
}

/* Learn, expect this width and orientation, and the answers of the box far and near. */
static void box_check(struct blackbox *box, int32_t width, int is_oriented)
{
    struct asking asking;
    struct lattn_attention *got;
    struct network_info info;
    struct random random = {.state = 5};
    double x[D], want, own;

    cr_assert_eq(box_learn(box, &asking, &got, &info), LATTN_OK, "%s",
                 asking.oracle.complaint.text);
    cr_expect_eq(got->network->width, width, "%d neurons", got->network->width);
    cr_expect_eq(info.is_oriented, is_oriented);
    for (int i = 0; i < 40; i++) {
        struct lattn_question question = {.n = 1, .x = x, .y = &want};

        terrain_direction(&random, D, pow(10, i % 4 - 1), x);
        cr_assert_eq(blackbox_ask(box, 1, &question, &asking.oracle.complaint), LATTN_OK);
        lattn_attention_apply(got, x, 1, &own);
        cr_expect_float_eq(own, want, 1e-8 * (1 + fabs(want)), "%.17g, not %.17g", own, want);
    }
    for (int32_t k = 0; is_oriented && width == box->width && k < width; k++)
        cr_expect(has_neuron(got->network, box, k), "neuron %d", k);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(box);
}

Test(network, finds_every_neuron_as_it_stands)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (int32_t width = 1; width <= D; width++) {
            struct blackbox box;

            box_init(&box, width, 0, seed);
            box_check(&box, width, 1);
            box_init(&box, width, 1, seed + 100);
            box.q = -2;
            box_check(&box, width, 1);
        }
}

Test(network, finds_an_equivalent_one_where_neurons_are_many)
{
    struct blackbox box;

    box_init(&box, D + 1, 0, 1);
    box_check(&box, D + 1, 0);
    box_init(&box, 4 * D, 1, 2);
    box_check(&box, 4 * D, 0);
}

Test(network, is_a_line_where_no_neuron_turns)
{
    struct blackbox box;

    box_init(&box, 2, 0, 3);
    for (int32_t j = 0; j < D; j++)
        box.A[2 * j + 1] = -box.A[2 * j];
    box.w[1] = -box.w[0];
    box.q = 1;
    box_check(&box, 0, 0);
}

Test(network, is_a_constant_where_all_neurons_are_dead)
{
    struct blackbox box;

    box_init(&box, 3, 0, 4);
    memset(box.A, 0, 3 * D * sizeof *box.A);
    box.c[1] = 2;
    box.q = 1;
    box_check(&box, 0, 1);
    box_init(&box, 3, 0, 4);
    memset(box.w, 0, 3 * sizeof *box.w);
    box_check(&box, 0, 1);
}

/* Neuron 2 on the hyperplane of neuron 1, on its side or on the other. */
static void twin_make(struct blackbox *box, double factor)
{
    box_init(box, 3, 1, 6);
    for (int32_t j = 0; j < D; j++)
        box->A[3 * j + 2] = factor * box->A[3 * j + 1];
    box->c[2] = factor * box->c[1];
    box->w[1] = 1;
    box->w[2] = 0.5;
}

Test(network, joins_neurons_of_the_same_hyperplane)
{
    struct blackbox box;

    twin_make(&box, 2);
    box_check(&box, 2, 1);
    twin_make(&box, -3);
    box_check(&box, 2, 0);
}

Test(network, keeps_to_the_norm_it_may_ask)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;
    struct network_info info;

    box_init(&box, 4, 0.05, 7);
    box.norm_max = 8;
    cr_assert_eq(box_learn(&box, &asking, &got, &info), LATTN_OK, "%s",
                 asking.oracle.complaint.text);
    cr_expect_eq(got->network->width, 4);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

static enum lattn_status bend_ask(void *arg, size_t count, struct lattn_question *questions,
                                  struct lattn_complaint *complaint)
{
    (void)arg;
    (void)complaint;
    for (size_t i = 0; i < count; i++)
        questions[i].y[0] = tanh(questions[i].x[0]) + questions[i].x[1];
    return LATTN_OK;
}

Test(network, refuses_one_that_is_not_of_relus)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;
    struct network_info info;

    box_init(&box, 4, 0, 8);
    box.oracle.ask = bend_ask;
    cr_expect_eq(box_learn(&box, &asking, &got, &info), LATTN_NO_CONVERGENCE);
    cr_expect(strlen(asking.oracle.complaint.text) > 0);
    cr_expect_null(got);
    asking_done(&asking);
    blackbox_done(&box);
}

/* Held-out points come after the survey; all that follows is larger by a thousandth. */
static enum lattn_status fickle_ask(void *arg, size_t count, struct lattn_question *questions,
                                    struct lattn_complaint *complaint)
{
    struct blackbox *box = arg;
    double factor = box->asked > 60 ? 1.001 : 1;
    enum lattn_status status = blackbox_ask(arg, count, questions, complaint);

    for (size_t i = 0; i < count; i++)
        questions[i].y[0] *= factor;
    return status;
}

Test(network, refuses_what_held_out_points_contradict)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;
    struct network_info info;

    box_init(&box, 4, 0, 9);
    box.oracle.ask = fickle_ask;
    cr_expect_eq(box_learn(&box, &asking, &got, &info), LATTN_NO_CONVERGENCE);
    cr_expect(strstr(asking.oracle.complaint.text, "differ from a network of 4 neurons") != NULL);
    cr_expect_null(got);
    asking_done(&asking);
    blackbox_done(&box);
}

/* At a point of each side of a kink the piece is told: its gradient, and how far it reaches. */
Test(network, tells_the_piece_of_a_point)
{
    struct lattn_attention *layer;
    double x[2] = {3, 1}, gradient[2];

    cr_assert_eq(lattn_attention_open_network(&layer, 2, 2), LATTN_OK);
    memcpy(layer->network->J, (double[]){3, 4, 0, -2}, 4 * sizeof(double));
    memcpy(layer->network->c, (double[]){2, 1}, 2 * sizeof(double));
    memcpy(layer->network->s, (double[]){-1, 1}, 2 * sizeof(double));
    memcpy(layer->network->p, (double[]){10, 20}, 2 * sizeof(double));
    cr_expect_float_eq(network_piece(layer, x, gradient), 0.5, 1e-15);
    cr_expect_float_eq(gradient[0], 7, 1e-15);
    cr_expect_float_eq(gradient[1], 16, 1e-15);
    x[1] = -4;
    cr_expect_float_eq(network_piece(layer, x, gradient), 1, 1e-15);
    cr_expect_float_eq(gradient[0], 10, 1e-15);
    cr_expect_float_eq(gradient[1], 18, 1e-15);
    lattn_attention_close(&layer);
}
