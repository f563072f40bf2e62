/*
 * Decimal to double and back, exactly rounded.
 *
 * Both directions multiply a 64-bit integer by the leading 128 bits of a power of five and keep the
 * leading 128 bits Z of the product, as Lemire does (arXiv 2101.11408). All truncation is downward:
 *
 *     w * 10^q = z * 2^e   with   Z <= z < Z + 2
 *
 * So rounding Z is rounding the true value unless the bits dropped lie within 2 below one half,
 * where one cannot tell; those numbers, the subnormal ones and those of more than 19 digits go to
 * the C library (README.md, "Numbers").
 */
#include "wire/number.h"

#include <endian.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

struct power {
    uint64_t high;
    uint64_t low;
};

enum {
    POWER_FIRST = -342,
    POWER_LAST = 340,
    SIGNIFICAND_BITS = 53,
    EXPONENT_BIAS = 1023,
    DIGITS_MAX = 19,     /* the most that always fit into 64 bits */
    DIGITS_WRITTEN = 17, /* the fewest that tell all doubles apart */
    EXPONENT_MAX = 100000
};

static const struct power powers[] = {
#include "wire/powers_of_five.h"
};

_Static_assert(sizeof powers / sizeof *powers == POWER_LAST - POWER_FIRST + 1,
               "one power of five for each exponent");

/* floor(log2(10^q)) for every q of the table, which powers_of_five.py asserts. */
static int32_t power_exponent(int32_t q)
{
    return (217706 * q) >> 16;
}

/*
 * The leading bits of w * 10^q for w >= 2^63: 2^126 <= Z < 2^128, and
 * w * 10^q = z * 2^(power_exponent(q) - 63) with Z <= z < Z + 2.
 */
static wide power_product(uint64_t w, int32_t q)
{
    struct power power = powers[q - POWER_FIRST];

    return (wide)w * power.high + (uint64_t)(((wide)w * power.low) >> 64);
}

/* Drop more than 65 bits and round to nearest. Returns 0 where Z is too close to one half to tell.
 */
static int round_off(wide z, int32_t drop, uint64_t *ret_rounded)
{
    uint64_t high = (uint64_t)(z >> 64);
    uint64_t low = (uint64_t)z;
    uint64_t half = (uint64_t)1 << (drop - 65);
    uint64_t rest = high & (2 * half - 1);

    *ret_rounded = ((high >> (drop - 65)) + 1) >> 1;
    /* One half, or one less: all of the low bits are the same, which is rare in long numbers. */
    if (low + 1 > 1)
        return 1;
    return rest != half - (low > 0);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A number as written: digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int64_t exponent;
    int32_t negative;
    int32_t too_long; /* more significant digits than fit; digits has no meaning */
};

static int is_digit(char byte)
{
    return (unsigned char)(byte - '0') < 10;
}

/* How many of eight bytes are digits before the first that is not. The first is the lowest byte. */
static int32_t leading_digits(uint64_t bytes)
{
    uint64_t values = bytes ^ 0x3030303030303030;
    /* The top bit of a byte above 9; the sum carries only behind the first of those. */
    uint64_t others = ((values + 0x7676767676767676) | values) & 0x8080808080808080;

    return others == 0 ? 8 : __builtin_ctzll(others) / 8;
}

/* The number that eight digits are: neighbours are added in pairs of 1, then 2, then 4 digits. */
static uint64_t eight_digits(uint64_t bytes)
{
    bytes = (bytes & 0x0f0f0f0f0f0f0f0f) * (10 * (1 << 8) + 1) >> 8;
    bytes = (bytes & 0x00ff00ff00ff00ff) * (100 * (1 << 16) + 1) >> 16;
    return (bytes & 0x0000ffff0000ffff) * (10000 * ((uint64_t)1 << 32) + 1) >> 32;
}

/* Add digits to those before, one at a time: what stands before a point is mostly short. */
static const char *digits_read(const char *text, uint64_t *digits)
{
    uint64_t value = *digits;

    for (; is_digit(*text); text++)
        value = value * 10 + (uint64_t)(*text - '0');
    *digits = value;
    return text;
}

/*
 * Add digits to those before, eight at a time: what stands behind a point is mostly long. How many
 * are left at last varies from number to number, so the processor is not made to guess it.
 */
static const char *fraction_read(const char *text, const char *end, uint64_t *digits)
{
    static const uint32_t scales[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

    while (end - text >= 8) {
        uint64_t bytes;
        int32_t count;

        memcpy(&bytes, text, sizeof bytes);
        bytes = le64toh(bytes);
        count = leading_digits(bytes);
        if (count < 8) {
            /* Zeros in front of the digits; in two steps, as 64 is no shift. */
            bytes = bytes << (32 - 4 * count) << (32 - 4 * count);
            *digits = *digits * scales[count] + eight_digits(bytes);
            return text + count;
        }
        *digits = *digits * 100000000 + eight_digits(bytes);
        text += 8;
    }
    return digits_read(text, digits);
}

static const char *exponent_read(const char *text, int64_t *ret_exponent)
{
    int64_t exponent = 0;
    int negative = *text == '-';

    if (*text == '-' || *text == '+')
        text++;
    if (!is_digit(*text))
        return NULL;
    for (; is_digit(*text); text++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*text - '0');
    *ret_exponent = negative ? -exponent : exponent;
    return text;
}

/* Digits from the first that is not 0; text holds digits and at most one point. */
static int64_t significant_digits(const char *text, const char *end)
{
    int64_t count = 0;

    while (text < end && (*text == '0' || *text == '.'))
        text++;
    for (; text < end; text++)
        count += *text != '.';
    return count;
}

/* number = [ "-" ] ( "0" / digit1-9 *digit ) [ "." 1*digit ] [ "e" [ "+" / "-" ] 1*digit ] */
static const char *decimal_read(const char *text, const char *end, struct decimal *ret_decimal)
{
    struct decimal decimal = {.negative = *text == '-'};
    const char *first = text + decimal.negative;
    const char *point, *counted;
    int64_t exponent = 0;

    if (!is_digit(*first))
        return NULL;
    text = digits_read(first, &decimal.digits);
    if (text != first + 1 && *first == '0')
        return NULL;
    point = text;
    if (*text == '.') {
        if (!is_digit(*++text))
            return NULL;
        text = fraction_read(text, end, &decimal.digits);
        decimal.exponent = point + 1 - text;
    }
    /* "0." is no digit that counts. Half of all data begins so: no guess for the processor. */
    counted = first + 2 * (*first == '0');
    decimal.too_long =
        text - counted > DIGITS_MAX && significant_digits(counted, text) > DIGITS_MAX;
    if (*text == 'e' || *text == 'E') {
        text = exponent_read(text + 1, &exponent);
        decimal.exponent += exponent;
    }
    *ret_decimal = decimal;
    return text;
}

/* The bits of the double nearest to digits * 10^exponent. Returns 0 where that takes more care. */
static int decimal_round(const struct decimal *decimal, uint64_t *ret_bits)
{
    int32_t q = (int32_t)decimal->exponent;
    int32_t leading_zeros = __builtin_clzll(decimal->digits);
    wide z = power_product(decimal->digits << leading_zeros, q);
    int32_t drop = 127 - SIGNIFICAND_BITS + (int32_t)(z >> 127);
    int32_t biased = drop + power_exponent(q) - 63 - leading_zeros + SIGNIFICAND_BITS - 1;
    uint64_t significand;

    biased += EXPONENT_BIAS;
    if (biased < 1 || biased > 2 * EXPONENT_BIAS || !round_off(z, drop, &significand))
        return 0;
    /* The leading bit of the significand adds the 1 that biased - 1 lacks; 2^53 adds 2. */
    *ret_bits = significand + ((uint64_t)(biased - 1) << (SIGNIFICAND_BITS - 1));
    return 1;
}

/* The C library's own, in the C locale, which newlocale hands out without allocating. */
static double decimal_delegate(const char *text)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double number = strtod_l(text, NULL, c);

    freelocale(c);
    return number;
}

const char *number_read(const char *text, const char *end, double *ret_number)
{
    struct decimal decimal;
    uint64_t bits = 0;
    const char *behind = decimal_read(text, end, &decimal);

    if (behind == NULL)
        return NULL;
    if (decimal.too_long ||
        (decimal.digits != 0 && (decimal.exponent < POWER_FIRST || decimal.exponent > POWER_LAST ||
                                 !decimal_round(&decimal, &bits)))) {
        *ret_number = decimal_delegate(text);
        return behind;
    }
    bits |= (uint64_t)decimal.negative << 63;
    memcpy(ret_number, &bits, sizeof bits);
    return behind;
}

/* ---- writing ------------------------------------------------------------------------------- */

static const char pairs_of_digits[] = "00010203040506070809101112131415161718192021222324"
                                      "25262728293031323334353637383940414243444546474849"
                                      "50515253545556575859606162636465666768697071727374"
                                      "75767778798081828384858687888990919293949596979899";

/* Write the last digits of value, leading zeros included. */
static void digits_write(uint64_t value, int32_t count, char *ret_text)
{
    while (count >= 2) {
        count -= 2;
        memcpy(ret_text + count, pairs_of_digits + 2 * (value % 100), 2);
        value /= 100;
    }
    if (count > 0)
        ret_text[0] = (char)('0' + value % 10);
}

/* The same of eight digits, in halves that do not wait for each other. */
static void eight_digits_write(uint32_t value, char *ret_text)
{
    uint32_t high = value / 10000;
    uint32_t low = value % 10000;

    memcpy(ret_text, pairs_of_digits + 2 * (high / 100), 2);
    memcpy(ret_text + 2, pairs_of_digits + 2 * (high % 100), 2);
    memcpy(ret_text + 4, pairs_of_digits + 2 * (low / 100), 2);
    memcpy(ret_text + 6, pairs_of_digits + 2 * (low % 100), 2);
}

static int32_t digits_count(uint64_t value)
{
    int32_t count = 1;

    for (; value >= 10; value /= 10)
        count++;
    return count;
}

/*
 * The 17 digits of a positive normal double: number = digits * 10^(exponent - 16), rounded to
 * nearest. Returns 0 where it takes more care to find them.
 */
static int digits_find(double number, uint64_t *ret_digits, int32_t *ret_exponent)
{
    uint64_t bits;
    int32_t biased;
    int32_t exponent;
    wide z;
    int32_t drop;

    memcpy(&bits, &number, sizeof bits);
    biased = (int32_t)(bits >> (SIGNIFICAND_BITS - 1));
    if (biased == 0)
        return 0;
    bits = bits << (64 - SIGNIFICAND_BITS) | (uint64_t)1 << 63;
    /* log10(2) from below, so this is the decimal exponent or one less. */
    exponent = ((biased - EXPONENT_BIAS) * 78913) >> 18;
    for (;; exponent++) {
        int32_t q = DIGITS_WRITTEN - 1 - exponent;

        z = power_product(bits, q);
        drop = -(biased - EXPONENT_BIAS - 63 + power_exponent(q) - 63);
        if ((uint64_t)(z >> drop) < (uint64_t)1e17)
            break;
    }
    if (!round_off(z, drop, ret_digits))
        return 0;
    if (*ret_digits == (uint64_t)1e17) {
        *ret_digits = (uint64_t)1e16;
        exponent++;
    }
    *ret_exponent = exponent;
    return 1;
}

static size_t exponent_write(int32_t exponent, char *ret_text)
{
    uint64_t size = (uint64_t)(exponent < 0 ? -exponent : exponent);
    int32_t count = size < 100 ? 2 : 3;

    ret_text[0] = 'e';
    ret_text[1] = exponent < 0 ? '-' : '+';
    digits_write(size, count, ret_text + 2);
    return 2 + (size_t)count;
}

/*
 * Set 17 digits out as %g does: without zeros at the end, the point where the exponent says.
 *
 * Copies are of all 17 digits even where fewer are wanted: a copy of fixed size is a few moves.
 */
static size_t digits_place(uint64_t digits, int32_t exponent, char *ret_text)
{
    char text[2 * DIGITS_WRITTEN] = "";
    int32_t before = exponent < -4 || exponent >= DIGITS_WRITTEN ? 1 : exponent + 1;
    int32_t count = DIGITS_WRITTEN;
    size_t length;

    text[0] = (char)('0' + digits / 10000000000000000);
    eight_digits_write((uint32_t)(digits / 100000000 % 100000000), text + 1);
    eight_digits_write((uint32_t)(digits % 100000000), text + 9);
    while (count > 1 && text[count - 1] == '0')
        count--;
    if (before <= 0) {
        memcpy(ret_text, "0.000", 5);
        memcpy(ret_text + 2 - before, text, DIGITS_WRITTEN);
        return (size_t)(2 - before + count);
    }
    memcpy(ret_text, text, DIGITS_WRITTEN);
    length = (size_t)before;
    if (count > before) {
        ret_text[before] = '.';
        memcpy(ret_text + before + 1, text + before, DIGITS_WRITTEN);
        length = (size_t)count + 1;
    }
    if (before == exponent + 1)
        return length;
    return length + exponent_write(exponent, ret_text + length);
}

/* snprintf writes the decimal point of the thread's locale, which the program may have set. */
static size_t number_delegate(double number, char *ret_text)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(c);
    int length = snprintf(ret_text, NUMBER_TEXT_MAX, "%.17g", number);

    uselocale(before);
    freelocale(c);
    return (size_t)length;
}

size_t number_write(double number, char *ret_text)
{
    double size = fabs(number);
    size_t sign = signbit(number) != 0;
    uint64_t digits;
    int32_t exponent;

    ret_text[0] = '-';
    if (size < 1e15 && trunc(size) == size) {
        int32_t count = digits_count((uint64_t)size);

        digits_write((uint64_t)size, count, ret_text + sign);
        return sign + (size_t)count;
    }
    if (!digits_find(size, &digits, &exponent))
        return number_delegate(number, ret_text);
    return sign + digits_place(digits, exponent, ret_text + sign);
}
