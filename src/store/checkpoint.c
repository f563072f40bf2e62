#include "store/checkpoint.h"

#include "base/complaint.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    /* Large enough that their number is small, small enough that free pages in a row are found. */
    PIECE_BYTES = 1 << 20,
    /* Pieces of one transaction: the journal waits for it, about 20 ms on a slow disk. */
    PIECES_AT_ONCE = 4
};

uint64_t checkpoint_key(uint64_t serial, uint32_t index)
{
    return serial << 32 | index;
}

/* ---- writing -------------------------------------------------------------------------------- */

/*
 * piece   that is being filled, or NULL; index - 1 is its number
 * bytes   of the piece, `filled` of them are there
 * left    bytes of the image that have no piece yet
 */
struct writer {
    struct volume *volume;
    struct volume_txn txn;
    struct lattn_complaint *complaint;
    unsigned char *piece;
    size_t bytes;
    size_t filled;
    uint64_t left;
    uint32_t serial;
    uint32_t index;
};

static enum lattn_status begin_piece(struct writer *writer)
{
    enum lattn_status status = LATTN_OK;

    if (writer->index > 0 && writer->index % PIECES_AT_ONCE == 0)
        status = volume_commit(&writer->txn, writer->complaint);
    if (status == LATTN_OK && writer->index % PIECES_AT_ONCE == 0)
        status = volume_begin(writer->volume, TURN_PATIENT, PIECES_AT_ONCE * PIECE_BYTES,
                              &writer->txn, writer->complaint);
    if (status != LATTN_OK)
        return status;
    writer->bytes = writer->left < PIECE_BYTES ? (size_t)writer->left : PIECE_BYTES;
    writer->filled = 0;
    writer->left -= writer->bytes;
    return volume_append(&writer->txn, VOLUME_PIECES,
                         checkpoint_key(writer->serial, writer->index++), writer->bytes,
                         &writer->piece, writer->complaint);
}

static void end_piece(struct writer *writer)
{
    volume_seal(VOLUME_PIECES, checkpoint_key(writer->serial, writer->index - 1), writer->piece,
                writer->bytes);
    writer->piece = NULL;
}

static enum lattn_status sink(void *arg, const void *bytes, size_t length)
{
    struct writer *writer = arg;
    const unsigned char *from = bytes;

    while (length > 0) {
        enum lattn_status status = writer->piece == NULL ? begin_piece(writer) : LATTN_OK;
        size_t part;

        if (status != LATTN_OK)
            return status;
        part = writer->bytes - writer->filled;
        part = length < part ? length : part;
        memcpy(writer->piece + writer->filled, from, part);
        writer->filled += part;
        from += part;
        length -= part;
        if (writer->filled == writer->bytes)
            end_piece(writer);
    }
    return LATTN_OK;
}

enum lattn_status checkpoint_write(struct volume *volume, const struct state *state,
                                   uint32_t serial, uint64_t *ret_bytes,
                                   struct lattn_complaint *complaint)
{
    struct writer writer = {
        .volume = volume,
        .complaint = complaint,
        .left = state_bytes(state),
        .serial = serial,
    };
    uint64_t bytes = writer.left;
    enum lattn_status status = state_save(state, sink, &writer);

    if (status == LATTN_OK) {
        assert(writer.left == 0 && writer.piece == NULL && bytes > 0);
        status = volume_commit(&writer.txn, complaint);
    }
    volume_end(&writer.txn);
    if (status == LATTN_OK)
        *ret_bytes = bytes;
    return status;
}

/* ---- reading -------------------------------------------------------------------------------- */

/*
 * status  what ended the reading; then the complaint is ours
 * piece   `length` bytes that are checked, those from `at` on were not read yet
 */
struct reader {
    struct volume_txn txn;
    struct lattn_complaint complaint;
    enum lattn_status status;
    const unsigned char *piece;
    size_t length;
    size_t at;
    uint32_t serial;
    uint32_t index;
};

static enum lattn_status next_piece(struct reader *reader)
{
    enum lattn_status status =
        volume_read(&reader->txn, VOLUME_PIECES, checkpoint_key(reader->serial, reader->index),
                    &reader->piece, &reader->length, &reader->complaint);

    if (status == LATTN_NO_DATA)
        return complain(&reader->complaint, LATTN_DAMAGED, "piece %u of it is missing",
                        reader->index);
    if (status == LATTN_DAMAGED)
        return complain(&reader->complaint, LATTN_DAMAGED, "piece %u of it has a broken seal",
                        reader->index);
    reader->index++;
    reader->at = 0;
    return status;
}

static enum lattn_status source(void *arg, void *ret_bytes, size_t length)
{
    struct reader *reader = arg;
    unsigned char *to = ret_bytes;

    while (length > 0) {
        size_t part;

        if (reader->at == reader->length)
            reader->status = next_piece(reader);
        if (reader->status != LATTN_OK)
            return reader->status;
        part = reader->length - reader->at;
        part = length < part ? length : part;
        memcpy(to, reader->piece + reader->at, part);
        reader->at += part;
        to += part;
        length -= part;
    }
    return LATTN_OK;
}

enum lattn_status checkpoint_read(struct volume *volume, const struct contents_checkpoint *from,
                                  struct state *ret_state, struct lattn_complaint *complaint)
{
    struct reader reader = {.serial = from->serial};
    struct lattn_complaint said = {""};
    enum lattn_status status = volume_look(volume, &reader.txn, complaint);

    if (status != LATTN_OK)
        return status;
    status = state_load(ret_state, source, &reader, from->bytes, &said);
    volume_end(&reader.txn);
    if (status == LATTN_OK)
        return status;
    return complain(complaint, status, "checkpoint %" PRIu64 ": %.200s", from->position,
                    reader.status != LATTN_OK ? reader.complaint.text : said.text);
}

enum lattn_status checkpoint_examine(const struct volume_txn *txn,
                                     const struct contents_checkpoint *checkpoint,
                                     checkpoint_progress_fn progress, void *arg,
                                     struct lattn_complaint *complaint)
{
    uint64_t left = checkpoint->bytes;

    for (uint32_t index = 0; left > 0; index++) {
        const unsigned char *bytes;
        size_t length;
        enum lattn_status status =
            volume_read(txn, VOLUME_PIECES, checkpoint_key(checkpoint->serial, index), &bytes,
                        &length, complaint);

        if (status == LATTN_NO_DATA || (status == LATTN_OK && length > left))
            status = LATTN_DAMAGED;
        if (status != LATTN_OK)
            return complain(complaint, status, "checkpoint %" PRIu64 ": piece %u is damaged",
                            checkpoint->position, index);
        left -= length;
        progress(arg);
    }
    return LATTN_OK;
}
