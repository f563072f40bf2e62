/*
 * One stream of one shard on a server that is a few variables, in place of source/jetstream.c.
 */
#include "support/fake_jetstream.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct jetstream {
    int is_open;
};

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
struct server server;

static struct jetstream connection;

/* What was fetched last. */
static struct jetstream_message messages[JETSTREAM_BATCH];
static char texts[JETSTREAM_BATCH][32];

void server_make(uint64_t first, uint64_t last)
{
    server = (struct server){
        .has_stream = 1,
        .stream = {.layout = {.subject = "lattn.in.0",
                              .subjects = 1,
                              .is_on_disk = 1,
                              .keeps_old = 1,
                              .keeps_taken = 1},
                   .created_ns = 1,
                   .first = first,
                   .last = last},
    };
}

void doze(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

enum lattn_status jetstream_open(struct jetstream **ret_jetstream,
                                 const struct jetstream_settings *settings,
                                 struct lattn_complaint *complaint)
{
    (void)settings;
    (void)complaint;
    pthread_mutex_lock(&lock);
    server.opens++;
    pthread_mutex_unlock(&lock);
    connection.is_open = 1;
    *ret_jetstream = &connection;
    return LATTN_OK;
}

void jetstream_close(struct jetstream **jetstream)
{
    *jetstream = NULL;
}

enum lattn_status jetstream_look(struct jetstream *jetstream, const char *stream,
                                 struct jetstream_stream *ret_stream,
                                 struct lattn_complaint *complaint)
{
    enum lattn_status status;

    (void)jetstream;
    (void)complaint;
    pthread_mutex_lock(&lock);
    status = server.has_stream || strcmp(stream, "lattn_0") != 0 ? LATTN_OK : LATTN_NO_DATA;
    *ret_stream = server.stream;
    pthread_mutex_unlock(&lock);
    return status;
}

enum lattn_status jetstream_make(struct jetstream *jetstream, const struct jetstream_plan *plan,
                                 struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)complaint;
    cr_assert_str_eq(plan->stream, "lattn_0");
    cr_assert_str_eq(plan->subject, "lattn.in.0");
    cr_assert_str_eq(plan->description, "lattn shard 0/1 epoch 1");
    cr_assert_eq(plan->duplicates_ns, INT64_C(600000000000));
    pthread_mutex_lock(&lock);
    server.has_stream = 1;
    pthread_mutex_unlock(&lock);
    return LATTN_OK;
}

enum lattn_status jetstream_time(struct jetstream *jetstream, const char *stream, uint64_t seq,
                                 int64_t *ret_time_ns, struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)stream;
    (void)complaint;
    pthread_mutex_lock(&lock);
    *ret_time_ns = (int64_t)seq * 1000 + server.age;
    pthread_mutex_unlock(&lock);
    return LATTN_OK;
}

enum lattn_status jetstream_newest(struct jetstream *jetstream, const char *stream,
                                   const char *subject, char ret_text[JETSTREAM_TEXT_MAX],
                                   uint64_t *ret_seq, struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)complaint;
    cr_assert_str_eq(stream, "lattn_workers");
    cr_assert_str_eq(subject, "lattn.worker.0");
    pthread_mutex_lock(&lock);
    memcpy(ret_text, server.lease, sizeof server.lease);
    *ret_seq = server.lease_seq;
    pthread_mutex_unlock(&lock);
    return LATTN_OK;
}

enum lattn_status jetstream_put(struct jetstream *jetstream, const char *stream,
                                const char *subject, const char *text, uint64_t behind,
                                uint64_t *ret_seq, struct lattn_complaint *complaint)
{
    enum lattn_status status;

    (void)jetstream;
    (void)stream;
    (void)subject;
    (void)complaint;
    pthread_mutex_lock(&lock);
    status = behind == server.lease_seq ? LATTN_OK : LATTN_CONFLICT;
    if (status == LATTN_OK) {
        snprintf(server.lease, sizeof server.lease, "%s", text);
        *ret_seq = ++server.lease_seq;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

enum lattn_status jetstream_consumer_look(struct jetstream *jetstream, const char *stream,
                                          const char *consumer,
                                          struct jetstream_consumer *ret_consumer,
                                          struct lattn_complaint *complaint)
{
    enum lattn_status status;

    (void)jetstream;
    (void)stream;
    (void)complaint;
    cr_assert_str_eq(consumer, "lattn_0_worker");
    pthread_mutex_lock(&lock);
    status = server.has_consumer ? LATTN_OK : LATTN_NO_DATA;
    *ret_consumer = server.consumer;
    ret_consumer->waiting = (int64_t)(server.consumer.delivered - server.consumer.settled);
    pthread_mutex_unlock(&lock);
    return status;
}

enum lattn_status jetstream_consume(struct jetstream *jetstream, const char *stream,
                                    const char *consumer, uint64_t seq, int64_t time_ns,
                                    struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)stream;
    (void)consumer;
    (void)complaint;
    pthread_mutex_lock(&lock);
    server.has_consumer = 1;
    server.consumers_made++;
    server.made_at = seq;
    for (; seq == 0 || seq < server.stream.first; seq++)
        if (seq >= server.stream.first && (int64_t)seq * 1000 + server.age >= time_ns)
            break;
    server.consumer =
        (struct jetstream_consumer){.is_fit = 1, .delivered = seq - 1, .settled = seq - 1};
    pthread_mutex_unlock(&lock);
    return LATTN_OK;
}

enum lattn_status jetstream_bind(struct jetstream *jetstream, const char *stream,
                                 const char *consumer, const char *subject,
                                 struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)stream;
    (void)consumer;
    (void)complaint;
    cr_assert_str_eq(subject, "lattn.in.0");
    return LATTN_OK;
}

/* The next one for the consumer. */
static void message_make(size_t at)
{
    uint64_t seq = ++server.consumer.delivered;

    snprintf(texts[at], sizeof texts[at], "p.%" PRIu64, seq);
    messages[at] = (struct jetstream_message){
        .bytes = texts[at],
        .length = strlen(texts[at]),
        .id = texts[at],
        .reply = texts[at],
        .seq = seq,
        .delivery = ++server.consumer.deliveries,
        .deliveries = 1,
        .pending = server.stream.last - seq,
        .time_ns = (int64_t)seq * 1000 + server.age,
    };
}

enum lattn_status jetstream_fetch(struct jetstream *jetstream, size_t bytes_max, int64_t wait_ms,
                                  const struct jetstream_message **ret_messages, size_t *ret_count,
                                  struct lattn_complaint *complaint)
{
    enum lattn_status status;
    size_t count = 0;

    (void)jetstream;
    (void)bytes_max;
    (void)wait_ms;
    pthread_mutex_lock(&lock);
    status = server.loss;
    server.loss = LATTN_OK;
    server.consumer.deliveries += server.skipped;
    server.skipped = 0;
    while (status == LATTN_OK && count < JETSTREAM_BATCH &&
           server.consumer.delivered < server.stream.last)
        message_make(count++);
    pthread_mutex_unlock(&lock);
    if (status != LATTN_OK) {
        snprintf(complaint->text, sizeof complaint->text, "it is lost");
        return status;
    }
    *ret_messages = messages;
    *ret_count = count;
    if (count == 0)
        doze();
    return count > 0 ? LATTN_OK : LATTN_MORE;
}

void jetstream_release(struct jetstream *jetstream)
{
    (void)jetstream;
}

enum lattn_status jetstream_acknowledge(struct jetstream *jetstream, const char *reply,
                                        struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)complaint;
    pthread_mutex_lock(&lock);
    server.consumer.settled = strtoull(reply + 2, NULL, 10);
    pthread_mutex_unlock(&lock);
    return LATTN_OK;
}
