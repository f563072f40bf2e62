/*
 * One head with a hidden ReLU layer behind it is recovered from questions (src/query/README.md, A
 * network behind the head): networks of half to twice as many neurons as a token has coordinates,
 * with biases, without, and even ones, whose mirror is zero; also from coarse answers.
 *
 * 20 layers of each kind at d = 4, 8, 16, fewer at 32 and none at 64 unless LATTN_LONG=1.
 */
#include "query/transformer.h"

#include "core/dense.h"
#include "support/asking.h"
#include "support/blackbox.h"
#include "support/corpus.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(query_transformer, .init = dense_threads_one);

enum { LAYERS = 20, LAYERS_SHORT = 4, DIM_SHORT = 16, POINTS = 100 };

enum family { PLAIN, BIASED, EVEN };

/*
 * What is asked, up to this dimension and times as many neurons, and how near what comes of it has
 * to be to count as recovered.
 */
struct kind {
    enum family family;
    int32_t decimals; /* -1: not rounded */
    int is_float;
    int32_t dim_max;
    int32_t width_max;
    double network_max;
    double W_max;
};

/* What came of the layers of one size. */
struct tally {
    int layers;
    int recovered;
    double network;   /* worst relative error of the function */
    double W;         /* worst relative error */
    double bars;      /* worst ratio of errors to their bars, either way */
    double questions; /* mean, of purpose LEARN */
};

static void box_prepare(struct blackbox *box, enum family family, int32_t d, int32_t width,
                        uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, d, 1, 1, &random);
    blackbox_network(box, width, &random);
    if (family == BIASED) {
        random_normals(&random, box->c, width);
        for (int32_t k = 0; k < width; k++)
            box->c[k] /= 2;
        box->q = 0.3;
    }
    for (int32_t j = 0; family == EVEN && j < d; j++) {
        double sum = 0;

        for (int32_t k = 0; k + 1 < width; k++)
            sum += box->A[j * width + k] * box->w[k];
        box->A[j * width + width - 1] = -sum / box->w[width - 1];
    }
}

/* Of single tokens at random. */
static double function_error(struct blackbox *box, const struct lattn_attention *got)
{
    struct random random = {.state = 99};
    struct lattn_complaint complaint;
    double x[LATTN_DIM_MAX], want, own, wrong = 0, size = 0;

    for (int i = 0; i < POINTS; i++) {
        struct lattn_question question = {.n = 1, .x = x, .y = &want};

        random_normals(&random, x, box->d);
        for (int32_t j = 0; j < box->d; j++)
            x[j] *= 2;
        cr_assert_eq(blackbox_ask(box, 1, &question, &complaint), LATTN_OK);
        lattn_attention_apply(got, x, 1, &own);
        wrong += (own - want) * (own - want);
        size += want * want;
    }
    return sqrt(wrong / size);
}

static double bars_judge(const struct lattn_attention *got, const struct blackbox *box)
{
    double errors = 0, bars = 0;

    for (int32_t i = 0; i < box->d * box->d; i++) {
        errors += pow(got->W[i] - box->W[i], 2);
        bars += pow(got->W_error[i], 2);
    }
    return sqrt(errors / bars);
}

static void layer_learn(const struct kind *kind, int32_t d, int32_t width, uint64_t seed,
                        struct tally *tally)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got = NULL;
    uint32_t freedoms = 0;
    enum lattn_status status;

    box_prepare(&box, kind->family, d, width, seed);
    box.decimals = kind->decimals;
    box.is_float = kind->is_float;
    asking_init(&asking, &box);
    status = transformer_learn(&asking.oracle, &asking.conditions, &asking.random, &got, &freedoms);
    tally->layers++;
    tally->questions += (double)asking.oracle.counts.learn;
    if (status == LATTN_OK) {
        double network = function_error(&box, got);
        double W = blackbox_distance((size_t)d * (size_t)d, got->W, box.W);

        tally->recovered += network <= kind->network_max && W <= kind->W_max;
        tally->network = fmax(tally->network, network);
        tally->W = fmax(tally->W, W);
        tally->bars = fmax(tally->bars, bars_judge(got, &box));
        if (kind->family != EVEN && !kind->is_float)
            cr_expect_eq(freedoms, width <= d ? 0 : LATTN_FREEDOM_NETWORK);
    } else {
        cr_log_warn("d = %d, width %d, seed %d: %s", d, width, (int)seed,
                    asking.oracle.complaint.text);
    }
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

static struct tally size_learn(const struct kind *kind, int32_t d, int32_t width)
{
    int layers = d <= DIM_SHORT || corpus_is_long() ? LAYERS : LAYERS_SHORT;
    struct tally tally = {0};

    for (int i = 0; i < layers; i++)
        layer_learn(kind, d, width, 1000 * (uint64_t)d + 20 * (uint64_t)width + (uint64_t)i,
                    &tally);
    tally.questions /= tally.layers;
    cr_log_info("d = %d, width %d: %d of %d, network %.1e, W %.1e, bars %.2g, %.0f questions", d,
                width, tally.recovered, tally.layers, tally.network, tally.W, tally.bars,
                tally.questions);
    cr_expect(tally.bars < 10, "error bars %g", tally.bars);
    cr_expect_leq(tally.questions, (kind->decimals < 0 && !kind->is_float ? 1.5 : 3) *
                                       (double)transformer_count(d, width));
    return tally;
}

/* Recovered layers in a hundred, over all sizes. */
static double kind_learn(const struct kind *kind)
{
    int layers = 0, recovered = 0;

    for (int32_t d = 4; d <= kind->dim_max; d *= 2)
        for (int32_t width = d / 2 + (kind->family == EVEN); width <= kind->width_max * d;
             width *= 2) {
            struct tally tally = size_learn(kind, d, width);

            layers += tally.layers;
            recovered += tally.recovered;
        }
    return 100.0 * recovered / layers;
}

static int32_t dim_max(void)
{
    return corpus_is_long() ? 64 : 32;
}

Test(query_transformer, recovers_networks_without_biases)
{
    cr_expect_geq(kind_learn(&(struct kind){PLAIN, -1, 0, dim_max(), 2, 1e-6, 1e-14}), 99);
}

Test(query_transformer, recovers_networks_with_biases)
{
    cr_expect_geq(kind_learn(&(struct kind){BIASED, -1, 0, dim_max(), 2, 1e-6, 1e-6}), 99);
}

Test(query_transformer, recovers_even_networks)
{
    cr_expect_geq(kind_learn(&(struct kind){EVEN, -1, 0, dim_max(), 2, 1e-6, 1e-6}), 99);
}

Test(query_transformer, recovers_from_rounded_answers)
{
    cr_expect_geq(kind_learn(&(struct kind){PLAIN, 6, 0, DIM_SHORT, 2, 1e-5, 1e-10}), 99);
}

/* Gradients between kinks that lie closer are lost in the rounding of float. */
Test(query_transformer, recovers_narrow_networks_from_float_answers)
{
    cr_expect_geq(kind_learn(&(struct kind){PLAIN, -1, 1, 8, 1, 2e-3, 2e-6}), 95);
}
