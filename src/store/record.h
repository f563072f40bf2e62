#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <lattn/batch.h>
#include <lattn/names.h>
#include <lattn/status.h>

#include "store/arrivals.h"
#include "store/tally.h"

#include <stddef.h>
#include <stdint.h>

/*
 * One step of a state, as the journal keeps it: what was learned as one block, names, or the wish
 * to forget everything. Applied to the same state it gives the same state (store/state.h).
 */
enum record_kind { RECORD_BLOCK = 1, RECORD_NAMES = 2, RECORD_RESET = 3 };

/* The last number of a producer that this step uses up, learned or refused. */
struct record_note {
    const char *producer;
    uint64_t seq;
};

/*
 * items   RECORD_BLOCK: admitted, in the order in which they are learned; may be none
 * notes   RECORD_BLOCK: in the order in which the producers sent; one for each of them
 * marks   RECORD_BLOCK: how far streams have been taken with it; one for each of them
 * spans   RECORD_BLOCK: numbers of publishers that were taken with it, in this order
 * tally   RECORD_BLOCK: of all connections, once this step is done
 * append, outputs, blocks  RECORD_NAMES: as lattn_learner_name
 *
 * All is borrowed; of a record that was read, from what owns it.
 */
struct record {
    enum record_kind kind;
    const struct lattn_item *items;
    size_t items_count;
    const struct record_note *notes;
    size_t notes_count;
    const struct arrivals_mark *marks;
    size_t marks_count;
    const struct arrivals_span *spans;
    size_t spans_count;
    struct tally tally;
    const char *const *append;
    size_t append_count;
    const char *const *outputs;
    size_t outputs_count;
    const struct lattn_block *blocks;
    size_t blocks_count;
};

/* A record that was read, with the memory behind it. */
struct record_copy {
    struct record record;
    void *bytes;
    void *lists;
};

/* Bytes of a record as written, a multiple of 8. Format: store/README.md. */
size_t record_bytes(const struct record *record);

/* Write it to exactly record_bytes bytes; they may lie anywhere. */
void record_write(const struct record *record, void *ret_bytes);

/*
 * Read one. The bytes are not trusted: what they say of an item's sizes agrees with its numbers,
 * and strings end. Whether it may be learned is for lattn_learner_admit to say. Allocates at most
 * nine times the length.
 *
 * ret_copy  out  release with record_copy_done
 *
 * Returns LATTN_OK, LATTN_DAMAGED, LATTN_OTHER_VERSION, which it names, or LATTN_NO_MEMORY.
 */
enum lattn_status record_read(const void *bytes, size_t length, struct record_copy *ret_copy,
                              struct lattn_complaint *complaint);
void record_copy_done(struct record_copy *copy);

#endif
