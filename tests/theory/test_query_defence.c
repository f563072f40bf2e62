/*
 * The defender's table (src/query/README.md) against learners that attack: error and questions of
 * its rows, the median of what is reached is
 * within a factor of 3 of them, for heads of scores ten times larger and smaller, too.
 *
 * LATTN_LONG=1 runs 20 instances and d = 32.
 */
#include "core/dense.h"
#include "query/defence.h"
#include "query/noisy.h"
#include "query/softmax.h"
#include "support/asking.h"
#include "support/corpus.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(query_defence, .init = dense_threads_one);

enum { INSTANCES_MAX = 20 };

static const double factor = 3;

/* norm 0: no cap; decimals < 0: noise. */
struct attack {
    const char *row;
    double norm;
    double noise;
    int32_t decimals;
};

/* A box whose answers are means of so many. */
struct repeating {
    struct lattn_oracle oracle;
    struct blackbox *box;
    int32_t repeats;
};

static enum lattn_status repeating_ask(void *arg, size_t count, struct lattn_question *questions,
                                       struct lattn_complaint *complaint)
{
    struct repeating *repeating = arg;
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < count && status == LATTN_OK; i++) {
        struct lattn_question question = questions[i];
        double y, sum = 0;

        question.y = &y;
        for (int32_t k = 0; k < repeating->repeats && status == LATTN_OK; k++) {
            status = blackbox_ask(repeating->box, 1, &question, complaint);
            sum += y;
        }
        *questions[i].y = sum / repeating->repeats;
    }
    return status;
}

static struct lattn_defence row_of(const struct blackbox *box, const char *name)
{
    struct lattn_defence rows[LATTN_DEFENCES_MAX], row = {.questions = -1};
    struct lattn_attention *layer;
    int32_t count;

    cr_assert_eq(lattn_attention_open(&layer, box->d, 1, 1), LATTN_OK);
    memcpy(layer->W, box->W, (size_t)(box->d * box->d) * sizeof *box->W);
    memcpy(layer->V, box->V, (size_t)box->d * sizeof *box->V);
    count = defence_fill(layer, box->d, rows);
    for (int32_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            row = rows[i];
    lattn_attention_close(&layer);
    cr_assert_gt(row.questions, 0, "no row %s", name);
    return row;
}

/* Attack one random head: what is reached over what the row says. */
static void attack_run(const struct attack *attack, int32_t d, uint64_t seed, double *ret_error,
                       double *ret_questions)
{
    struct random random = {.state = seed};
    struct lattn_attention *found = NULL;
    struct lattn_defence row;
    struct repeating repeating;
    struct blackbox box;
    struct asking asking;
    enum lattn_status status;

    blackbox_init(&box, d, 1, 1, &random);
    for (int32_t i = 0; i < d * d; i++)
        box.W[i] *= pow(10, (double)(seed % 3) - 1);
    row = row_of(&box, attack->row);
    box.norm_max = attack->norm;
    box.noise = attack->noise;
    box.decimals = attack->decimals;
    asking_init(&asking, &box);
    repeating = (struct repeating){.oracle = box.oracle, .box = &box, .repeats = 1};
    if (attack->decimals < 0)
        repeating.repeats = (int32_t)round(row.questions / defence_questions(d));
    repeating.oracle.ask = repeating_ask;
    repeating.oracle.arg = &repeating;
    asking.oracle.asked = &repeating.oracle;
    asking.conditions.noise /= sqrt(repeating.repeats);
    status = attack->norm > 0
                 ? noisy_learn(&asking.oracle, &asking.conditions, &asking.random, &found)
                 : softmax_learn(&asking.oracle, &asking.conditions, &asking.random, &found);
    cr_assert_eq(status, LATTN_OK, "%s, d = %d, seed %d: %s", attack->row, d, (int)seed,
                 asking.oracle.complaint.text);
    *ret_error = asking_distance(&box, found) / row.error;
    *ret_questions = (double)box.asked / row.questions;
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
}

static int numbers_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void expect_predicted(const struct attack *attack, int32_t d)
{
    int32_t instances = corpus_is_long() ? INSTANCES_MAX : 7;
    double errors[INSTANCES_MAX], questions[INSTANCES_MAX], error, asked;

    for (int32_t i = 0; i < instances; i++)
        attack_run(attack, d, (uint64_t)(100 * d + i), &errors[i], &questions[i]);
    qsort(errors, (size_t)instances, sizeof *errors, numbers_order);
    qsort(questions, (size_t)instances, sizeof *questions, numbers_order);
    error = errors[instances / 2];
    asked = questions[instances / 2];
    printf("%s, d = %d: error %.2f times what the table says (%.2f to %.2f), questions %.2f\n",
           attack->row, d, error, errors[0], errors[instances - 1], asked);
    cr_expect(1 / factor <= error && error <= factor, "%s, d = %d: error %g times the row's",
              attack->row, d, error);
    cr_expect(1 / factor <= asked && asked <= factor, "%s, d = %d: questions %g times the row's",
              attack->row, d, asked);
}

Test(query_defence, rows_come_true, .timeout = 600)
{
    static const struct attack attacks[] = {
        {"noise of 0.0001, norms up to 100", 100, 1e-4, -1},
        {"noise of 0.0001, norms up to 10", 10, 1e-4, -1},
        {"noise of 0.0001, norms up to 1", 1, 1e-4, -1},
        {"noise of 0.01, norms up to 100", 100, 1e-2, -1},
        {"noise of 0.01, norms up to 10", 10, 1e-2, -1},
        {"answers of 6 decimals", 0, 0, 6},
        {"answers of 4 decimals", 0, 0, 4},
        {"answers of 2 decimals", 0, 0, 2},
        {"answers of 6 decimals, norms up to 10", 10, 0, 6},
        {"answers of 6 decimals, norms up to 1", 1, 0, 6},
        {"answers of 4 decimals, norms up to 10", 10, 0, 4},
        {"answers of 4 decimals, norms up to 1", 1, 0, 4},
    };
    int32_t d_most = corpus_is_long() ? 32 : 8;

    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        for (int32_t d = 4; d <= d_most; d *= 2)
            expect_predicted(&attacks[i], d);
}

Test(query_defence, hundreds_of_repeats_are_as_many_as_needed, .timeout = 600)
{
    static const struct attack attack = {"noise of 0.01, norms up to 1", 1, 1e-2, -1};

    expect_predicted(&attack, 4);
}

/*
 * The same rounded answers teach nothing new: passes with tokens of other sizes do. 64 of them,
 * with an eighth of the error of one.
 */
Test(query_defence, dithered_passes_average_rounding)
{
    enum { D = 4, PASSES = 64 };
    struct random random = {.state = 3};
    double mean[D * D] = {0}, predicted, reached;
    struct blackbox box;

    blackbox_init(&box, D, 1, 1, &random);
    box.decimals = 2;
    for (int32_t k = 0; k < PASSES; k++) {
        struct lattn_attention *found;
        struct asking asking;

        box.norm_max = 0.7 + 0.3 * random_uniform(&random);
        asking_init(&asking, &box);
        cr_assert_eq(noisy_learn(&asking.oracle, &asking.conditions, &asking.random, &found),
                     LATTN_OK);
        dense_add(D * D, 1. / PASSES, found->W, mean);
        lattn_attention_close(&found);
        asking_done(&asking);
    }
    predicted = defence_error(D, dense_norm(D * D, box.W), dense_norm(D, box.V), 1,
                              0.01 / sqrt(12) / sqrt(PASSES));
    reached = blackbox_distance(D * D, mean, box.W);
    printf("%d dithered passes: error %.2g, %.2f times what is said\n", PASSES, reached,
           reached / predicted);
    cr_expect_lt(reached, factor * predicted);
    blackbox_done(&box);
}
