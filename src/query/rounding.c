/*
 * How numbers were rounded, read from the numbers themselves.
 *
 * A double that was rounded to k decimals is the double nearest to a multiple of 10^-k, of p digits
 * the one nearest to a number of p digits, and one that was a float has 29 zero bits at its end. By
 * chance none of this happens to five numbers at once. Sums of powers of two have few digits too,
 * but as many as their size asks for: of rounded numbers nine in ten need the last place.
 */
#include "query/rounding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Beyond, rounding cannot be told from that of doubles printed in 15 digits and read again. */
enum { DECIMALS_MAX = 12, DIGITS_MAX = 12 };

/* Digits from which every float can be read again. */
enum { DIGITS_FLOAT = 9 };

/* Since not all of them need to be that long, decimals are believed first. */
enum { FLOAT_HANDICAP = 3 };

/* A number may miss a multiple by its own rounding; more than this says nothing, every one fits. */
#define WINDOW_MAX (1.0 / 16)

/* Of places: more than there are, and no telling how many. */
enum { PLACES_NONE = -1, PLACES_HIDDEN = -2 };

/* Of how many bits are formats: double, float, half, and the eight of bfloat. */
static const int bits_known[] = {8, 11, 24, 53};

/* Significant bits of a number. */
static int bits_of(double number)
{
    int exponent;
    double fraction = fabs(frexp(number, &exponent));
    int bits = 0;

    for (; fraction > 0; bits++) {
        fraction *= 2;
        fraction -= floor(fraction);
    }
    return bits;
}

/* The least format that holds all of them. */
static int bits_find(size_t count, const double *numbers)
{
    int most = 0, known = 0;

    for (size_t i = 0; i < count; i++)
        most = bits_of(numbers[i]) > most ? bits_of(numbers[i]) : most;
    while (bits_known[known] < most)
        known++;
    return bits_known[known];
}

/*
 * Fewest decimals in which a number can be written, or one of enum: hidden in a number so large
 * that the next place is beyond its rounding.
 */
static int decimals_of(double number, double epsilon)
{
    for (int k = 0; k <= DECIMALS_MAX; k++) {
        double scaled = fabs(number) * pow(10, k);
        double window = 2 * epsilon * scaled;

        if (window > WINDOW_MAX)
            return PLACES_HIDDEN;
        if (scaled > 0.5 && fabs(scaled - round(scaled)) <= window)
            return k;
    }
    return PLACES_NONE;
}

/* Fewest significant digits in which a number can be written and read again. */
static int digits_of(double number)
{
    char text[32];

    for (int p = 1; p <= DIGITS_MAX; p++) {
        snprintf(text, sizeof text, "%.*e", p - 1, number);
        if (strtod(text, NULL) == number)
            return p;
    }
    return PLACES_NONE;
}

/* Places that a number needs, in decimals or in digits. */
static int places_of(double number, double epsilon, int is_decimal)
{
    return is_decimal ? decimals_of(number, epsilon) : digits_of(number);
}

/* Could a number whose places are hidden have so many? Where they are too few it would show. */
static int is_hidden(double number, double epsilon, int places)
{
    return 2 * epsilon * fabs(number) * pow(10, places) > WINDOW_MAX;
}

/*
 * The most places that one of the numbers needs, and how many fewer the others do, together: of
 * numbers rounded there nine in ten need all. Floats as short as can be have 9 digits or fewer,
 * most of them 8. Returns PLACES_NONE where a number cannot be written so, or too few tell.
 */
static int places_find(size_t count, const double *numbers, double epsilon, int is_decimal,
                       int *ret_missing)
{
    int most = 0, telling = 0, nonzero = 0;

    for (size_t i = 0; i < count; i++) {
        int places = places_of(numbers[i], epsilon, is_decimal);

        if (numbers[i] != 0 && places == PLACES_NONE)
            return PLACES_NONE;
        most = places > most ? places : most;
        nonzero += numbers[i] != 0;
        telling += numbers[i] != 0 && places != PLACES_HIDDEN;
    }
    if (telling < ROUNDING_ANSWERS_MIN || 2 * telling < nonzero)
        return PLACES_NONE;
    *ret_missing = !is_decimal && most == DIGITS_FLOAT ? FLOAT_HANDICAP : 0;
    for (size_t i = 0; i < count; i++) {
        int expected = !is_decimal && most == DIGITS_FLOAT ? most - 1 : most;
        int places = places_of(numbers[i], epsilon, is_decimal);

        if (places == PLACES_HIDDEN && !is_hidden(numbers[i], epsilon, most))
            return PLACES_NONE;
        if (numbers[i] != 0 && 0 <= places && places < expected)
            *ret_missing += expected - places;
    }
    return most;
}

/* p digits leave a relative error of 10^(1-p) / sqrt 12 at worst. */
static double digits_epsilon(int digits)
{
    double epsilon = pow(10, 1 - digits) / sqrt(12);

    return digits == DIGITS_FLOAT || digits == DIGITS_FLOAT - 1 ? ldexp(1, -24) : epsilon;
}

/* Numbers of few bits may have few decimals or digits without being rounded to them. */
static int is_by_chance(int bits, int missing, int count)
{
    return bits < 53 && 2 * missing > count;
}

void rounding_find(size_t count, const double *numbers, struct rounding *ret_rounding)
{
    int bits = bits_find(count, numbers);
    double epsilon = ldexp(1, -bits);
    int decimals_missing = 0, digits_missing = 0, nonzero = 0;
    int decimals, digits;

    for (size_t i = 0; i < count; i++)
        nonzero += numbers[i] != 0;
    *ret_rounding = (struct rounding){0, ldexp(1, -53)};
    if (nonzero < ROUNDING_ANSWERS_MIN)
        return;
    decimals = places_find(count, numbers, epsilon, 1, &decimals_missing);
    digits = places_find(count, numbers, epsilon, 0, &digits_missing);
    if (decimals >= 0 && (digits < 0 || decimals_missing <= digits_missing) &&
        !is_by_chance(bits, decimals_missing, nonzero))
        *ret_rounding = (struct rounding){pow(10, -decimals), ldexp(1, bits == 24 ? -24 : -53)};
    else if (digits >= 0 && (bits == 53 || digits < DIGITS_FLOAT - 1) &&
             !is_by_chance(bits, digits_missing, nonzero))
        ret_rounding->epsilon = digits_epsilon(digits);
    else
        ret_rounding->epsilon = epsilon;
}
