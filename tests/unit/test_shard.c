/* A shard against a server that is a few variables: what it does to the calls of jetstream.h. */
#include "shard.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

static struct {
    int has_stream;
    struct jetstream_stream stream;
    uint64_t bytes_max;
    int makes; /* how often a stream was made */
    uint64_t connections;
    enum lattn_status makes_status; /* of the next make */
    enum lattn_status has_status;   /* of jetstream_has */
    uint64_t has_sequence;          /* it was asked about */
    enum lattn_status floor_status;
    uint64_t floor;
    enum lattn_status publish_status;
    char sent[1024]; /* "id=bytes " of each */
} server;

enum lattn_status jetstream_get(struct jetstream *jetstream, const char *name,
                                struct jetstream_stream *ret_stream,
                                struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)complaint;
    cr_assert_str_eq(name, "p_1");
    if (!server.has_stream)
        return LATTN_NO_DATA;
    *ret_stream = server.stream;
    return LATTN_OK;
}

enum lattn_status jetstream_make(struct jetstream *jetstream, const struct lattn_layout *layout,
                                 uint64_t bytes_max, struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)complaint;
    if (server.makes_status != LATTN_OK)
        return server.makes_status;
    server.makes++;
    server.has_stream = 1;
    server.bytes_max = bytes_max;
    server.stream = (struct jetstream_stream){
        .layout = {.subjects = 1, .is_on_disk = 1, .keeps_old = 1, .keeps_taken = 1}};
    memcpy(server.stream.layout.subject, layout->subject, sizeof layout->subject);
    memcpy(server.stream.layout.description, layout->description, sizeof layout->description);
    return LATTN_OK;
}

enum lattn_status jetstream_has(struct jetstream *jetstream, const char *stream, uint64_t sequence,
                                const char *id, struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)complaint;
    cr_assert_str_eq(stream, "p_1");
    cr_assert_eq(strncmp(id, "me.", 3), 0);
    server.has_sequence = sequence;
    return server.has_status;
}

enum lattn_status jetstream_floor(struct jetstream *jetstream, const char *stream,
                                  const char *consumer, uint64_t *ret_sequence,
                                  struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)complaint;
    cr_assert_str_eq(stream, "p_1");
    cr_assert_str_eq(consumer, "p_1_worker");
    *ret_sequence = server.floor;
    return server.floor_status;
}

uint64_t jetstream_connections(struct jetstream *jetstream)
{
    (void)jetstream;
    return server.connections;
}

enum lattn_status jetstream_publish(struct jetstream *jetstream, const char *subject,
                                    const char *id, const char *bytes, size_t length)
{
    size_t end = strlen(server.sent);

    (void)jetstream;
    cr_assert_str_eq(subject, "p.in.1");
    if (server.publish_status == LATTN_OK && end < sizeof server.sent - 64)
        snprintf(server.sent + end, sizeof server.sent - end, "%s=%.*s ", id, (int)length, bytes);
    return server.publish_status;
}

static struct shard shard_make(void)
{
    const struct shard_settings settings = {
        .verb = "publish",
        .prefix = "p",
        .publisher = "me",
        .count = 4,
        .epoch = 2,
        .bytes_max = 99,
        .random = 1,
    };
    struct shard shard;

    memset(&server, 0, sizeof server);
    shard_init(&shard, &settings, 1);
    return shard;
}

static enum lattn_status look(struct shard *shard)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = shard_look(shard, NULL, &complaint);

    cr_assert((status == LATTN_OK) == (complaint.text[0] == '\0'));
    return status;
}

static void add(struct shard *shard, const char *bytes)
{
    cr_assert_eq(kept_add(&shard->kept, bytes, strlen(bytes), 1), LATTN_OK);
}

/* Send all, at this time; what went out. */
static const char *send(struct shard *shard, uint64_t now_ms)
{
    server.sent[0] = '\0';
    cr_assert_eq(shard_send(shard, NULL, now_ms), server.publish_status);
    return server.sent;
}

static uint64_t store(struct shard *shard, uint64_t number, uint64_t sequence)
{
    const struct jetstream_event event = {
        .kind = JETSTREAM_STORED, .shard = 1, .number = number, .sequence = sequence};

    return shard_store(shard, &event, 1);
}

Test(shard, makes_its_stream)
{
    struct shard shard = shard_make();

    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_eq(server.makes, 1);
    cr_assert_str_eq(server.stream.layout.subject, "p.in.1");
    cr_assert_str_eq(server.stream.layout.description, "lattn shard 1/4 epoch 2");
    cr_assert_eq(server.bytes_max, 99);
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_eq(server.makes, 1);
    shard_done(&shard);
}

Test(shard, refuses_a_wrong_layout)
{
    struct shard shard = shard_make();

    cr_assert_eq(look(&shard), LATTN_OK);
    server.stream.layout.keeps_old = 0;
    cr_assert_eq(look(&shard), LATTN_CONFLICT);
    server.has_stream = 0;
    server.makes_status = LATTN_CONFLICT;
    cr_assert_eq(look(&shard), LATTN_CONFLICT, "another stream has its subject");
    shard_done(&shard);
}

Test(shard, sends_nothing_before_it_has_looked)
{
    struct shard shard = shard_make();

    add(&shard, "a");
    cr_assert_str_eq(send(&shard, 1), "");
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_str_eq(send(&shard, 1), "me.1=a ");
    shard_part(&shard);
    cr_assert_str_eq(send(&shard, 1), "", "on a new connection neither");
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_str_eq(send(&shard, 1), "me.1=a ");
    shard_done(&shard);
}

Test(shard, keeps_until_the_worker_has_it)
{
    struct shard shard = shard_make();

    add(&shard, "a");
    add(&shard, "b");
    server.floor_status = LATTN_NO_DATA;
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_not(shard.has_worker);
    send(&shard, 1);
    cr_assert_eq(store(&shard, 1, 5), 1);
    cr_assert_eq(store(&shard, 2, 6), 1);
    server.stream.last = 6;
    server.floor_status = LATTN_OK;
    server.floor = 5;
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert(shard.has_worker);
    cr_assert_eq(kept_count(&shard.kept), 1);
    server.floor = 6;
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_eq(kept_count(&shard.kept), 0);
    shard_done(&shard);
}

/* A shard with two messages that are stored. */
static void stored_make(struct shard *shard)
{
    *shard = shard_make();
    add(shard, "a");
    add(shard, "b");
    cr_assert_eq(look(shard), LATTN_OK);
    send(shard, 1);
    store(shard, 1, 5);
    store(shard, 2, 6);
}

Test(shard, sends_all_again_where_the_stream_was_set_back, .init = cr_redirect_stderr)
{
    struct shard shard;

    stored_make(&shard);
    server.stream.last = 5;
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_str_eq(send(&shard, 1), "me.1=a me.2=b ", "its end is missing");
    shard_done(&shard);

    stored_make(&shard);
    server.stream.first = 1;
    server.stream.last = 9;
    server.has_status = LATTN_CONFLICT;
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_eq(server.has_sequence, 6);
    cr_assert_str_eq(send(&shard, 1), "me.1=a me.2=b ", "another has its place");
    shard_done(&shard);

    stored_make(&shard);
    server.has_stream = 0;
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_eq(server.makes, 2);
    cr_assert_str_eq(send(&shard, 1), "me.1=a me.2=b ", "it is another");
    shard_done(&shard);
}

Test(shard, sends_nothing_again_that_limits_have_dropped)
{
    struct shard shard;

    stored_make(&shard);
    server.stream.first = 8;
    server.stream.last = 9;
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_str_eq(send(&shard, 1), "");
    server.stream.first = 1;
    server.has_status = LATTN_NO_DATA;
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_str_eq(send(&shard, 1), "", "nor one that somebody deleted");
    shard_done(&shard);
}

Test(shard, tries_one_at_a_time_what_was_refused, .init = cr_redirect_stderr)
{
    const struct jetstream_event full = {
        .kind = JETSTREAM_REFUSED, .shard = 1, .number = 1, .reason = "full"};
    struct shard shard = shard_make();

    add(&shard, "a");
    add(&shard, "b");
    cr_assert_eq(look(&shard), LATTN_OK);
    send(&shard, 100);
    shard_refuse(&shard, &full, 100);
    shard_refuse(&shard, &(struct jetstream_event){.number = 2, .reason = "full"}, 100);
    cr_assert_str_eq(send(&shard, 100), "", "it pauses");
    cr_assert(shard_is_pausing(&shard));
    cr_assert_gt(shard.resume_ms, 100);
    cr_assert_str_eq(send(&shard, shard.resume_ms), "me.1=a ", "then one goes");
    store(&shard, 1, 1);
    cr_assert_str_eq(send(&shard, shard.resume_ms), "me.2=b ", "and the others behind it");
    shard_done(&shard);
}

Test(shard, looks_again_where_nobody_takes_its_subject, .init = cr_redirect_stderr)
{
    struct shard shard = shard_make();

    add(&shard, "a");
    cr_assert_eq(look(&shard), LATTN_OK);
    send(&shard, 1);
    shard_refuse(&shard, &(struct jetstream_event){.number = 1, .is_orphan = 1}, 1);
    cr_assert_not(shard.is_met);
    cr_assert_not(shard_is_pausing(&shard), "it waits for a look, not for its time");
    shard_done(&shard);
}

Test(shard, sends_again_what_was_not_answered, .init = cr_redirect_stderr)
{
    struct shard shard = shard_make();

    add(&shard, "a");
    cr_assert_eq(look(&shard), LATTN_OK);
    send(&shard, 1000);
    shard_check(&shard, 1500);
    cr_assert_eq(shard.kept.sent, 1);
    shard_check(&shard, 100000);
    cr_assert_eq(look(&shard), LATTN_OK);
    cr_assert_str_eq(send(&shard, 100000), "me.1=a ");
    shard_done(&shard);
}

Test(shard, counts_what_was_there_before_it_was_sent)
{
    const struct jetstream_event there = {.number = 1, .sequence = 1, .is_duplicate = 1};
    struct shard shard = shard_make();

    add(&shard, "a");
    cr_assert_eq(look(&shard), LATTN_OK);
    send(&shard, 1);
    shard_store(&shard, &there, 1);
    server.stream.first = server.stream.last = 1;
    cr_assert_eq(shard.duplicates, 1);
    add(&shard, "b");
    send(&shard, 1);
    shard_part(&shard);
    cr_assert_eq(look(&shard), LATTN_OK);
    send(&shard, 1);
    shard_store(&shard, &(struct jetstream_event){.number = 2, .sequence = 2, .is_duplicate = 1},
                1);
    cr_assert_eq(shard.duplicates, 1, "sent twice by us it is no surprise");
    shard_done(&shard);
}

Test(shard, stops_where_the_connection_takes_no_more)
{
    struct shard shard = shard_make();

    add(&shard, "a");
    cr_assert_eq(look(&shard), LATTN_OK);
    server.publish_status = LATTN_CLOSED;
    cr_assert_str_eq(send(&shard, 1), "");
    server.publish_status = LATTN_OK;
    cr_assert_str_eq(send(&shard, 1), "me.1=a ");
    shard_done(&shard);
}
