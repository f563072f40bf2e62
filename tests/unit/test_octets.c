#include "wire/octets.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(octets, are_little_endian)
{
    static const char expected[] = "\x04\x03\x02\x01"
                                   "\xff"
                                   "--"
                                   "\0\0\0\0\0\0\xf8\x3f"
                                   "\x01\x02\x03\x04\x05\x06\x07\x08";
    const double number = 1.5;
    struct lattn_text text;
    struct octets octets;

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, "before", 6), LATTN_OK);
    octets_begin(&octets, &text);
    octets_uint(&octets, 0, 4);
    octets_uint(&octets, 0xabff, 1);
    octets_fill(&octets, '-', 2);
    octets_doubles(&octets, &number, 1);
    octets_uint(&octets, 0x0807060504030201, 8);
    octets_replace(&octets, 0, 0x01020304, 4);
    cr_assert_eq(octets_length(&octets), sizeof expected - 1);
    cr_assert_eq(octets_end(&octets), LATTN_OK);
    cr_assert_eq(memcmp(text.data, "before", 6), 0);
    cr_assert_eq(memcmp(text.data + 6, expected, sizeof expected - 1), 0);
    cr_assert_eq(octets_read_uint(expected, 4), 0x01020304);
    cr_assert_eq(octets_read_uint(expected + 15, 8), 0x0807060504030201);
    lattn_text_done(&text);
}

Test(octets, keep_the_bits_of_any_number_of_doubles)
{
    double numbers[200];
    double read[200];

    for (int i = 0; i < 200; i++)
        numbers[i] = i % 7 == 0 ? -0.0 : ldexp(1.0 / (i + 1), i * 7 - 1074);
    for (size_t count = 0; count <= 200; count += 1 + count / 3) {
        struct lattn_text text;
        struct octets octets;

        lattn_text_init(&text);
        octets_begin(&octets, &text);
        octets_fill(&octets, 'x', 1);
        octets_doubles(&octets, numbers, count);
        cr_assert_eq(octets_end(&octets), LATTN_OK);
        cr_assert_eq(text.length, 1 + 8 * count);
        octets_read_doubles(text.data + 1, count, read);
        cr_assert_eq(memcmp(read, numbers, 8 * count), 0, "%zu doubles", count);
        lattn_text_done(&text);
    }
}

Test(octets, take_all_back_where_memory_ends)
{
    struct lattn_text text;
    struct octets octets;

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, "before", 6), LATTN_OK);
    octets_begin(&octets, &text);
    octets_uint(&octets, 1, 8);
    memory_fail(1, 0);
    octets_fill(&octets, 'x', 1000);
    octets_replace(&octets, 0, 2, 8);
    memory_fail(0, 0);
    cr_assert_eq(octets_end(&octets), LATTN_NO_MEMORY);
    cr_assert_str_eq(text.data, "before");
    lattn_text_done(&text);
}
