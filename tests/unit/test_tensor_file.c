#include "wire/tensor_file.h"

#include <criterion/criterion.h>
#include <string.h>

static void describe(struct writer *writer, const void *of)
{
    writer_open(writer, '{');
    writer_key(writer, "by");
    writer_string(writer, of);
    writer_close(writer, '}');
}

Test(tensor_file, is_a_length_a_header_and_the_numbers)
{
    static const char header[] =
        "{\"__metadata__\":{\"by\":\"us\"},"
        "\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"none\":{\"dtype\":\"F64\",\"shape\":[0,3],\"data_offsets\":[16,16]},"
        "\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[16,24]}}";
    const double a[] = {1, -2};
    const double b = 0.1;
    const struct tensor_file_entry entries[] = {
        {"a", a, 1, {2}}, {"none", a, 2, {0, 3}}, {"b", &b, 0, {0}}};
    size_t padded = (sizeof header - 1 + 7) / 8 * 8;
    struct lattn_text file;

    lattn_text_init(&file);
    cr_assert_eq(tensor_file_write(&file, describe, "us", entries, 3), LATTN_OK);
    cr_assert_eq(file.length, 8 + padded + 24);
    cr_assert_eq((unsigned char)file.data[0], padded);
    cr_assert_eq(memcmp(file.data + 1, "\0\0\0\0\0\0\0", 7), 0);
    cr_assert_eq(memcmp(file.data + 8, header, sizeof header - 1), 0);
    for (size_t at = 8 + sizeof header - 1; at < 8 + padded; at++)
        cr_assert_eq(file.data[at], ' ');
    cr_assert_eq(memcmp(file.data + 8 + padded, a, sizeof a), 0);
    cr_assert_eq(memcmp(file.data + 8 + padded + 16, &b, sizeof b), 0);
    lattn_text_done(&file);
}

Test(tensor_file, comes_behind_what_the_text_has)
{
    struct lattn_text file;

    lattn_text_init(&file);
    cr_assert_eq(lattn_text_add(&file, "abc", 3), LATTN_OK);
    cr_assert_eq(tensor_file_write(&file, describe, "us", NULL, 0), LATTN_OK);
    cr_assert_eq(memcmp(file.data, "abc", 3), 0);
    cr_assert_eq((file.length - 3) % 8, 0);
    lattn_text_done(&file);
}
