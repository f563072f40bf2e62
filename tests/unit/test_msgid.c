#include "source/msgid.h"

#include <criterion/criterion.h>

Test(msgid, says_who_and_which)
{
    struct msgid id = {.number = 0};

    cr_assert(msgid_read("0f3a-b_C.42", &id));
    cr_assert_str_eq(id.publisher, "0f3a-b_C");
    cr_assert_eq(id.number, 42);
    cr_assert(msgid_read("p.18446744073709551615", &id));
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
        "a23456789012345678901234567890123456789012345678901.1",
    };
    struct msgid id = {.number = 7};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(msgid_read(others[i], &id), "%s", others[i]);
    cr_assert_eq(id.number, 7);
}
