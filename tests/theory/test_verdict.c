/*
 * The verdict over many streams whose rank is known by construction (README.md, section 3).
 *
 * By default a fifth of the campaign; LATTN_LONG=1 runs 1000 deficient and 1000 full streams.
 */
#include "core/dense.h"
#include "support/corpus.h"
#include "support/gram.h"
#include "support/rowspace.h"
#include "support/streams.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CAMPAIGN = 1000, CAMPAIGN_SHORT = 210 };

/* Tokens collinear to this leave a cube of it, 1e-12, between full rank and deficiency. */
static const double collinear_most = 1e-4;

TestSuite(verdict, .init = dense_threads_one);

static int32_t campaign_size(void)
{
    return corpus_is_long() ? CAMPAIGN : CAMPAIGN_SHORT;
}

/* Stream number i of a campaign: the families in turn. */
static void campaign_start(struct stream *stream, enum stream_kind kind, int32_t i)
{
    uint64_t seed = (uint64_t)i * 2 + (kind == STREAM_FULL);

    stream_start(stream, kind, i % stream_families(kind), STREAM_DIM_MAX, seed);
}

static enum stream_blocks blocks_of(int32_t i)
{
    return i % 2 == 0 ? STREAM_SINGLY : STREAM_BLOCKS;
}

/* What came out over a campaign. */
struct tally {
    int32_t verdicts[3];
    int32_t all_seen;
    int32_t wrong;
};

/* One deficient stream, looked at several times on its way to `multiple` p pairs. */
static void deficient_try(int32_t i, struct tally *tally)
{
    static const double moments[] = {0.5, 1, 1.5, 2, 3, 5, 10, 12};
    struct stream stream;
    struct lattn_learner_settings settings;
    struct lattn_learner *learner;
    struct lattn_certificate certificate;
    /* Families come in turn; three rounds of four go far, since some families never show all. */
    int is_far = (i / stream_families(STREAM_DEFICIENT)) % 4 != 0;
    size_t moments_count = is_far ? 8 : 5;

    campaign_start(&stream, STREAM_DEFICIENT, i);
    settings = stream_settings(&stream);
    learner = corpus_learner(&settings);
    for (size_t k = 0; k < moments_count; k++) {
        stream_teach(&stream, (uint64_t)ceil(moments[k] * stream.p), blocks_of(i), learner);
        certificate = corpus_certify(learner);
        cr_expect_neq(certificate.verdict, LATTN_IDENTIFYING,
                      "%s, seed %lu, d %d, %lu pairs: rank %ld of %ld, rho %.2g, tau %.2g",
                      stream_name(&stream), stream.seed, stream.d, certificate.pairs,
                      certificate.rank, certificate.p, certificate.rho, certificate.tau);
        tally->wrong += certificate.verdict == LATTN_IDENTIFYING;
    }
    tally->verdicts[certificate.verdict]++;
    tally->all_seen += is_far && certificate.features_seen == certificate.p;
    lattn_learner_close(&learner);
}

Test(verdict, is_never_identifying_on_deficient_streams, .timeout = 1800)
{
    struct tally tally = {0};
    int32_t count = campaign_size();

    for (int32_t i = 0; i < count; i++)
        deficient_try(i, &tally);
    printf("deficient: %d streams, identifying %d, not identifying %d, cannot tell %d; "
           "%d with every feature seen and N >= 10 p\n",
           count, tally.wrong, tally.verdicts[LATTN_NOT_IDENTIFYING],
           tally.verdicts[LATTN_CANNOT_TELL], tally.all_seen);
    cr_expect_eq(tally.wrong, 0);
    cr_expect_geq(2 * tally.all_seen, count);
}

/* Rounding grows with the number of updates, and tau with it. */
Test(verdict, stays_right_over_a_hundred_thousand_single_updates, .timeout = 1800)
{
    enum { UPDATES = 100000, LOOKS = 10, DIM_MAX = 4 };
    int32_t families = stream_families(STREAM_DEFICIENT);
    int32_t step = corpus_is_long() ? 1 : 8;

    for (int32_t family = 0; family < families; family += step) {
        struct stream stream;
        struct lattn_learner_settings settings;
        struct lattn_learner *learner;

        stream_start(&stream, STREAM_DEFICIENT, family, DIM_MAX, 77);
        settings = stream_settings(&stream);
        learner = corpus_learner(&settings);
        for (uint64_t look = 1; look <= LOOKS; look++) {
            struct lattn_certificate certificate;

            stream_teach(&stream, look * UPDATES / LOOKS, STREAM_SINGLY, learner);
            certificate = corpus_certify(learner);
            cr_expect_neq(certificate.verdict, LATTN_IDENTIFYING, "%s, %lu pairs",
                          stream_name(&stream), certificate.pairs);
        }
        lattn_learner_close(&learner);
    }
}

static void full_try(int32_t i, struct tally *tally)
{
    enum { PAIRS_PER_FEATURE = 4 };
    struct stream stream;
    struct lattn_learner_settings settings;
    struct lattn_learner *learner;
    struct lattn_certificate certificate;

    campaign_start(&stream, STREAM_FULL, i);
    settings = stream_settings(&stream);
    learner = corpus_learner(&settings);
    stream_teach(&stream, (uint64_t)stream.p * PAIRS_PER_FEATURE, blocks_of(i), learner);
    certificate = corpus_certify(learner);
    tally->verdicts[certificate.verdict]++;
    if (stream.collinearity > collinear_most) {
        cr_expect_neq(
            certificate.verdict, LATTN_NOT_IDENTIFYING,
            "%s, seed %lu, d %d, labels %d, %lu pairs: rank %ld of %ld, rho %.2g, tau %.2g",
            stream_name(&stream), stream.seed, stream.d, (int)stream.labels, certificate.pairs,
            certificate.rank, certificate.p, certificate.rho, certificate.tau);
        tally->wrong += certificate.verdict == LATTN_NOT_IDENTIFYING;
    }
    lattn_learner_close(&learner);
}

Test(verdict, recognises_full_rank_streams, .timeout = 1800)
{
    struct tally tally = {0};
    int32_t count = campaign_size();

    for (int32_t i = 0; i < count; i++)
        full_try(i, &tally);
    printf("full rank: %d streams, identifying %d, cannot tell %d, not identifying %d "
           "(of these %d not nearly collinear)\n",
           count, tally.verdicts[LATTN_IDENTIFYING], tally.verdicts[LATTN_CANNOT_TELL],
           tally.verdicts[LATTN_NOT_IDENTIFYING], tally.wrong);
    cr_expect_eq(tally.wrong, 0);
    cr_expect_geq(tally.verdicts[LATTN_IDENTIFYING] * 100, count * 94);
}

/* The streams are what they claim to be, and the learner finds their rank. */
Test(verdict, ranks_agree_with_long_double, .timeout = 600)
{
    enum { DIM_MAX = 4, PAIRS_PER_FEATURE = 6 };
    /* Tokens are exact to 1e-16 of their size; the smallest true directions are far above. */
    static const long double cut = 1e-11L;

    for (int32_t i = 0; i < 3 * stream_families(STREAM_DEFICIENT); i++) {
        struct stream stream;
        struct lattn_learner_settings settings;
        struct lattn_learner *learner;
        struct lattn_certificate certificate;
        struct rowspace rowspace;
        long double *rows;
        size_t count = 0, target;

        stream_start(&stream, STREAM_DEFICIENT, i % stream_families(STREAM_DEFICIENT), DIM_MAX,
                     9000 + (uint64_t)i);
        settings = stream_settings(&stream);
        learner = corpus_learner(&settings);
        target = (size_t)stream.p * PAIRS_PER_FEATURE;
        rows = memory_zeroed((target + STREAM_TOKENS_MAX) * (size_t)stream.p, sizeof *rows);
        while (count < target) {
            struct lattn_item item;

            stream_next(&stream, &item);
            corpus_teach_item(&item, learner);
            count += stream_features(&stream, &item, rows + count * (size_t)stream.p);
        }
        rowspace_init(&rowspace, count, (size_t)stream.p, rows, cut);
        certificate = corpus_certify(learner);
        cr_expect_lt(rowspace.rank, (size_t)stream.p, "%s", stream_name(&stream));
        cr_expect(rowspace.rest < 1e-13L && rowspace.least > 1e-9L, "%s: gap %.2Lg to %.2Lg",
                  stream_name(&stream), rowspace.least, rowspace.rest);
        cr_expect_eq((size_t)certificate.rank, rowspace.rank, "%s, seed %lu: rank %ld, not %zu",
                     stream_name(&stream), stream.seed, certificate.rank, rowspace.rank);
        rowspace_done(&rowspace);
        memory_release(rows);
        lattn_learner_close(&learner);
    }
}

/* Rounding in S = Z Z' must not make features: what cancels in exact arithmetic is never seen. */
Test(verdict, sees_no_features_in_rounding)
{
    static const char *const names[] = {"mirrored tokens", "recentred tokens and bias"};
    int32_t tried = 0;

    for (int32_t i = 0; i < 20 * stream_families(STREAM_DEFICIENT); i++) {
        struct stream stream;
        struct lattn_learner_settings settings;
        struct lattn_learner *learner;
        int32_t d, cancelled;

        stream_start(&stream, STREAM_DEFICIENT, i % stream_families(STREAM_DEFICIENT),
                     STREAM_DIM_MAX, 600 + (uint64_t)i);
        if (strcmp(stream_name(&stream), names[0]) != 0 &&
            strcmp(stream_name(&stream), names[1]) != 0)
            continue;
        /* S_0k, k > 0, for every query coordinate: 0 is the mirrored one, or the bias. */
        d = stream.d + stream.bias;
        cancelled = (d - 1) * d;
        settings = stream_settings(&stream);
        learner = corpus_learner(&settings);
        stream_teach(&stream, 5 * (uint64_t)stream.p, STREAM_BLOCKS, learner);
        cr_expect_eq(corpus_certify(learner).features_seen, stream.p - cancelled, "%s, d %d",
                     stream_name(&stream), d);
        lattn_learner_close(&learner);
        tried++;
    }
    cr_expect_eq(tried, 40);
}

/* ---- what tokens are worth ----------------------------------------------------------------- */

/* Teach sequences whose tokens went through a float. */
static void floats_teach(struct stream *stream, int32_t items, struct lattn_learner *learner)
{
    for (int32_t i = 0; i < items; i++) {
        struct lattn_item item;

        stream_next(stream, &item);
        for (int32_t k = 0; k < item.n * item.d; k++)
            stream->z[k] = (float)stream->z[k];
        corpus_teach_item(&item, learner);
    }
}

/* Dependent tokens look independent once they are rounded; the precision given makes up for it. */
Test(verdict, takes_the_precision_of_tokens_into_account, .timeout = 120)
{
    enum { DIM_MAX = 4, ITEMS_PER_FEATURE = 10 };
    int32_t deceived = 0;

    for (int32_t i = 0; i < 4 * stream_families(STREAM_DEFICIENT); i++)
        for (int is_told = 0; is_told < 2; is_told++) {
            struct stream stream;
            struct lattn_learner_settings settings;
            struct lattn_learner *learner;
            enum lattn_verdict verdict;

            stream_start(&stream, STREAM_DEFICIENT, i % stream_families(STREAM_DEFICIENT), DIM_MAX,
                         800 + (uint64_t)i);
            settings = stream_settings(&stream);
            settings.precision = is_told ? FLT_EPSILON / 2 : 0;
            learner = corpus_learner(&settings);
            floats_teach(&stream, ITEMS_PER_FEATURE * stream.p, learner);
            verdict = corpus_certify(learner).verdict;
            deceived += verdict == LATTN_IDENTIFYING && !is_told;
            if (is_told)
                cr_expect_neq(verdict, LATTN_IDENTIFYING, "%s, seed %lu", stream_name(&stream),
                              stream.seed);
            lattn_learner_close(&learner);
        }
    printf("tokens rounded to float: %d of %d deficient streams look identifying without "
           "--precision, none with it\n",
           deceived, 4 * stream_families(STREAM_DEFICIENT));
    cr_expect_gt(deceived, 0);
}

/*
 * What was identified stays so, but larger data can bury it: then nobody can tell, until as large
 * data shows it again.
 */
Test(verdict, that_is_buried_becomes_cannot_tell)
{
    enum { SMALL = 100, LARGE = 100, DIM = 3, PAIRS = SMALL + LARGE };
    static const struct corpus_shape shape = {DIM, 1, 3, 9, LATTN_LABELS_LAST};
    struct random random = {.state = 8};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_certificate certificate;
    struct corpus corpus = {0};

    corpus_add_normals(&corpus, &random, PAIRS, &shape);
    for (size_t i = SMALL; i < PAIRS; i++) {
        double *z = (double *)corpus.items[i].z;

        for (int32_t k = 0; k < corpus.items[i].n * DIM; k++)
            z[k] = k % DIM == DIM - 1 ? z[k - 1] : 1e8 * z[k];
    }
    corpus_teach(&corpus, 0, SMALL, learner);
    cr_assert_eq(corpus_certify(learner).verdict, LATTN_IDENTIFYING);
    corpus_teach(&corpus, SMALL, LARGE, learner);
    certificate = corpus_certify(learner);
    cr_expect_eq(certificate.verdict, LATTN_CANNOT_TELL);
    cr_expect_eq(certificate.identifying_since, SMALL);
    cr_expect_eq(certificate.lost_at, PAIRS);
    for (size_t i = SMALL; i < PAIRS; i++) {
        double *z = (double *)corpus.items[i].z;

        random_normals(&random, z, corpus.items[i].n * DIM);
        for (int32_t k = 0; k < corpus.items[i].n * DIM; k++)
            z[k] *= 1e8;
    }
    corpus_teach(&corpus, SMALL, LARGE, learner);
    certificate = corpus_certify(learner);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING);
    cr_expect_eq(certificate.identifying_since, SMALL, "the data determined it all the time");
    cr_expect_eq(certificate.lost_at, LATTN_NEVER);
    lattn_learner_close(&learner);
    corpus_done(&corpus);
}
