#include "base/serial.h"
#include "support/bytes.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static struct serial_reader reader_of(struct bytes *bytes, struct lattn_complaint *complaint)
{
    struct serial_reader reader;

    bytes->at = 0;
    serial_reader_init(&reader, "thing", bytes_source, bytes, bytes->length, complaint);
    return reader;
}

Test(serial, writes_numbers_little_endian)
{
    static const unsigned char want[] = {1, 3, 2, 7, 6, 5, 4, 15, 14,   13,   12, 11,  10,
                                         9, 8, 0, 0, 0, 0, 0, 0,  0xf8, 0xbf, 2,  'a', 'b'};
    struct bytes bytes = {0};
    struct serial_writer writer;

    serial_writer_init(&writer, bytes_sink, &bytes);
    serial_write_u8(&writer, 1);
    serial_write_u16(&writer, 0x0203);
    serial_write_u32(&writer, 0x04050607);
    serial_write_u64(&writer, 0x08090a0b0c0d0e0f);
    serial_write_double(&writer, -1.5);
    serial_write_name(&writer, "ab");
    cr_expect_eq(bytes.length, 0, "small things wait for the flush");
    cr_expect_eq(serial_flush(&writer), LATTN_OK);
    cr_assert_eq(bytes.length, sizeof want);
    cr_expect_eq(memcmp(bytes.data, want, sizeof want), 0);
    bytes_done(&bytes);
}

/* Numbers of every size, so that each kind meets the end of a piece at every offset. */
Test(serial, reads_what_it_wrote_across_pieces)
{
    enum { ROUNDS = 9000 };
    static double numbers[ROUNDS];
    struct bytes bytes = {0};
    struct serial_writer writer;
    struct serial_reader reader;
    char name[8];

    serial_writer_init(&writer, bytes_sink, &bytes);
    for (int i = 0; i < ROUNDS; i++) {
        numbers[i] = i * 0.1;
        serial_write_u8(&writer, (uint8_t)i);
        serial_write_u16(&writer, (uint16_t)(3 * i));
        serial_write_u32(&writer, (uint32_t)i * 1000003);
        serial_write_u64(&writer, (uint64_t)i << 40);
        serial_write_double(&writer, -i);
        serial_write_name(&writer, "name");
    }
    serial_write_doubles(&writer, ROUNDS, numbers);
    cr_assert_eq(serial_flush(&writer), LATTN_OK);
    cr_expect_gt(bytes.calls, 3);
    reader = reader_of(&bytes, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        cr_assert_eq(serial_read_u8(&reader), (uint8_t)i);
        cr_assert_eq(serial_read_u16(&reader), (uint16_t)(3 * i));
        cr_assert_eq(serial_read_u32(&reader), (uint32_t)i * 1000003);
        cr_assert_eq(serial_read_u64(&reader), (uint64_t)i << 40);
        cr_assert_eq(serial_read_double(&reader), -i);
        serial_read_name(&reader, sizeof name, name);
        cr_assert_str_eq(name, "name");
    }
    cr_expect_eq(serial_left(&reader), 8 * ROUNDS);
    memset(numbers, 0, sizeof numbers);
    serial_read_doubles(&reader, ROUNDS, numbers);
    for (int i = 0; i < ROUNDS; i++)
        cr_assert_eq(numbers[i], i * 0.1);
    cr_expect_eq(reader.status, LATTN_OK);
    cr_expect_eq(serial_left(&reader), 0);
    bytes_done(&bytes);
}

Test(serial, keeps_the_first_complaint_with_its_place)
{
    struct bytes bytes = {0};
    struct lattn_complaint complaint = {""};
    struct serial_writer writer;
    struct serial_reader reader;

    serial_writer_init(&writer, bytes_sink, &bytes);
    serial_write_u32(&writer, 7);
    serial_write_u32(&writer, 5);
    (void)serial_flush(&writer);
    reader = reader_of(&bytes, &complaint);
    cr_expect_eq(serial_read_int(&reader, "first", 0, 7), 7);
    cr_expect_eq(reader.status, LATTN_OK);
    cr_expect_eq(serial_read_int(&reader, "second", 6, 7), 0);
    cr_expect_eq(reader.status, LATTN_DAMAGED);
    cr_expect_str_eq(complaint.text, "thing, byte 8: second is 5, 6 to 7 is right");
    cr_expect_eq(serial_read_u64(&reader), 0);
    serial_refuse(&reader, LATTN_NO_MEMORY, "later");
    cr_expect_eq(reader.status, LATTN_DAMAGED);
    bytes_done(&bytes);
}

Test(serial, ends_where_the_bytes_end)
{
    struct bytes bytes = {0};
    struct lattn_complaint complaint = {""};
    struct serial_writer writer;
    struct serial_reader reader;
    double numbers[2] = {1, 1};

    serial_writer_init(&writer, bytes_sink, &bytes);
    serial_write_double(&writer, 2);
    (void)serial_flush(&writer);
    reader = reader_of(&bytes, &complaint);
    serial_read_doubles(&reader, 2, numbers);
    cr_expect_eq(reader.status, LATTN_DAMAGED);
    cr_expect_str_eq(complaint.text, "thing, byte 8: it ends too early");
    cr_expect_eq(numbers[1], 0, "what was not read is 0");
    bytes_done(&bytes);
}

Test(serial, refuses_numbers_outside_their_range)
{
    static const double bad[] = {-0.5, 1.5, NAN, INFINITY, -INFINITY};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes bytes = {0};
        struct serial_writer writer;
        struct serial_reader reader;
        double numbers[2];

        serial_writer_init(&writer, bytes_sink, &bytes);
        serial_write_double(&writer, 1);
        serial_write_double(&writer, bad[i]);
        (void)serial_flush(&writer);
        reader = reader_of(&bytes, NULL);
        serial_read_numbers(&reader, "share", 0, 1, 2, numbers);
        cr_expect_eq(reader.status, LATTN_DAMAGED, "%g", bad[i]);
        cr_expect_eq(numbers[0], 1);
        cr_expect_eq(numbers[1], 0);
        bytes_done(&bytes);
    }
}

Test(serial, refuses_names_that_are_none)
{
    static const unsigned char names[][4] = {{3, 'a', 'b', 'c'}, {2, 'a', 0, 'c'}};
    char name[3];

    for (int i = 0; i < 2; i++) {
        struct bytes bytes = {0};
        struct serial_reader reader;

        (void)bytes_sink(&bytes, names[i], 4);
        reader = reader_of(&bytes, NULL);
        serial_read_name(&reader, sizeof name, name);
        cr_expect_eq(reader.status, LATTN_DAMAGED, "%d", i);
        bytes_done(&bytes);
    }
}

Test(serial, stops_at_what_sink_or_source_say)
{
    struct bytes bytes = {.fail_at = 2};
    struct serial_writer writer;
    struct serial_reader reader;

    serial_writer_init(&writer, bytes_sink, &bytes);
    for (int i = 0; i < 5 * SERIAL_PIECE / 8; i++)
        serial_write_u64(&writer, 1);
    cr_expect_eq(serial_flush(&writer), LATTN_INPUT_OUTPUT);
    cr_expect_eq(bytes.calls, 2, "nothing is written after a failure");
    cr_expect_eq(bytes.length, SERIAL_PIECE);
    bytes.calls = 0;
    bytes.fail_at = 1;
    reader = reader_of(&bytes, NULL);
    cr_expect_eq(serial_read_u64(&reader), 0);
    cr_expect_eq(reader.status, LATTN_INPUT_OUTPUT);
    cr_expect_eq(serial_read_u64(&reader), 0);
    cr_expect_eq(bytes.calls, 1, "nothing is read after a failure");
    bytes_done(&bytes);
}
