/* Streams between a tap and a pipeline that only note what they are given. */
#include "serve/source.h"

#include "base/memory.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

static struct tap_settings tapped; /* of the tap that was opened last */
static struct tap_report reported;
static struct {
    size_t kept;
    uint64_t duplicates;
} settled;
static struct chunk *handed;

enum lattn_status tap_open(struct tap **ret_tap, const struct tap_settings *settings)
{
    tapped = *settings;
    *ret_tap = NULL;
    return LATTN_OK;
}

void tap_end(struct tap *tap)
{
    (void)tap;
}

void tap_close(struct tap **tap)
{
    (void)tap;
}

void tap_stop(struct tap *tap)
{
    (void)tap;
}

void tap_settle(struct tap *tap, size_t kept, uint64_t duplicates)
{
    (void)tap;
    settled.kept = kept;
    settled.duplicates = duplicates;
}

void tap_look(struct tap *tap, struct tap_report *ret_report)
{
    (void)tap;
    *ret_report = reported;
}

int tap_is_built(void)
{
    return 1;
}

void pipeline_submit(struct pipeline *pipeline, struct chunk *chunk)
{
    (void)pipeline;
    handed = chunk;
}

/* ---- a test --------------------------------------------------------------------------------- */

static struct config config;
static struct sources sources;
static int wakes;

static void wake(void *arg)
{
    (void)arg;
    wakes++;
}

/* One stream, of which a state knows this much; NULL: nothing. */
static void begin_at(const struct arrivals_mark *mark, const struct arrivals_span *spans,
                     size_t count)
{
    struct state state = {.origin = {.worker = "mine"}};

    cr_assert_eq(arrivals_open(&state.arrivals), LATTN_OK);
    if (mark != NULL)
        cr_assert_eq(arrivals_put(state.arrivals, mark), LATTN_OK);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(arrivals_add(state.arrivals, &spans[i]), LATTN_OK);
    config = (struct config){
        .sources_count = 1, .shard = {.shard = 0, .shards = 1, .epoch = 4}, .frame_bytes_max = 100};
    snprintf(config.sources[0].url.prefix, sizeof config.sources[0].url.prefix, "lattn");
    sources_init(&sources, &config, &state, wake, NULL);
    cr_assert_eq(sources_start(&sources, NULL), LATTN_OK);
    arrivals_close(&state.arrivals);
}

static void begin(void)
{
    begin_at(NULL, NULL, 0);
}

static void end(void)
{
    sources_close(&sources);
    cr_assert_eq(leaks(), 0);
}

static const char pair[] = "{\"z\":[[1,2]],\"y\":[1]}";

/* Messages 11, 12 ... with these texts, the numbers 1, 2 ... of publisher "p". */
static size_t messages_make(const char *const *texts, size_t count,
                            struct jetstream_message *messages, struct tap_message *ret_messages)
{
    for (size_t i = 0; i < count; i++) {
        messages[i] = (struct jetstream_message){
            .bytes = texts[i], .length = strlen(texts[i]), .seq = 11 + i};
        ret_messages[i] = (struct tap_message){
            .message = &messages[i],
            .after = 10 + i,
            .mark = {.seq = 11 + i, .time_ns = 7, .known = 99, .lost = 3, .rolled_back = 2},
            .id = {.publisher = "p", .number = 1 + i},
        };
    }
    return count;
}

enum { MESSAGES = 4 };

static struct jetstream_message plain[MESSAGES];
static struct tap_message messages[MESSAGES];

/* Read them, and hand on what was read. */
static size_t read_all(const char *const *texts, size_t count)
{
    size_t read = tapped.read(tapped.arg, messages, messages_make(texts, count, plain, messages));

    if (read > 0)
        tapped.hand(tapped.arg);
    return read;
}

Test(source, makes_entries_of_messages, .init = begin, .fini = end)
{
    const char *const texts[] = {pair, "{\"producer\":\"q\",\"seq\":9,\"z\":[[1]],\"y\":[1]}"};
    const struct arrival *arrival;

    cr_assert_eq(read_all(texts, 2), 2);
    cr_assert_eq(handed->entries_count, 2);
    cr_assert_eq(handed->source, &sources.list[0]);
    arrival = chunk_arrival(handed, &handed->entries[1]);
    cr_assert_eq(arrival->after, 11);
    cr_assert_str_eq(arrival->mark.stream, "lattn_0@4");
    cr_assert_eq(arrival->mark.seq, 12);
    cr_assert_eq(arrival->mark.known, 99);
    cr_assert_eq(arrival->mark.lost, 3);
    cr_assert_eq(arrival->mark.rolled_back, 2);
    cr_assert_str_eq(arrival->publisher, "lattn_0@4/p");
    cr_assert_eq(arrival->number, 2);
    cr_assert_not(handed->entries[1].has_seq, "it has its stream's numbers alone");
    cr_assert(handed->entries[1].is_silent);
    source_settle(&sources.list[0], handed);
}

Test(source, begins_another_batch_with_another_format, .init = begin, .fini = end)
{
    const char *const texts[] = {pair, pair, "\x93\x02\xa5learn\x80", pair};

    cr_assert_eq(read_all(texts, 4), 2);
    source_settle(&sources.list[0], handed);
    cr_assert_eq(read_all(texts + 2, 2), 1);
    cr_assert_eq(handed->format, LATTN_FORMAT_MSGPACK);
    source_settle(&sources.list[0], handed);
}

Test(source, refuses_what_is_no_message_in_its_place, .init = begin, .fini = end)
{
    static const char long_one[] =
        "{\"z\":[[1,2]],\"y\":[1]}                                             "
        "                                                              ";
    const char *const texts[] = {"", long_one, " \n", pair};
    const char *const two_frames[] = {"\x93\x02\xa5learn\x80\x80"};

    cr_assert_eq(read_all(texts, 4), 4);
    cr_assert_eq(handed->entries[0].status, LATTN_SYNTAX);
    cr_assert_eq(handed->entries[1].status, LATTN_TOO_BIG);
    cr_assert_eq(handed->entries[2].status, LATTN_SYNTAX);
    cr_assert_eq(handed->entries[3].status, LATTN_OK);
    source_settle(&sources.list[0], handed);
    cr_assert_eq(read_all(two_frames, 1), 1);
    cr_assert_eq(handed->entries[0].status, LATTN_SYNTAX);
    source_settle(&sources.list[0], handed);
}

Test(source, settles_what_comes_before_the_first_that_was_not_kept, .init = begin, .fini = end)
{
    const char *const texts[] = {pair, pair, pair, pair};

    cr_assert_eq(read_all(texts, 4), 4);
    handed->arrivals[1].fate = ARRIVAL_DUPLICATE;
    handed->arrivals[2].fate = ARRIVAL_UNKEPT;
    source_settle(&sources.list[0], handed);
    cr_assert_eq(settled.kept, 2);
    cr_assert_eq(settled.duplicates, 1);
}

/* 17 numbers apart: of 16 gaps the lowest, 2, is given up, and among what the state has lost. */
Test(source, begins_where_its_state_is, .init = cr_redirect_stderr, .fini = end)
{
    const struct arrivals_mark mark = {.stream = "lattn_0@4", .seq = 50, .known = 60, .lost = 3};
    const char *const texts[] = {pair};
    struct arrivals_span spans[17];
    struct lattn_source about;

    for (uint64_t i = 0; i < 17; i++)
        spans[i] = (struct arrivals_span){"lattn_0@4/p", 1 + 2 * i, 1 + 2 * i};
    begin_at(&mark, spans, 17);
    cr_assert_eq(tapped.mark.seq, 50);
    cr_assert_eq(tapped.mark.lost, 3, "what a tap knows of");
    cr_assert_str_eq(tapped.worker, "mine");
    cr_assert_eq(read_all(texts, 1), 1);
    handed->arrivals[0].given_up = 6;
    source_settle(&sources.list[0], handed);
    reported.lost = 3;
    sources_describe(&sources, &about);
    cr_assert_eq(about.streams[0].lost, 3 + 6);
    cr_assert_str_eq(about.streams[0].name, "lattn_0");
}

Test(source, wakes_whoever_waits_for_its_end, .init = begin, .fini = end)
{
    cr_assert_not(sources_are_idle(&sources));
    tapped.stopped(tapped.arg);
    cr_assert(sources_are_idle(&sources));
    cr_assert_eq(wakes, 1);
}

/* What was read before there was no memory is a batch; the rest is read again. */
Test(source, reads_what_it_has_memory_for, .init = begin, .fini = end)
{
    const char *const texts[] = {pair, "{", pair, pair};
    int failed = 1;

    messages_make(texts, MESSAGES, plain, messages);
    for (uint64_t after = 1; failed; after++) {
        size_t done = 0, batches = 0;

        memory_fail(after, 0);
        for (; done < MESSAGES && batches < 9; batches++) {
            size_t read = tapped.read(tapped.arg, messages + done, MESSAGES - done);

            cr_assert_leq(read, MESSAGES - done);
            if (read == 0)
                continue;
            tapped.hand(tapped.arg);
            cr_assert_geq(handed->entries_count, read);
            for (size_t i = 0; i < read; i++)
                cr_assert_eq(handed->arrivals[i].mark.seq, 11 + done + i);
            source_settle(&sources.list[0], handed);
            cr_assert_eq(settled.kept, read, "allocation %d", (int)after);
            done += read;
        }
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(done, MESSAGES);
        cr_assert_eq(batches, failed ? 2 : 1, "allocation %d", (int)after);
    }
}
