/*
 * The flag per input (README.md, section 3): on deficient streams an input is determined exactly
 * when its features lie in the row space of what was learned.
 */
#include "core/dense.h"
#include "core/learner.h"
#include "core/sight.h"
#include "support/corpus.h"
#include "support/rowspace.h"
#include "support/streams.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { CAMPAIGN = 1000, CAMPAIGN_SHORT = 210, INPUTS = 20 };

TestSuite(determined, .init = dense_threads_one);

/* How far an input leaves the stream's relations, relative to its size. */
static const double pushes[] = {1e-1, 1e-2, 1e-3, 1e-4};

static int is_determined(struct lattn_learner *learner, const struct lattn_item *input)
{
    double y[1], std_error[1];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};

    cr_assert_eq(lattn_learner_predict(learner, input, &prediction, NULL), LATTN_OK);
    return prediction.determined;
}

static struct lattn_learner *campaign_learner(struct stream *stream, int32_t i, int32_t dim_max,
                                              uint64_t pairs_per_feature)
{
    struct lattn_learner_settings settings;
    struct lattn_learner *learner;

    stream_start(stream, STREAM_DEFICIENT, i % stream_families(STREAM_DEFICIENT), dim_max,
                 500000 + (uint64_t)i);
    settings = stream_settings(stream);
    learner = corpus_learner(&settings);
    stream_teach(stream, pairs_per_feature * (uint64_t)stream->p,
                 i % 2 == 0 ? STREAM_SINGLY : STREAM_BLOCKS, learner);
    return learner;
}

Test(determined, is_never_said_of_inputs_outside_the_relations, .timeout = 1800)
{
    int32_t count = corpus_is_long() ? CAMPAIGN : CAMPAIGN_SHORT;
    int32_t wrong = 0, asked = 0;

    for (int32_t i = 0; i < count; i++) {
        struct stream stream;
        struct lattn_learner *learner =
            campaign_learner(&stream, i, STREAM_DIM_MAX, 1 + (uint64_t)i % 10);

        for (int32_t k = 0; k < 2 * INPUTS; k++) {
            struct lattn_item input;
            int said;

            if (k < INPUTS)
                stream_outside(&stream, &input);
            else
                stream_pushed(&stream, pushes[k % 4], &input);
            said = is_determined(learner, &input);
            cr_expect(!said, "%s, seed %lu, input %d", stream_name(&stream), stream.seed, k);
            wrong += said;
            asked++;
        }
        lattn_learner_close(&learner);
    }
    printf("outside: %d inputs to %d deficient streams, %d said to be determined\n", asked, count,
           wrong);
    cr_expect_eq(wrong, 0);
}

/* Of each family the share of its own inputs that are determined once its rank is reached. */
Test(determined, is_said_of_the_streams_own_inputs, .timeout = 1800)
{
    enum { PAIRS_PER_FEATURE = 20 };
    int32_t families = stream_families(STREAM_DEFICIENT);
    int32_t rounds = corpus_is_long() ? 20 : 4;

    for (int32_t family = 0; family < families; family++) {
        struct stream stream;
        int32_t said = 0;

        for (int32_t round = 0; round < rounds; round++) {
            struct lattn_learner *learner =
                campaign_learner(&stream, family + round * families, 5, PAIRS_PER_FEATURE);

            for (int32_t k = 0; k < INPUTS; k++) {
                struct lattn_item input;

                stream_next(&stream, &input);
                input.labels = LATTN_LABELS_LAST;
                said += is_determined(learner, &input);
            }
            lattn_learner_close(&learner);
        }
        printf("own inputs determined: %5.1f %% of %d, %s\n", 100.0 * said / (rounds * INPUTS),
               rounds * INPUTS, stream_name(&stream));
        cr_expect_geq(said * 100, 99 * rounds * INPUTS, "%s: %d of %d", stream_name(&stream), said,
                      rounds * INPUTS);
    }
}

/* Inputs of the stream, outside of it and pushed off it, to one learner. */
static void inputs_take(struct stream *stream, int32_t count, struct corpus *corpus)
{
    for (int32_t k = 0; k < count; k++) {
        struct lattn_item input;

        if (k % 4 == 0)
            stream_outside(stream, &input);
        else if (k % 4 == 1)
            stream_pushed(stream, pushes[k / 4 % 4], &input);
        else
            stream_next(stream, &input);
        input.labels = LATTN_LABELS_LAST;
        corpus_add_copy(corpus, &input);
    }
}

/* How many of the inputs are determined, each of them as it is when asked about alone? */
static int32_t together_compare(const struct stream *stream, struct lattn_learner *learner,
                                const struct corpus *inputs)
{
    struct sight sight;
    int32_t said = 0;
    size_t count;

    cr_assert_eq(lattn_learner_certify(learner, &(struct lattn_certificate){0}), LATTN_OK);
    cr_assert_eq(sight_init(&sight, &learner->factor), LATTN_OK);
    for (size_t first = 0; first < inputs->count; first += count) {
        count = sight_count(&sight, inputs->count - first);
        cr_assert_eq(sight_look(&sight, inputs->items + first, (int32_t)count), LATTN_OK);
        for (size_t k = 0; k < count; k++) {
            int answer = sight_determines(&sight.inputs[k]);

            cr_expect_eq(answer, is_determined(learner, &inputs->items[first + k]),
                         "%s, seed %lu, input %zu", stream_name(stream), stream->seed, first + k);
            said += answer;
        }
    }
    sight_done(&sight);
    return said;
}

Test(determined, is_the_same_of_inputs_looked_at_together, .timeout = 1800)
{
    enum { TOGETHER = 300 };
    int32_t count = (corpus_is_long() ? 10 : 2) * stream_families(STREAM_DEFICIENT);
    int32_t said = 0;

    for (int32_t i = 0; i < count; i++) {
        struct stream stream;
        struct corpus inputs = {0};
        struct lattn_learner *learner =
            campaign_learner(&stream, i, STREAM_DIM_MAX, (uint64_t)i % 3);

        stream_teach(&stream, (uint64_t)stream.p / 2, STREAM_SINGLY, learner);
        inputs_take(&stream, TOGETHER, &inputs);
        said += together_compare(&stream, learner, &inputs);
        corpus_done(&inputs);
        lattn_learner_close(&learner);
    }
    printf("together: %d of %d inputs determined, as each of them alone\n", said, count * TOGETHER);
    cr_expect(said > TOGETHER && said < (count - 1) * TOGETHER);
}

/* Before the rank is reached both answers occur; long double knows which is right. */
Test(determined, agrees_with_long_double_before_the_rank_is_reached, .timeout = 600)
{
    enum { DIM_MAX = 4 };
    /* Tokens are exact to 1e-16; the flag allows for 1e-8 of the magnitudes behind a component. */
    static const long double inside = 1e-11L, outside = 1e-6L;
    int32_t said[2] = {0, 0}, unclear = 0;

    for (int32_t i = 0; i < 4 * stream_families(STREAM_DEFICIENT); i++) {
        struct stream stream;
        struct lattn_learner_settings settings;
        struct lattn_learner *learner;
        struct rowspace rowspace;
        long double *rows, *phi;
        size_t count = 0, p;

        stream_start(&stream, STREAM_DEFICIENT, i % stream_families(STREAM_DEFICIENT), DIM_MAX,
                     700000 + (uint64_t)i);
        settings = stream_settings(&stream);
        learner = corpus_learner(&settings);
        p = (size_t)stream.p;
        rows = memory_zeroed((p + STREAM_TOKENS_MAX) * p, sizeof *rows);
        phi = memory_zeroed((STREAM_TOKENS_MAX + 1) * p, sizeof *phi);
        while (count < p / 2) {
            struct lattn_item item;

            stream_next(&stream, &item);
            corpus_teach_item(&item, learner);
            count += stream_features(&stream, &item, rows + count * p);
        }
        rowspace_init(&rowspace, count, p, rows, inside);
        for (int32_t k = 0; k < INPUTS; k++) {
            struct lattn_item input;
            long double distance;
            int answer;

            stream_next(&stream, &input);
            input.labels = LATTN_LABELS_LAST;
            (void)stream_features(&stream, &input, phi);
            distance = rowspace_distance(&rowspace, phi);
            answer = is_determined(learner, &input);
            unclear += distance > inside && distance < outside;
            said[answer]++;
            if (distance >= outside)
                cr_expect(!answer, "%s, seed %lu: distance %.1Lg", stream_name(&stream),
                          stream.seed, distance);
            if (distance <= inside)
                cr_expect(answer, "%s, seed %lu: distance %.1Lg, rank %zu", stream_name(&stream),
                          stream.seed, distance, rowspace.rank);
        }
        rowspace_done(&rowspace);
        memory_release(rows);
        memory_release(phi);
        lattn_learner_close(&learner);
    }
    printf("half way: %d inputs determined, %d not, %d too close to tell\n", said[1], said[0],
           unclear);
    cr_expect(said[0] > 100 && said[1] > 100);
}
