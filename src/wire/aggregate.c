/*
 * What an aggregate says about the shards it adds up: each in "status", what is wrong in a line.
 */
#include "wire/aggregate.h"

#include "wire/member.h"

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

static void remark_write(struct writer *writer, const char *remark)
{
    if (remark[0] == '\0')
        writer_null(writer);
    else
        writer_string(writer, remark);
}

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
    if (aggregate == NULL) {
        writer_null(writer);
        return;
    }
    writer_open(writer, '{');
    writer_key(writer, "expect");
    writer_count(writer, aggregate->expect);
    writer_key(writer, "complete");
    writer_flag(writer, aggregate->complete);
    writer_key(writer, "epoch");
    if (aggregate->epoch == 0)
        writer_null(writer);
    else
        writer_count(writer, aggregate->epoch);
    writer_key(writer, "error");
    remark_write(writer, aggregate->error);
    writer_key(writer, "shards");
    writer_open(writer, '[');
    for (uint64_t i = 0; i < aggregate->expect; i++)
        shard_write(writer, i, &aggregate->shards[i]);
    writer_close(writer, ']');
    writer_close(writer, '}');
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
