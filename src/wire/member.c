#include "wire/member.h"

#include "base/memory.h"
#include "wire/aggregate.h"

#include <lattn/certificate.h>
#include <lattn/learner.h>
#include <lattn/model.h>

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MEMBERS_MAX = 64 };

static void *member_at(const struct member *member, void *of)
{
    return (char *)of + member->offset;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void count_write(struct writer *writer, int64_t count, int64_t none)
{
    if (count == none)
        writer_null(writer);
    else
        writer_count(writer, (uint64_t)count);
}

static void maybe_write(struct writer *writer, const struct member_maybe *maybe)
{
    if (maybe->has)
        writer_count(writer, maybe->count);
    else
        writer_null(writer);
}

static void decomposition_write(struct writer *writer, enum lattn_decomposition decomposition)
{
    const char *text = lattn_decomposition_text(decomposition);

    if (text == NULL)
        writer_null(writer);
    else
        writer_string(writer, text);
}

static void certified_write(struct writer *writer, enum lattn_certified certified)
{
    if (certified == LATTN_CERTIFIED_UNKNOWN)
        writer_null(writer);
    else
        writer_flag(writer, certified == LATTN_CERTIFIED_MINIMAL);
}

static void row_write(struct writer *writer, const struct member_row *row)
{
    if (row->numbers == NULL || row->count == 0)
        writer_null(writer);
    else
        writer_row(writer, row->numbers, row->count);
}

static void indices_write(struct writer *writer, const struct member_indices *indices)
{
    writer_open(writer, '[');
    for (size_t i = 0; i < indices->count; i++)
        writer_count(writer, (uint64_t)indices->numbers[i]);
    writer_close(writer, ']');
}

static void remark_write(struct writer *writer, const char *remark)
{
    if (remark[0] == '\0')
        writer_null(writer);
    else
        writer_string(writer, remark);
}

static void list_write(struct writer *writer, const struct member *member, const void *at)
{
    const uint64_t *count = at;
    const char *first = (const char *)(count + 1);

    writer_open(writer, '[');
    for (uint64_t i = 0; i < *count; i++)
        member_write(writer, member->inner, first + i * member->size);
    writer_close(writer, ']');
}

static void value_write(struct writer *writer, const struct member *member, const void *from)
{
    const void *at = (const char *)from + member->offset;

    switch (member->kind) {
    case MEMBER_NULL:
        writer_null(writer);
        return;
    case MEMBER_VERSION:
        writer_string(writer, LATTN_VERSION);
        return;
    case MEMBER_FLAG:
        writer_flag(writer, *(const int32_t *)at);
        return;
    case MEMBER_INT32:
        count_write(writer, *(const int32_t *)at, member->none);
        return;
    case MEMBER_INT64:
        count_write(writer, *(const int64_t *)at, member->none);
        return;
    case MEMBER_COUNT:
        writer_count(writer, *(const uint64_t *)at);
        return;
    case MEMBER_MAYBE:
        maybe_write(writer, at);
        return;
    case MEMBER_NUMBER:
        writer_number(writer, *(const double *)at);
        return;
    case MEMBER_TEXT:
        writer_string(writer, at);
        return;
    case MEMBER_REMARK:
        remark_write(writer, at);
        return;
    case MEMBER_VERDICT:
        writer_string(writer, lattn_verdict_text(*(const enum lattn_verdict *)at));
        return;
    case MEMBER_ENGINE:
        writer_string(writer, lattn_engine_text(*(const enum lattn_engine *)at));
        return;
    case MEMBER_DECOMPOSITION:
        decomposition_write(writer, *(const enum lattn_decomposition *)at);
        return;
    case MEMBER_CERTIFIED:
        certified_write(writer, *(const enum lattn_certified *)at);
        return;
    case MEMBER_ROW:
        row_write(writer, at);
        return;
    case MEMBER_ROW_ALWAYS:
        writer_row(writer, ((const struct member_row *)at)->numbers,
                   ((const struct member_row *)at)->count);
        return;
    case MEMBER_INDICES:
        indices_write(writer, at);
        return;
    case MEMBER_PLACE:
        writer_null(writer);
        return;
    case MEMBER_AGGREGATE:
        aggregate_write(writer, *(const struct lattn_aggregate *const *)at);
        return;
    case MEMBER_OBJECT_MAYBE:
        if (*(const int32_t *)at == 0) {
            writer_null(writer);
            return;
        }
        member_write(writer, member->inner, from);
        return;
    case MEMBER_OBJECT:
        member_write(writer, member->inner, from);
        return;
    case MEMBER_LIST:
        list_write(writer, member, at);
        return;
    }
}

void member_write_more(struct writer *writer, const struct member *members, const void *from)
{
    for (const struct member *member = members; member->word != NULL; member++) {
        writer_key(writer, member->word);
        value_write(writer, member, from);
    }
}

void member_write(struct writer *writer, const struct member *members, const void *from)
{
    writer_open(writer, '{');
    member_write_more(writer, members, from);
    writer_close(writer, '}');
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum lattn_status verdict_read(struct scan *scan, const char *name,
                                      enum lattn_verdict *ret_verdict)
{
    const char *const words[] = {lattn_verdict_text(LATTN_NOT_IDENTIFYING),
                                 lattn_verdict_text(LATTN_IDENTIFYING),
                                 lattn_verdict_text(LATTN_CANNOT_TELL), NULL};
    int32_t index;
    enum lattn_status status = scan_word(scan, name, words, "a verdict", &index);

    if (status == LATTN_OK)
        *ret_verdict = (enum lattn_verdict)index;
    return status;
}

static enum lattn_status engine_read(struct scan *scan, const char *name,
                                     enum lattn_engine *ret_engine)
{
    const char *const words[] = {lattn_engine_text(LATTN_ENGINE_RLS),
                                 lattn_engine_text(LATTN_ENGINE_GRAM), NULL};
    int32_t index;
    enum lattn_status status = scan_word(scan, name, words, "an engine", &index);

    if (status == LATTN_OK)
        *ret_engine = (enum lattn_engine)index;
    return status;
}

static enum lattn_status decomposition_read(struct scan *scan, const char *name,
                                            enum lattn_decomposition *ret_decomposition)
{
    const char *const words[] = {lattn_decomposition_text(LATTN_DECOMPOSITION_SVD),
                                 lattn_decomposition_text(LATTN_DECOMPOSITION_FEWEST), NULL};
    int32_t index;
    enum lattn_status status = scan_word(scan, name, words, "a decomposition", &index);

    if (status == LATTN_OK)
        *ret_decomposition = index == 0 ? LATTN_DECOMPOSITION_SVD : LATTN_DECOMPOSITION_FEWEST;
    return status;
}

static enum lattn_status certified_read(struct scan *scan, const char *name,
                                        enum lattn_certified *ret_certified)
{
    int32_t flag;
    enum lattn_status status = scan_flag(scan, name, &flag);

    if (status == LATTN_OK)
        *ret_certified = flag ? LATTN_CERTIFIED_MINIMAL : LATTN_CERTIFIED_NOT;
    return status;
}

struct row_reader {
    const char *name;
    double *numbers;
};

static enum lattn_status row_read_element(struct scan *scan, int64_t index, void *arg)
{
    struct row_reader *reader = arg;

    if (scan_take_word(scan, "null")) {
        reader->numbers[index] = NAN;
        return LATTN_OK;
    }
    return scan_number(scan, reader->name, &reader->numbers[index]);
}

static enum lattn_status row_read(struct scan *scan, const char *name, struct member_row *ret_row)
{
    struct row_reader reader = {.name = name};
    int64_t count;
    enum lattn_status status = scan_count(scan, name, &count);

    if (status != LATTN_OK)
        return status;
    if (count > INT32_MAX)
        return LATTN_RANGE;
    reader.numbers = memory_raw((size_t)count, sizeof *reader.numbers);
    if (reader.numbers == NULL)
        return LATTN_NO_MEMORY;
    status = scan_array(scan, name, row_read_element, &reader);
    if (status != LATTN_OK) {
        memory_release(reader.numbers);
        return status;
    }
    *ret_row = (struct member_row){reader.numbers, (int32_t)count};
    return LATTN_OK;
}

struct indices_reader {
    const char *name;
    int32_t *numbers;
};

static enum lattn_status index_read(struct scan *scan, const char *name, uint64_t max,
                                    int64_t *ret_index)
{
    uint64_t count;
    enum lattn_status status = scan_count_to(scan, name, max, &count);

    if (status == LATTN_OK)
        *ret_index = (int64_t)count;
    return status;
}

static enum lattn_status indices_read_element(struct scan *scan, int64_t index, void *arg)
{
    struct indices_reader *reader = arg;
    int64_t number;
    enum lattn_status status = index_read(scan, reader->name, INT32_MAX, &number);

    if (status == LATTN_OK)
        reader->numbers[index] = (int32_t)number;
    return status;
}

static enum lattn_status indices_read(struct scan *scan, const char *name,
                                      struct member_indices *ret_indices)
{
    struct indices_reader reader = {.name = name};
    int64_t count;
    enum lattn_status status = scan_count(scan, name, &count);

    if (status != LATTN_OK)
        return status;
    reader.numbers = memory_raw((size_t)count, sizeof *reader.numbers);
    if (reader.numbers == NULL)
        return LATTN_NO_MEMORY;
    status = scan_array(scan, name, indices_read_element, &reader);
    if (status != LATTN_OK) {
        memory_release(reader.numbers);
        return status;
    }
    *ret_indices = (struct member_indices){reader.numbers, (size_t)count};
    return LATTN_OK;
}

static void members_clear(const struct member *members, void *to);

/* The value that null and a missing member stand for. */
static void value_clear(const struct member *member, void *to)
{
    void *at = member_at(member, to);

    switch (member->kind) {
    case MEMBER_NULL:
    case MEMBER_VERSION:
        return;
    case MEMBER_FLAG:
        *(int32_t *)at = 0;
        return;
    case MEMBER_INT32:
        *(int32_t *)at = (int32_t)member->none;
        return;
    case MEMBER_INT64:
        *(int64_t *)at = member->none;
        return;
    case MEMBER_COUNT:
        *(uint64_t *)at = 0;
        return;
    case MEMBER_MAYBE:
        *(struct member_maybe *)at = (struct member_maybe){0};
        return;
    case MEMBER_NUMBER:
        *(double *)at = NAN;
        return;
    case MEMBER_TEXT:
    case MEMBER_REMARK:
        *(char *)at = '\0';
        return;
    case MEMBER_VERDICT:
        *(enum lattn_verdict *)at = LATTN_NOT_IDENTIFYING;
        return;
    case MEMBER_ENGINE:
        *(enum lattn_engine *)at = LATTN_ENGINE_RLS;
        return;
    case MEMBER_DECOMPOSITION:
        *(enum lattn_decomposition *)at = LATTN_DECOMPOSITION_NONE;
        return;
    case MEMBER_CERTIFIED:
        *(enum lattn_certified *)at = LATTN_CERTIFIED_UNKNOWN;
        return;
    case MEMBER_ROW:
    case MEMBER_ROW_ALWAYS:
        *(struct member_row *)at = (struct member_row){0};
        return;
    case MEMBER_INDICES:
        *(struct member_indices *)at = (struct member_indices){0};
        return;
    case MEMBER_PLACE:
        *(struct scan *)at = (struct scan){0};
        return;
    case MEMBER_AGGREGATE:
        *(const struct lattn_aggregate **)at = NULL;
        return;
    case MEMBER_OBJECT_MAYBE:
        *(int32_t *)at = 0;
        members_clear(member->inner, to);
        return;
    case MEMBER_LIST:
        *(uint64_t *)at = 0;
        return;
    case MEMBER_OBJECT:
        members_clear(member->inner, to);
        return;
    }
}

static void members_clear(const struct member *members, void *to)
{
    for (const struct member *member = members; member->word != NULL; member++)
        value_clear(member, to);
}

static enum lattn_status members_take(struct scan *scan, const char *name,
                                      const struct member *members, void *to);

struct list_reader {
    const struct member *member;
    uint64_t *count;
};

/* What a later version has beyond our room is passed over. */
static enum lattn_status list_read_element(struct scan *scan, int64_t index, void *arg)
{
    struct list_reader *reader = arg;
    char *first = (char *)(reader->count + 1);

    if (index >= reader->member->none)
        return scan_skip(scan);
    *reader->count = (uint64_t)index + 1;
    return members_take(scan, reader->member->word, reader->member->inner,
                        first + (size_t)index * reader->member->size);
}

static enum lattn_status list_read(struct scan *scan, const struct member *member, uint64_t *count)
{
    struct list_reader reader = {.member = member, .count = count};

    *count = 0;
    return scan_array(scan, member->word, list_read_element, &reader);
}

/* What it says is for people: as far as it fits. */
static enum lattn_status remark_read(struct scan *scan, const struct member *member, char *ret_text)
{
    struct scan_string string;
    enum lattn_status status = scan_string(scan, member->word, &string);

    if (status == LATTN_OK)
        (void)scan_string_decode(&string, member->size, ret_text);
    return status;
}

static enum lattn_status value_read(struct scan *scan, const struct member *member, void *to)
{
    void *at = member_at(member, to);
    int64_t index;
    enum lattn_status status;

    switch (member->kind) {
    case MEMBER_NULL:
    case MEMBER_VERSION:
    case MEMBER_AGGREGATE:
        return scan_skip(scan);
    case MEMBER_FLAG:
        return scan_flag(scan, member->word, at);
    case MEMBER_INT32:
        status = index_read(scan, member->word, INT32_MAX, &index);
        if (status == LATTN_OK)
            *(int32_t *)at = (int32_t)index;
        return status;
    case MEMBER_INT64:
        return index_read(scan, member->word, INT64_MAX, at);
    case MEMBER_COUNT:
        return scan_count_to(scan, member->word, UINT64_MAX, at);
    case MEMBER_MAYBE:
        ((struct member_maybe *)at)->has = 1;
        return scan_count_to(scan, member->word, UINT64_MAX, &((struct member_maybe *)at)->count);
    case MEMBER_NUMBER:
        return scan_number(scan, member->word, at);
    case MEMBER_TEXT:
        return scan_text(scan, member->word, member->size, at);
    case MEMBER_REMARK:
        return remark_read(scan, member, at);
    case MEMBER_VERDICT:
        return verdict_read(scan, member->word, at);
    case MEMBER_ENGINE:
        return engine_read(scan, member->word, at);
    case MEMBER_DECOMPOSITION:
        return decomposition_read(scan, member->word, at);
    case MEMBER_CERTIFIED:
        return certified_read(scan, member->word, at);
    case MEMBER_ROW:
    case MEMBER_ROW_ALWAYS:
        return row_read(scan, member->word, at);
    case MEMBER_INDICES:
        return indices_read(scan, member->word, at);
    case MEMBER_PLACE:
        *(struct scan *)at = *scan;
        return scan_skip(scan);
    case MEMBER_OBJECT_MAYBE:
        *(int32_t *)at = 1;
        return members_take(scan, member->word, member->inner, to);
    case MEMBER_OBJECT:
        return members_take(scan, member->word, member->inner, to);
    case MEMBER_LIST:
        return list_read(scan, member, at);
    }
    return LATTN_FIELD;
}

struct members_reader {
    const struct member *members;
    void *to;
};

static enum lattn_status member_take(struct scan *scan, int32_t field, void *arg)
{
    struct members_reader *reader = arg;

    if (scan_take_word(scan, "null"))
        return LATTN_OK;
    return value_read(scan, &reader->members[field], reader->to);
}

static enum lattn_status members_take(struct scan *scan, const char *name,
                                      const struct member *members, void *to)
{
    struct members_reader reader = {.members = members, .to = to};
    const char *words[MEMBERS_MAX];
    int32_t count = 0;

    for (; members[count].word != NULL; count++) {
        assert(count < MEMBERS_MAX - 1);
        words[count] = members[count].word;
    }
    words[count] = NULL;
    return scan_object(scan, name, words, SCAN_STRANGERS_PASSED, member_take, &reader);
}

enum lattn_status member_read(struct scan *scan, const char *name, const struct member *members,
                              void *ret_to)
{
    enum lattn_status status;

    members_clear(members, ret_to);
    status = members_take(scan, name, members, ret_to);
    if (status != LATTN_OK)
        member_done(members, ret_to);
    return status;
}

int member_row_fits(const struct member_row *row, int32_t m)
{
    return row->numbers == NULL || row->count == m;
}

void member_done(const struct member *members, void *of)
{
    for (const struct member *member = members; member->word != NULL; member++) {
        void *at = member_at(member, of);

        if (member->kind == MEMBER_ROW || member->kind == MEMBER_ROW_ALWAYS) {
            memory_release(((struct member_row *)at)->numbers);
            *(struct member_row *)at = (struct member_row){0};
        } else if (member->kind == MEMBER_INDICES) {
            memory_release(((struct member_indices *)at)->numbers);
            *(struct member_indices *)at = (struct member_indices){0};
        } else if (member->kind == MEMBER_OBJECT || member->kind == MEMBER_OBJECT_MAYBE) {
            member_done(member->inner, of);
        }
    }
}
