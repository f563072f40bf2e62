#include "store/sweep.h"

#include "store/checkpoint.h"
#include "store/contents.h"

enum {
    /* One transaction removes at most so much; pages are only listed, but the list is written. */
    VALUES_AT_ONCE = 1024,
    BYTES_AT_ONCE = 64 << 20
};

/* Remove some of the values under keys from .. end - 1. LATTN_MORE: there may be others. */
static enum lattn_status remove_some(struct volume_txn *txn, enum volume_table table, uint64_t from,
                                     uint64_t end, struct lattn_complaint *complaint)
{
    size_t bytes = 0;

    for (int i = 0; i < VALUES_AT_ONCE && bytes < BYTES_AT_ONCE; i++) {
        size_t length;
        uint64_t key;
        enum lattn_status status = volume_find(txn, table, from, &key, &length, complaint);

        if (status == LATTN_NO_DATA || (status == LATTN_OK && key >= end))
            return LATTN_OK;
        if (status == LATTN_OK)
            status = volume_remove(txn, table, key, complaint);
        if (status != LATTN_OK)
            return status;
        bytes += length;
    }
    return LATTN_MORE;
}

static enum lattn_status remove_all(struct volume *volume, enum volume_table table, uint64_t from,
                                    uint64_t end, struct lattn_complaint *complaint)
{
    struct volume_txn txn;
    enum lattn_status status, written;

    do {
        status = volume_begin(volume, TURN_PATIENT, 0, &txn, complaint);
        if (status != LATTN_OK)
            return status;
        status = remove_some(&txn, table, from, end, complaint);
        written = status >= LATTN_OK ? volume_commit(&txn, complaint) : status;
        volume_end(&txn);
    } while (written == LATTN_OK && status == LATTN_MORE);
    return written;
}

/* The same; a store that has nothing there is not written to. */
static enum lattn_status clear(struct volume *volume, enum volume_table table, uint64_t from,
                               uint64_t end, struct lattn_complaint *complaint)
{
    struct volume_txn txn;
    enum lattn_status status = volume_look(volume, &txn, complaint);
    uint64_t key;

    if (status != LATTN_OK)
        return status;
    status = volume_find(&txn, table, from, &key, NULL, complaint);
    volume_end(&txn);
    if (status == LATTN_NO_DATA || (status == LATTN_OK && key >= end))
        return LATTN_OK;
    return status == LATTN_OK ? remove_all(volume, table, from, end, complaint) : status;
}

static enum lattn_status look_up(struct volume *volume, struct contents *ret_contents,
                                 struct lattn_complaint *complaint)
{
    struct volume_txn txn;
    enum lattn_status status = volume_look(volume, &txn, complaint);

    if (status == LATTN_OK) {
        status = contents_read(&txn.head, ret_contents, complaint);
        volume_end(&txn);
    }
    return status;
}

enum lattn_status sweep(struct volume *volume, struct lattn_complaint *complaint)
{
    struct contents contents;
    enum lattn_status status = look_up(volume, &contents, complaint);
    uint64_t from = 0;

    if (status == LATTN_OK)
        status = clear(volume, VOLUME_JOURNAL, 0, contents_oldest(&contents) + 1, complaint);
    for (uint32_t i = status == LATTN_OK ? contents.count : 0; i > 0 && status == LATTN_OK; i--) {
        uint32_t serial = contents.checkpoints[i - 1].serial;

        status = clear(volume, VOLUME_PIECES, from, checkpoint_key(serial, 0), complaint);
        from = checkpoint_key((uint64_t)serial + 1, 0);
    }
    if (status == LATTN_OK)
        status = clear(volume, VOLUME_PIECES, from, UINT64_MAX, complaint);
    return status;
}
