#include "serve/intake.h"

#include "serve/bounds.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void freed(void *arg)
{
    (void)arg;
}

static struct pool pool = {.bytes_max = 1 << 20, .freed = freed};
static struct intake intake;
static struct chunk *chunk;

static void begin(size_t bytes_max)
{
    intake = (struct intake){.dues = {0}};
    inbox_init(&intake.inbox, bytes_max, &pool);
    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
}

static void end(void)
{
    chunk_close(&chunk);
    inbox_done(&intake.inbox);
}

static void add(const char *bytes)
{
    cr_assert_eq(intake_add(&intake, bytes, strlen(bytes)), LATTN_OK);
}

Test(intake, fills_a_chunk_with_whole_messages_and_keeps_the_rest)
{
    begin(1000);
    add("{\"z\":[[1]],\"y\":1}\n{\"z\":[[2]],\"y\":2}\n{\"z\":[[3]]");
    cr_assert_eq(intake_fill(&intake, 1, 0, chunk), LATTN_MORE);
    cr_assert_eq(chunk->entries_count, 2);
    add(",\"y\":3}");
    cr_assert_eq(intake_fill(&intake, 1, 0, chunk), LATTN_MORE);
    cr_assert_eq(chunk->entries_count, 2, "it may go on");
    cr_assert_eq(intake_fill(&intake, 1, 1, chunk), LATTN_MORE);
    cr_assert_eq(chunk->entries_count, 3, "without an end of its own it ends with the input");
    chunk_seal(chunk);
    cr_assert_eq(chunk->entries[2].status, LATTN_OK);
    end();
}

Test(intake, ends_the_turn_where_it_is_paid_for)
{
    enum { LINE = 20, LINES = 4 * TURN_BYTES / LINE };
    size_t taken = 0;

    begin(1000);
    for (int i = 0; i < LINES; i++)
        add("{\"z\":[[1]],\"y\":11}\n\n");
    while (intake_fill(&intake, 1, 0, chunk) == LATTN_OK) {
        cr_assert_gt(chunk->entries_count, taken);
        cr_assert_leq(chunk->entries_count - taken, TURN_BYTES / LINE + 1);
        taken = chunk->entries_count;
    }
    cr_assert_eq(chunk->entries_count, LINES);
    end();
}

Test(intake, takes_turns_at_once_and_pays_for_each)
{
    enum { LINE = 20, LINES = 8 * TURN_BYTES / LINE };
    size_t alone;

    begin(1000);
    for (int i = 0; i < LINES; i++)
        add("{\"z\":[[1]],\"y\":11}\n\n");
    cr_assert_eq(intake_fill(&intake, 1, 0, chunk), LATTN_OK);
    alone = chunk->entries_count;
    cr_assert(dues_settle(&intake.dues));
    cr_assert_eq(intake_fill(&intake, 3, 0, chunk), LATTN_OK);
    cr_assert_geq(chunk->entries_count, 4 * alone - 3);
    cr_assert_leq(chunk->entries_count, 4 * alone + 3);
    cr_assert_lt(intake.dues.debt, 2 * TURN_BYTES, "only the last turn is to be made up for");
    end();
}

Test(intake, takes_no_turn_that_is_not_paid_for)
{
    static char line[6 * TURN_BYTES];

    begin(sizeof line);
    memset(line, ' ', sizeof line);
    memcpy(line, "{\"z\":[[1]],\"y\":", 15);
    memcpy(line + sizeof line - 4, "1}\n", 4);
    add(line);
    add("{\"z\":[[1]],\"y\":1}\n");
    cr_assert_eq(intake_fill(&intake, 4, 0, chunk), LATTN_OK);
    cr_assert_eq(chunk->entries_count, 1);
    end();
}

Test(intake, ends_the_turn_behind_a_request)
{
    begin(1000);
    add("{\"id\":1,\"method\":\"status\"}\n{\"z\":[[1]],\"y\":1}\n");
    cr_assert_eq(intake_fill(&intake, 1, 0, chunk), LATTN_OK);
    cr_assert_eq(chunk->entries_count, 1);
    end();
}

Test(intake, refuses_what_is_too_long_or_too_late_in_its_place)
{
    begin(30);
    add("{\"z\":[[1]],\"y\":1}\n{\"z\":[[1,1,1,1,1,1,1,1,1,1]],\"y\":1}\n{\"z\":[[1]]");
    cr_assert_eq(intake_fill(&intake, 1, 0, chunk), LATTN_MORE);
    cr_assert_eq(intake_abandon(&intake, 250, chunk), LATTN_OK);
    chunk_seal(chunk);
    cr_assert_eq(chunk->entries_count, 3);
    cr_assert_eq(chunk->entries[1].status, LATTN_TOO_BIG);
    cr_assert_eq(chunk->entries[2].status, LATTN_TIMEOUT);
    cr_assert_str_eq(chunk->entries[2].message, "the message was not whole within 250 ms");
    end();
}

Test(intake, counts_what_nobody_reads)
{
    begin(1000);
    intake_pass(&intake, 3 * TURN_BYTES);
    cr_assert_eq(intake_fill(&intake, 1, 0, chunk), LATTN_MORE);
    cr_assert_not(dues_settle(&intake.dues), "three turns are owed");
    end();
}
