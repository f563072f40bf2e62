/*
 * A softmax head from its labels alone (src/query/README.md, labels): v up to its scale, W exactly,
 * from so many questions.
 *
 * LATTN_LONG=1 runs 20 heads of each kind, and d = 32.
 */
#include "core/dense.h"
#include "query/label.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

TestSuite(query_label, .init = dense_threads_one);

static int is_long(void)
{
    return getenv("LATTN_LONG") != NULL;
}

struct kind {
    int32_t d;
    double threshold;
    double scale; /* of W */
    int is_float;
    double norm;
};

struct result {
    double W;         /* relative error */
    double V;         /* of v / |v| */
    double threshold; /* of theta / |v|, relative */
    double W_ratio;   /* root mean square error over what was told */
    double V_ratio;
    uint64_t asked;
    uint64_t learn;
};

static double ratio_of(size_t count, const double *got, const double *want, const double *error)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += pow((got[i] - want[i]) / error[i], 2) / (double)count;
    return sqrt(sum);
}

static void result_read(const struct blackbox *box, const struct lattn_attention *attention,
                        struct result *result)
{
    size_t d = (size_t)box->d;
    double norm = dense_norm(box->d, box->V);
    double *v = blackbox_numbers(d);

    for (size_t i = 0; i < d; i++)
        v[i] = box->V[i] / norm;
    result->W = blackbox_distance(d * d, attention->W, box->W);
    result->V = blackbox_distance(d, attention->V, v);
    result->W_ratio = ratio_of(d * d, attention->W, box->W, attention->W_error);
    result->V_ratio = ratio_of(d, attention->V, v, attention->V_error);
    result->threshold = fabs(attention->threshold - box->threshold / norm);
    if (box->threshold != 0)
        result->threshold /= fabs(box->threshold / norm);
    free(v);
}

static struct result kind_run(const struct kind *kind, uint64_t seed)
{
    struct random random = {.state = seed};
    struct lattn_probe_settings settings = {0};
    struct conditions conditions = {
        .norm = kind->norm, .length = 8, .epsilon = kind->is_float ? 0x1p-24 : 0x1p-53};
    struct lattn_attention *attention = NULL;
    struct blackbox box;
    struct oracle oracle;
    struct result result = {0};
    uint32_t freedoms = 0;

    blackbox_init(&box, kind->d, 1, 1, &random);
    for (size_t i = 0; i < (size_t)kind->d * (size_t)kind->d; i++)
        box.W[i] *= kind->scale;
    box.is_label = 1;
    box.is_float = kind->is_float;
    box.threshold = kind->threshold;
    cr_assert_eq(oracle_init(&oracle, &box.oracle, &settings), LATTN_OK);
    cr_assert_eq(label_learn(&oracle, &conditions, &random, &attention, &freedoms), LATTN_OK,
                 "d = %d, seed %d: %s", kind->d, (int)seed, oracle.complaint.text);
    cr_expect_eq(freedoms, LATTN_FREEDOM_SCALE);
    cr_expect_leq(oracle.norm, kind->norm);
    cr_expect_eq(oracle.length, 2);
    cr_expect_leq(oracle.counts.learn, label_count(kind->d, &conditions));
    result_read(&box, attention, &result);
    result.asked = oracle_count(&oracle);
    result.learn = oracle.counts.learn;
    lattn_attention_close(&attention);
    oracle_done(&oracle);
    blackbox_done(&box);
    return result;
}

/* The largest errors, and root mean square ratios, of heads of one kind. */
static struct result heads_run(const struct kind *kind)
{
    struct result worst = {0};
    int heads = is_long() ? 20 : kind->d <= 8 ? 5 : 2;

    for (int i = 0; i < heads; i++) {
        struct result result = kind_run(kind, (uint64_t)(17 * kind->d + 1000 * i));

        worst.W = fmax(worst.W, result.W);
        worst.V = fmax(worst.V, result.V);
        worst.threshold = fmax(worst.threshold, result.threshold);
        worst.W_ratio += result.W_ratio * result.W_ratio / heads;
        worst.V_ratio += result.V_ratio * result.V_ratio / heads;
        worst.asked = result.asked > worst.asked ? result.asked : worst.asked;
        worst.learn = result.learn > worst.learn ? result.learn : worst.learn;
    }
    worst.W_ratio = sqrt(worst.W_ratio);
    worst.V_ratio = sqrt(worst.V_ratio);
    if (getenv("LATTN_SHOW") != NULL)
        cr_log_warn("d %d theta %g scale %g float %d norm %g: W %.2g (told %.2g) v %.2g (told "
                    "%.2g) theta %.2g, %d questions, %d learn",
                    kind->d, kind->threshold, kind->scale, kind->is_float, kind->norm, worst.W,
                    worst.W_ratio, worst.V, worst.V_ratio, worst.threshold, (int)worst.asked,
                    (int)worst.learn);
    return worst;
}

static void thresholds_run(double scale)
{
    static const double thresholds[] = {0, .7, -2};

    for (int32_t d = 4; d <= (is_long() ? 32 : 16); d *= 2)
        for (size_t i = 0; i < 3; i++) {
            const struct kind kind = {
                .d = d, .threshold = thresholds[i], .scale = scale, .norm = 0x1p10};
            struct result worst = heads_run(&kind);

            cr_expect_leq(worst.W, 1e-10, "d = %d, theta %g: %.2g", d, kind.threshold, worst.W);
            cr_expect_leq(worst.V, 1e-13, "d = %d, theta %g: %.2g", d, kind.threshold, worst.V);
            cr_expect_leq(worst.threshold, 1e-13);
            cr_expect(.1 < worst.W_ratio && worst.W_ratio < 10, "told %.2g", worst.W_ratio);
            cr_expect(.1 < worst.V_ratio && worst.V_ratio < 10, "told %.2g", worst.V_ratio);
            if (d == 16)
                cr_expect_leq(worst.asked, 17000, "%d", (int)worst.asked);
        }
}

Test(query_label, heads_at_three_thresholds)
{
    thresholds_run(1);
}

Test(query_label, heads_of_large_scores)
{
    thresholds_run(10);
}

Test(query_label, heads_in_float)
{
    const struct kind kind = {.d = 8, .threshold = .7, .scale = 1, .is_float = 1, .norm = 0x1p10};
    struct result worst = heads_run(&kind);

    cr_expect_leq(worst.W, 1e-4, "%.2g", worst.W);
    cr_expect(.1 < worst.W_ratio && worst.W_ratio < 10, "told %.2g", worst.W_ratio);
}

Test(query_label, heads_below_a_cap)
{
    const struct kind kind = {.d = 4, .threshold = .05, .scale = 1, .norm = 1};
    struct result worst = heads_run(&kind);

    cr_expect_leq(worst.W, 1e-10, "%.2g", worst.W);
}
