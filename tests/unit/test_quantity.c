#include "serve/quantity.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(quantity, reads_whole_numbers)
{
    uint64_t count = 7;

    cr_assert_eq(quantity_count("0", &count), LATTN_OK);
    cr_assert_eq(count, 0);
    cr_assert_eq(quantity_count("18446744073709551615", &count), LATTN_OK);
    cr_assert_eq(count, UINT64_MAX);
}

Test(quantity, refuses_what_is_no_whole_number)
{
    static const char *const texts[] = {"", " 1", "1 ", "-1", "+1", "1.5", "0x10", "ten", "1K"};
    uint64_t count = 7;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(quantity_count(texts[i], &count), LATTN_SYNTAX, "\"%s\"", texts[i]);
    cr_assert_eq(quantity_count("18446744073709551616", &count), LATTN_RANGE);
    cr_assert_eq(count, 7, "a refusal leaves the result alone");
}

Test(quantity, reads_times_with_their_unit)
{
    uint64_t ns;

    cr_assert_eq(quantity_time("250ms", &ns), LATTN_OK);
    cr_assert_eq(ns, UINT64_C(250000000));
    cr_assert_eq(quantity_time("5s", &ns), LATTN_OK);
    cr_assert_eq(ns, UINT64_C(5000000000));
    cr_assert_eq(quantity_time("2m", &ns), LATTN_OK);
    cr_assert_eq(ns, UINT64_C(120000000000));
}

Test(quantity, refuses_times_without_unit_or_beyond_64_bits)
{
    uint64_t ns;

    cr_assert_eq(quantity_time("5", &ns), LATTN_SYNTAX);
    cr_assert_eq(quantity_time("5 s", &ns), LATTN_SYNTAX);
    cr_assert_eq(quantity_time("s", &ns), LATTN_SYNTAX);
    cr_assert_eq(quantity_time("18446744073710s", &ns), LATTN_RANGE);
}

Test(quantity, reads_sizes_in_powers_of_1024)
{
    size_t bytes;

    cr_assert_eq(quantity_size("4096", &bytes), LATTN_OK);
    cr_assert_eq(bytes, 4096);
    cr_assert_eq(quantity_size("64K", &bytes), LATTN_OK);
    cr_assert_eq(bytes, (size_t)64 << 10);
    cr_assert_eq(quantity_size("2G", &bytes), LATTN_OK);
    cr_assert_eq(bytes, (size_t)2 << 30);
    cr_assert_eq(quantity_size("16777216T", &bytes), LATTN_RANGE);
    cr_assert_eq(quantity_size("64k", &bytes), LATTN_SYNTAX);
}

Test(quantity, reads_finite_reals_only)
{
    double real;

    cr_assert_eq(quantity_real("1e-6", &real), LATTN_OK);
    cr_assert_eq(real, 1e-6);
    cr_assert_eq(quantity_real("inf", &real), LATTN_RANGE);
    cr_assert_eq(quantity_real("nan", &real), LATTN_RANGE);
    cr_assert_eq(quantity_real("1e999", &real), LATTN_RANGE);
    cr_assert_eq(quantity_real("", &real), LATTN_SYNTAX);
    cr_assert_eq(quantity_real("1,5", &real), LATTN_SYNTAX);
}

Test(quantity, reads_counts_in_the_environment)
{
    setenv("LATTN_TEST_COUNT", "12", 1);
    cr_assert_eq(quantity_variable("LATTN_TEST_COUNT"), 12);
    setenv("LATTN_TEST_COUNT", "12s", 1);
    cr_assert_eq(quantity_variable("LATTN_TEST_COUNT"), 0);
    unsetenv("LATTN_TEST_COUNT");
    cr_assert_eq(quantity_variable("LATTN_TEST_COUNT"), 0);
}
