/*
 * Checkpoints and the journal behind them, on a volume in a directory that is locked.
 */
#include "store/store.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "store/checkpoint.h"
#include "store/contents.h"
#include "store/pages.h"
#include "store/sweep.h"
#include "store/volume.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/statvfs.h>

enum {
    /* More than a sweep writes: what removes pieces finds room where others find none. */
    SPARE_BYTES = 1 << 20
};

/*
 * volume         NULL: no store yet, or store_renew failed half-way
 * position       of the last record; the journal's thread changes it
 * journal_bytes  of the records behind the newest checkpoint
 * minor          damage that was found when it was opened, "" if none; see store/pages.h
 */
struct store {
    struct directory directory;
    struct volume *volume;
    _Atomic uint64_t position;
    _Atomic uint64_t journal_bytes;
    struct lattn_complaint minor;
};

/* Say on which state something was refused. */
static enum lattn_status blame(const struct store *store, enum lattn_status status,
                               const struct lattn_complaint *said,
                               struct lattn_complaint *complaint)
{
    const char *why = said->text[0] == '\0' ? lattn_status_text(status) : said->text;

    return complain(complaint, status, "state %.100s: %.140s", store->directory.path, why);
}

/* Is there a volume that can be asked? */
static enum lattn_status check_volume(const struct store *store, struct lattn_complaint *complaint)
{
    if (store->volume == NULL)
        return complain(complaint, LATTN_INPUT_OUTPUT, "it was not made anew yet");
    return LATTN_OK;
}

static enum lattn_status look_up(const struct store *store, struct volume_txn *ret_txn,
                                 struct contents *ret_contents, struct lattn_complaint *complaint)
{
    enum lattn_status status = check_volume(store, complaint);

    if (status == LATTN_OK)
        status = volume_look(store->volume, ret_txn, complaint);
    if (status != LATTN_OK)
        return status;
    status = contents_read(&ret_txn->head, ret_contents, complaint);
    if (status != LATTN_OK)
        volume_end(ret_txn);
    return status;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Position of the newest checkpoint, or 0. */
static uint64_t newest(const struct contents *contents)
{
    return contents->count == 0 ? 0 : contents->checkpoints[0].position;
}

/* Bytes of the records behind a position, up to another one. */
static enum lattn_status count_journal(const struct volume_txn *txn, uint64_t position,
                                       uint64_t last, uint64_t *ret_bytes,
                                       struct lattn_complaint *complaint)
{
    uint64_t bytes = 0;

    while (position < last) {
        size_t length;
        enum lattn_status status =
            volume_find(txn, VOLUME_JOURNAL, position + 1, &position, &length, complaint);

        if (status == LATTN_NO_DATA)
            break;
        if (status != LATTN_OK)
            return status;
        if (position <= last)
            bytes += length;
    }
    *ret_bytes = bytes;
    return LATTN_OK;
}

static enum lattn_status open_volume(struct store *store, enum volume_mode mode,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status;
    struct contents contents;
    struct volume_txn txn;
    uint64_t bytes;

    status = volume_open(&store->volume, store->directory.path, mode, complaint);
    if (status == LATTN_OK)
        status = look_up(store, &txn, &contents, complaint);
    if (status != LATTN_OK)
        return status;
    status = count_journal(&txn, newest(&contents), contents.position, &bytes, complaint);
    volume_end(&txn);
    if (status == LATTN_OK) {
        atomic_store(&store->position, contents.position);
        atomic_store(&store->journal_bytes, bytes);
    }
    return status;
}

/* Pages are looked at by whoever only reads: for others a child has done so (store/trial.h). */
static enum lattn_status open_existing(struct store *store, enum store_use use,
                                       struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;
    char path[PATH_MAX];

    directory_file(&store->directory, DIRECTORY_DATA, path);
    if (use == STORE_READ)
        status = pages_check(path, &store->minor, complaint);
    return status == LATTN_OK ? open_volume(store, VOLUME_READ, complaint) : status;
}

enum lattn_status store_open(struct store **ret_store, const char *path, enum store_use use,
                             struct lattn_complaint *complaint)
{
    struct store *store = memory_zeroed(1, sizeof *store);
    struct lattn_complaint said = {""};
    enum lattn_status status;

    if (store == NULL)
        return LATTN_NO_MEMORY;
    status = directory_open(&store->directory, path,
                            use == STORE_WRITE ? DIRECTORY_WRITE : DIRECTORY_READ, complaint);
    if (status != LATTN_OK) {
        memory_release(store);
        return status;
    }
    if (store->directory.holds == DIRECTORY_HAS_STORE)
        status = open_existing(store, use, &said);
    if (status != LATTN_OK) {
        status = blame(store, status, &said, complaint);
        store_close(&store);
        return status;
    }
    *ret_store = store;
    return LATTN_OK;
}

enum lattn_status store_write(struct store *store, struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    enum lattn_status status;

    assert(store->directory.holds == DIRECTORY_HAS_STORE);
    volume_close(&store->volume);
    status = open_volume(store, VOLUME_WRITE, &said);
    return status == LATTN_OK ? status : blame(store, status, &said, complaint);
}

void store_close(struct store **store)
{
    if (*store == NULL)
        return;
    volume_close(&(*store)->volume);
    directory_close(&(*store)->directory);
    memory_release(*store);
    *store = NULL;
}

enum directory_holds store_holds(const struct store *store)
{
    return store->directory.holds;
}

uint64_t store_position(const struct store *store)
{
    return atomic_load(&store->position);
}

uint64_t store_journal_bytes(const struct store *store)
{
    return atomic_load(&store->journal_bytes);
}

uint64_t store_spare_bytes(const struct store *store)
{
    struct statvfs disk;

    if (fstatvfs(store->directory.descriptor, &disk) != 0)
        return UINT64_MAX;
    return (uint64_t)disk.f_bavail * disk.f_frsize;
}

/* ---- the journal ---------------------------------------------------------------------------- */

/* Begin a transaction that goes from the last record to another position. */
static enum lattn_status begin_step(struct store *store, size_t bytes, struct volume_txn *ret_txn,
                                    struct contents *ret_contents,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = check_volume(store, complaint);

    if (status == LATTN_OK)
        status = volume_begin(store->volume, TURN_URGENT, bytes + SPARE_BYTES, ret_txn, complaint);
    if (status != LATTN_OK)
        return status;
    status = contents_read(&ret_txn->head, ret_contents, complaint);
    if (status != LATTN_OK) {
        volume_end(ret_txn);
        return status;
    }
    assert(ret_contents->position == store_position(store));
    return LATTN_OK;
}

static enum lattn_status append(struct store *store, const struct record *record, size_t length,
                                struct lattn_complaint *complaint)
{
    struct volume_txn txn;
    struct contents contents;
    unsigned char *bytes;
    enum lattn_status status = begin_step(store, length, &txn, &contents, complaint);

    if (status != LATTN_OK)
        return status;
    contents.position++;
    contents_write(&contents, &txn.head);
    status = volume_append(&txn, VOLUME_JOURNAL, contents.position, length, &bytes, complaint);
    if (status == LATTN_OK) {
        record_write(record, bytes);
        volume_seal(VOLUME_JOURNAL, contents.position, bytes, length);
        status = volume_commit(&txn, complaint);
    }
    volume_end(&txn);
    return status;
}

enum lattn_status store_append(struct store *store, const struct record *record,
                               struct lattn_complaint *complaint)
{
    size_t length = record_bytes(record);
    struct lattn_complaint said = {""};
    enum lattn_status status = append(store, record, length, &said);

    if (status != LATTN_OK)
        return blame(store, status, &said, complaint);
    atomic_fetch_add(&store->position, 1);
    atomic_fetch_add(&store->journal_bytes, length);
    return LATTN_OK;
}

static enum lattn_status retract(struct store *store, size_t *ret_length,
                                 struct lattn_complaint *complaint)
{
    struct volume_txn txn;
    struct contents contents;
    uint64_t key;
    enum lattn_status status = begin_step(store, 0, &txn, &contents, complaint);

    if (status != LATTN_OK)
        return status;
    assert(contents.count == 0 || contents.position > contents.checkpoints[0].position);
    status = volume_find(&txn, VOLUME_JOURNAL, contents.position, &key, ret_length, complaint);
    if (status == LATTN_OK)
        status = volume_remove(&txn, VOLUME_JOURNAL, contents.position, complaint);
    if (status == LATTN_OK) {
        contents.position--;
        contents_write(&contents, &txn.head);
        status = volume_commit(&txn, complaint);
    }
    volume_end(&txn);
    return status;
}

enum lattn_status store_retract(struct store *store, struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    size_t length;
    enum lattn_status status = retract(store, &length, &said);

    if (status != LATTN_OK)
        return blame(store, status, &said, complaint);
    atomic_fetch_sub(&store->position, 1);
    atomic_fetch_sub(&store->journal_bytes, length);
    return LATTN_OK;
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

/* Name a checkpoint whose pieces are written. */
static enum lattn_status name_checkpoint(struct volume *volume,
                                         const struct contents_checkpoint *checkpoint,
                                         struct lattn_complaint *complaint)
{
    struct volume_txn txn;
    struct contents contents;
    enum lattn_status status = volume_begin(volume, TURN_PATIENT, SPARE_BYTES, &txn, complaint);

    if (status != LATTN_OK)
        return status;
    status = contents_read(&txn.head, &contents, complaint);
    if (status == LATTN_OK) {
        contents_add(&contents, checkpoint);
        contents_write(&contents, &txn.head);
        status = volume_commit(&txn, complaint);
    }
    volume_end(&txn);
    return status;
}

static enum lattn_status write_checkpoint(struct store *store, const struct state *snapshot,
                                          uint64_t position, struct lattn_complaint *complaint)
{
    struct contents_checkpoint checkpoint = {.position = position, .serial = 1};
    struct contents contents;
    struct volume_txn txn;
    uint64_t covered;
    enum lattn_status status = look_up(store, &txn, &contents, complaint);

    if (status != LATTN_OK)
        return status;
    /* Counted now, since this keeps nobody from writing; these records change no more. */
    status = count_journal(&txn, newest(&contents), position, &covered, complaint);
    volume_end(&txn);
    if (status != LATTN_OK || (contents.count > 0 && contents.checkpoints[0].position == position))
        return status;
    if (contents.count > 0)
        checkpoint.serial = contents.checkpoints[0].serial + 1;
    assert(position <= contents.position);
    status = sweep(store->volume, complaint);
    if (status == LATTN_OK)
        status = checkpoint_write(store->volume, snapshot, checkpoint.serial, &checkpoint.bytes,
                                  complaint);
    if (status == LATTN_OK)
        status = name_checkpoint(store->volume, &checkpoint, complaint);
    if (status == LATTN_OK)
        atomic_fetch_sub(&store->journal_bytes, covered);
    return status;
}

enum lattn_status store_checkpoint(struct store *store, const struct state *snapshot,
                                   uint64_t position, struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    enum lattn_status status = write_checkpoint(store, snapshot, position, &said);

    /* Whole or not, something is left to remove; what stays this time goes before the next one. */
    if (store->volume != NULL)
        (void)sweep(store->volume, NULL);
    return status == LATTN_OK ? status : blame(store, status, &said, complaint);
}

/* ---- a new store ---------------------------------------------------------------------------- */

/* Fill an empty volume with one checkpoint. */
static enum lattn_status fill(struct volume *volume, const struct state *state, uint64_t position,
                              struct lattn_complaint *complaint)
{
    struct contents contents = {.position = position, .count = 1};
    struct contents_checkpoint *checkpoint = &contents.checkpoints[0];
    struct volume_txn txn;
    enum lattn_status status;

    *checkpoint = (struct contents_checkpoint){.position = position, .serial = 1};
    status = checkpoint_write(volume, state, 1, &checkpoint->bytes, complaint);
    if (status == LATTN_OK)
        status = volume_begin(volume, TURN_PATIENT, 0, &txn, complaint);
    if (status != LATTN_OK)
        return status;
    contents_write(&contents, &txn.head);
    status = volume_commit(&txn, complaint);
    return status == LATTN_OK ? volume_sync(volume, complaint) : status;
}

static enum lattn_status make(const struct store *store, const struct state *state,
                              struct lattn_complaint *complaint)
{
    char path[PATH_MAX];
    struct volume *volume = NULL;
    enum lattn_status status = directory_clear(&store->directory, complaint);

    if (status != LATTN_OK)
        return status;
    directory_file(&store->directory, DIRECTORY_NEW, path);
    status = volume_open(&volume, path, VOLUME_MAKE, complaint);
    if (status == LATTN_OK)
        status = fill(volume, state, store_position(store), complaint);
    volume_close(&volume);
    return status;
}

enum lattn_status store_renew(struct store *store, const struct state *state, int keep,
                              struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    enum lattn_status status = make(store, state, &said);

    if (status == LATTN_OK && keep)
        status = directory_keep(&store->directory, &said);
    if (status == LATTN_OK) {
        volume_close(&store->volume);
        status = directory_replace(&store->directory, &said);
    } else {
        (void)directory_clear(&store->directory, NULL); /* the next one tries again */
    }
    if (status == LATTN_OK)
        status = open_volume(store, VOLUME_WRITE, &said);
    return status == LATTN_OK ? status : blame(store, status, &said, complaint);
}

/* ---- recovery reads ------------------------------------------------------------------------- */

int store_checkpoints(struct store *store, uint64_t ret_positions[2])
{
    struct volume_txn txn;
    struct contents contents;

    if (look_up(store, &txn, &contents, NULL) != LATTN_OK)
        return 0;
    volume_end(&txn);
    for (uint32_t i = 0; i < contents.count; i++)
        ret_positions[i] = contents.checkpoints[i].position;
    return (int)contents.count;
}

static enum lattn_status find_checkpoint(struct store *store, uint64_t position,
                                         struct contents_checkpoint *ret_checkpoint,
                                         struct lattn_complaint *complaint)
{
    struct volume_txn txn;
    struct contents contents;
    enum lattn_status status = look_up(store, &txn, &contents, complaint);

    if (status != LATTN_OK)
        return status;
    volume_end(&txn);
    for (uint32_t i = 0; i < contents.count; i++)
        if (contents.checkpoints[i].position == position) {
            *ret_checkpoint = contents.checkpoints[i];
            return LATTN_OK;
        }
    return complain(complaint, LATTN_DAMAGED, "there is no checkpoint %" PRIu64, position);
}

uint64_t store_checkpoint_bytes(struct store *store, uint64_t position)
{
    struct contents_checkpoint checkpoint;

    return find_checkpoint(store, position, &checkpoint, NULL) == LATTN_OK ? checkpoint.bytes : 0;
}

enum lattn_status store_load(struct store *store, uint64_t position, struct state *ret_state,
                             struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    struct contents_checkpoint checkpoint;
    enum lattn_status status = find_checkpoint(store, position, &checkpoint, &said);

    if (status == LATTN_OK)
        status = checkpoint_read(store->volume, &checkpoint, ret_state, &said);

    return status == LATTN_OK ? status : blame(store, status, &said, complaint);
}

enum lattn_status store_read(struct store *store, uint64_t position, struct record_copy *ret_copy,
                             struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    struct volume_txn txn;
    struct contents contents;
    const unsigned char *bytes;
    size_t length;
    enum lattn_status status = look_up(store, &txn, &contents, &said);

    if (status != LATTN_OK)
        return blame(store, status, &said, complaint);
    status = volume_read(&txn, VOLUME_JOURNAL, position, &bytes, &length, &said);
    if (status == LATTN_OK)
        status = record_read(bytes, length, ret_copy, &said);
    volume_end(&txn);
    return status == LATTN_OK || status == LATTN_NO_DATA ? status
                                                         : blame(store, status, &said, complaint);
}

enum lattn_status store_examine(struct store *store, checkpoint_progress_fn progress, void *arg,
                                struct examination *ret_examination,
                                struct lattn_complaint *complaint)
{
    struct lattn_complaint said = {""};
    struct volume_txn txn;
    struct contents contents;
    enum lattn_status status = look_up(store, &txn, &contents, &said);

    if (status != LATTN_OK)
        return blame(store, status, &said, complaint);
    status = examine(&txn, &contents, progress, arg, ret_examination, &said);
    volume_end(&txn);
    if (status != LATTN_OK)
        return blame(store, status, &said, complaint);
    if (store->minor.text[0] != '\0')
        snprintf(ret_examination->damage, sizeof ret_examination->damage, "%.150s",
                 store->minor.text);
    return LATTN_OK;
}
