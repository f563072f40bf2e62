#include "query/sample.h"

#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>

enum { D = 5, SEEDS = 40 };

TestSuite(sample, .init = dense_threads_one);

/* Sample a box up to this norm. */
static void take(struct blackbox *box, struct sample *sample, int high, int is_repeated,
                 uint64_t seed, double *ret_noise, double *ret_relative)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {.state = seed};
    struct oracle oracle;

    cr_assert_eq(oracle_init(&oracle, &box->oracle, &settings), LATTN_OK);
    cr_assert_eq(sample_init(sample, &oracle), LATTN_OK);
    cr_assert_eq(
        sample_ask(sample, &oracle, high - 10, high, is_repeated, &random, ret_noise, ret_relative),
        LATTN_OK);
    cr_expect_eq(oracle.counts.trial, box->asked);
    oracle_done(&oracle);
}

static void box_make(struct blackbox *box, int32_t m, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, D, m, 1, &random);
}

Test(sample, tokens_grow_up_to_the_norm)
{
    static const int exponents[] = {-7, 0, 3, 10, 20};

    for (size_t k = 0; k < sizeof exponents / sizeof *exponents; k++) {
        double noise, relative;
        struct sample sample;
        struct blackbox box;

        box_make(&box, 1, 1);
        take(&box, &sample, exponents[k], 0, 1, &noise, &relative);
        for (int i = 0; i < SAMPLE_ALL; i++) {
            double size = dense_norm(D, sample.x + (size_t)i * D);

            cr_expect_leq(size, ldexp(1, exponents[k]));
            cr_expect_float_eq(size, 0.99 * ldexp(1, sample.exponents[i]), 1e-6 * size);
            if (0 < i && i < SAMPLE_COUNT)
                cr_expect_gt(sample.exponents[i], sample.exponents[i - 1]);
        }
        cr_expect_eq(box.asked, SAMPLE_ALL);
        sample_done(&sample);
        blackbox_done(&box);
    }
}

Test(sample, sees_no_noise_where_there_is_none)
{
    double noise, relative;
    struct sample sample;
    struct blackbox box;

    box_make(&box, 2, 1);
    take(&box, &sample, 10, 1, 1, &noise, &relative);
    cr_expect_eq(noise, 0);
    cr_expect_eq(relative, 0);
    cr_expect_eq(box.asked, SAMPLE_ALL + 2);
    sample_done(&sample);
    blackbox_done(&box);
}

Test(sample, measures_noise)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        double noise, relative;
        struct sample sample;
        struct blackbox box;

        box_make(&box, 1 + (int32_t)(seed % 3), seed);
        box.noise = 1e-3;
        take(&box, &sample, 10, 1, seed, &noise, &relative);
        cr_expect_float_eq(log2(noise / 1e-3), 0, 1, "%g", noise);
        cr_expect_eq(relative, 0);
        sample_done(&sample);
        blackbox_done(&box);
    }
}

/* Answers in units of their last place, which it does not get right twice. */
static enum lattn_status ask_loosely(void *arg, size_t count, struct lattn_question *questions,
                                     struct lattn_complaint *complaint)
{
    struct blackbox *box = arg;
    enum lattn_status status = blackbox_ask(box, count, questions, complaint);

    for (size_t i = 0; i < count; i++) {
        double noise;

        random_normals(&box->random, &noise, 1);
        questions[i].y[0] *= 1 + 1e-7 * noise;
    }
    return status;
}

Test(sample, tells_noise_that_grows_with_answers)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        double noise, relative;
        struct sample sample;
        struct blackbox box;

        box_make(&box, 1, seed);
        box.oracle.ask = ask_loosely;
        take(&box, &sample, 10, 1, seed, &noise, &relative);
        cr_expect_float_eq(log2(relative / 1e-7), 0, 1, "%g", relative);
        cr_expect_lt(noise, 1e-6);
        sample_done(&sample);
        blackbox_done(&box);
    }
}

Test(sample, knows_labels)
{
    double noise, relative;
    struct sample sample;
    struct blackbox box;

    box_make(&box, 1, 1);
    take(&box, &sample, 10, 0, 1, &noise, &relative);
    cr_expect_not(sample_is_labels(&sample));
    sample_done(&sample);
    box.is_label = 1;
    box.asked = 0;
    take(&box, &sample, 10, 0, 1, &noise, &relative);
    cr_expect(sample_is_labels(&sample));
    sample_done(&sample);
    blackbox_done(&box);
}
