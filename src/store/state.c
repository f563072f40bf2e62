/*
 * One value for all that survives, its steps, and its image.
 */
#include "store/state.h"

#include <lattn/limits.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "base/serial.h"
#include "core/image_walk.h"
#include "core/learner.h"
#include "core/merge.h"
#include "store/checksum.h"

#include <inttypes.h>
#include <string.h>

enum {
    /* Items learned at once: several times the rows at which blocks are as fast as they get. */
    ITEMS_MAX = 1024,
    /* The oldest that can say it: a state of no shard and no stream is of version 1. */
    IMAGE_VERSION = 2,
    IMAGE_VERSION_STREAMLESS = 1,
    IMAGE_ENGINE = 1, /* the same with every engine: the learner's image says which it is */
    TALLY_BYTES = 3 * 8,
    /* Behind the tally: how many producers there are, then how long the learner is. */
    COUNTS_BYTES = 4 + 8,
    CHECKSUM_BYTES = 8,
    /* Of the oldest version, without producers and learner. */
    IMAGE_BYTES_MIN = SERIAL_HEADER_BYTES + TALLY_BYTES + COUNTS_BYTES + CHECKSUM_BYTES
};

enum lattn_status state_open(struct state *ret_state, const struct lattn_learner_settings *settings)
{
    struct state state = {0};
    enum lattn_status status = lattn_learner_open(&state.learner, settings);

    if (status == LATTN_OK)
        status = producers_open(&state.producers, LATTN_PRODUCERS_MAX);
    if (status == LATTN_OK)
        status = arrivals_open(&state.arrivals);
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
    arrivals_close(&state->arrivals);
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
    if (status == LATTN_OK)
        status = arrivals_copy(state->arrivals, &copy->arrivals);
    if (status != LATTN_OK) {
        state_done(copy);
        return status;
    }
    copy->origin = state->origin;
    copy->tally = state->tally;
    return LATTN_OK;
}

void state_strip(struct state *state)
{
    if (state->learner != NULL)
        learner_strip(state->learner);
    producers_close(&state->producers);
    arrivals_close(&state->arrivals);
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

int state_succeed(struct state *state, struct state *earlier)
{
    struct lattn_learner *learner = state->learner;
    int is_same = learner->d >= earlier->learner->d && learner->m >= earlier->learner->m;

    learner_succeed(learner, earlier->learner);
    learner_threads_give(earlier->learner, learner);
    state_done(earlier);
    *earlier = *state;
    *state = (struct state){0};
    return is_same;
}

/* Two workers on one shard took the same pairs, whatever their streams are called. */
static enum lattn_status shard_refuse(const struct origin *a, const struct origin *b,
                                      struct lattn_complaint *complaint)
{
    if (a->shards == 0 || b->shards == 0 || a->epoch != b->epoch)
        return LATTN_OK;
    if (a->shards != b->shards)
        return complain(complaint, LATTN_CONFLICT,
                        "one is of %d shards, the other of %d, in the same epoch", a->shards,
                        b->shards);
    if (a->shard != b->shard)
        return LATTN_OK;
    return complain(complaint, LATTN_CONFLICT,
                    "shard %d/%d is in both: its pairs would count twice", a->shard, a->shards);
}

/* Who sent what to either, in copies: nothing is changed before all of it fits. */
static enum lattn_status senders_merge(const struct state *state, const struct state *other,
                                       struct state *ret_senders, struct lattn_complaint *complaint)
{
    enum lattn_status status = shard_refuse(&state->origin, &other->origin, complaint);

    if (status == LATTN_OK)
        status = producers_copy(state->producers, &ret_senders->producers);
    if (status == LATTN_OK)
        status = producers_merge(ret_senders->producers, other->producers, complaint);
    if (status == LATTN_OK)
        status = arrivals_copy(state->arrivals, &ret_senders->arrivals);
    if (status == LATTN_OK)
        status = arrivals_merge(ret_senders->arrivals, other->arrivals, complaint);
    return status;
}

enum lattn_status state_merge_check(const struct state *state, const struct state *other,
                                    struct lattn_complaint *complaint)
{
    struct state senders = {0};
    enum lattn_status status = senders_merge(state, other, &senders, complaint);

    state_done(&senders);
    if (status != LATTN_OK)
        return status;
    return merge_check(state->learner, other->learner, complaint);
}

enum lattn_status state_merge(struct state *state, const struct state *other,
                              struct lattn_complaint *complaint)
{
    struct state senders = {0};
    enum lattn_status status = senders_merge(state, other, &senders, complaint);

    if (status == LATTN_OK)
        status = lattn_learner_merge(state->learner, other->learner, complaint);
    if (status != LATTN_OK) {
        state_done(&senders);
        return status;
    }
    producers_close(&state->producers);
    arrivals_close(&state->arrivals);
    state->producers = senders.producers;
    state->arrivals = senders.arrivals;
    state->origin = (struct origin){0};
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

/* Who sent it: numbers of producers, what was taken from streams. */
static enum lattn_status senders_note(struct state *state, const struct record *record)
{
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; status == LATTN_OK && i < record->notes_count; i++)
        status = producers_put(state->producers, record->notes[i].producer, record->notes[i].seq);
    for (size_t i = 0; status == LATTN_OK && i < record->marks_count; i++)
        status = arrivals_put(state->arrivals, &record->marks[i]);
    for (size_t i = 0; status == LATTN_OK && i < record->spans_count; i++)
        status = arrivals_add(state->arrivals, &record->spans[i]);
    return status;
}

static enum lattn_status block_apply(struct state *state, const struct record *record,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = items_admit(state, record, complaint);

    if (status != LATTN_OK)
        return status;
    state_learn(state, record->items, record->items_count);
    status = senders_note(state, record);
    if (status == LATTN_RANGE)
        return complain(complaint, LATTN_DAMAGED, "it is of more streams than there can be");
    if (status != LATTN_OK)
        return complain(complaint, status, "%s", lattn_status_text(status));
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

static int is_of_streams(const struct state *state)
{
    size_t marks;

    (void)arrivals_marks(state->arrivals, &marks);
    return state->origin.shards > 0 || marks > 0;
}

static uint64_t streams_bytes(const struct state *state)
{
    return is_of_streams(state) ? origin_bytes(&state->origin) + arrivals_bytes(state->arrivals)
                                : 0;
}

uint64_t state_bytes(const struct state *state)
{
    return IMAGE_BYTES_MIN + streams_bytes(state) + producers_bytes(state->producers) +
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

static struct serial_header header_of(uint32_t version, uint64_t length)
{
    return (struct serial_header){"state", "lattnsta", version, IMAGE_ENGINE, length};
}

static void tally_write(struct serial_writer *writer, const struct tally *tally)
{
    serial_write_u64(writer, tally->accepted);
    serial_write_u64(writer, tally->rejected);
    serial_write_u64(writer, tally->duplicates);
}

enum lattn_status state_save(const struct state *state, lattn_sink_fn sink, void *arg)
{
    const struct serial_header header = header_of(
        is_of_streams(state) ? IMAGE_VERSION : IMAGE_VERSION_STREAMLESS, state_bytes(state));
    struct summing summing = {.sink = sink, .arg = arg};
    struct serial_writer writer;
    enum lattn_status status;

    checksum_init(&summing.checksum, 0);
    serial_writer_init(&writer, summing_sink, &summing);
    serial_write_header(&writer, &header);
    if (is_of_streams(state)) {
        origin_write(&state->origin, &writer);
        arrivals_write(state->arrivals, &writer);
    }
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

/* Shard and streams, where the image has any. */
static void streams_read(struct serial_reader *reader, uint32_t version, struct state *ret_state)
{
    if (arrivals_open(&ret_state->arrivals) != LATTN_OK)
        serial_refuse(reader, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
    if (reader->status != LATTN_OK || version == IMAGE_VERSION_STREAMLESS)
        return;
    origin_read(&ret_state->origin, reader);
    arrivals_read(ret_state->arrivals, reader);
}

/*
 * Read what stands before the learner, and return how many bytes that has. Whatever was made of it
 * is in ret_state, also if refused.
 */
static uint64_t senders_read(struct serial_reader *reader, struct state *ret_state)
{
    const struct serial_header header = header_of(IMAGE_VERSION, reader->length + CHECKSUM_BYTES);
    uint32_t version, engine;
    uint64_t learner_bytes;

    serial_read_header(reader, &header, &version, &engine);
    if (reader->status == LATTN_OK)
        streams_read(reader, version, ret_state);
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
    return learner_bytes;
}

/* The same with the learner, up to the checksum. */
static void state_read(struct serial_reader *reader, struct state *ret_state)
{
    uint64_t learner_bytes = senders_read(reader, ret_state);
    enum lattn_status status;

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
    unsigned char piece[SERIAL_PIECE];
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

static enum lattn_status length_refuse(uint64_t length, struct lattn_complaint *complaint)
{
    return complain(complaint, LATTN_DAMAGED,
                    "state image: it has %" PRIu64 " bytes, the least have %d", length,
                    IMAGE_BYTES_MIN);
}

enum lattn_status state_load(struct state *ret_state, lattn_source_fn source, void *arg,
                             uint64_t length, struct lattn_complaint *complaint)
{
    struct summed summed = {.source = source, .arg = arg};
    struct state state = {0};
    enum lattn_status status;

    if (length < IMAGE_BYTES_MIN)
        return length_refuse(length, complaint);
    checksum_init(&summed.checksum, 0);
    status = image_load(&summed, length, &state, complaint);
    if (status != LATTN_OK) {
        state_done(&state);
        return status;
    }
    *ret_state = state;
    return LATTN_OK;
}

/* ---- the head alone ------------------------------------------------------------------------- */

static enum lattn_status head_read(struct serial_reader *reader, struct state *ret_state,
                                   uint64_t *ret_learner_at, struct image_moment *ret_moment)
{
    uint64_t learner_bytes = senders_read(reader, ret_state);
    struct serial_reader inner;

    *ret_learner_at = reader->at;
    if (reader->status != LATTN_OK)
        return reader->status;
    serial_reader_init(&inner, "learner image", reader_source, reader, learner_bytes,
                       reader->complaint);
    image_read_head(&inner, &ret_state->learner);
    return inner.status == LATTN_OK ? image_walk(&inner, ret_state->learner, ret_moment)
                                    : inner.status;
}

enum lattn_status state_load_head(struct state *ret_state, uint64_t *ret_learner_at,
                                  struct image_moment *ret_moment, lattn_source_fn source,
                                  void *arg, uint64_t length, struct lattn_complaint *complaint)
{
    struct serial_reader reader;
    struct state state = {0};
    enum lattn_status status;

    if (length < IMAGE_BYTES_MIN)
        return length_refuse(length, complaint);
    serial_reader_init(&reader, "state image", source, arg, length - CHECKSUM_BYTES, complaint);
    status = head_read(&reader, &state, ret_learner_at, ret_moment);
    if (status != LATTN_OK && status != LATTN_MORE)
        state_done(&state);
    *ret_state = state;
    return status;
}

enum lattn_status state_verify(lattn_source_fn source, void *arg, uint64_t length,
                               struct lattn_complaint *complaint)
{
    struct summed summed = {.source = source, .arg = arg};
    enum lattn_status status;

    if (length < IMAGE_BYTES_MIN)
        return length_refuse(length, complaint);
    checksum_init(&summed.checksum, 0);
    status = rest_pass(&summed, length - CHECKSUM_BYTES);
    return status == LATTN_OK ? checksum_verify(&summed, complaint) : status;
}
