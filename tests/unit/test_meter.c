#include "serve/meter.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)
#define START (UINT64_C(86400000) * MS)

Test(meter, shows_a_steady_speed)
{
    struct meter meter = {0};

    for (uint64_t ms = 0; ms < 5000; ms += 10)
        meter_add(&meter, START + ms * MS, 20);
    cr_assert_float_eq(meter_rate(&meter, START + 5000 * MS), 2000, 250);
}

Test(meter, knows_the_speed_soon_after_the_start)
{
    struct meter meter = {0};

    for (uint64_t ms = 0; ms < 300; ms += 10)
        meter_add(&meter, START + ms * MS, 20);
    cr_assert_float_eq(meter_rate(&meter, START + 300 * MS), 2000, 250);
}

Test(meter, is_zero_when_nothing_happens)
{
    struct meter meter = {0};

    cr_assert_eq(meter_rate(&meter, START), 0);
    meter_add(&meter, START, 1000);
    cr_assert_gt(meter_rate(&meter, START + 10 * MS), 0);
    cr_assert_eq(meter_rate(&meter, START + 1500 * MS), 0);
}

Test(meter, forgets_a_burst_long_ago)
{
    struct meter meter = {0};

    meter_add(&meter, START, 1000000);
    meter_add(&meter, START + 10000 * MS, 10);
    cr_assert_float_eq(meter_rate(&meter, START + 10100 * MS), 100, 1);
}
