#include "core/fisher.h"

#include <criterion/criterion.h>
#include <math.h>

/* Tails by Simpson's rule with 2e6 intervals on the density of the beta distribution. */
Test(fisher, agrees_with_integrals)
{
    static const struct {
        double F, nu1, nu2, tail;
    } rows[] = {
        {1, 1, 1, 0.5},
        {4.5, 2, 7, 0.0553889587216301},
        {0.3, 10, 4, 0.944232420165127},
        {1.2533, 582, 1500, 0.000433272387256429},
        {1.1, 1500, 3000, 0.0159007332162064},
        {1.02, 30000, 60000, 0.0236541994250023},
        {3, 5, 12, 0.055204899419428},
        {7.7, 3, 40, 0.000355073252996216},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_float_eq(fisher_tail(rows[i].F, rows[i].nu1, rows[i].nu2) / rows[i].tail, 1, 1e-8,
                           "F = %g with %g and %g", rows[i].F, rows[i].nu1, rows[i].nu2);
}

Test(fisher, falls_from_one_to_zero)
{
    double last = 1;

    cr_expect_eq(fisher_tail(0, 3, 5), 1);
    for (double F = 0.125; F < 1e6; F *= 2) {
        double tail = fisher_tail(F, 3, 5);

        cr_expect(tail > 0 && tail < last, "F = %g", F);
        last = tail;
    }
    cr_expect_lt(last, 1e-10);
}

Test(fisher, of_one_and_many_is_the_square_of_a_normal)
{
    for (double z = 0.5; z < 6; z += 0.5)
        cr_expect_float_eq(fisher_tail(z * z, 1, 1e6) / erfc(z / sqrt(2)), 1, 1e-3, "z = %g", z);
}

Test(fisher, quantile_is_the_way_back)
{
    for (double nu1 = 1; nu1 < 1e5; nu1 *= 9)
        for (double nu2 = 2; nu2 < 1e5; nu2 *= 9)
            for (double tail = 1e-6; tail < 1; tail *= 4) {
                double F = fisher_quantile(tail, nu1, nu2);

                cr_expect_float_eq(fisher_tail(F, nu1, nu2) / tail, 1, 1e-7,
                                   "tail %g with %g and %g: F = %g", tail, nu1, nu2, F);
            }
}
