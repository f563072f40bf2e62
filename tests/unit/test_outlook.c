#include "outlook.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static const struct lattn_state_of_service state = {
    .report = {.pairs = 1234,
               .certificate = {.verdict = LATTN_IDENTIFYING,
                               .pairs = 1234,
                               .rank = 6,
                               .p = 6,
                               .identifying_since = 1000,
                               .lost_at = LATTN_NEVER}},
    .service = {.heads = 2, .rejected = 3, .pairs_to_go = NAN},
};

static struct outlook *outlook_make(void)
{
    struct outlook *outlook = calloc(1, sizeof *outlook);

    cr_assert_not_null(outlook);
    return outlook;
}

Test(outlook, says_the_verdict_in_the_words_that_all_use)
{
    struct outlook *outlook = outlook_make();

    outlook_take(outlook, &state, NULL);
    cr_expect_str_eq(outlook->headline, "identifying since pair 1 000");
    cr_expect_eq(outlook->pairs, 1234);
    cr_expect_eq(outlook->service.rejected, 3);
    cr_expect_eq(outlook->history.count, 1);
    cr_expect_eq(outlook->singular.count, 0);
    free(outlook);
}

Test(outlook, keeps_a_spectrum_until_there_is_another)
{
    double values[] = {1, 0.5, 0.25};
    double sizes[] = {7, 2};
    const struct lattn_spectrum spectrum = {
        .seen = 3, .largest = values, .largest_count = 3, .heads = sizes, .heads_count = 2};
    struct outlook *outlook = outlook_make();

    outlook_take(outlook, &state, &spectrum);
    outlook_take(outlook, &state, NULL);
    cr_expect_eq(outlook->singular.count, 3);
    cr_expect_eq(outlook->seen, 3);
    cr_expect_eq(outlook->heads.count, 2);
    cr_expect_eq(outlook->heads.y[1], 2);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(outlook->singular.x[i], i + 1);
        cr_expect_eq(outlook->singular.y[i], values[i]);
    }
    free(outlook);
}

Test(outlook, has_a_gap_between_two_ends)
{
    double values[] = {1, 0.5, 1e-8, 1e-9};
    const struct lattn_spectrum spectrum = {.seen = 2176,
                                            .largest = values,
                                            .largest_count = 2,
                                            .smallest = values + 2,
                                            .smallest_count = 2};
    struct outlook *outlook = outlook_make();

    outlook_take(outlook, &state, &spectrum);
    cr_expect_eq(outlook->singular.count, 5);
    cr_expect_eq(outlook->singular.y[1], 0.5);
    cr_expect(isnan(outlook->singular.y[2]));
    cr_expect_eq(outlook->singular.y[3], 1e-8);
    cr_expect_eq(outlook->seen, 2176);
    free(outlook);
}

Test(outlook, takes_no_more_values_than_it_has_room_for)
{
    enum { MANY = 3 * OUTLOOK_SINGULAR_MAX };
    double *values = calloc(MANY, sizeof *values);
    const struct lattn_spectrum spectrum = {.seen = MANY,
                                            .largest = values,
                                            .largest_count = MANY - 10,
                                            .smallest = values,
                                            .smallest_count = 10};
    struct outlook *outlook = outlook_make();

    outlook_take(outlook, &state, &spectrum);
    cr_expect_leq(outlook->singular.count, OUTLOOK_SINGULAR_MAX);
    free(values);
    free(outlook);
}
