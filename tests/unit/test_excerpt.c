#include "wire/excerpt.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(excerpt, shows_every_byte_as_printf_would)
{
    for (int i = 0; i < 256; i++) {
        char expected[EXCERPT_BYTE_MAX + 1];
        char text[EXCERPT_BYTE_MAX];
        size_t length = excerpt_byte((char)i, text);

        snprintf(expected, sizeof expected, i >= ' ' && i <= '~' ? "%c" : "\\x%02x", i);
        cr_assert_eq(length, strlen(expected), "%d", i);
        cr_assert_eq(memcmp(text, expected, length), 0, "%d", i);
    }
}
