#include "serve/chunk.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct chunk *chunk;

static enum lattn_status read_line(const char *line)
{
    return chunk_read(chunk, line, strlen(line), chunk->entries_count + 1);
}

static const struct entry *only_entry(const char *line)
{
    cr_assert_eq(chunk_open(&chunk, NULL, NULL), LATTN_OK);
    cr_assert_eq(read_line(line), LATTN_OK);
    chunk_seal(chunk);
    cr_assert_eq(chunk->entries_count, 1);
    return &chunk->entries[0];
}

Test(chunk, keeps_pairs_while_its_arrays_move)
{
    enum { COUNT = 1000 };
    char line[128];

    cr_assert_eq(chunk_open(&chunk, NULL, NULL), LATTN_OK);
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
    cr_assert_eq(chunk_open(&chunk, NULL, NULL), LATTN_OK);
    cr_assert_eq(read_line("{\"z\":[[1]],\"y\":[1]}"), LATTN_OK);
    cr_assert_eq(read_line("nonsense"), LATTN_OK);
    cr_assert_eq(chunk_refuse(chunk, LATTN_TOO_BIG, "the line is too long", 3), LATTN_OK);
    cr_assert_eq(read_line("{\"id\":7,\"method\":\"status\"}"), LATTN_OK);
    chunk_seal(chunk);
    cr_assert_eq(chunk->entries_count, 4);
    cr_assert_eq(chunk->entries[0].status, LATTN_OK);
    cr_assert_eq(chunk->entries[1].status, LATTN_SYNTAX);
    cr_assert_neq(chunk->entries[1].message[0], '\0');
    cr_assert_eq(chunk->entries[2].status, LATTN_TOO_BIG);
    cr_assert_str_eq(chunk->entries[2].message, "the line is too long");
    cr_assert_eq(chunk->entries[3].kind, ENTRY_REQUEST);
    cr_assert_eq(chunk->entries[3].request->method, LATTN_METHOD_STATUS);
    cr_assert_str_eq(chunk->entries[3].id, "7");
    cr_assert_eq(chunk->requests_count, 1);
    chunk_close(&chunk);
}

Test(chunk, passes_over_blank_lines)
{
    cr_assert_eq(chunk_open(&chunk, NULL, NULL), LATTN_OK);
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

Test(chunk, is_whole_after_any_lack_of_memory)
{
    static const char *const lines[] = {
        "{\"id\":1,\"producer\":\"p\",\"seq\":1,\"z\":[[1,2]],\"y\":[1]}",
        "{\"id\":2,\"method\":\"hello\",\"params\":{\"producer\":\"p\"}}", "nonsense"};
    int failed = 1;

    for (uint64_t after = 1; failed; after++) {
        enum lattn_status status;

        memory_fail(after, 0);
        status = chunk_open(&chunk, NULL, NULL);
        for (int i = 0; i < 3 && status == LATTN_OK; i++)
            status = read_line(lines[i]);
        failed = memory_failed();
        memory_fail(0, 0);
        if (failed)
            cr_assert_eq(status, LATTN_NO_MEMORY, "allocation %d", (int)after);
        else
            cr_assert_eq(chunk->entries_count, 3);
        chunk_close(&chunk);
    }
}
