#include <lattn/wire.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <string.h>

Test(text, grows_and_stays_terminated)
{
    struct lattn_text text;

    lattn_text_init(&text);
    for (size_t i = 0; i < 5000; i++) {
        char letter = (char)('a' + i % 26);

        cr_assert_eq(lattn_text_add(&text, &letter, 1), LATTN_OK);
        cr_assert_eq(text.length, i + 1);
        cr_assert_eq(text.data[i + 1], '\0');
        cr_assert_lt(text.length, text.capacity);
    }
    for (size_t i = 0; i < 5000; i++)
        cr_assert_eq(text.data[i], (char)('a' + i % 26));
    lattn_text_done(&text);
    cr_expect_null(text.data);
    cr_expect_eq(text.length, 0);
}

Test(text, adding_nothing_makes_an_empty_string)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_expect_eq(lattn_text_add(&text, "", 0), LATTN_OK);
    cr_expect_str_eq(text.data, "");
    lattn_text_done(&text);
}

Test(text, is_unchanged_without_memory)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, "abc", 3), LATTN_OK);
    memory_fail(1, 1);
    while (text.capacity > text.length + 1)
        cr_assert_eq(lattn_text_add(&text, "d", 1), LATTN_OK);
    cr_expect_eq(lattn_text_add(&text, "e", 1), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_expect_eq(strlen(text.data), text.length);
    cr_expect_eq(strspn(text.data, "abcd"), text.length);
    cr_expect_eq(lattn_text_add(&text, "e", 1), LATTN_OK);
    cr_expect_eq(text.data[text.length - 1], 'e');
    lattn_text_done(&text);
}

Test(text, refuses_a_length_that_cannot_be)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, "abc", 3), LATTN_OK);
    cr_expect_eq(lattn_text_add(&text, "", SIZE_MAX - 3), LATTN_NO_MEMORY);
    cr_expect_eq(lattn_text_add(&text, "", SIZE_MAX), LATTN_NO_MEMORY);
    cr_expect_str_eq(text.data, "abc");
    lattn_text_done(&text);
}

Test(text, done_accepts_null_and_twice)
{
    struct lattn_text text;

    lattn_text_init(&text);
    lattn_text_done(&text);
    lattn_text_done(&text);
    lattn_text_done(NULL);
}
