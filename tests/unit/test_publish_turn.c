/* Turns of publish with two shards, against servers that take all and say what the test says. */
#include "publish.h"

#include "interrupt.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SHARDS = 2, EVENTS_MAX = 16 };

static struct {
    int fd;
    struct jetstream_event events[EVENTS_MAX];
    size_t events_count;
    size_t events_given;
    uint64_t sent[SHARDS];
    uint64_t floor;
    uint64_t last;
    int looks;
} server;

static char refused[128];

/* ---- jetstream.h, and what publish_pairs.c has ----------------------------------------------- */

int jetstream_fd(const struct jetstream *jetstream)
{
    (void)jetstream;
    return server.fd;
}

uint64_t jetstream_bytes_max(const struct jetstream *jetstream)
{
    (void)jetstream;
    return 1024;
}

uint64_t jetstream_connections(struct jetstream *jetstream)
{
    (void)jetstream;
    return 1;
}

enum lattn_status jetstream_next(struct jetstream *jetstream, struct jetstream_event *ret_event)
{
    (void)jetstream;
    if (server.events_given == server.events_count)
        return LATTN_MORE;
    *ret_event = server.events[server.events_given++];
    return LATTN_OK;
}

enum lattn_status jetstream_publish(struct jetstream *jetstream, const char *subject,
                                    const char *id, const char *bytes, size_t length)
{
    (void)jetstream;
    (void)id;
    (void)bytes;
    (void)length;
    server.sent[subject[strlen(subject) - 1] - '0']++;
    return LATTN_OK;
}

enum lattn_status jetstream_get(struct jetstream *jetstream, const char *name,
                                struct jetstream_stream *ret_stream,
                                struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)complaint;
    server.looks++;
    *ret_stream = (struct jetstream_stream){
        .layout = {.subjects = 1, .is_on_disk = 1, .keeps_old = 1, .keeps_taken = 1},
        .last = server.last};
    snprintf(ret_stream->layout.subject, sizeof ret_stream->layout.subject, "p.in.%c", name[2]);
    return LATTN_OK;
}

enum lattn_status jetstream_make(struct jetstream *jetstream, const struct lattn_layout *layout,
                                 uint64_t bytes_max, struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)layout;
    (void)bytes_max;
    (void)complaint;
    return LATTN_REFUSED;
}

enum lattn_status jetstream_has(struct jetstream *jetstream, const char *stream, uint64_t sequence,
                                const char *id, struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)stream;
    (void)sequence;
    (void)id;
    (void)complaint;
    return LATTN_OK;
}

enum lattn_status jetstream_floor(struct jetstream *jetstream, const char *stream,
                                  const char *consumer, uint64_t *ret_sequence,
                                  struct lattn_complaint *complaint)
{
    (void)jetstream;
    (void)stream;
    (void)consumer;
    (void)complaint;
    *ret_sequence = server.floor;
    return LATTN_OK;
}

void publish_refuse(struct publish *publish, const char *reason)
{
    publish->refused++;
    snprintf(refused, sizeof refused, "%s", reason);
}

/* ---- a test --------------------------------------------------------------------------------- */

static struct publish publish;
static struct publish_wish wish;
static struct shard shards[SHARDS];

static void begin(void)
{
    const struct shard_settings settings = {
        .verb = "publish", .prefix = "p", .publisher = "me", .count = SHARDS, .epoch = 1};

    cr_redirect_stderr();
    memset(&server, 0, sizeof server);
    server.fd = eventfd(1, 0); /* there is always something to look at: no turn waits */
    wish = (struct publish_wish){.address = "nats://h", .keep_bytes = 1 << 20};
    publish = (struct publish){
        .verb = "publish", .wish = &wish, .shards = shards, .shards_count = SHARDS};
    for (uint32_t i = 0; i < SHARDS; i++)
        shard_init(&shards[i], &settings, i);
    cr_assert_eq(interrupt_take(), LATTN_OK);
    cr_assert_eq(publish_meet(&publish), LATTN_OK, "%s", publish.reason.text);
}

static void end(void)
{
    for (uint32_t i = 0; i < SHARDS; i++)
        shard_done(&shards[i]);
    close(server.fd);
}

static void add(const char *key, size_t length)
{
    static const char bytes[2048];

    cr_assert_eq(publish_add(&publish, key, bytes, length, 3), LATTN_OK);
}

static enum lattn_status turn(void)
{
    int ready;

    return publish_turn(&publish, -1, &ready);
}

static void tell(struct jetstream_event event)
{
    server.events[server.events_count++] = event;
}

static void tell_stored(uint32_t shard, uint64_t number, uint64_t sequence)
{
    tell((struct jetstream_event){
        .kind = JETSTREAM_STORED, .shard = shard, .number = number, .sequence = sequence});
    server.last = sequence;
}

Test(publish_turn, shares_messages_in_turns_or_by_key, .init = begin, .fini = end)
{
    uint32_t of_key = publish_shard_of("machine", SHARDS);

    for (int i = 0; i < 5; i++)
        add(NULL, 10);
    cr_assert_eq(kept_count(&shards[0].kept), 3);
    cr_assert_eq(kept_count(&shards[1].kept), 2);
    for (int i = 0; i < 4; i++)
        add("machine", 10);
    cr_assert_eq(kept_count(&shards[of_key].kept), (of_key == 0 ? 3 : 2) + 4);
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert_eq(server.sent[0] + server.sent[1], 9);
    cr_assert_eq(publish.pairs, 27);
}

/* FNV-1a, as others compute it: of "a" it is 0xaf63dc4c8601ec8c. */
Test(publish_turn, hashes_keys_as_it_says)
{
    cr_assert_eq(publish_shard_of("a", 1000), 0xaf63dc4c8601ec8c % 1000);
    cr_assert_eq(publish_shard_of("", 1000), 0xcbf29ce484222325 % 1000);
}

Test(publish_turn, refuses_what_no_server_takes, .init = begin, .fini = end)
{
    add(NULL, 1024 - 256);
    cr_assert_eq(publish.refused, 0);
    add(NULL, 1024 - 255);
    cr_assert_eq(publish.refused, 1);
    cr_assert_str_eq(refused, "its 769 bytes are more than the 768 of a message");
    shards[0].message_bytes_max = 500;
    add(NULL, 300);
    add(NULL, 300);
    cr_assert_eq(publish.refused, 2, "a stream may take less");
}

Test(publish_turn, reads_no_further_ahead_than_is_of_use, .init = begin, .fini = end)
{
    for (int i = 0; i < 8191; i++)
        add(NULL, 1);
    cr_assert_not(publish_is_waiting(&publish));
    add(NULL, 1);
    cr_assert(publish_is_waiting(&publish));
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert_not(publish_is_waiting(&publish), "some of it is under way");
    cr_assert_eq(server.sent[0], 2048);
}

Test(publish_turn, keeps_no_more_than_it_may, .init = begin, .fini = end)
{
    wish.keep_bytes = 2000;
    for (int i = 0; i < 4; i++)
        add(NULL, 500);
    cr_assert(publish_is_waiting(&publish));
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert(publish_is_waiting(&publish), "sent is not kept elsewhere");
    tell_stored(0, 1, 1);
    tell_stored(1, 1, 1);
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert(publish_is_waiting(&publish), "stored is not on a worker's disk");
    server.floor = 1;
    publish.look_ms = 0;
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert_not(publish_is_waiting(&publish));
    cr_assert_eq(publish_left(&publish).settled_pairs, 6);
    cr_assert_eq(publish_left(&publish).kept, 2);
}

Test(publish_turn, lets_go_of_what_is_stored_where_nobody_waits, .init = begin, .fini = end)
{
    wish.keep_bytes = 1000;
    wish.no_wait = 1;
    add(NULL, 500);
    add(NULL, 500);
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert(publish_is_waiting(&publish));
    tell_stored(0, 1, 1);
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert_not(publish_is_waiting(&publish));
    cr_assert_eq(publish.stored, 3);
    cr_assert_eq(publish_left(&publish).kept, 1);
}

Test(publish_turn, sends_again_after_a_break, .init = begin, .fini = end)
{
    add(NULL, 10);
    cr_assert_eq(turn(), LATTN_OK);
    tell((struct jetstream_event){.kind = JETSTREAM_AWAY, .reason = "gone"});
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert(publish.is_away);
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert_eq(server.sent[0], 1, "not while there is no connection");
    tell((struct jetstream_event){.kind = JETSTREAM_BACK});
    cr_assert_eq(turn(), LATTN_OK, "the streams are looked at first");
    cr_assert_eq(server.looks, SHARDS + SHARDS);
    cr_assert_eq(turn(), LATTN_OK);
    cr_assert_eq(server.sent[0], 2);
    cr_assert_not(publish.is_away);
}

Test(publish_turn, ends_where_it_is_let_in_no_more, .init = begin, .fini = end)
{
    tell((struct jetstream_event){.kind = JETSTREAM_DENIED, .reason = "who are you"});
    cr_assert_eq(turn(), LATTN_DENIED);
    cr_assert_str_eq(publish.reason.text, "not let in: who are you");
}
