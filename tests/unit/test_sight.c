#include "core/sight.h"

#include "core/certificate.h"
#include "core/dense.h"
#include "core/learner.h"
#include "core/solution.h"
#include "support/approx.h"
#include "support/corpus.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(sight, .init = dense_threads_one);

/* Inputs for several blocks of a learner with so many coordinates. */
enum { D = 9, P = 405, TAUGHT = 300, INPUTS = 600, TOKENS = 6 };

/* Sequences of D coordinates, `hot` of which may be other than zero in a token. */
static void corpus_of(struct corpus *corpus, struct random *random, size_t count, int32_t hot)
{
    const struct corpus_shape shape = {.d = D, .m = 1, .tokens_min = TOKENS, .tokens_max = TOKENS};

    for (size_t i = 0; i < count; i++) {
        struct corpus_entry entry = corpus_add(corpus, TOKENS, &shape);

        for (int32_t t = 0; t < TOKENS; t++)
            for (int32_t h = 0; h < hot; h++)
                random_normals(random, &entry.z[t * D + (int32_t)random_below(random, D)], 1);
        entry.y[0] = 1;
    }
}

static struct lattn_learner *learner_of(const struct corpus *corpus, size_t count)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;

    settings.dim = D;
    learner = corpus_learner(&settings);
    corpus_teach(corpus, 0, count, learner);
    cr_assert_eq(certificate_ranks(&learner->factor, 0, CERTIFICATE_RANKS), LATTN_OK);
    return learner;
}

/* x = phi / D pivoted, of an input's features in one component. */
static void input_scale(struct factor *factor, const struct lattn_item *item, int32_t index,
                        double *ret_x)
{
    const struct component *component = factor->components[index];
    const struct solution *solution = component->solution;
    double row[P];
    struct feature_view view;

    feature_reader_query(&factor->reader, item, &view);
    feature_row(D, &view, 1, row);
    for (int32_t i = 0; i < component->columns; i++) {
        int32_t column = solution->pivot[i];

        ret_x[i] = row[feature_index(D, component->features[column])] * solution->inverse[column];
    }
}

/* x2 - T'x1 in long double, and how long all of it may be by rounding. */
static void part_compare(struct factor *factor, const struct lattn_item *item,
                         const struct sight_part *part)
{
    const struct solution *solution = factor->components[part->component]->solution;
    int32_t rank = solution->rank;
    int32_t rest = solution->columns - rank;
    long double squares = 0, length = 0;
    double x[P];
    int sees = 0;

    input_scale(factor, item, part->component, x);
    for (int32_t i = 0; i < solution->columns; i++)
        length += (long double)x[i] * x[i];
    for (int32_t j = 0; j < rest; j++) {
        long double seen = x[rank + j], magnitude = fabsl(seen);

        for (int32_t i = 0; i < rank; i++) {
            long double term = (long double)solution->tail[i * rest + j] * x[i];

            seen -= term;
            magnitude += fabsl(term);
        }
        if (fabsl(seen) <= 1e-8L * magnitude + 1e-12L * sqrtl(length))
            seen = 0;
        cr_expect_float_eq(part->seen[j], (double)seen, approx_sum(rank, (double)magnitude));
        sees |= seen != 0;
        squares += magnitude * magnitude;
    }
    cr_expect_eq(part->sees, sees);
    cr_expect_leq(
        approx_error(part->rounding, (double)(1e-8L * sqrtl(squares) + 1e-12L * sqrtl(length))),
        approx_sum(P, 1));
}

/* All inputs of a corpus, block by block; returns how many are determined. */
static int32_t blocks_compare(struct factor *factor, const struct corpus *corpus)
{
    struct sight sight;
    int32_t determined = 0;
    size_t count;

    cr_assert_eq(sight_init(&sight, factor), LATTN_OK);
    for (size_t i = 0; i < corpus->count; i += count) {
        count = sight_count(&sight, corpus->count - i);
        cr_assert_eq(sight_look(&sight, corpus->items + i, (int32_t)count), LATTN_OK);
        for (size_t k = 0; k < count; k++) {
            for (int32_t part = 0; part < sight.inputs[k].parts_count; part++)
                part_compare(factor, &corpus->items[i + k], &sight.inputs[k].parts[part]);
            determined += sight_determines(&sight.inputs[k]);
        }
    }
    sight_done(&sight);
    return determined;
}

/* Dense inputs are multiplied, those of few coordinates are walked through. */
Test(sight, sees_what_long_double_sees)
{
    for (int32_t hot = 1; hot <= D; hot += D - 1) {
        struct random random = {.state = (uint64_t)hot};
        struct corpus corpus = {0};
        struct lattn_learner *learner;

        corpus_of(&corpus, &random, INPUTS, hot);
        learner = learner_of(&corpus, hot == 1 ? TAUGHT / 3 : TAUGHT);
        cr_expect_geq(blocks_compare(&learner->factor, &corpus), hot == 1 ? TAUGHT / 3 : TAUGHT);
        lattn_learner_close(&learner);
        corpus_done(&corpus);
    }
}

Test(sight, has_nothing_to_look_at_where_the_rank_is_full)
{
    struct random random = {.state = 3};
    struct corpus corpus = {0};
    struct lattn_learner *learner;
    struct sight sight;

    corpus_of(&corpus, &random, INPUTS, 2 * D);
    learner = learner_of(&corpus, INPUTS);
    cr_assert_eq(sight_init(&sight, &learner->factor), LATTN_OK);
    cr_assert_eq(sight_look(&sight, corpus.items, 1), LATTN_OK);
    cr_expect_eq(sight.inputs[0].parts_count, 0);
    cr_expect_eq(sight.inputs[0].unseen_count, 0);
    cr_expect(sight_determines(&sight.inputs[0]));
    sight_done(&sight);
    lattn_learner_close(&learner);
    corpus_done(&corpus);
}

/* Learned is coordinate 0 alone; coordinate 1 brings features with it that were never seen. */
Test(sight, names_features_never_seen)
{
    double known[D] = {2}, fresh[D] = {1, 3};
    const double y = 1;
    const struct lattn_item items[] = {
        {.z = fresh, .y = &y, .weight = 1, .n = 1, .d = D, .m = 1},
        {.z = known, .y = &y, .weight = 1, .n = 1, .d = D, .m = 1},
    };
    struct corpus corpus = {0};
    struct lattn_learner *learner;
    struct sight sight;

    corpus_add_copy(&corpus, &items[1]);
    learner = learner_of(&corpus, 1);
    cr_assert_eq(sight_init(&sight, &learner->factor), LATTN_OK);
    cr_assert_eq(sight_look(&sight, items, 2), LATTN_OK);
    cr_assert_eq(sight.inputs[0].unseen_count, 5);
    cr_expect_eq(sight.inputs[0].unseen[0].feature, feature_index(D, (struct feature){0, 0, 1}));
    cr_expect_eq(sight.inputs[0].unseen[0].value, 3);
    cr_expect_eq(sight.inputs[0].unseen[4].feature, feature_index(D, (struct feature){1, 1, 1}));
    cr_expect_eq(sight.inputs[0].unseen[4].value, 27);
    cr_expect_not(sight_determines(&sight.inputs[0]));
    cr_expect_eq(sight.inputs[1].unseen_count, 0);
    cr_expect(sight_determines(&sight.inputs[1]));
    sight_done(&sight);
    lattn_learner_close(&learner);
    corpus_done(&corpus);
}
