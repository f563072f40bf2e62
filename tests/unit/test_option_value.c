#include "serve/option_value.h"

#include <criterion/criterion.h>

Test(option_value, of_a_size)
{
    struct lattn_complaint why = {""};
    int32_t size = -1;

    cr_assert_eq(option_value_size("16", 16, &size, &why), LATTN_OK);
    cr_assert_eq(size, 16);
    cr_assert_eq(option_value_size("17", 16, &size, &why), LATTN_RANGE);
    cr_assert_str_eq(why.text, "outside 1..16");
    cr_assert_eq(option_value_size("0", 16, &size, &why), LATTN_RANGE);
    cr_assert_eq(option_value_size("2 ", 16, &size, &why), LATTN_SYNTAX);
    cr_assert_eq(option_value_size("99999999999999999999", 16, &size, &why), LATTN_RANGE);
    cr_assert_eq(size, 16);
}

Test(option_value, of_a_flag)
{
    struct lattn_complaint why = {""};
    int flag = -1;

    cr_assert_eq(option_value_flag("false", &flag, &why), LATTN_OK);
    cr_assert_eq(flag, 0);
    cr_assert_eq(option_value_flag("true", &flag, &why), LATTN_OK);
    cr_assert_eq(flag, 1);
    cr_assert_eq(option_value_flag("yes", &flag, &why), LATTN_FIELD);
    cr_assert_eq(flag, 1);
}

Test(option_value, of_a_time)
{
    struct lattn_complaint why = {""};
    uint64_t ns = 7;

    cr_assert_eq(option_value_time("250ms", &ns, &why), LATTN_OK);
    cr_assert_eq(ns, 250000000);
    cr_assert_eq(option_value_time("0s", &ns, &why), LATTN_RANGE);
    cr_assert_eq(option_value_time("5", &ns, &why), LATTN_SYNTAX);
    cr_assert_eq(option_value_timeout("1ms", &ns, &why), LATTN_OK);
    cr_assert_eq(option_value_timeout("0ms", &ns, &why), LATTN_RANGE);
    cr_assert_eq(option_value_timeout("1441m", &ns, &why), LATTN_RANGE);
    cr_assert_eq(option_value_timeout("soon", &ns, &why), LATTN_SYNTAX);
    cr_assert_eq(ns, 1000000);
}

Test(option_value, of_bytes_and_names)
{
    struct lattn_complaint why = {""};
    const char *name = "before";
    size_t bytes = 7;

    cr_assert_eq(option_value_bytes("64K", &bytes, &why), LATTN_OK);
    cr_assert_eq(bytes, 65536);
    cr_assert_eq(option_value_bytes("much", &bytes, &why), LATTN_SYNTAX);
    cr_assert_eq(option_value_directory("", &name, &why), LATTN_FIELD);
    cr_assert_eq(option_value_file("", &name, &why), LATTN_FIELD);
    cr_assert_str_eq(name, "before");
    cr_assert_eq(option_value_file("key.pem", &name, &why), LATTN_OK);
    cr_assert_str_eq(name, "key.pem");
}
