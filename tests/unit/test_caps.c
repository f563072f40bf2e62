#include "query/caps.h"

#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>

enum { D = 3 };

static const double token[D] = {0.5, -0.5, 0.6};

static void start(struct blackbox *box, struct oracle *oracle)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {1};

    blackbox_init(box, D, 1, 1, &random);
    cr_assert_eq(oracle_init(oracle, &box->oracle, &settings), LATTN_OK);
}

static void end(struct blackbox *box, struct oracle *oracle)
{
    oracle_done(oracle);
    blackbox_done(box);
}

Test(caps, norm_is_the_largest_power_of_two_that_is_taken)
{
    for (int exponent = -8; exponent <= 10; exponent++) {
        struct blackbox box;
        struct oracle oracle;
        double norm = 0;

        start(&box, &oracle);
        box.norm_max = 1.5 * ldexp(1, exponent);
        cr_assert_eq(caps_norm(&oracle, -9, 10, &norm), LATTN_OK);
        cr_expect_eq(norm, ldexp(1, exponent));
        cr_expect_leq(box.asked, 6);
        cr_expect_str_empty(oracle.complaint.text, "a refusal is an answer");
        end(&box, &oracle);
    }
}

/* What is found may be asked: a cap just below a power of two is that of the power before. */
Test(caps, norm_itself_is_taken)
{
    struct blackbox box;
    struct oracle oracle;
    double norm = 0;

    start(&box, &oracle);
    box.norm_max = 0.996 * 64;
    cr_assert_eq(caps_norm(&oracle, -9, 10, &norm), LATTN_OK);
    cr_expect_eq(norm, 32);
    end(&box, &oracle);
}

Test(caps, norm_takes_one_trial_where_there_is_no_cap)
{
    struct blackbox box;
    struct oracle oracle;
    double norm = 0;

    start(&box, &oracle);
    cr_assert_eq(caps_norm(&oracle, -9, 10, &norm), LATTN_OK);
    cr_expect_eq(norm, 1024);
    cr_expect_eq(oracle.counts.trial, 1);
    end(&box, &oracle);
}

Test(caps, norm_is_the_lower_end_where_nothing_is_taken)
{
    struct blackbox box;
    struct oracle oracle;
    double norm = 0;

    start(&box, &oracle);
    box.norm_max = 1e-6;
    cr_assert_eq(caps_norm(&oracle, -9, 10, &norm), LATTN_OK);
    cr_expect_eq(norm, ldexp(1, -9));
    end(&box, &oracle);
}

Test(caps, length_goes_down_by_halves_to_what_is_taken)
{
    static const int32_t wanted[] = {8, 8, 8, 8, 8, 65, 65, 320};
    static const int32_t taken[] = {100, 7, 3, 2, 1, 64, 31, 200};
    static const int32_t found[] = {8, 4, 3, 2, 1, 32, 16, 160};

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct blackbox box;
        struct oracle oracle;
        int32_t length = 0;

        start(&box, &oracle);
        box.length_max = taken[i];
        cr_assert_eq(caps_length(&oracle, token, wanted[i], &length), LATTN_OK);
        cr_expect_eq(length, found[i], "%d of %d: %d", taken[i], wanted[i], length);
        end(&box, &oracle);
    }
}

Test(caps, hand_on_what_ends_the_oracle)
{
    struct blackbox box;
    struct oracle oracle;
    double norm = 7;
    int32_t length = 7;

    start(&box, &oracle);
    box.fails_after = 1;
    cr_assert_eq(caps_norm(&oracle, -9, 10, &norm), LATTN_OK);
    cr_expect_eq(caps_norm(&oracle, -9, 10, &norm), LATTN_CLOSED);
    cr_expect_eq(caps_length(&oracle, token, 8, &length), LATTN_CLOSED);
    cr_expect_eq(length, 7);
    end(&box, &oracle);
}
