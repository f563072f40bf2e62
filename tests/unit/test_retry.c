#include "retry.h"

#include <criterion/criterion.h>

Test(retry, pauses_grow_up_to_a_bound)
{
    uint64_t longest = RETRY_STEP_MS_MIN;
    struct retry retry;
    uint64_t pause;

    retry_init(&retry, 1000000, 7);
    for (int i = 0; i < 20; i++) {
        cr_assert(retry_fail(&retry, 1, &pause));
        cr_expect_leq(pause, longest);
        cr_expect_geq(pause, longest / 2);
        longest = 2 * longest < RETRY_STEP_MS_MAX ? 2 * longest : RETRY_STEP_MS_MAX;
    }
    cr_expect_eq(longest, RETRY_STEP_MS_MAX);
}

Test(retry, ends_with_its_limit)
{
    struct retry retry;
    uint64_t now = 123456;
    uint64_t pause;
    int failures = 0;

    retry_init(&retry, 30000, 1);
    while (retry_fail(&retry, now, &pause)) {
        cr_assert_gt(pause, 0);
        now += pause;
        failures++;
    }
    cr_expect_eq(now, 123456 + 30000, "the last pause ends where the time is up");
    cr_expect_gt(failures, 6);
    cr_expect_not(retry_fail(&retry, now + 1, &pause));
}

Test(retry, begins_anew_behind_progress)
{
    struct retry retry;
    uint64_t pause;

    retry_init(&retry, 100, 1);
    cr_assert(retry_fail(&retry, 1000, &pause));
    cr_assert(retry_fail(&retry, 1099, &pause));
    cr_expect_eq(pause, 1);
    retry_succeed(&retry);
    cr_assert(retry_fail(&retry, 5000, &pause));
    cr_expect_leq(pause, RETRY_STEP_MS_MIN);
    cr_assert(retry_fail(&retry, 5099, &pause));
    cr_expect_not(retry_fail(&retry, 5100, &pause));
}

Test(retry, of_no_time_is_none)
{
    struct retry retry;
    uint64_t pause;

    retry_init(&retry, 0, 1);
    cr_expect_not(retry_fail(&retry, 1000, &pause));
}

Test(retry, differs_between_those_who_failed_together)
{
    struct retry one;
    struct retry other;
    uint64_t pauses[2];
    int differing = 0;

    retry_init(&one, 1000000, 1);
    retry_init(&other, 1000000, 2);
    for (int i = 0; i < 20; i++) {
        cr_assert(retry_fail(&one, 1, &pauses[0]));
        cr_assert(retry_fail(&other, 1, &pauses[1]));
        differing += pauses[0] != pauses[1];
    }
    cr_expect_gt(differing, 10);
}
