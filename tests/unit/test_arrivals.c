#include "store/arrivals.h"

#include "base/random.h"
#include "base/serial.h"
#include "support/bytes.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { NUMBERS = 400 };

static struct lattn_complaint complaint;

static struct arrivals *begun(void)
{
    struct arrivals *arrivals = NULL;

    cr_assert_eq(arrivals_open(&arrivals), LATTN_OK);
    return arrivals;
}

static void add(struct arrivals *arrivals, const char *publisher, uint64_t first, uint64_t last)
{
    const struct arrivals_span span = {publisher, first, last};

    cr_assert_eq(arrivals_add(arrivals, &span), LATTN_OK);
}

static struct arrivals_mark mark_make(const char *stream, uint64_t seq)
{
    struct arrivals_mark mark = {.seq = seq, .time_ns = -5, .known = seq + 7, .lost = 2};

    snprintf(mark.stream, sizeof mark.stream, "%s", stream);
    return mark;
}

static void put(struct arrivals *arrivals, const char *stream, uint64_t seq)
{
    const struct arrivals_mark mark = mark_make(stream, seq);

    cr_assert_eq(arrivals_put(arrivals, &mark), LATTN_OK);
}

static struct arrivals *again(const struct arrivals *arrivals)
{
    struct arrivals *read = begun();
    struct serial_reader reader;
    struct serial_writer writer;
    struct bytes bytes = {0};

    serial_writer_init(&writer, bytes_sink, &bytes);
    arrivals_write(arrivals, &writer);
    cr_assert_eq(serial_flush(&writer), LATTN_OK);
    cr_assert_eq(bytes.length, arrivals_bytes(arrivals));
    serial_reader_init(&reader, "arrivals", bytes_source, &bytes, bytes.length, &complaint);
    arrivals_read(read, &reader);
    cr_assert_eq(reader.status, LATTN_OK, "%s", complaint.text);
    bytes_done(&bytes);
    return read;
}

/* Numbers in any order, some twice, against a table of all of them. */
Test(arrivals, know_which_numbers_were_taken)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct random random = {.state = seed};
        struct arrivals *arrivals = begun(), *read;
        int taken[NUMBERS + 1] = {0};

        put(arrivals, "s", 1);
        /* Few gaps at a time: runs of four. */
        for (int i = 0; i < NUMBERS / 4; i++) {
            uint64_t first = 1 + 4 * random_below(&random, 12 + 2 * (uint32_t)i / 3);
            uint64_t last = first + random_below(&random, 6);

            if (last > NUMBERS || arrivals_given_up(arrivals, "s") > 0)
                continue;
            add(arrivals, "s/a", first, last);
            add(arrivals, "b", 5, 5);
            for (uint64_t k = first; k <= last; k++)
                taken[k] = 1;
            if (arrivals_given_up(arrivals, "s") > 0)
                break;
            for (uint64_t k = 0; k <= NUMBERS; k++)
                cr_assert_eq(arrivals_has(arrivals, "s/a", k), taken[k], "seed %d, number %d",
                             (int)seed, (int)k);
        }
        read = again(arrivals);
        for (uint64_t k = 0; k <= NUMBERS; k++)
            cr_assert_eq(arrivals_has(read, "s/a", k), arrivals_has(arrivals, "s/a", k));
        cr_assert_not(arrivals_has(read, "c", 5));
        arrivals_close(&read);
        arrivals_close(&arrivals);
    }
    cr_assert_eq(leaks(), 0);
}

Test(arrivals, reach_to_the_ends_of_64_bits)
{
    struct arrivals *arrivals = begun();

    add(arrivals, "a", UINT64_MAX, UINT64_MAX);
    add(arrivals, "a", 0, 0);
    add(arrivals, "a", UINT64_MAX - 1, UINT64_MAX - 1);
    cr_expect(arrivals_has(arrivals, "a", UINT64_MAX) && arrivals_has(arrivals, "a", 0));
    cr_expect(!arrivals_has(arrivals, "a", 1) && !arrivals_has(arrivals, "a", UINT64_MAX - 2));
    arrivals_close(&arrivals);
}

/* 16 runs, and room for no more. */
static struct arrivals *full(void)
{
    struct arrivals *arrivals = begun();

    put(arrivals, "t", 9);
    put(arrivals, "s", 9);
    for (uint64_t i = 0; i < ARRIVALS_SPANS_MAX; i++)
        add(arrivals, "s/a", 10 + 10 * i, 12 + 10 * i);
    cr_assert_eq(arrivals_given_up(arrivals, "s"), 0);
    return arrivals;
}

Test(arrivals, give_up_the_lowest_gap_where_there_are_too_many)
{
    struct arrivals *arrivals = full();

    add(arrivals, "s/a", 1000, 1000);
    cr_expect_eq(arrivals_given_up(arrivals, "s"), 7, "13 to 19");
    cr_expect_eq(arrivals_given_up(arrivals, "t"), 0);
    cr_expect_eq(arrivals_given_up(arrivals, "u"), 0);
    cr_expect(arrivals_has(arrivals, "s/a", 15) && !arrivals_has(arrivals, "s/a", 25));
    arrivals_close(&arrivals);
}

Test(arrivals, lose_what_they_give_up_to_its_stream)
{
    struct arrivals *arrivals = full(), *read;
    struct arrivals_mark mark;

    add(arrivals, "s/a", 1000, 1000);
    cr_assert_eq(arrivals_mark_of(arrivals, "s", &mark), LATTN_OK);
    cr_expect_eq(mark.lost, 2 + 7);
    mark.seq = mark.known = 1000;
    mark.given_up = 0;
    cr_assert_eq(arrivals_put(arrivals, &mark), LATTN_OK);
    cr_expect_eq(arrivals_given_up(arrivals, "s"), 7, "the next mark says nothing of it");
    cr_expect_eq(arrivals_total(arrivals).lost, 2 + 7 + 2);
    read = again(arrivals);
    cr_assert_eq(arrivals_mark_of(read, "s", &mark), LATTN_OK);
    cr_expect(mark.lost == 2 + 7 && mark.given_up == 0, "it is kept as lost");
    arrivals_close(&read);
    arrivals_close(&arrivals);
}

Test(arrivals, forget_the_publisher_idle_longest)
{
    struct arrivals *arrivals = begun();
    char name[16];

    for (int i = 0; i <= ARRIVALS_PUBLISHERS_MAX; i++) {
        snprintf(name, sizeof name, "%d", i);
        add(arrivals, name, 1, 1);
        if (i == 5)
            add(arrivals, "0", 2, 2);
    }
    cr_expect(arrivals_has(arrivals, "0", 2), "heard of since");
    cr_expect_not(arrivals_has(arrivals, "1", 1));
    cr_expect(arrivals_has(arrivals, "2", 1) && arrivals_has(arrivals, name, 1));
    arrivals_close(&arrivals);
}

Test(arrivals, keep_how_far_each_stream_is_taken)
{
    struct arrivals *arrivals = begun(), *copy, *read;
    struct arrivals_mark mark;
    size_t count;

    put(arrivals, "lattn_0@1", 4);
    put(arrivals, "lattn_1@1", 5);
    put(arrivals, "lattn_0@1", 9);
    add(arrivals, "a", 1, 3);
    cr_assert_eq(arrivals_copy(arrivals, &copy), LATTN_OK);
    put(arrivals, "lattn_0@1", 10);
    read = again(copy);
    cr_assert_eq(arrivals_mark_of(read, "lattn_0@1", &mark), LATTN_OK);
    cr_expect(mark.seq == 9 && mark.time_ns == -5 && mark.known == 16 && mark.lost == 2);
    cr_expect(arrivals_has(copy, "a", 3));
    cr_expect_eq(arrivals_mark_of(read, "lattn_2@1", &mark), LATTN_NO_DATA);
    cr_expect_str_eq(arrivals_marks(read, &count)[1].stream, "lattn_1@1");
    cr_expect_eq(count, 2);
    arrivals_close(&copy);
    arrivals_close(&read);
    arrivals_close(&arrivals);
}

Test(arrivals, add_up_their_marks)
{
    struct arrivals *arrivals = begun();
    struct arrivals_mark total = arrivals_total(arrivals);

    cr_expect(total.seq == 0 && total.known == 0 && total.lost == 0 && total.rolled_back == 0);
    put(arrivals, "a", 4);
    put(arrivals, "b", 5);
    total = arrivals_total(arrivals);
    cr_expect(total.seq == 9 && total.known == 9 + 2 * 7 && total.lost == 4);
    arrivals_close(&arrivals);
}

Test(arrivals, have_room_for_so_many_streams)
{
    struct arrivals *arrivals = begun();
    struct arrivals_mark mark;
    char name[16];

    for (int i = 0; i < ARRIVALS_STREAMS_MAX; i++) {
        snprintf(name, sizeof name, "s%d", i);
        put(arrivals, name, 1);
    }
    mark = mark_make("one more", 1);
    cr_expect_eq(arrivals_put(arrivals, &mark), LATTN_RANGE);
    cr_expect_eq(arrivals_reserve(arrivals, 1, 0), LATTN_RANGE);
    put(arrivals, "s3", 2);
    arrivals_close(&arrivals);
}

Test(arrivals, of_disjoint_streams_are_added_and_others_named)
{
    struct arrivals *a = begun(), *b = begun();
    struct arrivals_mark mark;

    put(a, "lattn_0@1", 4);
    add(a, "p", 1, 2);
    put(b, "lattn_1@1", 6);
    add(b, "q", 7, 9);
    cr_assert_eq(arrivals_merge(a, b, &complaint), LATTN_OK, "%s", complaint.text);
    cr_expect(arrivals_has(a, "p", 2) && arrivals_has(a, "q", 8) && !arrivals_has(a, "q", 2));
    cr_assert_eq(arrivals_mark_of(a, "lattn_1@1", &mark), LATTN_OK);
    cr_expect_eq(mark.seq, 6);
    cr_expect_eq(arrivals_merge(a, b, &complaint), LATTN_CONFLICT);
    cr_expect_str_eq(complaint.text, "stream lattn_1@1 is in both: its pairs would count twice");
    arrivals_close(&a);
    arrivals_close(&b);
}

/* Whatever the bytes are: refused, or arrivals that are sound. */
Test(arrivals, that_are_damaged_are_refused_or_sound)
{
    struct arrivals *arrivals = begun();
    struct serial_writer writer;
    struct bytes bytes = {0};
    int refused = 0;

    put(arrivals, "lattn_0@1", 4);
    add(arrivals, "p", 1, 2);
    add(arrivals, "p", 5, 6);
    add(arrivals, "q", 1, 2);
    serial_writer_init(&writer, bytes_sink, &bytes);
    arrivals_write(arrivals, &writer);
    cr_assert_eq(serial_flush(&writer), LATTN_OK);
    arrivals_close(&arrivals);
    for (size_t i = 0; i < bytes.length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            struct serial_reader reader;
            struct arrivals *read = begun();

            bytes.data[i] ^= (unsigned char)(1 << bit);
            bytes.at = 0;
            serial_reader_init(&reader, "arrivals", bytes_source, &bytes, bytes.length, NULL);
            arrivals_read(read, &reader);
            if (reader.status == LATTN_OK)
                add(read, "p", 3, 3);
            else
                refused++;
            bytes.data[i] ^= (unsigned char)(1 << bit);
            arrivals_close(&read);
        }
    }
    cr_expect_gt(refused, 50);
    bytes_done(&bytes);
    cr_assert_eq(leaks(), 0);
}
