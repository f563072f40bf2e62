#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>

Test(random, repeats_the_published_numbers)
{
    /* Seed 0 of the reference implementation of splitmix64. */
    struct random random = {.state = 0};

    cr_expect_eq(random_bits(&random), UINT64_C(0xE220A8397B1DCDAF));
    cr_expect_eq(random_bits(&random), UINT64_C(0x6E789E6AA1B965F4));
    cr_expect_eq(random_bits(&random), UINT64_C(0x06C45D188009454F));
}

Test(random, is_uniform_on_the_half_open_interval)
{
    enum { DRAWS = 100000 };
    struct random random = {.state = 1};
    double sum = 0, squares = 0;

    for (int i = 0; i < DRAWS; i++) {
        double u = random_uniform(&random);

        cr_assert(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
    }
    /* Five standard deviations of the means. */
    cr_expect_float_eq(sum / DRAWS, 0.5, 5 * sqrt(1. / 12 / DRAWS));
    cr_expect_float_eq(squares / DRAWS, 1. / 3, 5 * sqrt(4. / 45 / DRAWS));
}

Test(random, stays_below_every_bound)
{
    const uint32_t bounds[] = {1, 2, 3, 7, 1u << 16, 1u << 31, UINT32_MAX};
    struct random random = {.state = 2};

    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++)
        for (int i = 0; i < 2000; i++)
            cr_assert_lt(random_below(&random, bounds[b]), bounds[b]);
}

Test(random, reaches_every_value_below_a_bound)
{
    struct random random = {.state = 3};
    int counts[7] = {0};

    for (int i = 0; i < 7000; i++)
        counts[random_below(&random, 7)]++;
    for (int i = 0; i < 7; i++)
        cr_expect(counts[i] > 850 && counts[i] < 1150, "%d came %d times", i, counts[i]);
}

Test(random, normals_have_the_moments_of_a_normal)
{
    enum { DRAWS = 100000 };
    static double x[DRAWS];
    struct random random = {.state = 4};
    double sums[5] = {0};

    random_normals(&random, x, DRAWS);
    for (int i = 0; i < DRAWS; i++)
        for (int k = 1; k <= 4; k++)
            sums[k] += pow(x[i], k) / DRAWS;
    cr_expect_float_eq(sums[1], 0, 5 / sqrt(DRAWS));
    cr_expect_float_eq(sums[2], 1, 5 * sqrt(2. / DRAWS));
    cr_expect_float_eq(sums[3], 0, 5 * sqrt(15. / DRAWS));
    cr_expect_float_eq(sums[4], 3, 5 * sqrt(96. / DRAWS));
}

Test(random, an_odd_count_uses_up_its_pair)
{
    struct random odd = {.state = 5}, even = {.state = 5};
    double three[4], four[4];

    random_normals(&odd, three, 3);
    random_normals(&even, four, 4);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(three[i], four[i]);
    cr_expect_eq(odd.state, even.state);
    random_normals(&odd, three, 0);
    cr_expect_eq(odd.state, even.state);
}
