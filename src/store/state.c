/*
 * One value for all that survives, its steps, and its image.
 */
#include "store/state.h"

#include <lattn/limits.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "base/serial.h"
#include "core/learner.h"
#include "store/checksum.h"

#include <inttypes.h>
#include <string.h>

enum {
    /* Items learned at once: several times the rows at which blocks are as fast as they get. */
    ITEMS_MAX = 1024,
    IMAGE_VERSION = 1,
    IMAGE_ENGINE_RLS = 1,
    TALLY_BYTES = 3 * 8,
    /* Behind the tally: how many producers there are, then how long the learner is. */
    COUNTS_BYTES = 4 + 8,
    CHECKSUM_BYTES = 8,
    IMAGE_BYTES_MIN = SERIAL_HEADER_BYTES + TALLY_BYTES + COUNTS_BYTES + CHECKSUM_BYTES
};

enum lattn_status state_open(struct state *ret_state, const struct lattn_learner_settings *settings)
{
    struct state state = {0};
    enum lattn_status status = lattn_learner_open(&state.learner, settings);

    if (status == LATTN_OK)
        status = producers_open(&state.producers, LATTN_PRODUCERS_MAX);
    if (status != LATTN_OK) {
        state_done(&state);
        return status;
    }
    *ret_state = state;
    return LATTN_OK;
}

void state_done(struct state *state)
{
    lattn_learner_close(&state->learner);
    producers_close(&state->producers);
    *state = (struct state){0};
}

enum lattn_status state_copy(const struct state *state, struct state *ret_copy)
{
    struct state copy = {0};
    enum lattn_status status = state_copy_over(state, &copy);

    if (status == LATTN_OK)
        *ret_copy = copy;
    return status;
}

enum lattn_status state_copy_over(const struct state *state, struct state *copy)
{
    enum lattn_status status;

    state_strip(copy);
    status = learner_copy_over(state->learner, &copy->learner);
    if (status == LATTN_OK)
        status = producers_copy(state->producers, &copy->producers);
    if (status != LATTN_OK)
        state_done(copy);
    else
        copy->tally = state->tally;
    return status;
}

void state_strip(struct state *state)
{
    if (state->learner != NULL)
        learner_strip(state->learner);
    producers_close(&state->producers);
}

/* ---- steps --------------------------------------------------------------------------------- */

void state_learn(struct state *state, const struct lattn_item *items, size_t count)
{
    while (count > 0) {
        size_t now = count < ITEMS_MAX ? count : ITEMS_MAX;

        lattn_learner_survey(state->learner, &(struct lattn_batch){.items = items, .count = now});
        items += now;
        count -= now;
    }
}

enum lattn_status state_reset(struct state *state)
{
    producers_reset(state->producers);
    state->tally = (struct tally){0};
    return lattn_learner_reset(state->learner);
}

enum lattn_status state_merge(struct state *state, const struct state *other,
                              struct lattn_complaint *complaint)
{
    struct producers *producers = NULL;
    enum lattn_status status = producers_copy(state->producers, &producers);

    if (status == LATTN_OK)
        status = producers_merge(producers, other->producers, complaint);
    if (status == LATTN_OK)
        status = lattn_learner_merge(state->learner, other->learner, complaint);
    if (status != LATTN_OK) {
        producers_close(&producers);
        return status;
    }
    producers_close(&state->producers);
    state->producers = producers;
    state->tally.accepted += other->tally.accepted;
    state->tally.rejected += other->tally.rejected;
    state->tally.duplicates += other->tally.duplicates;
    return LATTN_OK;
}

static enum lattn_status items_admit(struct state *state, const struct record *record,
                                     struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};

    for (size_t i = 0; i < record->items_count; i++) {
        enum lattn_status status = lattn_learner_admit(state->learner, &record->items[i], &why);

        if (status == LATTN_NO_MEMORY)
            return complain(complaint, status, "%s", lattn_status_text(status));
        if (status != LATTN_OK)
            return complain(complaint, LATTN_DAMAGED, "item %zu of a block was learned: %.200s", i,
                            why.text);
    }
    return LATTN_OK;
}

static enum lattn_status block_apply(struct state *state, const struct record *record,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = items_admit(state, record, complaint);

    if (status != LATTN_OK)
        return status;
    state_learn(state, record->items, record->items_count);
    for (size_t i = 0; i < record->notes_count; i++) {
        const struct record_note *note = &record->notes[i];

        status = producers_put(state->producers, note->producer, note->seq);
        if (status != LATTN_OK)
            return complain(complaint, status, "%s", lattn_status_text(status));
    }
    state->tally = record->tally;
    return LATTN_OK;
}

static enum lattn_status names_apply(struct state *state, const struct record *record,
                                     struct lattn_complaint *complaint)
{
    int32_t *places = memory_raw(record->append_count + record->outputs_count, sizeof *places);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (places != NULL)
        status =
            lattn_learner_name(state->learner, record->append, record->append_count,
                               record->outputs, record->outputs_count, record->blocks,
                               record->blocks_count, places, places + record->append_count, NULL);
    memory_release(places);
    if (status == LATTN_NO_MEMORY)
        return complain(complaint, status, "%s", lattn_status_text(status));
    return LATTN_OK;
}

static enum lattn_status record_apply(struct state *state, const struct record *record,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status;

    switch (record->kind) {
    case RECORD_BLOCK:
        return block_apply(state, record, complaint);
    case RECORD_NAMES:
        return names_apply(state, record, complaint);
    case RECORD_RESET:
        status = state_reset(state);
        return status == LATTN_OK ? status
                                  : complain(complaint, status, "%s", lattn_status_text(status));
    }
    return complain(complaint, LATTN_DAMAGED, "there is no step of kind %d", (int)record->kind);
}

enum lattn_status state_apply(struct state *state, const struct record *record,
                              struct lattn_complaint *complaint)
{
    size_t *memory_max = &state->learner->settings.memory_max;
    size_t memory_max_kept = *memory_max;
    enum lattn_status status;

    *memory_max = 0;
    status = record_apply(state, record, complaint);
    *memory_max = memory_max_kept;
    return status;
}

/* ---- writing ------------------------------------------------------------------------------- */

uint64_t state_bytes(const struct state *state)
{
    return IMAGE_BYTES_MIN + producers_bytes(state->producers) +
           lattn_learner_saved_bytes(state->learner);
}

/* What passes through on its way to the sink. */
struct summing {
    lattn_sink_fn sink;
    void *arg;
    struct checksum checksum;
};

static enum lattn_status summing_sink(void *arg, const void *bytes, size_t length)
{
    struct summing *summing = arg;

    checksum_add(&summing->checksum, bytes, length);
    return summing->sink(summing->arg, bytes, length);
}

static struct serial_header header_of(uint64_t length)
{
    return (struct serial_header){"state", "lattnsta", IMAGE_VERSION, IMAGE_ENGINE_RLS, length};
}

static void tally_write(struct serial_writer *writer, const struct tally *tally)
{
    serial_write_u64(writer, tally->accepted);
    serial_write_u64(writer, tally->rejected);
    serial_write_u64(writer, tally->duplicates);
}

enum lattn_status state_save(const struct state *state, lattn_sink_fn sink, void *arg)
{
    const struct serial_header header = header_of(state_bytes(state));
    struct summing summing = {.sink = sink, .arg = arg};
    struct serial_writer writer;
    enum lattn_status status;

    checksum_init(&summing.checksum, 0);
    serial_writer_init(&writer, summing_sink, &summing);
    serial_write_header(&writer, &header);
    tally_write(&writer, &state->tally);
    producers_write(state->producers, &writer);
    serial_write_u64(&writer, lattn_learner_saved_bytes(state->learner));
    status = serial_flush(&writer);
    if (status == LATTN_OK)
        status = lattn_learner_save(state->learner, summing_sink, &summing);
    if (status != LATTN_OK)
        return status;
    serial_write_u64(&writer, checksum_end(&summing.checksum));
    return serial_flush(&writer);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What passes through on its way from the source. */
struct summed {
    lattn_source_fn source;
    void *arg;
    struct checksum checksum;
};

static enum lattn_status summed_source(void *arg, void *ret_bytes, size_t length)
{
    struct summed *summed = arg;
    enum lattn_status status = summed->source(summed->arg, ret_bytes, length);

    if (status == LATTN_OK)
        checksum_add(&summed->checksum, ret_bytes, length);
    return status;
}

/* The learner's bytes are those that come next from the reader of the state. */
static enum lattn_status reader_source(void *arg, void *ret_bytes, size_t length)
{
    struct serial_reader *reader = arg;

    serial_read_bytes(reader, length, ret_bytes);
    return reader->status;
}

static void tally_read(struct serial_reader *reader, struct tally *tally)
{
    tally->accepted = serial_read_u64(reader);
    tally->rejected = serial_read_u64(reader);
    tally->duplicates = serial_read_u64(reader);
}

/* Read what stands before the checksum. Whatever was made of it is in ret_state, also if refused.
 */
static void state_read(struct serial_reader *reader, struct state *ret_state)
{
    const struct serial_header header = header_of(reader->length + CHECKSUM_BYTES);
    uint64_t learner_bytes;
    enum lattn_status status;

    serial_read_header(reader, &header);
    tally_read(reader, &ret_state->tally);
    if (reader->status == LATTN_OK &&
        producers_open(&ret_state->producers, LATTN_PRODUCERS_MAX) != LATTN_OK)
        serial_refuse(reader, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
    if (reader->status == LATTN_OK)
        producers_read(ret_state->producers, reader);
    learner_bytes = serial_read_u64(reader);
    if (learner_bytes != serial_left(reader))
        serial_refuse(reader, LATTN_DAMAGED,
                      "the learner shall have %" PRIu64 " bytes, there are %" PRIu64, learner_bytes,
                      serial_left(reader));
    if (reader->status != LATTN_OK)
        return;
    status = lattn_learner_load(&ret_state->learner, reader_source, reader, learner_bytes,
                                reader->complaint);
    /* It has complained already. */
    if (reader->status == LATTN_OK)
        reader->status = status;
}

/* Pass over what was not read, so that the checksum says whether the bytes are those written. */
static enum lattn_status rest_pass(struct summed *summed, uint64_t left)
{
    unsigned char piece[4096];
    enum lattn_status status = LATTN_OK;

    while (left > 0 && status == LATTN_OK) {
        size_t now = left < sizeof piece ? (size_t)left : sizeof piece;

        status = summed_source(summed, piece, now);
        left -= now;
    }
    return status;
}

/* Is the checksum behind the bytes theirs? */
static enum lattn_status checksum_verify(const struct summed *summed,
                                         struct lattn_complaint *complaint)
{
    struct serial_reader reader;
    uint64_t said;

    serial_reader_init(&reader, "state image", summed->source, summed->arg, CHECKSUM_BYTES,
                       complaint);
    said = serial_read_u64(&reader);
    if (reader.status == LATTN_OK && said != checksum_end(&summed->checksum))
        return complain(complaint, LATTN_DAMAGED,
                        "state image: its checksum is %016" PRIx64 ", its bytes have %016" PRIx64,
                        said, checksum_end(&summed->checksum));
    return reader.status;
}

/* A format that is not known may come of rot: the checksum tells, at the end in every format. */
static enum lattn_status image_load(struct summed *summed, uint64_t length, struct state *ret_state,
                                    struct lattn_complaint *complaint)
{
    struct serial_reader reader;
    enum lattn_status status;

    serial_reader_init(&reader, "state image", summed_source, summed, length - CHECKSUM_BYTES,
                       complaint);
    state_read(&reader, ret_state);
    if (reader.status != LATTN_OK && reader.status != LATTN_OTHER_VERSION)
        return reader.status;
    status = rest_pass(summed, serial_left(&reader) - (reader.end - reader.next));
    if (status == LATTN_OK)
        status = checksum_verify(summed, complaint);
    return status != LATTN_OK ? status : reader.status;
}

enum lattn_status state_load(struct state *ret_state, lattn_source_fn source, void *arg,
                             uint64_t length, struct lattn_complaint *complaint)
{
    struct summed summed = {.source = source, .arg = arg};
    struct state state = {0};
    enum lattn_status status;

    if (length < IMAGE_BYTES_MIN)
        return complain(complaint, LATTN_DAMAGED,
                        "state image: it has %" PRIu64 " bytes, the least have %d", length,
                        IMAGE_BYTES_MIN);
    checksum_init(&summed.checksum, 0);
    status = image_load(&summed, length, &state, complaint);
    if (status != LATTN_OK) {
        state_done(&state);
        return status;
    }
    *ret_state = state;
    return LATTN_OK;
}
