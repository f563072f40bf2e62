/*
 * Steps of a state as bytes, drawn in store/README.md. Everything is a multiple of 8 bytes from the
 * start, so that a copy of the bytes can be used where it lies: the numbers of an item are read in
 * place. The store seals what it keeps, so a record has no checksum of its own.
 */
#include "store/record.h"

#include "base/complaint.h"
#include "base/memory.h"

#include <lattn/limits.h>

#include <assert.h>
#include <endian.h>
#include <string.h>

enum {
    /* The oldest that can say it: blocks of streams are of version 2, all else is of version 1. */
    VERSION = 2,
    VERSION_STREAMLESS = 1,
    /* Bytes of what has one size; a text has at least its length and a closing zero. */
    HEAD_BYTES = 8,
    BLOCK_BYTES = 32,
    STREAMS_BYTES = 8,
    NAMES_BYTES = 16,
    ITEM_BYTES = 32,
    NOTE_BYTES = 8,
    MARK_BYTES = 40,
    SPAN_BYTES = 16,
    RANGE_BYTES = 8,
    LENGTH_BYTES = 4,
    TEXT_BYTES_MIN = 8
};

static size_t padded(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

/* A text as a record keeps it: its length, its bytes, a zero, and more up to a multiple of 8. */
static size_t text_bytes(size_t length)
{
    return padded(LENGTH_BYTES + length + 1);
}

static size_t item_bytes(const struct lattn_item *item)
{
    size_t numbers = (size_t)lattn_item_numbers(item);

    numbers += (size_t)lattn_item_rows(item) * (size_t)item->m;
    return ITEM_BYTES + numbers * sizeof(double);
}

static int is_of_streams(const struct record *record)
{
    return record->marks_count + record->spans_count > 0;
}

size_t record_bytes(const struct record *record)
{
    size_t bytes = HEAD_BYTES;

    if (record->kind == RECORD_BLOCK) {
        bytes += is_of_streams(record) ? BLOCK_BYTES + STREAMS_BYTES : BLOCK_BYTES;
        for (size_t i = 0; i < record->items_count; i++)
            bytes += item_bytes(&record->items[i]);
        for (size_t i = 0; i < record->notes_count; i++)
            bytes += NOTE_BYTES + text_bytes(strlen(record->notes[i].producer));
        for (size_t i = 0; i < record->marks_count; i++)
            bytes += MARK_BYTES + text_bytes(strlen(record->marks[i].stream));
        for (size_t i = 0; i < record->spans_count; i++)
            bytes += SPAN_BYTES + text_bytes(strlen(record->spans[i].publisher));
    } else if (record->kind == RECORD_NAMES) {
        bytes += NAMES_BYTES;
        for (size_t i = 0; i < record->append_count; i++)
            bytes += text_bytes(strlen(record->append[i]));
        for (size_t i = 0; i < record->outputs_count; i++)
            bytes += text_bytes(strlen(record->outputs[i]));
        for (size_t i = 0; i < record->blocks_count; i++)
            bytes += RANGE_BYTES + text_bytes(strlen(record->blocks[i].name));
    }
    return bytes;
}

/* ---- writing -------------------------------------------------------------------------------- */

static unsigned char *put_32(unsigned char *at, uint32_t number)
{
    number = htole32(number);
    memcpy(at, &number, sizeof number);
    return at + sizeof number;
}

static unsigned char *put_64(unsigned char *at, uint64_t number)
{
    number = htole64(number);
    memcpy(at, &number, sizeof number);
    return at + sizeof number;
}

static unsigned char *put_doubles(unsigned char *at, const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;

        memcpy(&bits, &numbers[i], sizeof bits);
        at = put_64(at, bits);
    }
    return at;
}

static unsigned char *put_text(unsigned char *at, const char *text)
{
    size_t length = strlen(text);

    assert(length <= UINT32_MAX);
    memset(at, 0, text_bytes(length));
    memcpy(put_32(at, (uint32_t)length), text, length);
    return at + text_bytes(length);
}

static unsigned char *put_item(unsigned char *at, const struct lattn_item *item)
{
    assert(item->y != NULL);
    at = put_doubles(at, &item->weight, 1);
    at = put_doubles(at, &item->precision, 1);
    at = put_32(at, (uint32_t)item->n);
    at = put_32(at, (uint32_t)item->d);
    at = put_32(at, (uint32_t)item->m);
    at = put_32(at, (uint32_t)item->labels | (uint32_t)item->tokens << 8);
    at = put_doubles(at, item->z, (size_t)lattn_item_numbers(item));
    return put_doubles(at, item->y, (size_t)lattn_item_rows(item) * (size_t)item->m);
}

static unsigned char *put_mark(unsigned char *at, const struct arrivals_mark *mark)
{
    at = put_64(at, mark->seq);
    at = put_64(at, (uint64_t)mark->time_ns);
    at = put_64(at, mark->known);
    at = put_64(at, mark->lost);
    at = put_64(at, mark->rolled_back);
    return put_text(at, mark->stream);
}

static unsigned char *put_block(unsigned char *at, const struct record *record)
{
    assert(record->items_count <= UINT32_MAX && record->notes_count <= UINT32_MAX);
    assert(record->marks_count <= UINT32_MAX && record->spans_count <= UINT32_MAX);
    at = put_64(at, record->tally.accepted);
    at = put_64(at, record->tally.rejected);
    at = put_64(at, record->tally.duplicates);
    at = put_32(at, (uint32_t)record->items_count);
    at = put_32(at, (uint32_t)record->notes_count);
    if (is_of_streams(record)) {
        at = put_32(at, (uint32_t)record->marks_count);
        at = put_32(at, (uint32_t)record->spans_count);
    }
    for (size_t i = 0; i < record->items_count; i++)
        at = put_item(at, &record->items[i]);
    for (size_t i = 0; i < record->notes_count; i++) {
        at = put_64(at, record->notes[i].seq);
        at = put_text(at, record->notes[i].producer);
    }
    for (size_t i = 0; i < record->marks_count; i++)
        at = put_mark(at, &record->marks[i]);
    for (size_t i = 0; i < record->spans_count; i++) {
        at = put_64(at, record->spans[i].first);
        at = put_64(at, record->spans[i].last);
        at = put_text(at, record->spans[i].publisher);
    }
    return at;
}

static unsigned char *put_names(unsigned char *at, const struct record *record)
{
    at = put_32(at, (uint32_t)record->append_count);
    at = put_32(at, (uint32_t)record->outputs_count);
    at = put_32(at, (uint32_t)record->blocks_count);
    at = put_32(at, 0);
    for (size_t i = 0; i < record->append_count; i++)
        at = put_text(at, record->append[i]);
    for (size_t i = 0; i < record->outputs_count; i++)
        at = put_text(at, record->outputs[i]);
    for (size_t i = 0; i < record->blocks_count; i++) {
        at = put_32(at, (uint32_t)record->blocks[i].start);
        at = put_32(at, (uint32_t)record->blocks[i].size);
        at = put_text(at, record->blocks[i].name);
    }
    return at;
}

void record_write(const struct record *record, void *ret_bytes)
{
    unsigned char *at = ret_bytes;

    at = put_32(at, is_of_streams(record) ? VERSION : VERSION_STREAMLESS);
    at = put_32(at, (uint32_t)record->kind);
    if (record->kind == RECORD_BLOCK)
        at = put_block(at, record);
    else if (record->kind == RECORD_NAMES)
        at = put_names(at, record);
    assert((size_t)(at - (unsigned char *)ret_bytes) == record_bytes(record));
}

/* ---- reading -------------------------------------------------------------------------------- */

/*
 * The way through our copy of the bytes. Nothing is read that is not there: the first call that
 * asks for more than is left spoils the reader, and the later ones read zeros.
 */
struct reader {
    unsigned char *at;
    size_t left;
    int is_spoiled;
};

static unsigned char *take(struct reader *reader, size_t bytes)
{
    unsigned char *at = reader->at;

    if (reader->is_spoiled || bytes > reader->left) {
        reader->is_spoiled = 1;
        return NULL;
    }
    reader->at += bytes;
    reader->left -= bytes;
    return at;
}

static uint32_t take_32(struct reader *reader)
{
    const unsigned char *at = take(reader, sizeof(uint32_t));
    uint32_t number = 0;

    if (at != NULL)
        memcpy(&number, at, sizeof number);
    return le32toh(number);
}

static uint64_t take_64(struct reader *reader)
{
    const unsigned char *at = take(reader, sizeof(uint64_t));
    uint64_t number = 0;

    if (at != NULL)
        memcpy(&number, at, sizeof number);
    return le64toh(number);
}

static double take_double(struct reader *reader)
{
    uint64_t bits = take_64(reader);
    double number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Numbers in place; the record keeps them aligned. */
static const double *take_doubles(struct reader *reader, size_t count)
{
    size_t bytes;
    uint64_t *bits;

    if (memory_product(count, sizeof(double), &bytes) != LATTN_OK)
        bytes = SIZE_MAX;
    bits = (uint64_t *)(void *)take(reader, bytes);
    for (size_t i = 0; bits != NULL && i < count; i++)
        bits[i] = le64toh(bits[i]);
    return (const double *)bits;
}

/* A string in place, shorter than length_max; "" from a reader that is spoiled. */
static const char *take_text(struct reader *reader, size_t length_max)
{
    size_t length = take_32(reader);
    size_t bytes = text_bytes(length) - LENGTH_BYTES;
    const char *text = (const char *)take(reader, bytes);

    if (text == NULL || length >= length_max || strnlen(text, bytes) != length) {
        reader->is_spoiled = 1;
        return "";
    }
    return text;
}

/* Numbers of the tokens that begin here, as lattn_item_numbers will count them. */
static size_t tokens_numbers(const struct reader *reader, const struct lattn_item *item)
{
    struct reader ahead = *reader;
    size_t numbers = 0;

    if (item->tokens == LATTN_TOKENS_DENSE)
        return (size_t)item->n * (size_t)item->d;
    for (int32_t t = 0; t < item->n; t++) {
        double ones = take_double(&ahead);

        if (ahead.is_spoiled || !(ones >= 0 && ones <= item->d))
            return SIZE_MAX;
        numbers += 1 + (size_t)ones;
        (void)take(&ahead, (size_t)ones * sizeof(double)); /* the next token finds out */
    }
    return numbers;
}

static int item_is_possible(const struct lattn_item *item, uint32_t kinds)
{
    return item->n >= 1 && item->n <= LATTN_TOKENS_MAX && item->d >= 0 &&
           item->d <= LATTN_DIM_MAX && item->m >= 1 && item->m <= LATTN_OUTPUTS_MAX &&
           (kinds & 0xff) <= LATTN_LABELS_FULL && kinds >> 8 <= LATTN_TOKENS_ONES;
}

static struct lattn_item take_item(struct reader *reader)
{
    struct lattn_item item = {.weight = take_double(reader)};
    uint32_t kinds;

    item.precision = take_double(reader);
    item.n = (int32_t)take_32(reader);
    item.d = (int32_t)take_32(reader);
    item.m = (int32_t)take_32(reader);
    kinds = take_32(reader);
    if (!item_is_possible(&item, kinds)) {
        reader->is_spoiled = 1;
        return item;
    }
    item.labels = (enum lattn_labels)(kinds & 0xff);
    item.tokens = (enum lattn_tokens)(kinds >> 8);
    item.z = take_doubles(reader, tokens_numbers(reader, &item));
    item.y = take_doubles(reader, (size_t)lattn_item_rows(&item) * (size_t)item.m);
    return item;
}

static struct arrivals_mark take_mark(struct reader *reader)
{
    struct arrivals_mark mark = {.seq = take_64(reader)};
    const char *stream;

    mark.time_ns = (int64_t)take_64(reader);
    mark.known = take_64(reader);
    mark.lost = take_64(reader);
    mark.rolled_back = take_64(reader);
    stream = take_text(reader, LATTN_NAME_MAX);
    memcpy(mark.stream, stream, strlen(stream));
    reader->is_spoiled |= mark.known < mark.seq;
    return mark;
}

static struct arrivals_span take_span(struct reader *reader)
{
    struct arrivals_span span = {.first = take_64(reader)};

    span.last = take_64(reader);
    span.publisher = take_text(reader, LATTN_NAME_MAX);
    reader->is_spoiled |= span.first > span.last;
    return span;
}

static struct lattn_block take_range(struct reader *reader)
{
    struct lattn_block block = {.start = (int32_t)take_32(reader)};
    const char *name;

    block.size = (int32_t)take_32(reader);
    name = take_text(reader, LATTN_NAME_MAX);
    memcpy(block.name, name, strlen(name));
    return block;
}

/* ---- a copy --------------------------------------------------------------------------------- */

/* What a record has lists of. */
struct lists {
    struct lattn_item *items;
    struct record_note *notes;
    struct arrivals_mark *marks;
    struct arrivals_span *spans;
    const char **append;
    const char **outputs;
    struct lattn_block *blocks;
};

/*
 * All that comes before the lists. The reader is spoiled where there cannot be so many members in
 * the bytes that are left, so that nobody asks for more memory than the bytes can fill.
 */
static void take_counts(struct reader *reader, uint32_t version, struct record *record)
{
    if (record->kind == RECORD_BLOCK) {
        record->tally.accepted = take_64(reader);
        record->tally.rejected = take_64(reader);
        record->tally.duplicates = take_64(reader);
        record->items_count = take_32(reader);
        record->notes_count = take_32(reader);
        if (version != VERSION_STREAMLESS) {
            record->marks_count = take_32(reader);
            record->spans_count = take_32(reader);
        }
    } else if (record->kind == RECORD_NAMES) {
        record->append_count = take_32(reader);
        record->outputs_count = take_32(reader);
        record->blocks_count = take_32(reader);
        reader->is_spoiled |= take_32(reader) != 0;
    } else {
        reader->is_spoiled |= record->kind != RECORD_RESET;
    }
    reader->is_spoiled |= record->items_count > reader->left / ITEM_BYTES ||
                          record->notes_count > reader->left / (NOTE_BYTES + TEXT_BYTES_MIN) ||
                          record->marks_count > reader->left / (MARK_BYTES + TEXT_BYTES_MIN) ||
                          record->spans_count > reader->left / (SPAN_BYTES + TEXT_BYTES_MIN) ||
                          record->append_count > reader->left / TEXT_BYTES_MIN ||
                          record->outputs_count > reader->left / TEXT_BYTES_MIN ||
                          record->blocks_count > reader->left / (RANGE_BYTES + TEXT_BYTES_MIN);
}

/* One allocation for the lists; their members are undefined. */
static void *lists_lay_out(const struct record *record, struct lists *ret_lists)
{
    size_t room = record->items_count * sizeof *ret_lists->items;
    void *memory;

    room += record->notes_count * sizeof *ret_lists->notes;
    room += record->marks_count * sizeof *ret_lists->marks;
    room += record->spans_count * sizeof *ret_lists->spans;
    room += record->append_count * sizeof *ret_lists->append;
    room += record->outputs_count * sizeof *ret_lists->outputs;
    room += record->blocks_count * sizeof *ret_lists->blocks;
    memory = memory_raw(1, room);
    if (memory == NULL)
        return NULL;
    ret_lists->items = memory;
    ret_lists->notes = (void *)(ret_lists->items + record->items_count);
    ret_lists->marks = (void *)(ret_lists->notes + record->notes_count);
    ret_lists->spans = (void *)(ret_lists->marks + record->marks_count);
    ret_lists->append = (void *)(ret_lists->spans + record->spans_count);
    ret_lists->outputs = ret_lists->append + record->append_count;
    ret_lists->blocks = (void *)(ret_lists->outputs + record->outputs_count);
    return memory;
}

static void take_lists(struct reader *reader, struct record *record, struct lists *lists)
{
    for (size_t i = 0; i < record->items_count; i++)
        lists->items[i] = take_item(reader);
    for (size_t i = 0; i < record->notes_count; i++) {
        lists->notes[i].seq = take_64(reader);
        lists->notes[i].producer = take_text(reader, LATTN_PRODUCER_MAX);
    }
    for (size_t i = 0; i < record->marks_count; i++)
        lists->marks[i] = take_mark(reader);
    for (size_t i = 0; i < record->spans_count; i++)
        lists->spans[i] = take_span(reader);
    for (size_t i = 0; i < record->append_count; i++)
        lists->append[i] = take_text(reader, SIZE_MAX);
    for (size_t i = 0; i < record->outputs_count; i++)
        lists->outputs[i] = take_text(reader, SIZE_MAX);
    for (size_t i = 0; i < record->blocks_count; i++)
        lists->blocks[i] = take_range(reader);
    record->items = lists->items;
    record->notes = lists->notes;
    record->marks = lists->marks;
    record->spans = lists->spans;
    record->append = lists->append;
    record->outputs = lists->outputs;
    record->blocks = lists->blocks;
}

/* Read the lists of a record whose counts are known; what is behind them does not belong there. */
static enum lattn_status read_lists(struct reader *reader, struct record_copy *copy,
                                    struct lattn_complaint *complaint)
{
    struct lists lists;

    if (!reader->is_spoiled) {
        copy->lists = lists_lay_out(&copy->record, &lists);
        if (copy->lists == NULL)
            return LATTN_NO_MEMORY;
        take_lists(reader, &copy->record, &lists);
    }
    if (reader->is_spoiled || reader->left > 0)
        return complain(complaint, LATTN_DAMAGED, "a record contradicts itself");
    return LATTN_OK;
}

enum lattn_status record_read(const void *bytes, size_t length, struct record_copy *ret_copy,
                              struct lattn_complaint *complaint)
{
    struct record_copy copy = {.bytes = memory_raw(1, length)};
    struct reader reader = {.at = copy.bytes, .left = length};
    enum lattn_status status;
    uint32_t version;

    if (copy.bytes == NULL)
        return LATTN_NO_MEMORY;
    memcpy(copy.bytes, bytes, length);
    version = take_32(&reader);
    copy.record.kind = (enum record_kind)take_32(&reader);
    take_counts(&reader, version, &copy.record);
    status =
        length >= HEAD_BYTES && (version < VERSION_STREAMLESS || version > VERSION)
            ? complain(complaint, LATTN_OTHER_VERSION,
                       "a record has version %u, versions up to %d are known", version, VERSION)
            : read_lists(&reader, &copy, complaint);
    if (status != LATTN_OK) {
        record_copy_done(&copy);
        return status;
    }
    *ret_copy = copy;
    return LATTN_OK;
}

void record_copy_done(struct record_copy *copy)
{
    memory_release(copy->bytes);
    memory_release(copy->lists);
    *copy = (struct record_copy){0};
}
