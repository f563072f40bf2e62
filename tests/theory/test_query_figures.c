/*
 * The figures of learning from questions (src/query/README.md) as whoever calls lattn_probe meets
 * them: outcome, errors and questions, with triage and verification around the learner.
 *
 * LATTN_LONG=1 runs 20 oracles of each kind and d = 64.
 */
#include <lattn/query.h>

#include "core/dense.h"
#include "support/asking.h"
#include "support/corpus.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(query_figures, .init = dense_threads_one);

enum { ORACLES = 20 };

static int32_t oracles_count(int32_t d)
{
    return corpus_is_long() ? ORACLES : d < 16 ? 4 : 2;
}

static int32_t dim_most(void)
{
    return corpus_is_long() ? 64 : 32;
}

/* Of one kind and size: errors of W and v, relative, and the most questions of each purpose. */
struct figures {
    int32_t count;
    int32_t recovered;
    double W[ORACLES];
    double v;
    struct lattn_asked asked;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void figures_say(struct figures *figures, const char *name, int32_t d)
{
    qsort(figures->W, (size_t)figures->count, sizeof *figures->W, compare);
    printf("%s, d = %d: %d of %d, W %.2g (most %.2g), v %.2g, questions %d + %d + %d\n", name, d,
           figures->recovered, figures->count, figures->W[figures->count / 2],
           figures->W[figures->count - 1], figures->v, (int)figures->asked.learn,
           (int)figures->asked.trial, (int)figures->asked.verify);
}

static double figures_most(const struct figures *figures)
{
    double most = 0;

    for (int32_t i = 0; i < figures->count; i++)
        most = fmax(most, figures->W[i]);
    return most;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Probe a box, add what came to the figures, and release the box. */
static void figures_add(struct figures *figures, struct blackbox *box,
                        const struct lattn_probe_settings *settings)
{
    struct lattn_complaint complaint = {""};
    struct lattn_finding *finding = NULL;
    double W = INFINITY;

    cr_assert_eq(lattn_probe(&box->oracle, settings, &finding, &complaint), LATTN_OK, "%s",
                 complaint.text);
    if (finding->attention != NULL) {
        W = asking_distance(box, finding->attention);
        figures->recovered++;
        if (finding->attention->V != NULL && !box->is_label)
            figures->v = fmax(figures->v, blackbox_distance((size_t)(box->m * box->d),
                                                            finding->attention->V, box->V));
    } else {
        cr_log_warn("d = %d: %s", box->d, finding->reason);
    }
    figures->W[figures->count++] = W;
    figures->asked.learn = larger(figures->asked.learn, finding->asked.learn);
    figures->asked.trial = larger(figures->asked.trial, finding->asked.trial);
    figures->asked.verify = larger(figures->asked.verify, finding->asked.verify);
    lattn_finding_close(&finding);
    blackbox_done(box);
}

/* ---- one head -------------------------------------------------------------------------------- */

struct kind {
    const char *name;
    double size; /* of W */
    int is_half_zero;
    int is_float;
    int32_t decimals;
    double error_max;
};

static void head_probe(const struct kind *kind, int32_t d, uint64_t seed, struct figures *figures)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {.state = seed};
    struct blackbox box;

    blackbox_init(&box, d, 1, 1, &random);
    for (int32_t i = 0; i < d * d; i++)
        box.W[i] *= kind->size;
    for (int32_t j = 0; kind->is_half_zero && j < d; j += 2)
        box.V[j] = 0;
    box.is_float = kind->is_float;
    box.decimals = kind->decimals;
    settings.scale = asking_scale(&box);
    figures_add(figures, &box, &settings);
}

Test(query_figures, a_head_whose_scale_is_told)
{
    static const struct kind kinds[] = {
        {"double", 1, 0, 0, -1, 1e-14},      {"W x 100", 100, 0, 0, -1, 1e-14},
        {"W x 0.01", 0.01, 0, 0, -1, 1e-14}, {"half of v zero", 1, 1, 0, -1, 1e-14},
        {"float", 1, 0, 1, -1, 2e-6},        {"6 decimals", 1, 0, 0, 6, 1e-10},
    };

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int32_t d = 4; d <= dim_most(); d *= 2) {
            struct figures figures = {0};

            for (int32_t i = 0; i < oracles_count(d); i++)
                head_probe(&kinds[k], d, 500 + (uint64_t)(100 * d + i), &figures);
            figures_say(&figures, kinds[k].name, d);
            cr_expect_eq(figures.recovered, figures.count);
            cr_expect_eq(figures.asked.learn, (uint64_t)(d + d * d));
            cr_expect_leq(figures_most(&figures), kinds[k].error_max, "%s, d = %d", kinds[k].name,
                          d);
            cr_expect_leq(figures.v, kinds[k].error_max, "%s, d = %d", kinds[k].name, d);
        }
}

Test(query_figures, a_head_of_low_rank)
{
    for (int32_t rank = 1; rank <= 8; rank *= 2) {
        struct figures figures = {0};

        for (int32_t i = 0; i < oracles_count(64); i++) {
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct random random = {.state = (uint64_t)(300 * rank + i)};
            struct blackbox box;

            blackbox_init(&box, 64, 1, 1, &random);
            blackbox_lower(&box, rank, &random);
            settings.rank = LATTN_RANK_FIND;
            figures_add(&figures, &box, &settings);
        }
        figures_say(&figures, "low rank", 64);
        cr_expect_eq(figures.recovered, figures.count);
        cr_expect_eq(figures.asked.learn, (uint64_t)(64 + rank * (128 - rank) + 6));
        cr_expect_leq(figures_most(&figures), 1e-11, "r = %d", rank);
    }
}

Test(query_figures, a_head_of_as_many_answers_as_coordinates)
{
    struct figures figures = {0};

    for (int32_t i = 0; i < oracles_count(64); i++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct random random = {.state = (uint64_t)(9000 + i)};
        struct blackbox box;

        blackbox_init(&box, 64, 64, 1, &random);
        settings.scale = asking_scale(&box);
        figures_add(&figures, &box, &settings);
    }
    figures_say(&figures, "64 answers", 64);
    cr_expect_eq(figures.recovered, figures.count);
    cr_expect_leq(figures.asked.learn, 129u);
    cr_expect_leq(figures_most(&figures), 3.4e-12);
}

/* ---- noise, labels, networks ----------------------------------------------------------------- */

/* Median error of W over sigma: within a factor of two of the figure. */
Test(query_figures, a_head_under_noise)
{
    static const struct {
        int32_t d;
        double norm;
        double figure;
    } cases[] = {{4, 1, 13},    {16, 1, 18},    {64, 1, 20},     {4, 10, .64},   {16, 10, .33},
                 {64, 10, .17}, {4, 100, .071}, {16, 100, .036}, {64, 100, .017}};
    const double sigma = 1e-4;

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct figures figures = {0};

        for (int32_t i = 0; i < ORACLES && (cases[k].d < 64 || corpus_is_long()); i++) {
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct random random = {.state = (uint64_t)(7000 + 100 * cases[k].d + i)};
            struct blackbox box;

            blackbox_init(&box, cases[k].d, 1, 1, &random);
            for (int32_t j = 0; j < box.d; j++)
                box.V[j] = copysign(fmax(fabs(box.V[j]), 0.1), box.V[j]);
            box.noise = settings.noise = sigma;
            box.norm_max = settings.norm_max = cases[k].norm;
            figures_add(&figures, &box, &settings);
        }
        if (figures.count == 0)
            continue;
        figures_say(&figures, "noise", cases[k].d);
        cr_expect_eq(figures.recovered, figures.count);
        cr_expect_leq(figures.W[figures.count / 2] / sigma, 2 * cases[k].figure);
    }
}

Test(query_figures, a_head_behind_labels)
{
    struct figures figures = {0};

    for (int32_t i = 0; i < oracles_count(16); i++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct random random = {.state = (uint64_t)(8000 + i)};
        struct blackbox box;

        blackbox_init(&box, 16, 1, 1, &random);
        box.is_label = 1;
        box.threshold = i % 3 == 0 ? 0 : i % 3 == 1 ? .7 : -2;
        figures_add(&figures, &box, &settings);
    }
    figures_say(&figures, "labels", 16);
    cr_expect_eq(figures.recovered, figures.count);
    cr_expect_leq(figures.asked.learn + figures.asked.trial + figures.asked.verify, 17000u);
    cr_expect_leq(figures_most(&figures), 1e-10);
}

Test(query_figures, networks_behind_a_head)
{
    int32_t count = 0, recovered = 0;

    for (int is_biased = 0; is_biased <= 1; is_biased++)
        for (int32_t d = 4; d <= 32; d *= 2)
            for (int32_t width = d / 2; width <= 2 * d; width *= 2) {
                struct figures figures = {0};

                for (int32_t i = 0; i < oracles_count(d); i++) {
                    struct lattn_probe_settings settings = lattn_probe_settings_default();
                    struct random random = {.state = (uint64_t)(20000 + 100 * d + width + 7 * i)};
                    struct blackbox box;

                    blackbox_init(&box, d, 1, 1, &random);
                    blackbox_network(&box, width, &random);
                    if (is_biased)
                        random_normals(&random, box.c, width);
                    figures_add(&figures, &box, &settings);
                }
                figures_say(&figures, is_biased ? "biased network" : "network", d);
                for (int32_t i = 0; i < figures.count; i++)
                    recovered += figures.W[i] <= 1e-6;
                count += figures.count;
            }
    cr_expect_geq(100 * recovered, 99 * count, "%d of %d", recovered, count);
}

/* ---- linear attention ------------------------------------------------------------------------ */

Test(query_figures, two_heads_of_linear_attention)
{
    for (int32_t i = 0; i < oracles_count(16); i++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct random random = {.state = (uint64_t)(6000 + i)};
        struct lattn_finding *finding = NULL;
        struct blackbox box;

        blackbox_init(&box, 16, 1, 2, &random);
        box.is_linear = 1;
        settings.rank = LATTN_RANK_FIND;
        cr_assert_eq(lattn_probe(&box.oracle, &settings, &finding, NULL), LATTN_OK);
        cr_assert_eq(finding->outcome, LATTN_OUTCOME_UP_TO, "%s", finding->reason);
        cr_expect_eq(finding->linear->heads, 2);
        cr_expect_leq(finding->asked.learn, 722u);
        cr_expect_leq(finding->residual, 1e-11);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}
