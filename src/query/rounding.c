/*
 * How numbers were rounded, read from the numbers themselves.
 *
 * A double that was rounded to k decimals is the double nearest to a multiple of 10^-k, of p digits
 * the one nearest to a number of p digits, and one that was a float has 29 zero bits at its end. By
 * chance none of this happens to five numbers at once. Sums of powers of two have few digits too,
 * but as many as their size asks for: nine in ten rounded numbers need the last place.
 */
#include "query/rounding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Beyond, rounding cannot be told from that of doubles printed in 15 digits and read again. */
enum { DECIMALS_MAX = 12, DIGITS_MAX = 12 };

/* A number may miss a multiple by its own rounding; more than this says nothing, every one fits. */
#define WINDOW_MAX (1.0 / 16)

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

/* Fewest decimals in which a number can be written; -1: every one fits, or none does. */
static int decimals_of(double number, double epsilon)
{
    for (int k = 0; k <= DECIMALS_MAX; k++) {
        double scaled = fabs(number) * pow(10, k);
        double window = 2 * epsilon * scaled;

        if (window > WINDOW_MAX)
            return -1;
        if (scaled > 0.5 && fabs(scaled - round(scaled)) <= window)
            return k;
    }
    return -1;
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
    return -1;
}

/*
 * The most places that one of the numbers needs, and how many need as many. Returns -1 where a
 * number cannot be written so.
 */
static int places_find(size_t count, const double *numbers, double epsilon, int is_decimal,
                       int *ret_hits)
{
    int most = -1;

    *ret_hits = 0;
    for (size_t i = 0; i < count; i++) {
        int places;

        if (numbers[i] == 0)
            continue;
        places = is_decimal ? decimals_of(numbers[i], epsilon) : digits_of(numbers[i]);
        if (places < 0)
            return -1;
        *ret_hits = places > most ? 1 : *ret_hits + (places == most);
        most = places > most ? places : most;
    }
    return most;
}

/* p digits leave a relative error of 10^(1-p) / sqrt 12 at worst; shortest floats take 8 or 9. */
static double digits_epsilon(int digits)
{
    double epsilon = pow(10, 1 - digits) / sqrt(12);

    return digits == 8 || digits == 9 ? ldexp(1, -24) : epsilon;
}

void rounding_find(size_t count, const double *numbers, struct rounding *ret_rounding)
{
    int bits = bits_find(count, numbers);
    double epsilon = ldexp(1, -bits);
    int decimals_hits, digits_hits;
    int decimals, digits;
    int nonzero = 0;

    for (size_t i = 0; i < count; i++)
        nonzero += numbers[i] != 0;
    *ret_rounding = (struct rounding){0, ldexp(1, -53)};
    if (nonzero < ROUNDING_ANSWERS_MIN)
        return;
    decimals = places_find(count, numbers, epsilon, 1, &decimals_hits);
    digits = places_find(count, numbers, epsilon, 0, &digits_hits);
    if (decimals >= 0 && 2 * decimals_hits >= nonzero && decimals_hits >= digits_hits)
        *ret_rounding = (struct rounding){pow(10, -decimals), ldexp(1, bits == 24 ? -24 : -53)};
    else if (digits >= 0 && 2 * digits_hits >= nonzero)
        ret_rounding->epsilon = digits_epsilon(digits);
    else
        ret_rounding->epsilon = epsilon;
}
