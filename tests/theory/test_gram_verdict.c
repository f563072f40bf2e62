/*
 * The verdict of the engine gram (README.md, section 3): never "identifying" on streams that are
 * deficient by construction, and on those of full rank as often as that of rls.
 *
 * By default a part of the campaign; LATTN_LONG=1 runs 1000 deficient and 1000 full streams, and
 * those so large that they begin in information form.
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/engines.h"
#include "support/streams.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CAMPAIGN = 1000, CAMPAIGN_DEFICIENT = 66, CAMPAIGN_FULL = 56, DIM_SHORT = 5 };

TestSuite(gram_verdict, .init = dense_threads_one);

static struct lattn_learner *gram_make(struct lattn_learner_settings settings)
{
    settings.engine = LATTN_ENGINE_GRAM;
    return corpus_learner(&settings);
}

static int32_t dim_max(void)
{
    return corpus_is_long() ? STREAM_DIM_MAX : DIM_SHORT;
}

/* ---- deficient ----------------------------------------------------------------------------- */

/* One deficient stream, looked at several times; returns how often it was called identifying. */
static int32_t deficient_try(int32_t i)
{
    static const double moments[] = {1, 2, 5, 12};
    struct lattn_learner *learner;
    struct stream stream;
    int32_t wrong = 0;

    stream_start(&stream, STREAM_DEFICIENT, i % stream_families(STREAM_DEFICIENT), dim_max(),
                 (uint64_t)i);
    learner = gram_make(stream_settings(&stream));
    for (size_t k = 0; k < sizeof moments / sizeof *moments; k++) {
        struct lattn_certificate certificate;

        stream_teach(&stream, (uint64_t)ceil(moments[k] * stream.p),
                     i % 2 == 0 ? STREAM_SINGLY : STREAM_BLOCKS, learner);
        certificate = corpus_certify(learner);
        cr_expect_neq(certificate.verdict, LATTN_IDENTIFYING,
                      "%s, seed %lu, d %d, %lu pairs: rank %ld of %ld, rho %.2g, tau %.2g",
                      stream_name(&stream), stream.seed, stream.d, certificate.pairs,
                      certificate.rank, certificate.p, certificate.rho, certificate.tau);
        wrong += certificate.verdict == LATTN_IDENTIFYING;
    }
    lattn_learner_close(&learner);
    return wrong;
}

Test(gram_verdict, is_never_identifying_on_deficient_streams, .timeout = 1800)
{
    int32_t count = corpus_is_long() ? CAMPAIGN : CAMPAIGN_DEFICIENT;
    int32_t wrong = 0;

    for (int32_t i = 0; i < count; i++)
        wrong += deficient_try(i);
    printf("deficient: %d streams, called identifying %d times\n", count, wrong);
    cr_expect_eq(wrong, 0);
}

/* ---- full rank ----------------------------------------------------------------------------- */

Test(gram_verdict, recognises_full_rank_as_often_as_rls, .timeout = 1800)
{
    enum { PAIRS_PER_FEATURE = 4 };
    int32_t count = corpus_is_long() ? CAMPAIGN : CAMPAIGN_FULL;
    int32_t found[2] = {0, 0};

    for (int32_t i = 0; i < count; i++) {
        enum lattn_verdict verdicts[2];
        struct lattn_learner_settings settings;

        for (int is_gram = 0; is_gram <= 1; is_gram++) {
            struct stream stream;
            struct lattn_learner *learner;

            stream_start(&stream, STREAM_FULL, i % stream_families(STREAM_FULL), dim_max(),
                         (uint64_t)i + 1);
            settings = stream_settings(&stream);
            learner = is_gram ? gram_make(settings) : corpus_learner(&settings);
            stream_teach(&stream, (uint64_t)stream.p * PAIRS_PER_FEATURE,
                         i % 2 == 0 ? STREAM_SINGLY : STREAM_BLOCKS, learner);
            verdicts[is_gram] = corpus_certify(learner).verdict;
            found[is_gram] += verdicts[is_gram] == LATTN_IDENTIFYING;
            if (is_gram)
                cr_expect(verdicts[1] == verdicts[0] || verdicts[1] == LATTN_CANNOT_TELL ||
                              verdicts[0] == LATTN_CANNOT_TELL,
                          "%s, seed %lu: %s, not %s", stream_name(&stream), stream.seed,
                          lattn_verdict_text(verdicts[1]), lattn_verdict_text(verdicts[0]));
            lattn_learner_close(&learner);
        }
    }
    printf("full rank: of %d streams identified by rls %d, by gram %d\n", count, found[0],
           found[1]);
    cr_expect_geq(found[1], found[0]);
}

/* ---- what was learned before --------------------------------------------------------------- */

/* Normals, then as many whose last coordinate repeats the first, all `size` times as large. */
static void buried_fill(struct corpus *corpus, double size, size_t count)
{
    static const struct corpus_shape shape = {3, 1, 3, 9, LATTN_LABELS_LAST};
    struct random random = {.state = 8};
    struct corpus large = {0};

    corpus_add_normals(corpus, &random, count, &shape);
    corpus_add_normals(&large, &random, count, &shape);
    corpus_repeat(&large);
    for (size_t i = 0; i < count; i++) {
        for (int32_t k = 0; k < large.items[i].n * 3; k++)
            ((double *)large.items[i].z)[k] *= size;
        corpus_add_copy(corpus, &large.items[i]);
    }
    corpus_done(&large);
}

/*
 * Data of full rank under larger data that is deficient: it is determined, and "not identifying"
 * would be as wrong as weights that are no longer known.
 */
Test(gram_verdict, of_what_was_buried_is_not_lost)
{
    enum { COUNT = 300 };
    static const double sizes[] = {1, 10, 1e2, 1e3, 1e4, 1e6, 1e8};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct random random = {.state = 9};
        struct lattn_model *truth = corpus_model(&random, 3, 1, 2);
        struct lattn_certificate certificate;
        struct corpus corpus = {0};
        struct engines engines;

        buried_fill(&corpus, sizes[i], COUNT);
        corpus_label(&corpus, &random, truth, 0);
        engines_open(&engines, &settings);
        engines_teach(&engines, &corpus, 0, COUNT);
        cr_expect_eq(corpus_certify(engines.gram).verdict, LATTN_IDENTIFYING);
        engines_teach(&engines, &corpus, COUNT, COUNT);
        certificate = corpus_certify(engines.gram);
        (void)corpus_certify(engines.rls);
        cr_expect_neq(certificate.verdict, LATTN_NOT_IDENTIFYING, "size %g", sizes[i]);
        cr_expect_eq(certificate.identifying_since, COUNT, "size %g", sizes[i]);
        /* Weights to what is left of 16 digits, of those said to be known. */
        if (certificate.verdict == LATTN_IDENTIFYING)
            cr_expect_leq(truth_compare(truth, engines.gram),
                          fmax(1e-9, approx_solution(18, 1 / certificate.rho) / certificate.rho),
                          "size %g: %.2g, rho %.2g", sizes[i], truth_compare(truth, engines.gram),
                          certificate.rho);
        if (sizes[i] <= 1)
            cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING);
        if (sizes[i] >= 1e6)
            cr_expect_eq(certificate.verdict, LATTN_CANNOT_TELL);
        engines_close(&engines);
        corpus_done(&corpus);
        lattn_model_close(&truth);
    }
}

/* ---- large ones, which begin in information form -------------------------------------------- */

enum { LARGE_DIM = 26, LARGE_PAIRS = 10000 };

/* Which relation tokens have: the last coordinate depends on others, or one of the query does. */
enum relation { NOTHING, REPEATED, COMBINATION, QUERY_REPEATED, RELATIONS };

static void large_token(struct random *random, enum relation relation, int is_query, double *z)
{
    random_normals(random, z, LARGE_DIM);
    if (relation == REPEATED)
        z[LARGE_DIM - 1] = z[0];
    if (relation == COMBINATION)
        z[LARGE_DIM - 1] = 0.3 * z[0] - 0.7 * z[1] + 0.2 * z[2];
    if (relation == QUERY_REPEATED && is_query)
        z[3] = z[4];
}

static void large_teach(struct lattn_learner *learner, enum relation relation)
{
    enum { BLOCK = 500, TOKENS = LARGE_DIM };
    static const struct corpus_shape shape = {LARGE_DIM, 1, TOKENS, TOKENS, LATTN_LABELS_LAST};
    struct random random = {.state = 5};

    for (int first = 0; first < LARGE_PAIRS; first += BLOCK) {
        struct corpus corpus = {0};

        for (int i = 0; i < BLOCK; i++) {
            struct corpus_entry entry = corpus_add(&corpus, TOKENS, &shape);

            for (int32_t t = 0; t < TOKENS; t++)
                large_token(&random, relation, t == TOKENS - 1, entry.z + t * LARGE_DIM);
            random_normals(&random, entry.y, 1);
        }
        corpus_teach(&corpus, 0, corpus.count, learner);
        corpus_done(&corpus);
    }
}

Test(gram_verdict, holds_for_what_begins_in_information_form, .timeout = 1800)
{
    if (!corpus_is_long())
        return;
    for (int relation = NOTHING; relation < RELATIONS; relation++) {
        struct lattn_learner *learner = gram_make(lattn_learner_settings_default());
        struct lattn_certificate certificate;

        large_teach(learner, (enum relation)relation);
        certificate = corpus_certify(learner);
        printf("d %d, relation %d: rank %ld of %ld, rho %.2g, %s\n", LARGE_DIM, relation,
               certificate.rank, certificate.p, certificate.rho,
               lattn_verdict_text(certificate.verdict));
        if (relation == NOTHING)
            cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING);
        else
            cr_expect_neq(certificate.verdict, LATTN_IDENTIFYING);
        lattn_learner_close(&learner);
    }
}
