#include "serve/ration.h"

#include <criterion/criterion.h>

Test(ration, begins_at_once)
{
    const struct ration ration = {0};

    cr_expect(ration_allows(&ration, 0));
    cr_expect(ration_allows(&ration, 1000));
}

Test(ration, pauses_after_each_piece)
{
    struct ration ration = {0};

    ration_spend(&ration, 1000, 1100);
    cr_expect_not(ration_allows(&ration, 1100));
    cr_expect_not(ration_allows(&ration, 1999));
    cr_expect(ration_allows(&ration, 2000));
}

/* Work that is always wanted, of any length. */
Test(ration, leaves_the_rest_of_the_time)
{
    struct ration ration = {0};
    uint64_t worked = 0;
    uint64_t now = 5000;

    for (int i = 0; i < 100000; i++) {
        uint64_t length = 1 + (uint64_t)i % 97;

        if (!ration_allows(&ration, now)) {
            now++;
            continue;
        }
        ration_spend(&ration, now, now + length);
        worked += length;
        now += length;
    }
    cr_expect_float_eq((double)worked / (double)(now - 5000), 1. / RATION_SHARE, 0.005);
}
