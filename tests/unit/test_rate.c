#include "rate.h"

#include <criterion/criterion.h>

static const uint64_t second_ns = 1000000000;

Test(rate, without_a_limit_never_waits)
{
    struct rate rate;

    rate_init(&rate, 0);
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(rate_wait_ns(&rate, 5), 0);
        rate_take(&rate, 5);
    }
}

/* How many go within so long, looked at every step. */
static int count_within(double per_second, uint64_t seconds, uint64_t step_ns)
{
    struct rate rate;
    int count = 0;

    rate_init(&rate, per_second);
    for (uint64_t now = 7 * second_ns; now < (7 + seconds) * second_ns; now += step_ns) {
        while (rate_wait_ns(&rate, now) == 0) {
            rate_take(&rate, now);
            count++;
        }
    }
    return count;
}

Test(rate, lets_through_as_many_as_allowed)
{
    static const double rates[] = {0.5, 1, 10, 1000, 30000};

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        int count = count_within(rates[i], 4, 1000000);

        cr_expect_geq(count, 4 * rates[i] - 1, "%d of %g", count, rates[i]);
        cr_expect_leq(count, 4 * rates[i] * 1.01 + 1, "%d of %g", count, rates[i]);
    }
}

Test(rate, makes_up_for_little_of_a_pause)
{
    struct rate rate;
    int count = 0;

    rate_init(&rate, 1000);
    rate_take(&rate, second_ns);
    while (rate_wait_ns(&rate, 100 * second_ns) == 0) {
        rate_take(&rate, 100 * second_ns);
        count++;
    }
    cr_expect_leq(count, 11);
}

Test(rate, says_how_long_to_wait)
{
    struct rate rate;

    rate_init(&rate, 4);
    rate_take(&rate, 10 * second_ns);
    cr_expect_eq(rate_wait_ns(&rate, 10 * second_ns), second_ns / 4 - second_ns / 100);
    rate_init(&rate, 1e-300);
    rate_take(&rate, second_ns);
    cr_expect_gt(rate_wait_ns(&rate, second_ns), 1000 * second_ns);
}
