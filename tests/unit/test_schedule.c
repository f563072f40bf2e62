#include "serve/schedule.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)

Test(schedule, begins_at_once)
{
    struct schedule schedule = {.every_ns = 1000 * MS};

    cr_assert_eq(schedule_due(&schedule, 1), 0);
}

Test(schedule, keeps_its_distance)
{
    struct schedule schedule = {.every_ns = 1000 * MS};

    schedule_begin(&schedule, 5000 * MS, 10);
    schedule_end(&schedule, 5020 * MS);
    cr_assert_eq(schedule_due(&schedule, 11), 6000 * MS);
}

Test(schedule, takes_at_most_a_fifth_of_the_time)
{
    struct schedule schedule = {.every_ns = 1000 * MS};

    schedule_begin(&schedule, 5000 * MS, 10);
    schedule_end(&schedule, 6000 * MS);
    cr_assert_eq(schedule_due(&schedule, 11), 10000 * MS);
}

Test(schedule, waits_for_enough_pairs)
{
    struct schedule schedule = {.every_pairs = 100};

    cr_assert_eq(schedule_due(&schedule, 99), SCHEDULE_NEVER);
    cr_assert_eq(schedule_due(&schedule, 100), 0);
    schedule_begin(&schedule, 5000 * MS, 120);
    schedule_end(&schedule, 5010 * MS);
    cr_assert_eq(schedule_due(&schedule, 219), SCHEDULE_NEVER);
    cr_assert_eq(schedule_due(&schedule, 220), 5050 * MS);
}

Test(schedule, counts_pairs_afresh_after_a_reset)
{
    struct schedule schedule = {.every_pairs = 100};

    schedule_begin(&schedule, 5000 * MS, 120);
    schedule_end(&schedule, 5000 * MS);
    schedule_reset(&schedule);
    cr_assert_eq(schedule_due(&schedule, 99), SCHEDULE_NEVER);
    cr_assert_eq(schedule_due(&schedule, 100), 5000 * MS);
}

Test(schedule, does_not_wrap_around)
{
    struct schedule schedule = {.every_ns = UINT64_MAX - 1};

    schedule_begin(&schedule, 5000 * MS, 1);
    schedule_end(&schedule, 5000 * MS);
    cr_assert_eq(schedule_due(&schedule, 2), SCHEDULE_NEVER);
}
