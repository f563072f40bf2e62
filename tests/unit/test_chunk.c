#include "serve/bounds.h"
#include "serve/chunk.h"

#include "base/memory.h"
#include "support/learn_frame.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct chunk *chunk;

static enum lattn_status read_bytes(const char *bytes, size_t length)
{
    const struct letter letter = {.bytes = bytes,
                                  .length = length,
                                  .numbers = length + 2,
                                  .number = chunk->entries_count + 1};

    return chunk_read(chunk, &letter);
}

static enum lattn_status read_line(const char *line)
{
    return read_bytes(line, strlen(line));
}

static const struct entry *only_entry(const char *line)
{
    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    cr_assert_eq(read_line(line), LATTN_OK);
    chunk_seal(chunk);
    cr_assert_eq(chunk->entries_count, 1);
    return &chunk->entries[0];
}

static const struct entry *only_frame(const char *bytes, size_t length)
{
    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_MSGPACK, NULL, NULL), LATTN_OK);
    cr_assert_eq(read_bytes(bytes, length), LATTN_OK);
    chunk_seal(chunk);
    cr_assert_eq(chunk->entries_count, 1);
    return &chunk->entries[0];
}

static const char *answers(void)
{
    return chunk->answers.length == 0 ? "" : chunk->answers.data;
}

/* Growing would copy what was read before. */
Test(chunk, has_room_for_what_it_expects)
{
    static const char line[] = "{\"z\":[[0.12345678901234567,0.12345678901234567]],\"y\":1}";
    const struct letter letter = {.bytes = line, .length = sizeof line - 1, .numbers = sizeof line};
    struct chunk *expecting;
    const double *numbers;

    cr_assert_eq(chunk_open(&expecting, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    cr_assert_eq(chunk_expect(expecting, 100 * sizeof line), LATTN_OK);
    numbers = expecting->numbers;
    for (int i = 0; i < 80; i++)
        cr_assert_eq(chunk_read(expecting, &letter), LATTN_OK);
    cr_assert_eq(expecting->numbers, numbers);
    memory_fail(1, 0);
    cr_assert_eq(chunk_expect(expecting, SIZE_MAX / 16), LATTN_NO_MEMORY);
    chunk_close(&expecting);
}

Test(chunk, keeps_pairs_while_its_arrays_move)
{
    enum { COUNT = 1000 };
    char line[128];

    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    for (int i = 0; i < COUNT; i++) {
        snprintf(line, sizeof line, "{\"id\":%d,\"z\":[[%d,2],[3,4]],\"y\":[%d]}", i, i, -i);
        cr_assert_eq(read_line(line), LATTN_OK);
    }
    chunk_seal(chunk);
    cr_assert_eq(chunk->entries_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const struct entry *entry = &chunk->entries[i];

        snprintf(line, sizeof line, "%d", i);
        cr_assert_eq(entry->status, LATTN_OK);
        cr_assert_str_eq(entry->id, line);
        cr_assert_eq(entry->item.z[0], i);
        cr_assert_eq(entry->item.z[3], 4);
        cr_assert_eq(entry->item.y[0], -i);
        cr_assert_eq(entry->line, (uint64_t)i + 1);
    }
    chunk_close(&chunk);
    cr_assert_null(chunk);
}

Test(chunk, keeps_a_refused_line_in_its_place)
{
    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    cr_assert_eq(read_line("{\"z\":[[1]],\"y\":[1]}"), LATTN_OK);
    cr_assert_eq(read_line("nonsense"), LATTN_OK);
    cr_assert_eq(chunk_refuse(chunk, &(struct letter){.bytes = "", .number = 3}, LATTN_TOO_BIG,
                              "the line is too long"),
                 LATTN_OK);
    cr_assert_eq(read_line("{\"id\":7,\"method\":\"status\"}"), LATTN_OK);
    chunk_seal(chunk);
    cr_assert_eq(chunk->entries_count, 4);
    cr_assert_eq(chunk->entries[0].status, LATTN_OK);
    cr_assert_eq(chunk->entries[1].status, LATTN_SYNTAX);
    cr_assert_neq(chunk->entries[1].message[0], '\0');
    cr_assert_eq(chunk->entries[2].status, LATTN_TOO_BIG);
    cr_assert_str_eq(chunk->entries[2].message, "the line is too long");
    cr_assert_eq(chunk->entries[2].line, 3);
    cr_assert_eq(chunk->entries[2].count, 1);
    cr_assert_eq(chunk->entries[3].kind, ENTRY_REQUEST);
    cr_assert_eq(chunk->entries[3].request->method, LATTN_METHOD_STATUS);
    cr_assert_str_eq(chunk->entries[3].id, "7");
    cr_assert_eq(chunk->requests_count, 1);
    chunk_close(&chunk);
}

Test(chunk, passes_over_blank_lines)
{
    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    cr_assert_eq(read_line(""), LATTN_OK);
    cr_assert_eq(read_line(" \t\r"), LATTN_OK);
    cr_assert_eq(chunk->entries_count, 0);
    chunk_close(&chunk);
}

Test(chunk, knows_who_sent_a_pair)
{
    const struct entry *entry =
        only_entry("{\"producer\":\"p\",\"seq\":18446744073709551615,\"z\":[[1]],\"y\":[1]}");

    cr_assert_eq(entry->status, LATTN_OK, "%s", entry->message);
    cr_assert_str_eq(entry->producer, "p");
    cr_assert(entry->has_seq);
    cr_assert_eq(entry->seq, UINT64_MAX);
    chunk_close(&chunk);
}

Test(chunk, knows_who_sent_a_pair_that_is_refused)
{
    const struct entry *entry =
        only_entry("{\"producer\":\"p\",\"seq\":5,\"id\":\"x\",\"z\":[[1]],\"y\":[1e999]}");

    cr_assert_eq(entry->status, LATTN_NOT_FINITE);
    cr_assert_str_eq(entry->id, "\"x\"");
    cr_assert_str_eq(entry->producer, "p");
    cr_assert(entry->has_seq);
    cr_assert_eq(entry->seq, 5);
    chunk_close(&chunk);
}

Test(chunk, refuses_a_number_without_a_producer_and_the_reverse)
{
    const struct entry *entry = only_entry("{\"seq\":5,\"z\":[[1]],\"y\":[1]}");

    cr_assert_eq(entry->status, LATTN_FIELD);
    cr_assert(strstr(entry->message, "producer") != NULL);
    chunk_close(&chunk);
    entry = only_entry("{\"producer\":\"p\",\"z\":[[1]],\"y\":[1]}");
    cr_assert_eq(entry->status, LATTN_FIELD);
    cr_assert(strstr(entry->message, "seq") != NULL);
    chunk_close(&chunk);
}

Test(chunk, keeps_the_id_of_a_request_that_is_refused)
{
    const struct entry *entry = only_entry("{\"id\":9,\"method\":\"guess\"}");

    cr_assert_eq(entry->kind, ENTRY_REQUEST);
    cr_assert_eq(entry->status, LATTN_METHOD);
    cr_assert_str_eq(entry->id, "9");
    cr_assert_null(entry->request);
    chunk_close(&chunk);
}

Test(chunk, keeps_batches_as_one_entry)
{
    static char bytes[LEARN_FRAME_BYTES_MAX];
    const double z[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const double y[] = {-1, -2, -3};
    const struct learn_frame frame = {
        .id = 77,
        .item = {.z = z, .y = y, .weight = 1, .n = 2, .d = 2, .m = 1},
        .count = 3,
        .producer = "p",
        .seq = 40,
    };
    const struct entry *entry = only_frame(bytes, learn_frame_pack(&frame, bytes));
    struct lattn_item last;

    cr_assert_eq(entry->status, LATTN_OK, "%s", entry->message);
    cr_assert_eq(entry->count, 3);
    cr_assert_str_eq(entry->id, "77");
    cr_assert_str_eq(entry->producer, "p");
    cr_assert_eq(entry->seq, 40);
    cr_assert_not(entry->is_silent);
    last = lattn_item_member(&entry->item, 2);
    cr_assert_eq(memcmp(last.z, z + 8, 4 * sizeof *z), 0);
    cr_assert_eq(last.y[0], -3);
    chunk_close(&chunk);
}

Test(chunk, knows_notifications)
{
    static char bytes[LEARN_FRAME_BYTES_MAX];
    const double one = 1;
    const struct learn_frame frame = {
        .id = -1, .item = {.z = &one, .y = &one, .weight = 1, .n = 1, .d = 1, .m = 1}};
    const struct entry *entry = only_frame(bytes, learn_frame_pack(&frame, bytes));

    cr_assert_eq(entry->status, LATTN_OK, "%s", entry->message);
    cr_assert(entry->is_silent);
    chunk_answer_applied(chunk, entry, 1, 0, NULL);
    chunk_answer_error(chunk, entry, LATTN_SHAPE, "never said");
    chunk_answer(chunk, entry, &(struct lattn_text){.data = NULL});
    cr_assert_eq(chunk->answers.length, 0);
    chunk_close(&chunk);
    entry = only_frame("\x93\x02\xa6status\x80", 10);
    cr_assert_eq(entry->kind, ENTRY_REQUEST);
    cr_assert(entry->is_silent);
    chunk_close(&chunk);
}

Test(chunk, finds_the_id_of_a_frame_that_was_not_read)
{
    const struct letter letter = {.bytes = "\x94\x00\xcd\x01\x00\xdb", .length = 6, .number = 4};

    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_MSGPACK, NULL, NULL), LATTN_OK);
    cr_assert_eq(chunk_refuse(chunk, &letter, LATTN_TOO_BIG, "too much"), LATTN_OK);
    chunk_seal(chunk);
    cr_assert_str_eq(chunk->entries[0].id, "256");
    cr_assert_str_eq(chunk->entries[0].message, "too much");
    chunk_close(&chunk);
}

Test(chunk, names_the_line_of_a_pair_and_else_only_where_there_is_no_id)
{
    const struct entry *entry = only_entry("{\"id\":7,\"z\":[[1]],\"y\":[1]}");

    chunk_answer_error(chunk, entry, LATTN_SHAPE, "");
    cr_assert_not_null(strstr(answers(), "\"id\":7"), "%s", answers());
    cr_assert_not_null(strstr(answers(), "\"line\":1"), "%s", answers());
    cr_assert_not_null(strstr(answers(), lattn_status_text(LATTN_SHAPE)), "%s", answers());
    chunk_close(&chunk);
    entry = only_entry("{\"id\":7,\"method\":\"status\"}");
    chunk_answer_error(chunk, entry, LATTN_NO_DATA, "");
    cr_assert_null(strstr(answers(), "\"line\""), "%s", answers());
    chunk_close(&chunk);
    entry = only_entry("{\"method\":\"status\"}");
    chunk_answer_error(chunk, entry, LATTN_NO_DATA, "");
    cr_assert_not_null(strstr(answers(), "\"line\":1"), "%s", answers());
    chunk_close(&chunk);
}

/* Is there a request that was refused because there was no memory to read it with? */
static int has_starved_request(void)
{
    for (size_t i = 0; i < chunk->entries_count; i++)
        if (chunk->entries[i].kind == ENTRY_REQUEST && chunk->entries[i].status == LATTN_NO_MEMORY)
            return 1;
    return 0;
}

/* Read the same messages again and again, with another allocation failing each time. */
static void starve(enum lattn_format format, const struct letter *letters, size_t count)
{
    int failed = 1;

    for (uint64_t after = 1; failed; after++) {
        enum lattn_status status;

        memory_fail(after, 0);
        status = chunk_open(&chunk, format, NULL, NULL);
        for (size_t i = 0; i < count && status == LATTN_OK; i++)
            status = read_bytes(letters[i].bytes, letters[i].length);
        failed = memory_failed();
        memory_fail(0, 0);
        if (failed)
            cr_assert(status == LATTN_NO_MEMORY || has_starved_request(), "allocation %d",
                      (int)after);
        else
            cr_assert_eq(chunk->entries_count, count);
        chunk_close(&chunk);
    }
}

Test(chunk, is_whole_after_any_lack_of_memory)
{
    static const char *const lines[] = {
        "{\"id\":1,\"producer\":\"p\",\"seq\":1,\"z\":[[1,2]],\"y\":[1]}",
        "{\"id\":2,\"method\":\"hello\",\"params\":{\"producer\":\"p\"}}", "nonsense"};
    static char frame[LEARN_FRAME_BYTES_MAX];
    static const char hello[] = "\x94\x00\x02\xa5hello\x81\xa8producer\xa1p";
    const double z[] = {1, 2};
    const struct learn_frame pairs = {
        .id = 1,
        .item = {.z = z, .y = z, .weight = 1, .n = 1, .d = 1, .m = 1},
        .count = 2,
        .producer = "p",
        .seq = 1,
    };
    struct letter letters[3];

    for (int i = 0; i < 3; i++)
        letters[i] = (struct letter){.bytes = lines[i], .length = strlen(lines[i])};
    starve(LATTN_FORMAT_JSON, letters, 3);
    letters[0] = (struct letter){.bytes = frame, .length = learn_frame_pack(&pairs, frame)};
    letters[1] = (struct letter){.bytes = hello, .length = sizeof hello - 1};
    letters[2] = (struct letter){.bytes = "\x90", .length = 1};
    starve(LATTN_FORMAT_MSGPACK, letters, 3);
}

Test(chunk, leaves_out_questions_nobody_hears_the_answer_to)
{
    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    chunk->is_unheard = 1;
    cr_assert_eq(read_line("{\"id\":1,\"method\":\"status\"}"), LATTN_OK);
    cr_assert_eq(read_line("{\"id\":1,\"method\":\"nonsense\"}"), LATTN_OK);
    cr_assert_eq(chunk->entries_count, 0);
    cr_assert_eq(read_line("{\"method\":\"reset\",\"params\":{\"confirm\":true}}"), LATTN_OK);
    cr_assert_eq(read_line("{\"z\":[[1]],\"y\":[1]}"), LATTN_OK);
    cr_assert_eq(chunk->entries_count, 2, "what changes something is done all the same");
    chunk_close(&chunk);
}

Test(chunk, knows_that_requests_and_refusals_cost_more)
{
    const struct letter letter = {.length = 1000};
    size_t pair;

    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    cr_assert_eq(read_line("{\"z\":[[1]],\"y\":[1]}"), LATTN_OK);
    pair = chunk_surcharge(chunk, &letter);
    cr_assert_eq(pair, sizeof(struct entry));
    cr_assert_eq(read_line("{\"method\":\"status\"}"), LATTN_OK);
    cr_assert_geq(chunk_surcharge(chunk, &letter), pair + 10 * letter.length);
    cr_assert_eq(read_line("nothing"), LATTN_OK);
    cr_assert_eq(chunk_surcharge(chunk, &letter), pair + REFUSAL_BYTES);
    chunk->is_unheard = 1;
    cr_assert_eq(read_line("{\"method\":\"status\"}"), LATTN_OK);
    cr_assert_geq(chunk_surcharge(chunk, &letter), pair + 10 * letter.length, "heard or not");
    chunk_close(&chunk);
}

/* A client that hears no answers is still obeyed. */
Test(chunk, of_a_client_that_hears_nothing_has_what_changes_something)
{
    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    chunk->is_unheard = 1;
    cr_assert_eq(read_line("{\"id\":1,\"method\":\"status\"}"), LATTN_OK);
    cr_assert_eq(chunk->entries_count, 0);
    cr_assert_eq(read_line("{\"id\":2,\"method\":\"emit\"}"), LATTN_OK);
    cr_assert_eq(chunk->entries_count, 1);
    cr_assert_eq(read_line("{\"id\":3,\"method\":\"checkpoint\"}"), LATTN_OK);
    cr_assert_eq(chunk->entries_count, 2);
    chunk_close(&chunk);
}
