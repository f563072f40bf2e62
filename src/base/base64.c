/*
 * Four characters stand for three bytes; what the last ones do not fill is '=', and bits that no
 * byte needs are 0, so that every text of bytes is one text only.
 */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_length(size_t length)
{
    return (length + 2) / 3 * 4;
}

void base64_write(const char *bytes, size_t length, char *ret_text)
{
    const unsigned char *at = (const unsigned char *)bytes;

    for (; length >= 3; length -= 3, at += 3) {
        *ret_text++ = digits[at[0] >> 2];
        *ret_text++ = digits[(at[0] & 3) << 4 | at[1] >> 4];
        *ret_text++ = digits[(at[1] & 15) << 2 | at[2] >> 6];
        *ret_text++ = digits[at[2] & 63];
    }
    if (length == 0)
        return;
    *ret_text++ = digits[at[0] >> 2];
    *ret_text++ = digits[(at[0] & 3) << 4 | (length == 2 ? at[1] >> 4 : 0)];
    *ret_text++ = length == 2 ? digits[(at[1] & 15) << 2] : '=';
    *ret_text = '=';
}

/* One more than the value of each digit. */
static const unsigned char places[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* The value of a digit; above 63 for any other character. */
static uint32_t digit_value(char digit)
{
    return (uint32_t)places[(unsigned char)digit] - 1;
}

enum lattn_status base64_read(const char *text, size_t length, char *ret_bytes, size_t *ret_length)
{
    size_t padding = 0;
    char *to = ret_bytes;

    if (length % 4 != 0)
        return LATTN_SYNTAX;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < length; i += 4) {
        size_t count = i + 4 < length ? 3 : 3 - padding;
        uint32_t word = 0;

        for (size_t k = 0; k < 4; k++) {
            uint32_t value = k <= count ? digit_value(text[i + k]) : 0;

            if (value > 63)
                return LATTN_SYNTAX;
            word = word << 6 | value;
        }
        if ((word & ((1u << 8 * (3 - count)) - 1)) != 0)
            return LATTN_SYNTAX;
        for (size_t k = 0; k < count; k++)
            *to++ = (char)(word >> (16 - 8 * k) & 255);
    }
    *ret_length = (size_t)(to - ret_bytes);
    return LATTN_OK;
}
