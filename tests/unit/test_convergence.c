#include "convergence.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static struct convergence *convergence_make(void)
{
    struct convergence *convergence = calloc(1, sizeof *convergence);

    cr_assert_not_null(convergence);
    return convergence;
}

static void discard(struct convergence *convergence)
{
    convergence_done(convergence);
    free(convergence);
}

/* An emission that says "identifying" since so many pairs, or that it was lost at so many. */
static struct lattn_state_of_service emission(uint64_t pairs, int64_t since, int64_t lost_at)
{
    return (struct lattn_state_of_service){
        .report = {.pairs = pairs,
                   .certificate = {.verdict = since != LATTN_NEVER && lost_at == LATTN_NEVER
                                                  ? LATTN_IDENTIFYING
                                                  : LATTN_NOT_IDENTIFYING,
                                   .identifying_since = since,
                                   .lost_at = lost_at}},
    };
}

static void take(struct convergence *convergence, uint64_t pairs, int64_t since, int64_t lost_at)
{
    const struct lattn_state_of_service state = emission(pairs, since, lost_at);

    cr_assert_eq(convergence_take(convergence, &state, NULL), LATTN_OK);
}

/* One whose spectrum, as it is read, was found at a generation; its own is like its pairs. */
static void take_spectrum(struct convergence *convergence, uint64_t pairs, uint64_t generation,
                          double value)
{
    struct lattn_state_of_service state = emission(pairs, LATTN_NEVER, LATTN_NEVER);
    struct lattn_spectrum spectrum = {.seen = 1, .generation = generation, .largest_count = 1};

    state.report.generation = pairs;
    state.report.certificate.threshold = 1e-3 * (double)pairs;
    spectrum.largest = malloc(sizeof *spectrum.largest);
    cr_assert_not_null(spectrum.largest);
    spectrum.largest[0] = value;
    cr_assert_eq(convergence_take(convergence, &state, &spectrum), LATTN_OK);
}

Test(convergence, dates_changes_of_the_verdict_as_they_were)
{
    struct convergence *convergence = convergence_make();

    take(convergence, 10, LATTN_NEVER, LATTN_NEVER);
    cr_expect_eq(convergence->spans_count, 0);
    take(convergence, 50, 42, LATTN_NEVER);
    take(convergence, 60, 42, LATTN_NEVER);
    cr_assert_eq(convergence->spans_count, 1);
    cr_expect_eq(convergence->spans[0].since, 42);
    cr_expect(isnan(convergence->spans[0].until));
    take(convergence, 90, 42, 80);
    take(convergence, 95, 42, 80);
    take(convergence, 200, 150, LATTN_NEVER);
    cr_assert_eq(convergence->spans_count, 2);
    cr_expect_eq(convergence->spans[0].until, 80);
    cr_expect_eq(convergence->spans[1].since, 150);
    cr_expect_eq(convergence->history.count, 6);
    discard(convergence);
}

/* What was buried keeps its date, and yet it was lost meanwhile. */
Test(convergence, lets_no_spans_overlap)
{
    struct convergence *convergence = convergence_make();

    take(convergence, 50, 42, LATTN_NEVER);
    take(convergence, 90, 42, 80);
    take(convergence, 200, 42, LATTN_NEVER);
    cr_assert_eq(convergence->spans_count, 2);
    cr_expect_eq(convergence->spans[1].since, 80);
    discard(convergence);
}

Test(convergence, begins_anew_where_learning_does)
{
    struct convergence *convergence = convergence_make();

    take_spectrum(convergence, 40, 40, 1);
    take(convergence, 50, 42, LATTN_NEVER);
    take(convergence, 7, LATTN_NEVER, LATTN_NEVER);
    cr_expect_eq(convergence->history.count, 1);
    cr_expect_eq(convergence->spans_count, 0);
    cr_expect_not(convergence->has_spectrum);
    cr_expect_eq(convergence->restarts, 1);
    discard(convergence);
}

Test(convergence, keeps_what_was_learned_until_there_is_more)
{
    struct convergence *convergence = convergence_make();

    take(convergence, 0, LATTN_NEVER, LATTN_NEVER);
    cr_expect_eq(convergence->history.count, 0);
    take(convergence, 50, 42, LATTN_NEVER);
    take(convergence, 0, LATTN_NEVER, LATTN_NEVER);
    cr_expect_eq(convergence->history.count, 1);
    cr_expect_eq(convergence->restarts, 0);
    take(convergence, 60, LATTN_NEVER, LATTN_NEVER);
    cr_expect_eq(convergence->history.count, 1, "more pairs than before, and yet not the same");
    cr_expect_eq(convergence->spans_count, 0);
    cr_expect_eq(convergence->restarts, 1);
    discard(convergence);
}

Test(convergence, keeps_the_newest_spectrum)
{
    struct convergence *convergence = convergence_make();

    take(convergence, 1, LATTN_NEVER, LATTN_NEVER);
    cr_expect_not(convergence->has_spectrum);
    take_spectrum(convergence, 2, 2, 0.25);
    take_spectrum(convergence, 3, 3, 0.5);
    take(convergence, 4, LATTN_NEVER, LATTN_NEVER);
    cr_assert(convergence->has_spectrum);
    cr_expect_eq(convergence->spectrum.largest[0], 0.5);
    discard(convergence);
}

Test(convergence, knows_of_how_many_pairs_a_spectrum_is)
{
    struct convergence *convergence = convergence_make();

    take_spectrum(convergence, 10, 7, 1);
    cr_expect(isnan(convergence->spectrum_pairs), "it was found before the recording began");
    take_spectrum(convergence, 20, 20, 1);
    cr_expect_eq(convergence->spectrum_pairs, 20);
    take_spectrum(convergence, 30, 20, 1);
    cr_expect_eq(convergence->spectrum_pairs, 20, "it is repeated");
    cr_expect_eq(convergence->spectrum_threshold, 1e-3 * 20);
    take_spectrum(convergence, 40, 35, 1);
    cr_expect(isnan(convergence->spectrum_pairs), "the emission that it was found for is missing");
    discard(convergence);
}
