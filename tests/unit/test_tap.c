/* A tap against a server that is a few variables: what it does to the calls of jetstream.h. */
#include "source/tap.h"

#include "support/fake_jetstream.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGES_MAX = 1000, BATCHES_MAX = 32, WAITS_MAX = 20000 };

/* What the tap handed on, message by message and batch by batch. */
static struct {
    struct tap_message messages[MESSAGES_MAX];
    size_t messages_count;
    size_t batches[BATCHES_MAX];
    size_t batches_count;
    size_t settled;
    int reads_nothing; /* the next time */
    size_t read_max;   /* of the next batch; 0: no limit */
    int is_stopped;
    char said[256];
} taken;

/* ---- whoever learns ------------------------------------------------------------------------- */

static size_t take_read(void *arg, const struct tap_message *messages, size_t count)
{
    size_t read;

    (void)arg;
    pthread_mutex_lock(&lock);
    read = taken.reads_nothing ? 0 : count;
    if (taken.read_max > 0 && taken.read_max < read)
        read = taken.read_max;
    for (size_t i = 0; i < read; i++)
        taken.messages[taken.messages_count++] = messages[i];
    taken.batches[taken.batches_count] = read;
    taken.read_max = 0;
    taken.reads_nothing = 0;
    pthread_mutex_unlock(&lock);
    return read;
}

static void take_hand(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    taken.batches_count++;
    pthread_mutex_unlock(&lock);
}

static void take_tell(void *arg, enum tap_tone tone, const char *sentence)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    if (tone == TAP_WARNING)
        snprintf(taken.said, sizeof taken.said, "%s", sentence);
    pthread_mutex_unlock(&lock);
}

static void take_stopped(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    taken.is_stopped = 1;
    pthread_mutex_unlock(&lock);
}

/* ---- a test --------------------------------------------------------------------------------- */

static struct tap *tap;

static void tap_begin(uint64_t mark)
{
    struct tap_settings settings = {
        .worker = "mine",
        .mark = {.seq = mark, .time_ns = (int64_t)mark * 1000, .known = mark},
        .bytes_max = 1 << 20,
        .read = take_read,
        .hand = take_hand,
        .tell = take_tell,
        .stopped = take_stopped,
    };

    lattn_layout_init(&settings.layout, "lattn", 0, 1, 1);
    cr_assert_eq(tap_open(&tap, &settings), LATTN_OK);
}

#define wait_until(condition)                                                                      \
    do {                                                                                           \
        int waits = 0;                                                                             \
                                                                                                   \
        for (;;) {                                                                                 \
            pthread_mutex_lock(&lock);                                                             \
            int holds = (condition);                                                               \
                                                                                                   \
            pthread_mutex_unlock(&lock);                                                           \
            if (holds)                                                                             \
                break;                                                                             \
            cr_assert_lt(waits++, WAITS_MAX, "%s", #condition);                                    \
            doze();                                                                                \
        }                                                                                          \
    } while (0)

/* Settle the next batch, all of it but its last `unkept` messages. */
static void settle(size_t unkept)
{
    size_t count;

    wait_until(taken.batches_count > taken.settled);
    pthread_mutex_lock(&lock);
    count = taken.batches[taken.settled++];
    pthread_mutex_unlock(&lock);
    tap_settle(tap, count - unkept, 0);
}

static struct tap_report report(void)
{
    struct tap_report now;

    tap_look(tap, &now);
    return now;
}

/* Let more messages come. */
static void grow(uint64_t last)
{
    pthread_mutex_lock(&lock);
    server.stream.last = last;
    pthread_mutex_unlock(&lock);
}

/* Were messages first ... last handed on behind `from`, each behind the one before? */
static void expect_taken(size_t from, uint64_t first, uint64_t last)
{
    wait_until(taken.messages_count >= from + (last - first + 1));
    pthread_mutex_lock(&lock);
    for (uint64_t seq = first; seq <= last; seq++) {
        const struct tap_message *message = &taken.messages[from + (seq - first)];

        cr_assert_eq(message->mark.seq, seq);
        cr_assert_eq(message->id.number, seq);
        cr_assert_eq(message->after, seq == first ? message->after : seq - 1);
    }
    pthread_mutex_unlock(&lock);
}

Test(tap, takes_in_order_and_acknowledges_what_was_settled)
{
    server_make(1, 5);
    tap_begin(0);
    expect_taken(0, 1, 5);
    cr_assert_eq(report().pending, 5);
    cr_assert_eq(server.consumer.settled, 0);
    settle(0);
    wait_until(server.consumer.settled == 5);
    cr_assert_eq(report().seq, 5);
    cr_assert_eq(report().pending, 0);
    cr_assert(report().is_connected);
    grow(7);
    expect_taken(5, 6, 7);
    cr_assert_eq(server.opens, 1);
    cr_assert_eq(server.consumers_made, 1);
    tap_close(&tap);
}

Test(tap, makes_a_stream_that_is_missing)
{
    server_make(1, 0);
    server.has_stream = 0;
    tap_begin(0);
    wait_until(server.has_consumer);
    cr_assert(server.has_stream);
    tap_close(&tap);
}

Test(tap, hands_on_two_batches_at_most)
{
    server_make(1, 3 * JETSTREAM_BATCH);
    tap_begin(0);
    wait_until(taken.batches_count == TAP_AWAY_MAX);
    doze();
    cr_assert_eq(taken.batches_count, TAP_AWAY_MAX, "the third one waits");
    settle(0);
    expect_taken(0, 1, 3 * JETSTREAM_BATCH);
    tap_close(&tap);
}

Test(tap, begins_behind_the_mark)
{
    server_make(1, 9);
    tap_begin(6);
    expect_taken(0, 7, 9);
    cr_assert_eq(server.made_at, 7);
    cr_assert_eq(taken.messages[0].after, 6);
    tap_close(&tap);
}

Test(tap, goes_on_with_a_consumer_that_stands_there)
{
    server_make(1, 9);
    server.has_consumer = 1;
    server.consumer =
        (struct jetstream_consumer){.is_fit = 1, .delivered = 6, .settled = 6, .deliveries = 40};
    tap_begin(6);
    expect_taken(0, 7, 9);
    cr_assert_eq(server.consumers_made, 0);
    tap_close(&tap);
}

Test(tap, takes_again_what_was_not_kept)
{
    server_make(1, 5);
    tap_begin(0);
    expect_taken(0, 1, 5);
    settle(3);
    expect_taken(5, 3, 5);
    cr_assert_eq(server.made_at, 3);
    cr_assert_not_null(strstr(taken.said, "could not be kept"));
    settle(0);
    wait_until(server.consumer.settled == 5);
    cr_assert_eq(report().seq, 5);
    tap_close(&tap);
}

Test(tap, begins_anew_where_a_delivery_is_missing)
{
    server_make(1, 3);
    tap_begin(0);
    expect_taken(0, 1, 3);
    settle(0);
    pthread_mutex_lock(&lock);
    server.skipped = 1;
    server.stream.last = 6;
    pthread_mutex_unlock(&lock);
    expect_taken(3, 4, 6);
    cr_assert_eq(server.consumers_made, 2);
    tap_close(&tap);
}

Test(tap, counts_and_tells_what_is_gone)
{
    server_make(5, 8);
    tap_begin(2);
    expect_taken(0, 5, 8);
    cr_assert_eq(taken.messages[0].after, 2);
    cr_assert_eq(report().lost, 2);
    cr_assert_not_null(strstr(taken.said, "lost 2 messages"));
    tap_close(&tap);
}

/* The message at the mark is another one: all that is younger than it comes. */
Test(tap, notices_a_stream_that_went_back)
{
    server_make(1, 9);
    server.age = 3000;
    tap_begin(6);
    wait_until(taken.batches_count == 1);
    cr_assert_eq(taken.messages[0].mark.seq, 4, "at 7000, behind the mark's 6000");
    cr_assert_eq(report().rolled_back, 1);
    cr_assert_not_null(strstr(taken.said, "rolled back"));
    tap_close(&tap);
}

Test(tap, connects_again_and_goes_on_at_the_mark)
{
    server_make(1, 3);
    tap_begin(0);
    expect_taken(0, 1, 3);
    settle(0);
    pthread_mutex_lock(&lock);
    server.loss = LATTN_CLOSED;
    server.stream.last = 5;
    pthread_mutex_unlock(&lock);
    expect_taken(3, 4, 5);
    cr_assert_eq(server.opens, 2);
    cr_assert_str_eq(taken.said, "it is lost");
    cr_assert_str_eq(report().error.text, "", "that is over");
    tap_close(&tap);
}

Test(tap, tries_again_what_nobody_could_read)
{
    server_make(1, 3);
    taken.reads_nothing = 1;
    tap_begin(0);
    expect_taken(0, 1, 3);
    cr_assert_eq(server.opens, 2);
    cr_assert_eq(taken.batches_count, 1);
    tap_close(&tap);
}

Test(tap, hands_on_what_was_not_read_at_once)
{
    server_make(1, 5);
    taken.read_max = 2;
    tap_begin(0);
    expect_taken(0, 1, 5);
    cr_assert_eq(taken.batches[0], 2);
    cr_assert_eq(taken.batches[1], 3);
    tap_close(&tap);
}

Test(tap, takes_nothing_where_another_worker_does)
{
    server_make(1, 3);
    snprintf(server.lease, sizeof server.lease, "other host 7");
    server.lease_seq = 4;
    tap_begin(0);
    wait_until(taken.said[0] != '\0');
    cr_assert_not_null(strstr(taken.said, "held by another worker, other, process 7 on host"));
    cr_assert_eq(taken.messages_count, 0);
    pthread_mutex_lock(&lock);
    server.lease[0] = '\0'; /* it gives up */
    server.lease_seq++;
    pthread_mutex_unlock(&lock);
    expect_taken(0, 1, 3);
    tap_close(&tap);
}

Test(tap, takes_nothing_of_a_stream_that_is_laid_out_otherwise)
{
    server_make(1, 3);
    server.stream.layout.keeps_old = 0;
    tap_begin(0);
    wait_until(taken.said[0] != '\0');
    cr_assert_eq(strncmp(taken.said, "lattn_0: wrong layout: ", 23), 0, "%s", taken.said);
    cr_assert_str_eq(report().error.text, taken.said);
    tap_stop(tap);
    wait_until(taken.is_stopped);
    cr_assert_eq(taken.messages_count, 0);
    tap_close(&tap);
}

Test(tap, stops_once_all_is_settled_and_gives_its_lease_up)
{
    server_make(1, 3);
    tap_begin(0);
    expect_taken(0, 1, 3);
    cr_assert_eq(strncmp(server.lease, "mine ", 5), 0);
    tap_stop(tap);
    grow(6);
    doze();
    cr_assert_not(taken.is_stopped, "not before");
    settle(0);
    wait_until(taken.is_stopped);
    cr_assert_eq(server.consumer.settled, 3);
    cr_assert_eq(taken.messages_count, 3);
    cr_assert_str_eq(server.lease, "");
    tap_close(&tap);
}

Test(tap, ends_with_batches_that_nobody_settles)
{
    server_make(1, 3);
    tap_begin(0);
    expect_taken(0, 1, 3);
    tap_end(tap);
    cr_assert_eq(server.consumer.settled, 0);
    tap_close(&tap);
    cr_assert_null(tap);
    tap_close(&tap);
}
