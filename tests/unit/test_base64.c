#include "base/base64.h"

#include <criterion/criterion.h>
#include <string.h>

static void assert_same(const char *bytes, const char *text)
{
    char written[64] = "";
    char read[64] = "";
    size_t length = strlen(bytes);
    size_t count;

    cr_assert_eq(base64_length(length), strlen(text));
    base64_write(bytes, length, written);
    cr_assert_str_eq(written, text);
    cr_assert_eq(base64_read(text, strlen(text), read, &count), LATTN_OK, "%s", text);
    cr_assert_eq(count, length);
    cr_assert_arr_eq(read, bytes, length);
}

/* RFC 4648, section 10. */
Test(base64, says_what_the_standard_says)
{
    assert_same("", "");
    assert_same("f", "Zg==");
    assert_same("fo", "Zm8=");
    assert_same("foo", "Zm9v");
    assert_same("foob", "Zm9vYg==");
    assert_same("fooba", "Zm9vYmE=");
    assert_same("foobar", "Zm9vYmFy");
    assert_same("\xfb\xff\xbf", "+/+/");
}

Test(base64, brings_every_byte_back)
{
    char bytes[258];
    char text[4 * 86 + 1] = "";
    size_t count;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 167);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        base64_write(bytes, length, text);
        cr_assert_eq(base64_read(text, base64_length(length), text, &count), LATTN_OK);
        cr_assert_eq(count, length);
        cr_assert_arr_eq(text, bytes, length, "in place");
    }
}

Test(base64, refuses_any_other_text)
{
    static const char *const texts[] = {"Z",    "Zg",   "Zg=",  "Zg=a", "=g==",     "Z===",
                                        "====", "Zh==", "Zm9=", "Zm9*", "Zg==Zg==", "Zm9v\n"};
    char bytes[16];
    size_t count;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(base64_read(texts[i], strlen(texts[i]), bytes, &count), LATTN_SYNTAX, "%s",
                     texts[i]);
}
