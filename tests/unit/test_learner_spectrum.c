/*
 * Small learners are judged by one-sided Jacobi rotations in long double on their scaled features,
 * which forms no R; large ones by a full decomposition of R.
 */
#include "base/memory.h"
#include "base/random.h"
#include "core/learner.h"
#include "core/solution.h"
#include "core/spectrum.h"
#include "support/approx.h"
#include "support/gram.h"
#include "support/sanitized.h"

#include <assert.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 4, P = DIM * DIM * (DIM + 1) / 2, TOKENS = 3, ROWS_MAX = 120 };

/* ---- the oracle ---- */

struct judge {
    long double rows[ROWS_MAX][P];
    int count;
    struct gram gram;
};

static void judge_add(struct judge *judge, const struct lattn_item *item)
{
    cr_assert_lt(judge->count, ROWS_MAX);
    gram_add(&judge->gram, item, 1);
    gram_features(item, 0, item->n, item->n - 1, judge->rows[judge->count]);
    for (int c = 0; c < P; c++)
        judge->rows[judge->count][c] *= sqrtl(item->weight);
    judge->count++;
}

/* Turn two columns until they are orthogonal; returns whether they were not. */
static int columns_turn(struct judge *judge, int a, int b)
{
    long double aa = 0, bb = 0, ab = 0, zeta, t, cosine, sine;

    for (int i = 0; i < judge->count; i++) {
        aa += judge->rows[i][a] * judge->rows[i][a];
        bb += judge->rows[i][b] * judge->rows[i][b];
        ab += judge->rows[i][a] * judge->rows[i][b];
    }
    if (fabsl(ab) <= 1e-18L * sqrtl(aa * bb) || ab == 0)
        return 0;
    zeta = (bb - aa) / (2 * ab);
    t = (zeta >= 0 ? 1 : -1) / (fabsl(zeta) + sqrtl(1 + zeta * zeta));
    cosine = 1 / sqrtl(1 + t * t);
    sine = cosine * t;
    for (int i = 0; i < judge->count; i++) {
        long double x = judge->rows[i][a];
        long double y = judge->rows[i][b];

        judge->rows[i][a] = cosine * x - sine * y;
        judge->rows[i][b] = sine * x + cosine * y;
    }
    return 1;
}

static int decreasing(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a < b) - (a > b);
}

/* Singular values of the features seen, over the largest. Returns how many. */
static int judge_values(struct judge *judge, double values[P])
{
    int occurs[P] = {0};
    int seen = 0;
    double largest;

    for (int c = 0; c < P; c++)
        for (int i = 0; i < judge->count; i++)
            occurs[c] |= judge->rows[i][c] != 0;
    for (int c = 0; c < P; c++)
        for (int i = 0; i < judge->count && occurs[c]; i++)
            judge->rows[i][c] /= sqrtl(judge->gram.D2[c]);
    for (int turned = 1, sweep = 0; turned && sweep < 60; sweep++) {
        turned = 0;
        for (int a = 0; a < P; a++)
            for (int b = a + 1; b < P; b++)
                turned |= columns_turn(judge, a, b);
    }
    for (int c = 0; c < P; c++) {
        long double square = 0;

        for (int i = 0; i < judge->count; i++)
            square += judge->rows[i][c] * judge->rows[i][c];
        if (occurs[c])
            values[seen++] = (double)sqrtl(square);
    }
    qsort(values, (size_t)seen, sizeof *values, decreasing);
    largest = seen > 0 ? values[0] : 1;
    for (int i = 0; i < seen; i++)
        values[i] /= largest;
    return seen;
}

/* ---- small learners ---- */

enum kind { DENSE, SYMBOLS, MIRRORED };

/* Tokens of a kind whose features have one component, several, or a relation. */
static void tokens_draw(struct random *random, enum kind kind, double z[TOKENS * DIM])
{
    random_normals(random, z, TOKENS * DIM);
    for (int t = 0; t < TOKENS && kind == SYMBOLS; t++) {
        int symbol = (int)(random_below(random, DIM));

        for (int c = 0; c < DIM; c++)
            z[t * DIM + c] = c == symbol;
    }
    for (int t = 0; t < TOKENS && kind == MIRRORED; t++)
        z[t * DIM + 1] = 2 * z[t * DIM];
}

static struct lattn_learner *learner_teach(struct judge *judge, enum kind kind, int pairs)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = (uint64_t)(pairs + 1000 * (int)kind)};
    struct lattn_learner *learner = NULL;
    double z[TOKENS * DIM];
    double y = 1;

    judge->count = 0;
    gram_init(&judge->gram, DIM, 1, 0);
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    for (int i = 0; i < pairs; i++) {
        struct lattn_item item = {
            .z = z, .y = &y, .weight = 1 + i % 3, .n = TOKENS, .d = DIM, .m = 1};

        tokens_draw(&random, kind, z);
        cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
        lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
        judge_add(judge, &item);
    }
    return learner;
}

static void expect_small(enum kind kind, int pairs)
{
    static struct judge judge;
    struct lattn_learner *learner = learner_teach(&judge, kind, pairs);
    double want[P];
    int seen = judge_values(&judge, want);
    struct lattn_certificate certificate;
    struct lattn_spectrum spectrum;
    int64_t counted = 0;

    cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
    cr_assert_eq(lattn_learner_spectrum(learner, &spectrum), LATTN_OK);
    cr_expect_eq(spectrum.generation, certificate.generation);
    cr_expect_eq(spectrum.seen, certificate.features_seen);
    cr_assert_eq(spectrum.seen, seen);
    cr_assert_eq(spectrum.largest_count, seen);
    cr_assert_eq(spectrum.smallest_count, 0);
    cr_expect_eq(spectrum.largest[0], 1);
    for (int i = 0; i < seen; i++) {
        cr_expect_float_eq(spectrum.largest[i], want[i], approx_sum(P, 1),
                           "kind %d, %d pairs, value %d: %g, not %g", (int)kind, pairs, i,
                           spectrum.largest[i], want[i]);
        counted += spectrum.largest[i] > certificate.threshold;
    }
    cr_expect_eq(counted, certificate.rank, "the threshold stands on the same axis");
    if (counted == seen)
        cr_expect_float_eq(spectrum.largest[seen - 1], certificate.rho_seen,
                           1e-9 * certificate.rho_seen);
    lattn_spectrum_done(&spectrum);
    lattn_learner_close(&learner);
    gram_done(&judge.gram);
}

Test(learner_spectrum, agrees_with_the_features_in_long_double)
{
    for (int pairs = 1; pairs < ROWS_MAX; pairs += pairs < 8 ? 1 : 23) {
        expect_small(DENSE, pairs);
        expect_small(SYMBOLS, pairs);
        expect_small(MIRRORED, pairs);
    }
}

Test(learner_spectrum, is_empty_before_the_first_pair)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;
    struct lattn_spectrum spectrum;

    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    cr_assert_eq(lattn_learner_spectrum(learner, &spectrum), LATTN_OK);
    cr_expect_eq(spectrum.seen, 0);
    cr_expect_eq(spectrum.largest_count + spectrum.smallest_count, 0);
    lattn_spectrum_done(&spectrum);
    lattn_spectrum_done(&spectrum);
    lattn_spectrum_done(NULL);
    lattn_learner_close(&learner);
}

/* ---- learners of which the two ends are told ---- */

enum { DIM_LARGE = 13, P_LARGE = DIM_LARGE * DIM_LARGE * (DIM_LARGE + 1) / 2 };

static_assert(P_LARGE > (int)LATTN_SPECTRUM_ALL_MAX, "only the ends are told");

/* All values of its one component, over the largest. */
static void values_of_triangle(const struct lattn_learner *learner, double *ret_values)
{
    const struct component *component = NULL;
    const double *r;
    size_t ldr;
    double largest;

    for (int32_t i = 0; i < learner->factor.components_count; i++)
        if (learner->factor.components[i] != NULL)
            component = learner->factor.components[i];
    cr_assert_not_null(component);
    cr_assert_eq(component->columns, P_LARGE);
    r = component_triangle(component, &ldr);
    cr_assert_eq(spectrum_all(P_LARGE, r, ldr, component->solution->inverse, ret_values), LATTN_OK);
    largest = ret_values[0];
    for (int i = 0; i < P_LARGE; i++)
        ret_values[i] /= largest;
}

/*
 * Teach sequences of normal tokens, whose last coordinate is the one before but for `apart` of it:
 * 1 is any token, 0 a relation.
 */
static struct lattn_learner *large_teach(int pairs, double apart)
{
    enum { BATCH = 64, LENGTH = 2 * DIM_LARGE };
    static double z[BATCH][LENGTH * DIM_LARGE];
    const struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = (uint64_t)pairs};
    struct lattn_learner *learner = NULL;
    double y = 1;

    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    for (int done = 0; done < pairs;) {
        struct lattn_item items[BATCH];
        struct lattn_batch batch = {.items = items};

        random_normals(&random, *z, sizeof z / sizeof **z);
        for (; done < pairs && batch.count < BATCH; done++) {
            double *tokens = z[batch.count];

            for (int t = 0; t < LENGTH; t++) {
                double *last = tokens + t * DIM_LARGE + DIM_LARGE - 1;

                *last = (1 - apart) * last[-1] + apart * *last;
            }
            items[batch.count++] = (struct lattn_item){
                .z = tokens, .y = &y, .weight = 1, .n = LENGTH, .d = DIM_LARGE, .m = 1};
            cr_assert_eq(lattn_learner_admit(learner, &items[batch.count - 1], NULL), LATTN_OK);
        }
        lattn_learner_absorb(learner, &batch);
    }
    return learner;
}

/* A value of the small end: what the rank counts is right, of the rest there is an upper bound. */
static void expect_small_end(double got, double want, int is_counted, double threshold)
{
    double rounding = approx_sum(P_LARGE, 1);

    if (is_counted)
        cr_expect_float_eq(got, want, 1e-6 * want + rounding, "%g, not %g", got, want);
    else
        cr_expect(got >= want - rounding && got <= threshold, "%g, not from %g to %g", got, want,
                  threshold);
}

static void expect_ends(int pairs, double apart)
{
    static double want[P_LARGE];
    struct lattn_learner *learner = large_teach(pairs, apart);
    struct lattn_certificate certificate;
    struct lattn_spectrum spectrum;

    cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
    cr_assert_eq(lattn_learner_spectrum(learner, &spectrum), LATTN_OK);
    values_of_triangle(learner, want);
    cr_assert_eq(spectrum.seen, P_LARGE);
    cr_assert_eq(spectrum.largest_count, LATTN_SPECTRUM_END);
    cr_assert_eq(spectrum.smallest_count, LATTN_SPECTRUM_END);
    cr_expect_eq(spectrum.largest[0], 1);
    for (int i = 0; i < LATTN_SPECTRUM_END; i++) {
        int place = P_LARGE - LATTN_SPECTRUM_END + i;

        cr_expect_float_eq(spectrum.largest[i], want[i], 1e-6 * want[i] + approx_sum(P_LARGE, 1),
                           "%d pairs: value %d is %g, not %g", pairs, i, spectrum.largest[i],
                           want[i]);
        expect_small_end(spectrum.smallest[i], want[place], place < certificate.rank,
                         certificate.threshold);
    }
    if (certificate.rank == P_LARGE)
        cr_expect_float_eq(spectrum.smallest[LATTN_SPECTRUM_END - 1], certificate.rho,
                           1e-6 * certificate.rho);
    lattn_spectrum_done(&spectrum);
    lattn_learner_close(&learner);
}

/* A matter of numbers: sanitizers see the same code where the rank is deficient. */
#if !IS_SANITIZED
Test(learner_spectrum, tells_both_ends_of_a_full_rank)
{
    expect_ends(P_LARGE + 50, 1e-3);
}
#endif

Test(learner_spectrum, tells_both_ends_of_a_deficient_rank)
{
    expect_ends(P_LARGE - 20, 1);
    if (getenv("LATTN_LONG") != NULL)
        expect_ends(P_LARGE - 300, 1);
}

Test(learner_spectrum, tells_both_ends_of_few_directions)
{
    expect_ends(20, 1);
    expect_ends(200, 1);
}

Test(learner_spectrum, says_so_without_memory)
{
    struct lattn_learner *learner = large_teach(20, 1);
    struct lattn_spectrum spectrum;

    cr_assert_eq(lattn_learner_spectrum(learner, &spectrum), LATTN_OK);
    lattn_spectrum_done(&spectrum);
    for (uint64_t k = 1;; k++) {
        enum lattn_status status;

        memory_fail(k, 0);
        status = lattn_learner_spectrum(learner, &spectrum);
        if (!memory_failed())
            break;
        cr_assert_eq(status, LATTN_NO_MEMORY);
    }
    memory_fail(0, 0);
    lattn_spectrum_done(&spectrum);
    lattn_learner_close(&learner);
}
