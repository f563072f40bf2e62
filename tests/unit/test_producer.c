#include "store/producer.h"

#include "base/memory.h"
#include "base/serial.h"
#include "support/bytes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct producers *producers;
static struct lattn_complaint complaint;

static enum lattn_status note(const char *name, uint64_t seq)
{
    uint64_t known;

    return producers_note(producers, name, seq, 1, &known, &complaint);
}

Test(producer, learns_each_number_once)
{
    cr_assert_eq(producers_open(&producers, 8), LATTN_OK);
    cr_assert_eq(note("a", 0), LATTN_OK);
    cr_assert_eq(note("a", 1), LATTN_OK);
    cr_assert_eq(note("a", 1), LATTN_DUPLICATE);
    cr_assert_eq(note("a", 0), LATTN_DUPLICATE);
    cr_assert_eq(note("a", 2), LATTN_OK);
    producers_close(&producers);
    cr_assert_null(producers);
}

Test(producer, names_what_it_expected_at_a_gap)
{
    cr_assert_eq(producers_open(&producers, 8), LATTN_OK);
    cr_assert_eq(note("feed-1", 7), LATTN_OK);
    cr_assert_eq(note("feed-1", 10), LATTN_GAP);
    cr_assert_str_eq(complaint.text, "seq of producer feed-1: expected 8, got 10");
    cr_assert_eq(note("feed-1", 8), LATTN_OK, "a gap notes nothing");
    producers_close(&producers);
}

Test(producer, keeps_producers_apart)
{
    uint64_t seq;

    cr_assert_eq(producers_open(&producers, 8), LATTN_OK);
    cr_assert_eq(note("a", 5), LATTN_OK);
    cr_assert_eq(note("b", 100), LATTN_OK);
    cr_assert_eq(note("a", 6), LATTN_OK);
    cr_assert_eq(producers_last(producers, "a", &seq), LATTN_OK);
    cr_assert_eq(seq, 6);
    cr_assert_eq(producers_last(producers, "b", &seq), LATTN_OK);
    cr_assert_eq(seq, 100);
    cr_assert_eq(producers_last(producers, "c", &seq), LATTN_NO_DATA);
    producers_close(&producers);
}

Test(producer, counts_to_the_end_of_64_bits)
{
    cr_assert_eq(producers_open(&producers, 8), LATTN_OK);
    cr_assert_eq(note("a", UINT64_MAX - 1), LATTN_OK);
    cr_assert_eq(note("a", UINT64_MAX), LATTN_OK);
    cr_assert_eq(note("a", 0), LATTN_DUPLICATE);
    producers_close(&producers);
}

Test(producer, learns_of_a_run_what_is_new)
{
    uint64_t known = 99;
    uint64_t seq;

    cr_assert_eq(producers_open(&producers, 8), LATTN_OK);
    cr_assert_eq(producers_note(producers, "a", 10, 5, &known, &complaint), LATTN_OK);
    cr_assert_eq(known, 0, "of one that is not known all is new");
    cr_assert_eq(producers_last(producers, "a", &seq), LATTN_OK);
    cr_assert_eq(seq, 14);
    cr_assert_eq(producers_note(producers, "a", 12, 5, &known, &complaint), LATTN_OK);
    cr_assert_eq(known, 3, "12 to 14 came before");
    cr_assert_eq(producers_note(producers, "a", 3, 14, &known, &complaint), LATTN_DUPLICATE);
    cr_assert_eq(producers_note(producers, "a", 18, 2, &known, &complaint), LATTN_GAP);
    cr_assert_eq(producers_note(producers, "a", 17, 2, &known, &complaint), LATTN_OK);
    cr_assert_eq(known, 0);
    producers_close(&producers);
}

Test(producer, refuses_a_run_beyond_64_bits)
{
    uint64_t known;
    uint64_t seq;

    cr_assert_eq(producers_open(&producers, 8), LATTN_OK);
    cr_assert_eq(producers_note(producers, "a", UINT64_MAX - 1, 3, &known, &complaint),
                 LATTN_RANGE);
    cr_assert_eq(producers_last(producers, "a", &seq), LATTN_NO_DATA);
    cr_assert_eq(producers_note(producers, "a", UINT64_MAX - 1, 2, &known, &complaint), LATTN_OK);
    producers_close(&producers);
}

Test(producer, forgets_the_one_idle_longest)
{
    uint64_t seq;

    cr_assert_eq(producers_open(&producers, 3), LATTN_OK);
    note("a", 1);
    note("b", 1);
    note("c", 1);
    note("a", 2); /* now b is idle longest */
    note("d", 1);
    cr_assert_eq(producers_last(producers, "b", &seq), LATTN_NO_DATA);
    cr_assert_eq(producers_last(producers, "a", &seq), LATTN_OK);
    cr_assert_eq(producers_last(producers, "c", &seq), LATTN_OK);
    cr_assert_eq(note("b", 17), LATTN_OK, "a forgotten one may go on where it was");
    cr_assert_eq(producers_last(producers, "c", &seq), LATTN_NO_DATA);
    producers_close(&producers);
}

Test(producer, remembers_thousands_and_then_the_newest)
{
    enum { KNOWN = 1000, SEEN = 5000 };
    char name[16];
    uint64_t seq;

    cr_assert_eq(producers_open(&producers, KNOWN), LATTN_OK);
    for (uint64_t i = 0; i < SEEN; i++) {
        snprintf(name, sizeof name, "p%d", (int)i);
        cr_assert_eq(note(name, i), LATTN_OK);
    }
    for (uint64_t i = 0; i < SEEN; i++) {
        snprintf(name, sizeof name, "p%d", (int)i);
        if (i < SEEN - KNOWN) {
            cr_assert_eq(producers_last(producers, name, &seq), LATTN_NO_DATA, "%s", name);
        } else {
            cr_assert_eq(producers_last(producers, name, &seq), LATTN_OK, "%s", name);
            cr_assert_eq(seq, i);
        }
    }
    producers_close(&producers);
}

Test(producer, starts_afresh_after_a_reset)
{
    uint64_t seq;

    cr_assert_eq(producers_open(&producers, 8), LATTN_OK);
    note("a", 5);
    producers_reset(producers);
    cr_assert_eq(producers_last(producers, "a", &seq), LATTN_NO_DATA);
    cr_assert_eq(note("a", 0), LATTN_OK);
    producers_close(&producers);
}

Test(producer, survives_a_lack_of_memory_when_it_grows)
{
    char name[16];
    enum lattn_status status = LATTN_OK;
    int count = 0;
    uint64_t seq;

    cr_assert_eq(producers_open(&producers, 100), LATTN_OK);
    memory_fail(1, 1);
    for (; count < 100 && status == LATTN_OK; count++) {
        snprintf(name, sizeof name, "p%d", count);
        status = note(name, 1);
    }
    cr_assert_eq(status, LATTN_NO_MEMORY);
    cr_assert_eq(producers_last(producers, "p0", &seq), LATTN_OK);
    memory_fail(0, 0);
    cr_assert_eq(note(name, 1), LATTN_OK);
    producers_close(&producers);
}

Test(producer, takes_a_number_that_is_put_back)
{
    uint64_t seq;

    cr_assert_eq(producers_open(&producers, 2), LATTN_OK);
    note("a", 5);
    cr_assert_eq(producers_put(producers, "a", 3), LATTN_OK);
    cr_expect_eq(note("a", 4), LATTN_OK);
    cr_assert_eq(producers_put(producers, "b", 7), LATTN_OK);
    cr_expect_eq(note("b", 8), LATTN_OK);
    cr_assert_eq(producers_put(producers, "a", 4), LATTN_OK);
    note("c", 1);
    cr_expect_eq(producers_last(producers, "b", &seq), LATTN_NO_DATA, "a was used after it");
    cr_expect_eq(producers_last(producers, "a", &seq), LATTN_OK);
    producers_close(&producers);
}

Test(producer, needs_no_memory_for_those_it_made_room_for)
{
    char name[16];

    cr_assert_eq(producers_open(&producers, 100), LATTN_OK);
    memory_fail(1, 0);
    cr_expect_eq(producers_reserve(producers, 90), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_expect_eq(producers_reserve(producers, 90), LATTN_OK);
    memory_fail(1, 1);
    for (int i = 0; i < 90; i++) {
        snprintf(name, sizeof name, "p%d", i);
        cr_assert_eq(producers_put(producers, name, 1), LATTN_OK, "%s", name);
    }
    memory_fail(0, 0);
    cr_expect_eq(producers_reserve(producers, SIZE_MAX / 2), LATTN_OK, "there are never more");
    producers_close(&producers);
}

static void expect_same(const struct producers *a, const struct producers *b, int count)
{
    char name[16];
    uint64_t of_a, of_b;

    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "p%d", i);
        of_a = of_b = 0;
        cr_assert_eq(producers_last(a, name, &of_a), producers_last(b, name, &of_b), "%s", name);
        cr_assert_eq(of_a, of_b, "%s", name);
    }
}

/* ... and forgets the same ones afterwards. */
Test(producer, is_the_same_after_writing_and_reading)
{
    enum { KNOWN = 40, SEEN = 60 };
    struct producers *read = NULL, *copy = NULL;
    struct serial_writer writer;
    struct serial_reader reader;
    struct bytes bytes = {0};
    char name[16];

    cr_assert_eq(producers_open(&producers, KNOWN), LATTN_OK);
    for (int i = 0; i < SEEN; i++) {
        snprintf(name, sizeof name, "p%d", i * 7 % 50);
        note(name, (uint64_t)i << 33);
    }
    serial_writer_init(&writer, bytes_sink, &bytes);
    producers_write(producers, &writer);
    cr_assert_eq(serial_flush(&writer), LATTN_OK);
    cr_expect_eq(bytes.length, 4 + producers_bytes(producers));
    cr_assert_eq(producers_open(&read, KNOWN), LATTN_OK);
    serial_reader_init(&reader, "producers", bytes_source, &bytes, bytes.length, NULL);
    producers_read(read, &reader);
    cr_assert_eq(reader.status, LATTN_OK);
    cr_assert_eq(producers_copy(producers, &copy), LATTN_OK);
    for (int i = 0; i < KNOWN; i++) {
        expect_same(producers, read, 50);
        expect_same(producers, copy, 50);
        snprintf(name, sizeof name, "new %d", i);
        cr_assert_eq(producers_put(producers, name, 1), LATTN_OK);
        cr_assert_eq(producers_put(read, name, 1), LATTN_OK);
        cr_assert_eq(producers_put(copy, name, 1), LATTN_OK);
    }
    bytes_done(&bytes);
    producers_close(&producers);
    producers_close(&read);
    producers_close(&copy);
}

Test(producer, refuses_one_that_comes_twice)
{
    static const unsigned char twice[] = {2, 0,   0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                                          1, 'a', 1, 0, 0, 0, 0, 0, 0, 0, 1, 'a'};
    struct bytes bytes = {0};
    struct serial_reader reader;

    (void)bytes_sink(&bytes, twice, sizeof twice);
    cr_assert_eq(producers_open(&producers, 8), LATTN_OK);
    serial_reader_init(&reader, "producers", bytes_source, &bytes, bytes.length, &complaint);
    producers_read(producers, &reader);
    cr_expect_eq(reader.status, LATTN_DAMAGED);
    cr_expect_str_eq(complaint.text, "producers, byte 24: producer \"a\" comes twice");
    bytes_done(&bytes);
    producers_close(&producers);
}
