#ifndef STORE_VOLUME_H
#define STORE_VOLUME_H

#include <lattn/status.h>

#include "store/turn.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A file of values in two tables, changed by transactions that are on the disk when they return:
 * our view of LMDB, and the only one who knows it.
 *
 * A value has a number as its key and ends with a seal, a checksum of its bytes and of the place
 * where they belong. Beside the tables there is the head, a few bytes of the caller; it is written
 * with every transaction, and with it the transaction's number, so that a file that fell back to an
 * earlier one is noticed.
 *
 * Any thread may read; one at a time writes, the urgent before the patient.
 */
struct volume;

enum volume_table { VOLUME_JOURNAL, VOLUME_PIECES };

/*
 * VOLUME_READ   as it is; nothing in the directory is changed
 * VOLUME_WRITE  what exists
 * VOLUME_MAKE   an empty one, in a file of its own; nothing is on the disk before volume_sync
 */
enum volume_mode { VOLUME_READ, VOLUME_WRITE, VOLUME_MAKE };

/*
 * Bytes of a head, at most; and for who reads the file himself (store/pages.c), where the number of
 * the transaction is in the value under this name.
 */
enum { VOLUME_HEAD_MAX = 128, VOLUME_HEAD_TRANSACTION = 16 };
#define VOLUME_HEAD_NAME "head"

struct volume_head {
    unsigned char bytes[VOLUME_HEAD_MAX];
    size_t length;
};

/*
 * Open a volume.
 *
 * path  in  the directory that it lies in; of VOLUME_MAKE the file, which must not exist
 *
 * Returns LATTN_OK, LATTN_DAMAGED, LATTN_OTHER_VERSION, LATTN_INPUT_OUTPUT, LATTN_NO_SPACE or
 * LATTN_NO_MEMORY.
 */
enum lattn_status volume_open(struct volume **ret_volume, const char *path, enum volume_mode mode,
                              struct lattn_complaint *complaint);
/* Accepts a pointer to NULL. */
void volume_close(struct volume **volume);

/* Bring everything to the disk. Returns as volume_commit. */
enum lattn_status volume_sync(struct volume *volume, struct lattn_complaint *complaint);

/* Has a write failed in a way that leaves open what the disk holds? It takes no more then. */
int volume_is_suspect(const struct volume *volume);

/* ---- transactions --------------------------------------------------------------------------- */

struct MDB_txn;

/* In the caller's storage, from a begin until its commit or its end. */
struct volume_txn {
    struct volume *volume;
    struct MDB_txn *txn;
    struct volume_head head;
    int is_writing;
};

/* Begin to read: the state of the last commit until volume_end. Returns as volume_open. */
enum lattn_status volume_look(struct volume *volume, struct volume_txn *ret_txn,
                              struct lattn_complaint *complaint);

/*
 * Begin to write, once nobody else does. Space for it is asked for now, so that a full disk is
 * noticed before anything is written.
 *
 * bytes  in  that will be written, about
 *
 * Returns LATTN_OK; LATTN_NO_SPACE, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY.
 */
enum lattn_status volume_begin(struct volume *volume, enum turn_urgency urgency, size_t bytes,
                               struct volume_txn *ret_txn, struct lattn_complaint *complaint);

/*
 * Write it all; on return it is on the disk, with txn->head as the head.
 *
 * Returns LATTN_OK; LATTN_NO_SPACE or LATTN_NO_MEMORY: nothing of it is there, and it may be tried
 * again; LATTN_INPUT_OUTPUT: nobody knows, the volume is suspect. The transaction is over in any
 * case.
 */
enum lattn_status volume_commit(struct volume_txn *txn, struct lattn_complaint *complaint);

/* Give up what was begun; nothing was changed. Nothing to do after a commit. */
void volume_end(struct volume_txn *txn);

/* ---- values --------------------------------------------------------------------------------- */

/*
 * Make room for a value behind all others of its table. The caller fills it and seals it before the
 * commit and before any other call with this transaction but volume_seal.
 *
 * ret_bytes  out  length bytes, anywhere
 *
 * Returns as volume_commit; the transaction is to be ended where it is refused.
 */
enum lattn_status volume_append(struct volume_txn *txn, enum volume_table table, uint64_t key,
                                size_t length, unsigned char **ret_bytes,
                                struct lattn_complaint *complaint);
void volume_seal(enum volume_table table, uint64_t key, unsigned char *bytes, size_t length);

/* Take a value away. Returns as volume_append, and LATTN_NO_DATA where there is none. */
enum lattn_status volume_remove(struct volume_txn *txn, enum volume_table table, uint64_t key,
                                struct lattn_complaint *complaint);

/*
 * Read a value.
 *
 * ret_bytes  out  borrowed until the transaction ends or writes; anywhere
 *
 * Returns LATTN_OK; LATTN_NO_DATA: there is none; LATTN_DAMAGED: its seal is broken;
 * LATTN_INPUT_OUTPUT.
 */
enum lattn_status volume_read(const struct volume_txn *txn, enum volume_table table, uint64_t key,
                              const unsigned char **ret_bytes, size_t *ret_length,
                              struct lattn_complaint *complaint);

/*
 * Find the first key of a table that is `from` or larger.
 *
 * ret_length  out  of its value, whose seal is not looked at; may be NULL
 *
 * Returns LATTN_OK; LATTN_NO_DATA: there is none; LATTN_DAMAGED or LATTN_INPUT_OUTPUT.
 */
enum lattn_status volume_find(const struct volume_txn *txn, enum volume_table table, uint64_t from,
                              uint64_t *ret_key, size_t *ret_length,
                              struct lattn_complaint *complaint);

#endif
