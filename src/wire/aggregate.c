/*
 * What an aggregate says about the shards it adds up: each in "status", what is wrong in a line.
 */
#include "wire/aggregate.h"

#include "base/memory.h"
#include "wire/member.h"
#include "wire/reply.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OF_SHARD(field) offsetof(struct lattn_shard, field)

static const struct member shard_members[] = {
    {.word = "worker",
     .kind = MEMBER_REMARK,
     .offset = OF_SHARD(worker),
     .size = sizeof((struct lattn_shard *)NULL)->worker},
    {.word = "pairs", .kind = MEMBER_COUNT, .offset = OF_SHARD(pairs)},
    {.word = "age_s", .kind = MEMBER_INT64, .offset = OF_SHARD(age_s), .none = LATTN_NEVER},
    {.word = "lag", .kind = MEMBER_COUNT, .offset = OF_SHARD(lag)},
    {.word = "lost", .kind = MEMBER_COUNT, .offset = OF_SHARD(lost)},
    {.word = "stale", .kind = MEMBER_FLAG, .offset = OF_SHARD(is_stale)},
    {.word = "rolled_back", .kind = MEMBER_FLAG, .offset = OF_SHARD(is_rolled_back)},
    {.word = "error",
     .kind = MEMBER_REMARK,
     .offset = OF_SHARD(error),
     .size = sizeof((struct lattn_shard *)NULL)->error},
    {.word = NULL},
};

/* An aggregate but for its shards. */
struct outline {
    uint64_t expect;
    int32_t complete;
    struct member_maybe epoch;
    char error[256];
};

#define OF_OUTLINE(field) offsetof(struct outline, field)

static const struct member outline_members[] = {
    {.word = "expect", .kind = MEMBER_COUNT, .offset = OF_OUTLINE(expect)},
    {.word = "complete", .kind = MEMBER_FLAG, .offset = OF_OUTLINE(complete)},
    {.word = "epoch", .kind = MEMBER_MAYBE, .offset = OF_OUTLINE(epoch)},
    {.word = "error",
     .kind = MEMBER_REMARK,
     .offset = OF_OUTLINE(error),
     .size = sizeof((struct outline *)NULL)->error},
    {.word = NULL},
};

static void shard_write(struct writer *writer, uint64_t number, const struct lattn_shard *shard)
{
    writer_open(writer, '{');
    writer_key(writer, "shard");
    writer_count(writer, number);
    member_write_more(writer, shard_members, shard);
    writer_close(writer, '}');
}

void aggregate_write(struct writer *writer, const struct lattn_aggregate *aggregate)
{
    struct outline outline;

    if (aggregate == NULL) {
        writer_null(writer);
        return;
    }
    outline = (struct outline){.expect = aggregate->expect,
                               .complete = aggregate->complete,
                               .epoch = {aggregate->epoch, aggregate->epoch != 0}};
    memcpy(outline.error, aggregate->error, sizeof outline.error);
    writer_open(writer, '{');
    member_write_more(writer, outline_members, &outline);
    writer_key(writer, "shards");
    writer_open(writer, '[');
    for (uint64_t i = 0; i < aggregate->expect; i++)
        shard_write(writer, i, &aggregate->shards[i]);
    writer_close(writer, ']');
    writer_close(writer, '}');
}

/* ---- read back ----------------------------------------------------------------------------- */

static enum lattn_status shard_read(struct scan *scan, int64_t index, void *arg)
{
    const struct lattn_aggregate *aggregate = arg;

    return member_read(scan, "shard", shard_members, &aggregate->shards[index]);
}

/* An aggregate and its shards are one block. */
static enum lattn_status shards_read(struct scan *place, const struct outline *outline,
                                     struct lattn_aggregate **ret_aggregate)
{
    struct lattn_aggregate *aggregate;
    enum lattn_status status;
    int64_t count = 0;
    size_t bytes;

    if (place->at == NULL || scan_count(place, "shards", &count) != LATTN_OK ||
        (uint64_t)count != outline->expect)
        return LATTN_FIELD;
    if (memory_product((size_t)count, sizeof *aggregate->shards, &bytes) != LATTN_OK)
        return LATTN_NO_MEMORY;
    aggregate = memory_zeroed(1, sizeof *aggregate + bytes);
    if (aggregate == NULL)
        return LATTN_NO_MEMORY;
    aggregate->expect = outline->expect;
    aggregate->complete = outline->complete;
    aggregate->epoch = outline->epoch.count;
    memcpy(aggregate->error, outline->error, sizeof aggregate->error);
    aggregate->shards = (struct lattn_shard *)(aggregate + 1);
    status = scan_array(place, "shards", shard_read, aggregate);
    if (status == LATTN_OK)
        *ret_aggregate = aggregate;
    else
        lattn_aggregate_close(&aggregate);
    return status == LATTN_OK || status == LATTN_NO_MEMORY ? status : LATTN_FIELD;
}

/* Where a field of the object here stands; at is NULL where it is null or missing. */
static enum lattn_status place_find(struct scan scan, const char *name, const char *word,
                                    struct scan *ret_place)
{
    const struct member members[] = {{.word = word, .kind = MEMBER_PLACE}, {.word = NULL}};

    return member_read(&scan, name, members, ret_place);
}

enum lattn_status lattn_reply_aggregate(const struct lattn_reply *reply,
                                        struct lattn_aggregate **ret_aggregate)
{
    struct outline outline;
    struct scan aggregate, shards, scan;
    enum lattn_status status = reply_part(reply, "status", &scan);

    if (status == LATTN_OK)
        status = place_find(scan, "status", "aggregate", &aggregate);
    if (status == LATTN_OK && aggregate.at == NULL) {
        *ret_aggregate = NULL;
        return LATTN_OK;
    }
    if (status == LATTN_OK)
        status = place_find(aggregate, "aggregate", "shards", &shards);
    if (status == LATTN_OK)
        status = member_read(&aggregate, "aggregate", outline_members, &outline);
    return status == LATTN_OK ? shards_read(&shards, &outline, ret_aggregate) : LATTN_FIELD;
}

void lattn_aggregate_close(struct lattn_aggregate **aggregate)
{
    memory_release(*aggregate);
    *aggregate = NULL;
}

/* ---- in one line --------------------------------------------------------------------------- */

/* Shards that are named one by one; of more the others are counted. */
enum { NAMED_MAX = 6 };

struct line {
    char *text;
    size_t length;
};

/* Add words, as far as they fit. */
__attribute__((format(printf, 2, 3))) static void line_add(struct line *line, const char *words,
                                                           ...)
{
    size_t room = LATTN_SENTENCE_MAX - line->length;
    va_list arguments;
    int length;

    va_start(arguments, words);
    length = vsnprintf(line->text + line->length, room, words, arguments);
    va_end(arguments);
    line->length += (size_t)length < room ? (size_t)length : room - 1;
}

static const char *gap(const struct line *line)
{
    return line->length > 0 ? "; " : "";
}

static int is_unseen(const struct lattn_shard *shard)
{
    return shard->worker[0] == '\0';
}

static int is_rolled_back(const struct lattn_shard *shard)
{
    return shard->is_rolled_back;
}

static int has_error(const struct lattn_shard *shard)
{
    return shard->error[0] != '\0';
}

/* "incomplete: shards 1, 3 never seen": all shards that are so. */
static void shards_name(struct line *line, const struct lattn_aggregate *aggregate,
                        const char *before, int (*is_so)(const struct lattn_shard *shard),
                        const char *after)
{
    uint64_t count = 0;
    uint64_t named = 0;

    for (uint64_t i = 0; i < aggregate->expect; i++)
        count += is_so(&aggregate->shards[i]) != 0;
    if (count == 0)
        return;
    line_add(line, "%s%s%s", gap(line), before, count == 1 ? "shard" : "shards");
    for (uint64_t i = 0; i < aggregate->expect && named < NAMED_MAX; i++)
        if (is_so(&aggregate->shards[i]))
            line_add(line, "%s %" PRIu64, named++ > 0 ? "," : "", i);
    if (count > named)
        line_add(line, " and %" PRIu64 " more", count - named);
    line_add(line, " %s", after);
}

static void stale_add(struct line *line, const struct lattn_aggregate *aggregate)
{
    uint64_t named = 0;

    for (uint64_t i = 0; i < aggregate->expect && named < NAMED_MAX; i++) {
        const struct lattn_shard *shard = &aggregate->shards[i];

        if (!shard->is_stale)
            continue;
        line_add(line, "%sshard %" PRIu64 " stale for %" PRId64 " s", gap(line), i, shard->age_s);
        named++;
    }
}

static void lost_add(struct line *line, const struct lattn_aggregate *aggregate)
{
    uint64_t lost = 0;

    for (uint64_t i = 0; i < aggregate->expect; i++)
        lost += aggregate->shards[i].lost;
    if (lost > 0)
        line_add(line, "%s%" PRIu64 " message%s lost", gap(line), lost, lost == 1 ? "" : "s");
}

void lattn_aggregate_sentence(const struct lattn_aggregate *aggregate,
                              char ret_sentence[LATTN_SENTENCE_MAX])
{
    struct line line = {.text = ret_sentence};

    ret_sentence[0] = '\0';
    shards_name(&line, aggregate, "incomplete: ", is_unseen, "never seen");
    stale_add(&line, aggregate);
    lost_add(&line, aggregate);
    shards_name(&line, aggregate, "", is_rolled_back, "rolled back");
    shards_name(&line, aggregate, "", has_error, "refused");
    if (aggregate->error[0] != '\0')
        line_add(&line, "%snot added up: %.100s", gap(&line), aggregate->error);
}
