#include "history.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static void add(struct history *history, double pairs)
{
    const struct history_point point = {{[HISTORY_PAIRS] = pairs}};

    history_add(history, &point);
}

static double pairs_at(const struct history *history, size_t i)
{
    return history->points[i].values[HISTORY_PAIRS];
}

static struct history *history_make(void)
{
    struct history *history = calloc(1, sizeof *history);

    cr_assert_not_null(history);
    return history;
}

Test(history, keeps_all_while_there_is_room)
{
    struct history *history = history_make();

    for (int i = 0; i < HISTORY_POINTS_MAX; i++)
        add(history, i);
    cr_expect_eq(history->count, HISTORY_POINTS_MAX);
    for (size_t i = 0; i < history->count; i++)
        cr_expect_eq(pairs_at(history, i), (double)i);
    free(history);
}

/* At any length: the first and the newest are there, the others evenly spaced and many. */
Test(history, is_thinned_and_not_cut)
{
    struct history *history = history_make();

    for (int i = 0; i < 20 * HISTORY_POINTS_MAX; i++) {
        add(history, i);
        cr_assert_eq(pairs_at(history, 0), 0);
        cr_assert_eq(pairs_at(history, history->count - 1), i);
        if (i % 1001 != 0 || i < HISTORY_POINTS_MAX)
            continue;
        cr_expect_geq(history->count, HISTORY_POINTS_MAX / 2);
        for (size_t j = 1; j + 1 < history->count; j++)
            cr_assert_eq(pairs_at(history, j), (double)(j * history->stride));
    }
    cr_expect_eq(history->stride, 32);
    free(history);
}

Test(history, begins_anew_with_the_daemon)
{
    struct history *history = history_make();

    for (int i = 0; i < 3 * HISTORY_POINTS_MAX; i++)
        add(history, i);
    add(history, 5);
    cr_expect_eq(history->count, 1);
    add(history, 6);
    cr_expect_eq(history->count, 2);
    cr_expect_eq(pairs_at(history, 0), 5);
    free(history);
}

Test(history, takes_its_numbers_from_the_status)
{
    struct lattn_state_of_service state = {
        .report = {.pairs = 7,
                   .loss_progressive = 0.5,
                   .loss_recent = 0.25,
                   .certificate = {.rank = 3, .p = 6, .rho = 0.1, .threshold = 1e-9}},
        .service = {.pairs_per_s = 10, .queue_bytes = 11, .rejected = 12},
    };
    struct history_point point = history_point(&state);

    cr_expect_eq(point.values[HISTORY_PAIRS], 7);
    cr_expect_eq(point.values[HISTORY_LOSS_PROGRESSIVE], 0.5);
    cr_expect_eq(point.values[HISTORY_LOSS_RECENT], 0.25);
    cr_expect_eq(point.values[HISTORY_RANK], 3);
    cr_expect_eq(point.values[HISTORY_FEATURES], 6);
    cr_expect_eq(point.values[HISTORY_RHO], 0.1);
    cr_expect_eq(point.values[HISTORY_THRESHOLD], 1e-9);
    cr_expect_eq(point.values[HISTORY_PAIRS_PER_S], 10);
    cr_expect_eq(point.values[HISTORY_QUEUE_BYTES], 11);
    cr_expect_eq(point.values[HISTORY_REJECTED], 12);
    cr_expect(isnan(point.values[HISTORY_UNSAVED]), "it keeps nothing");
    state.report.certificate.p = 0;
    cr_expect(isnan(history_point(&state).values[HISTORY_FEATURES]), "before the first pair");
    state.service.kept = (struct lattn_kept){.is_kept = 1, .checkpoint_pairs = LATTN_NEVER};
    cr_expect(isnan(history_point(&state).values[HISTORY_UNSAVED]));
    state.service.kept.checkpoint_pairs = 5;
    cr_expect_eq(history_point(&state).values[HISTORY_UNSAVED], 2);
    state.service.kept.checkpoint_pairs = 9;
    cr_expect_eq(history_point(&state).values[HISTORY_UNSAVED], 0);
}
