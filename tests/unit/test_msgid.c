#include <lattn/layout.h>

#include <criterion/criterion.h>
#include <string.h>

/* The longest publisher that there can be. */
static const char longest[] = "123456789 123456789 123456789 123456789 123456789 123456789 123";

Test(msgid, says_who_and_which)
{
    struct lattn_msgid id = {.number = 0};

    cr_assert(lattn_msgid_read("0f3a-b_C.42", &id));
    cr_assert_str_eq(id.publisher, "0f3a-b_C");
    cr_assert_eq(id.number, 42);
    cr_assert(lattn_msgid_read("p.18446744073709551615", &id));
    cr_assert_eq(id.number, UINT64_MAX);
}

Test(msgid, is_read_as_it_was_written)
{
    char publisher[LATTN_PRODUCER_MAX];
    char text[LATTN_MSGID_MAX];
    struct lattn_msgid id = {.number = 0};

    for (size_t i = 0; i < sizeof longest; i++)
        publisher[i] = longest[i] == ' ' ? '-' : longest[i];
    cr_assert_eq(strlen(publisher), LATTN_PRODUCER_MAX - 1);
    lattn_msgid_write(publisher, UINT64_MAX, text);
    cr_assert_eq(strlen(text), LATTN_MSGID_MAX - 1);
    cr_assert(lattn_msgid_read(text, &id));
    cr_assert_str_eq(id.publisher, publisher);
    cr_assert_eq(id.number, UINT64_MAX);
}

Test(msgid, of_others_is_nobodys_number)
{
    static const char *const others[] = {
        "",
        ".",
        "p",
        "p.",
        ".1",
        "p.0",
        "p.01",
        "p.-1",
        "p.1.2",
        "p.1 ",
        "p q.1",
        "p/q.1",
        "p.18446744073709551616",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "1234567890123456789012345678901234567890123456789012345678901234.1",
    };
    struct lattn_msgid id = {.number = 7};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(lattn_msgid_read(others[i], &id), "%s", others[i]);
    cr_assert_eq(id.number, 7);
}
