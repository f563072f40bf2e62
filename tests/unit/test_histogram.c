#include "monitor/histogram.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)

Test(histogram, bounds_grow)
{
    for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
        cr_expect_gt(histogram_bound(i), histogram_bound(i - 1));
    cr_expect_eq(histogram_bound(0), 0.0005);
    cr_expect_eq(histogram_bound(HISTOGRAM_BOUNDS - 1), 10);
}

Test(histogram, counts_what_is_at_a_bound_as_within)
{
    struct histogram histogram = {.sum_ns = 0};

    histogram_add(&histogram, 0);
    histogram_add(&histogram, MS / 2);
    histogram_add(&histogram, MS / 2 + 1);
    histogram_add(&histogram, MS);
    cr_expect_eq(histogram.counts[0], 2);
    cr_expect_eq(histogram.counts[1], 2);
    cr_expect_eq(histogram.sum_ns, 2 * MS + 1);
    cr_expect_eq(histogram_total(&histogram), 4);
}

Test(histogram, has_a_place_for_what_is_longer_than_all)
{
    struct histogram histogram = {.sum_ns = 0};

    histogram_add(&histogram, 10000 * MS);
    histogram_add(&histogram, 10000 * MS + 1);
    histogram_add(&histogram, UINT64_C(1) << 60);
    cr_expect_eq(histogram.counts[HISTOGRAM_BOUNDS - 1], 1);
    cr_expect_eq(histogram.counts[HISTOGRAM_BOUNDS], 2);
    cr_expect_eq(histogram_total(&histogram), 3);
}
