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

/* The value of a digit; 64 for any other character. */
static uint32_t digit_value(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return (uint32_t)(digit - 'A');
    if (digit >= 'a' && digit <= 'z')
        return (uint32_t)(digit - 'a') + 26;
    if (digit >= '0' && digit <= '9')
        return (uint32_t)(digit - '0') + 52;
    return digit == '+' ? 62 : digit == '/' ? 63 : 64;
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

            if (value == 64)
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
