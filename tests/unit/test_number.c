#include "wire/number.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for the longest text below and the byte that ends it. */
enum { TEXT_MAX = 2048, DRAWS = 3000000, DRAWS_SHORT = 600000 };

static int64_t draws(void)
{
    return getenv("LATTN_LONG") != NULL ? DRAWS : DRAWS_SHORT;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Any bits; a third of them near 1, where most data is, some subnormal. */
static double number_drawn(struct random *random, int64_t draw)
{
    uint64_t bits = random_bits(random);

    if (draw % 3 == 1)
        bits = (bits & 0x800fffffffffffff) | (uint64_t)(1023 - 30 + draw / 3 % 60) << 52;
    else if (draw % 50 == 2)
        bits &= 0x800fffffffffffff;
    return isfinite(double_of(bits)) ? double_of(bits) : 1;
}

/* Read text, which ends in '}', to its end. */
static int reads_as_strtod(char *text, size_t length)
{
    double number = -1;
    double expected = strtod(text, NULL);
    const char *behind;

    text[length] = '}';
    behind = number_read(text, text + length + 1, &number);
    return behind == text + length && bits_of(number) == bits_of(expected);
}

Test(number, reads_random_doubles_exactly)
{
    struct random random = {.state = 1};
    char text[TEXT_MAX];

    for (int64_t i = 0; i < draws(); i++) {
        double number = number_drawn(&random, i);
        size_t length = (size_t)snprintf(text, sizeof text, "%.17g", number);

        cr_assert(reads_as_strtod(text, length), "draw %jd: %a", (intmax_t)i, number);
    }
}

Test(number, reads_texts_of_any_precision_as_strtod)
{
    struct random random = {.state = 2};
    char text[TEXT_MAX];

    for (int64_t i = 0; i < 300000; i++) {
        double number = number_drawn(&random, i);
        int digits = (int)(random_bits(&random) % 40);
        const char *format = i % 2 == 0 ? "%.*e" : "%.*f";
        size_t length;

        if (i % 2 == 1 && fabs(number) > 1e30)
            number = 1 / number;
        length = (size_t)snprintf(text, sizeof text, format, digits, number);
        cr_assert(reads_as_strtod(text, length), "draw %jd: %a", (intmax_t)i, number);
    }
}

/* What people type, and zeros in front of up to one digit more than fits into 64 bits. */
Test(number, reads_short_and_shifted_decimals_as_strtod)
{
    struct random random = {.state = 3};
    char text[TEXT_MAX];

    for (int digits = 0; digits <= 21; digits++)
        for (int before = 0; before <= digits; before++)
            for (int zeros = 0; zeros <= 24; zeros++) {
                size_t length =
                    (size_t)snprintf(text, sizeof text, "%s", zeros % 2 == 0 ? "" : "-");

                for (int i = 0; i < before; i++)
                    text[length++] = (char)('1' + random_below(&random, 9));
                if (before == 0)
                    text[length++] = '0';
                text[length++] = '.';
                for (int i = 0; i <= zeros; i++)
                    text[length++] = '0';
                for (int i = before; i < digits; i++)
                    text[length++] = (char)('0' + random_below(&random, 10));
                text[length] = '\0';
                cr_assert(reads_as_strtod(text, length), "%s", text);
            }
}

/* The exact middle of two neighbours, and a little above and below it. */
Test(number, rounds_halfway_cases_as_strtod)
{
    struct random random = {.state = 3};
    char text[TEXT_MAX];

    for (int64_t i = 0; i < 20000; i++) {
        double low = fabs(number_drawn(&random, 3 * i + (i % 2)));
        long double middle = ((long double)low + (long double)nextafter(low, INFINITY)) / 2;
        size_t length = (size_t)snprintf(text, sizeof text - 2, "%.800Le", middle);
        char *digit;

        if (!isfinite((double)middle) || !isfinite(nextafter(low, INFINITY)))
            continue;
        cr_assert(reads_as_strtod(text, length), "middle above %a", low);
        text[length] = '\0';
        digit = strchr(text, 'e') - 1;
        *digit = '1';
        cr_assert(reads_as_strtod(text, length), "above the middle above %a", low);
    }
    for (uint64_t i = ((uint64_t)1 << 53) - 100; i < ((uint64_t)1 << 53) + 100; i++) {
        size_t length = (size_t)snprintf(text, sizeof text, "%ju", (uintmax_t)i);

        cr_assert(reads_as_strtod(text, length), "%ju", (uintmax_t)i);
    }
}

Test(number, reads_the_corners_of_doubles)
{
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0e5",
        "0e999999999999999999999",
        "1e-400",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e309",
        "-1e999",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "9007199254740993",
        "9007199254740992.99999999999999999999",
        "18446744073709551615",
        "18446744073709551616",
        "0.000000000000000000000000000000000000000000000000001234567890123456789",
        "100000000000000000000000000000000000000000000000000000000000000000000",
        "123456789012345678901234567890e-20",
        "1e-0000000000000000000000000000000000000005",
        "1E+2",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[TEXT_MAX];
        size_t length = (size_t)snprintf(text, sizeof text, "%s", texts[i]);

        cr_assert(reads_as_strtod(text, length), "%s", texts[i]);
    }
}

Test(number, refuses_what_json_does_not_have)
{
    static const char *const texts[] = {
        "",     "-",   "+1",  ".5",        "1.",   "1.e5", "01",  "-01", "1e",          "1e+",
        "1.5e", "NaN", "inf", "-Infinity", "0x10", "1f",   "--1", "- 1", "\xef\xbc\x91"};
    char text[64];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length = (size_t)snprintf(text, sizeof text, "%s}", texts[i]);
        double number;
        const char *behind = number_read(text, text + length, &number);

        cr_assert(behind == NULL || behind < text + length - 1, "%s", texts[i]);
    }
}

Test(number, stops_at_every_end_of_text)
{
    static const char whole[] = "-123.456789012345678e-12";

    for (size_t length = 1; length < sizeof whole; length++) {
        /* As long as the text, so that a sanitizer sees a byte read too much. */
        char *text = malloc(length + 1);
        double number;
        const char *behind;

        memcpy(text, whole, length);
        text[length] = '}';
        behind = number_read(text, text + length + 1, &number);
        cr_assert(behind == NULL || behind == text + length);
        free(text);
    }
}

Test(number, writes_as_printf_17g)
{
    struct random random = {.state = 4};
    char expected[64];
    char text[NUMBER_TEXT_MAX];

    for (int64_t i = 0; i < draws() / 3; i++) {
        double number = number_drawn(&random, i);
        size_t length = number_write(number, text);

        snprintf(expected, sizeof expected, "%.17g", number);
        cr_assert(strlen(expected) == length && memcmp(expected, text, length) == 0, "%s as %.*s",
                  expected, (int)length, text);
    }
}

Test(number, writes_corners_as_printf_17g)
{
    static const double numbers[] = {0,
                                     -0.0,
                                     1,
                                     -1,
                                     0.1,
                                     0.5,
                                     0.25,
                                     1e15,
                                     1e16,
                                     1e17,
                                     1e22,
                                     1e23,
                                     1e100,
                                     -1e-5,
                                     1e-4,
                                     0.00012,
                                     123456,
                                     1.5e300,
                                     DBL_MAX,
                                     DBL_MIN,
                                     DBL_TRUE_MIN,
                                     DBL_MAX,
                                     1e-308,
                                     5e-310,
                                     1e-300,
                                     0.3,
                                     9.9999999e16,
                                     99999999999999984,
                                     9.5e-324,
                                     1e14,
                                     1e15 - 1,
                                     2.5e-5,
                                     1.0 / 3,
                                     4503599627370497.5};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char expected[64];
        char text[NUMBER_TEXT_MAX + 1] = "";

        text[number_write(numbers[i], text)] = '\0';
        snprintf(expected, sizeof expected, "%.17g", numbers[i]);
        cr_assert_str_eq(text, expected);
    }
    for (int exponent = -1074; exponent < 1024; exponent++) {
        double number = ldexp(1, exponent);
        char expected[64];
        char text[NUMBER_TEXT_MAX + 1] = "";

        text[number_write(number, text)] = '\0';
        snprintf(expected, sizeof expected, "%.17g", number);
        cr_assert_str_eq(text, expected);
    }
}
