#include "serve/chunk.h"

#include <lattn/frame.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/bounds.h"

#include <assert.h>
#include <string.h>

/* Offset of the empty string, which every chunk's text begins with. */
enum { TEXT_EMPTY = 0 };

enum lattn_status chunk_open(struct chunk **ret_chunk, enum lattn_format format, void *session,
                             struct tally *tally)
{
    struct chunk *chunk = memory_zeroed(1, sizeof *chunk);

    if (chunk == NULL)
        return LATTN_NO_MEMORY;
    chunk->format = format;
    chunk->session = session;
    chunk->tally = tally;
    if (lattn_text_add(&chunk->text, "", 1) != LATTN_OK) {
        chunk_close(&chunk);
        return LATTN_NO_MEMORY;
    }
    *ret_chunk = chunk;
    return LATTN_OK;
}

static void request_close(struct lattn_request *request)
{
    if (request == NULL)
        return;
    lattn_request_done(request);
    memory_release(request);
}

void chunk_close(struct chunk **chunk)
{
    struct chunk *old = *chunk;

    if (old == NULL)
        return;
    for (size_t i = 0; i < old->entries_count; i++)
        request_close(old->entries[i].request);
    memory_release(old->entries);
    memory_release(old->arrivals);
    memory_release(old->numbers);
    lattn_text_done(&old->text);
    lattn_text_done(&old->answers);
    memory_release(old);
    *chunk = NULL;
}

/* Let an array hold need entries of size bytes, count of which are in use. */
static enum lattn_status array_reserve(void **array, size_t *capacity, size_t count, size_t need,
                                       size_t size)
{
    size_t capacity_new = 2 * *capacity > need ? 2 * *capacity : need;
    void *grown;

    if (need <= *capacity)
        return LATTN_OK;
    grown = memory_raw(capacity_new, size);
    if (grown == NULL)
        return LATTN_NO_MEMORY;
    if (count > 0)
        memcpy(grown, *array, count * size);
    memory_release(*array);
    *array = grown;
    *capacity = capacity_new;
    return LATTN_OK;
}

static enum lattn_status numbers_reserve(struct chunk *chunk, size_t count)
{
    void *numbers = chunk->numbers;
    enum lattn_status status =
        array_reserve(&numbers, &chunk->numbers_capacity, chunk->numbers_count,
                      chunk->numbers_count + count, sizeof *chunk->numbers);

    chunk->numbers = numbers;
    return status;
}

static enum lattn_status entry_add(struct chunk *chunk, const struct entry *entry)
{
    void *entries = chunk->entries;
    enum lattn_status status =
        array_reserve(&entries, &chunk->entries_capacity, chunk->entries_count,
                      chunk->entries_count + 1, sizeof *chunk->entries);

    chunk->entries = entries;
    if (status == LATTN_OK)
        chunk->entries[chunk->entries_count++] = *entry;
    return status;
}

/* Keep a string; the empty one is there already. */
static enum lattn_status text_keep(struct chunk *chunk, const char *text, size_t length,
                                   size_t *ret_at)
{
    size_t at = chunk->text.length;
    enum lattn_status status;

    *ret_at = TEXT_EMPTY;
    if (length == 0)
        return LATTN_OK;
    status = lattn_text_add(&chunk->text, text, length);
    if (status == LATTN_OK)
        status = lattn_text_add(&chunk->text, "", 1);
    if (status == LATTN_OK)
        *ret_at = at;
    return status;
}

/* Why a message is refused, in the words of whoever refused it. */
static enum lattn_status message_keep(struct chunk *chunk, struct entry *entry,
                                      const struct lattn_complaint *complaint)
{
    const char *message =
        complaint->text[0] != '\0' ? complaint->text : lattn_status_text(entry->status);

    if (entry->status == LATTN_OK)
        return LATTN_OK;
    return text_keep(chunk, message, strlen(message), &entry->message_at);
}

/* A number without a producer, or the other way round, cannot be told apart from a slip. */
static enum lattn_status check_origin(const struct lattn_message *read,
                                      struct lattn_complaint *complaint)
{
    if (read->has_seq && read->producer[0] == '\0')
        return complain(complaint, LATTN_FIELD, "seq is given without producer");
    if (!read->has_seq && read->producer[0] != '\0')
        return complain(complaint, LATTN_FIELD, "producer is given without seq");
    return LATTN_OK;
}

static enum lattn_status pairs_add(struct chunk *chunk, const struct lattn_message *read,
                                   size_t used, struct entry *entry,
                                   struct lattn_complaint *complaint)
{
    enum lattn_status status;

    if (entry->status == LATTN_OK)
        entry->status = check_origin(read, complaint);
    if (entry->status == LATTN_OK) {
        entry->item = read->item;
        entry->z_at = (size_t)(read->item.z - chunk->numbers);
        entry->y_at = (size_t)(read->item.y - chunk->numbers);
        chunk->numbers_count += used;
    }
    chunk->last_status = entry->status;
    assert(read->count >= 1);
    entry->count = read->count;
    entry->has_seq = read->has_seq && read->producer[0] != '\0';
    entry->seq = read->seq;
    status = text_keep(chunk, read->id, strlen(read->id), &entry->id_at);
    if (status == LATTN_OK && entry->has_seq)
        status = text_keep(chunk, read->producer, strlen(read->producer), &entry->producer_at);
    if (status == LATTN_OK)
        status = message_keep(chunk, entry, complaint);
    return status == LATTN_OK ? entry_add(chunk, entry) : status;
}

/* The other requests, and those that were refused when they were read, are answered and no more. */
static int changes_something(enum lattn_status status, const struct lattn_request *request)
{
    return status == LATTN_OK &&
           (request->method == LATTN_METHOD_NAME || request->method == LATTN_METHOD_RESET ||
            request->method == LATTN_METHOD_EMIT || request->method == LATTN_METHOD_CHECKPOINT);
}

/* A bare input, as the request that it stands for. Returns as lattn_request_read. */
static enum lattn_status input_read(const struct letter *letter, struct lattn_request *request,
                                    struct lattn_complaint *complaint)
{
    double *numbers = memory_raw(letter->numbers, sizeof *numbers);
    size_t used;
    enum lattn_status status;

    if (numbers == NULL)
        return LATTN_NO_MEMORY;
    status =
        lattn_input_read(letter->bytes, letter->length, numbers, &used, &request->input, complaint);
    if (status != LATTN_OK) {
        memory_release(numbers);
        return status;
    }
    request->method = LATTN_METHOD_PREDICT;
    request->numbers = numbers;
    return LATTN_OK;
}

static enum lattn_status request_read(const struct chunk *chunk, const struct letter *letter,
                                      struct lattn_request *request,
                                      struct lattn_complaint *complaint)
{
    if (chunk->purpose == CHUNK_INPUTS)
        return input_read(letter, request, complaint);
    return lattn_request_read(letter->bytes, letter->length, chunk->format, request, complaint);
}

static enum lattn_status request_add(struct chunk *chunk, const struct letter *letter,
                                     struct entry *entry)
{
    struct lattn_request *request = memory_zeroed(1, sizeof *request);
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    if (request == NULL)
        return LATTN_NO_MEMORY;
    entry->kind = ENTRY_REQUEST;
    entry->status = request_read(chunk, letter, request, &complaint);
    chunk->last_kind = ENTRY_REQUEST;
    chunk->last_status = entry->status;
    if (chunk->is_unheard && !changes_something(entry->status, request)) {
        request_close(request);
        return entry->status == LATTN_NO_MEMORY ? LATTN_NO_MEMORY : LATTN_OK;
    }
    status = text_keep(chunk, request->id, strlen(request->id), &entry->id_at);
    if (status == LATTN_OK)
        status = message_keep(chunk, entry, &complaint);
    if (entry->status == LATTN_OK)
        entry->request = request;
    if (status == LATTN_OK)
        status = entry_add(chunk, entry);
    if (status != LATTN_OK || entry->status != LATTN_OK) {
        request_close(request);
        return status;
    }
    chunk->requests_count++;
    chunk->bytes += sizeof *request + letter->numbers * sizeof(double);
    return LATTN_OK;
}

/* A number at full precision is 20 bytes of text, in a frame at least 4. */
enum lattn_status chunk_expect(struct chunk *chunk, size_t bytes)
{
    return numbers_reserve(chunk, bytes / (chunk->format == LATTN_FORMAT_MSGPACK ? 4 : 16));
}

static int is_blank(const struct letter *letter)
{
    for (size_t i = 0; i < letter->length; i++) {
        if (memchr(" \t\r", letter->bytes[i], 3) == NULL)
            return 0;
    }
    return 1;
}

/* Read a message whose numbers have room behind those of the chunk. */
static enum lattn_status letter_read(const struct chunk *chunk, const struct letter *letter,
                                     size_t *ret_used, struct lattn_message *ret_read,
                                     struct lattn_complaint *complaint)
{
    double *numbers = chunk->numbers + chunk->numbers_count;

    if (chunk->format == LATTN_FORMAT_MSGPACK)
        return lattn_frame_read(letter->bytes, letter->length, numbers, ret_used, ret_read,
                                complaint);
    return lattn_line_read(letter->bytes, letter->length, numbers, ret_used, ret_read, complaint);
}

enum lattn_status chunk_read(struct chunk *chunk, const struct letter *letter)
{
    struct entry entry = {.kind = ENTRY_PAIRS, .line = letter->number, .count = 1};
    struct lattn_message read = {.kind = LATTN_MESSAGE_PAIRS};
    struct lattn_complaint complaint = {""};
    size_t used = 0;
    enum lattn_status status;

    chunk->last_kind = ENTRY_PAIRS;
    chunk->last_status = LATTN_OK;
    if (chunk->format == LATTN_FORMAT_JSON && is_blank(letter))
        return LATTN_OK;
    if (chunk->purpose == CHUNK_INPUTS)
        return request_add(chunk, letter, &entry);
    status = numbers_reserve(chunk, letter->numbers);
    if (status != LATTN_OK)
        return status;
    entry.status = letter_read(chunk, letter, &used, &read, &complaint);
    entry.is_silent = read.is_silent;
    if (entry.status == LATTN_OK && read.kind == LATTN_MESSAGE_REQUEST) {
        if (chunk->purpose == CHUNK_MESSAGES)
            return request_add(chunk, letter, &entry);
        entry.status = complain(&complaint, LATTN_METHOD, "only pairs are taken here");
    }
    return pairs_add(chunk, &read, used, &entry, &complaint);
}

enum lattn_status chunk_refuse(struct chunk *chunk, const struct letter *letter,
                               enum lattn_status status, const char *message)
{
    struct entry entry = {
        .kind = ENTRY_PAIRS, .status = status, .line = letter->number, .count = 1};
    char id[LATTN_ID_MAX] = "";
    enum lattn_status kept;

    assert(status < LATTN_OK);
    chunk->last_kind = ENTRY_PAIRS;
    chunk->last_status = status;
    /* Without an id the answer names the message's number. */
    if (chunk->format == LATTN_FORMAT_MSGPACK)
        (void)lattn_frame_id(letter->bytes, letter->length, id);
    kept = text_keep(chunk, id, strlen(id), &entry.id_at);
    if (kept == LATTN_OK)
        kept = text_keep(chunk, message, strlen(message), &entry.message_at);
    return kept == LATTN_OK ? entry_add(chunk, &entry) : kept;
}

size_t chunk_surcharge(const struct chunk *chunk, const struct letter *letter)
{
    size_t surcharge = sizeof(struct entry);

    if (chunk->last_kind == ENTRY_REQUEST)
        surcharge += (REQUEST_WEIGHT - 1) * letter->length;
    if (chunk->last_status != LATTN_OK)
        surcharge += REFUSAL_BYTES;
    return surcharge;
}

struct arrival *chunk_arrival(const struct chunk *chunk, const struct entry *entry)
{
    return chunk->arrivals == NULL ? NULL : &chunk->arrivals[entry - chunk->entries];
}

void chunk_seal(struct chunk *chunk)
{
    for (size_t i = 0; i < chunk->entries_count; i++) {
        struct entry *entry = &chunk->entries[i];

        entry->id = chunk->text.data + entry->id_at;
        entry->producer = chunk->text.data + entry->producer_at;
        entry->message = chunk->text.data + entry->message_at;
        if (entry->kind == ENTRY_PAIRS && entry->status == LATTN_OK) {
            entry->item.z = chunk->numbers + entry->z_at;
            entry->item.y = chunk->numbers + entry->y_at;
        }
    }
    chunk->bytes += sizeof *chunk + chunk->entries_capacity * sizeof *chunk->entries +
                    chunk->numbers_capacity * sizeof *chunk->numbers + chunk->text.capacity;
}

/* ---- answers ---- */

static void answer_end(struct chunk *chunk, enum lattn_status status)
{
    if (status != LATTN_OK)
        chunk->answers_lost = 1;
}

static enum lattn_status answer_bare(struct chunk *chunk, const struct lattn_text *result)
{
    enum lattn_status status = lattn_text_add(&chunk->answers, result->data, result->length);

    return status == LATTN_OK ? lattn_text_add(&chunk->answers, "\n", 1) : status;
}

void chunk_answer(struct chunk *chunk, const struct entry *entry, const struct lattn_text *result)
{
    if (entry->is_silent)
        return;
    if (chunk->purpose == CHUNK_INPUTS)
        answer_end(chunk, answer_bare(chunk, result));
    else
        answer_end(chunk, lattn_write_reply(&chunk->answers, chunk->format, entry->id, result->data,
                                            result->length));
}

void chunk_answer_applied(struct chunk *chunk, const struct entry *entry, uint64_t applied,
                          int duplicate, const uint64_t *durable)
{
    if (!entry->is_silent && entry->id[0] != '\0' && chunk->purpose == CHUNK_MESSAGES)
        answer_end(chunk, lattn_write_applied(&chunk->answers, chunk->format, entry->id, applied,
                                              duplicate, durable));
}

/* A line of a text can be shown to people; a frame or a request is found again by its id. */
static uint64_t line_named(const struct chunk *chunk, const struct entry *entry)
{
    int is_line = chunk->format == LATTN_FORMAT_JSON && entry->kind == ENTRY_PAIRS;

    if (chunk->purpose != CHUNK_MESSAGES)
        return entry->line;
    return is_line || entry->id[0] == '\0' ? entry->line : 0;
}

void chunk_answer_error(struct chunk *chunk, const struct entry *entry, enum lattn_status status,
                        const char *message)
{
    int is_first = chunk->refused == LATTN_OK;
    const char *id = chunk->purpose == CHUNK_MESSAGES ? entry->id : "";

    if (is_first)
        chunk->refused = status;
    if (entry->is_silent || (chunk->purpose == CHUNK_PAIRS && !is_first))
        return;
    if (message[0] == '\0')
        message = lattn_status_text(status);
    answer_end(chunk, lattn_write_error(&chunk->answers, chunk->format, id, status, message,
                                        line_named(chunk, entry)));
}
