/*
 * LMDB, so far as we need it. What was found out about its version 0.9.24, and what follows:
 *
 * - A commit writes pages that the last state does not use, syncs them, and then the page that
 *   says where the state begins. Where one of the first two fails, the state is the old one and the
 *   next commit starts from there. Where the last one fails, LMDB refuses everything until it is
 *   opened again, and so do we: the volume is suspect.
 * - A failed sync may have cost pages that an earlier sync did not mind, and no later sync says so.
 *   Hence any error of the disk but a lack of space makes the volume suspect.
 * - A write that a full disk cuts short is reported as an error of the disk. So we ask for the
 *   space of a transaction before it begins.
 * - It does not check what it reads. Values are sealed here; the pages they lie on are looked at by
 *   store/pages.c before LMDB sees them.
 */
#include "store/volume.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "store/seal.h"
#include "store/turn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    TABLES = 2,
    /* What a transaction writes beside its values: the ways to them, and the list of free pages. */
    OVERHEAD_BYTES = 1 << 20,
    /* A file grows by at least an eighth, at most so much: few growths, little in vain. */
    GROWTH_SHARE = 8,
    GROWTH_BYTES_MAX = 64 << 20
};

/* Addresses that are set aside for the file; half as often as needed where the system has fewer. */
#define MAP_BYTES ((size_t)1 << 40)
#define MAP_BYTES_MIN ((size_t)1 << 26)

static const char *const table_names[TABLES] = {"journal", "pieces"};
static const char *const value_names[TABLES] = {"record", "checkpoint piece"};

struct volume {
    MDB_env *env;
    MDB_dbi tables[TABLES];
    MDB_dbi root;
    struct turn turn;
    atomic_int is_suspect;
};

/* ---- errors --------------------------------------------------------------------------------- */

static enum lattn_status status_of(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return LATTN_NO_SPACE;
    case ENOMEM:
        return LATTN_NO_MEMORY;
    case MDB_VERSION_MISMATCH:
        return LATTN_OTHER_VERSION;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_TXN:
        return LATTN_DAMAGED;
    default:
        return LATTN_INPUT_OUTPUT;
    }
}

static enum lattn_status refuse(const char *what, int error, struct lattn_complaint *complaint)
{
    return complain(complaint, status_of(error), "cannot %s: %s", what, mdb_strerror(error));
}

/* Is LMDB itself out of order, whatever the last error was? */
static int has_panic(const struct volume *volume)
{
    MDB_txn *txn;
    int error = mdb_txn_begin(volume->env, NULL, MDB_RDONLY, &txn);

    if (error == 0)
        mdb_txn_abort(txn);
    return error == MDB_PANIC;
}

/* The same of a call that writes: after an error of the disk nobody knows what it holds. */
static enum lattn_status refuse_write(struct volume *volume, int error,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status = refuse("write", error, complaint);

    if (status != LATTN_INPUT_OUTPUT && status != LATTN_DAMAGED && !has_panic(volume))
        return status;
    atomic_store(&volume->is_suspect, 1);
    return LATTN_INPUT_OUTPUT;
}

/* ---- the environment
 * -------------------------------------------------------------------------------- */

static unsigned flags_of(enum volume_mode mode)
{
    switch (mode) {
    case VOLUME_READ:
        return MDB_NOTLS | MDB_RDONLY | MDB_NOLOCK;
    case VOLUME_WRITE:
        return MDB_NOTLS;
    case VOLUME_MAKE:
        return MDB_NOTLS | MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC;
    }
    return 0;
}

static int try_environment(const char *path, unsigned flags, size_t map_bytes, MDB_env **ret_env)
{
    MDB_env *env;
    int error = mdb_env_create(&env);

    if (error != 0)
        return error;
    error = mdb_env_set_mapsize(env, map_bytes);
    if (error == 0)
        error = mdb_env_set_maxdbs(env, TABLES);
    if (error == 0)
        error = mdb_env_open(env, path, flags, 0600);
    if (error != 0) {
        mdb_env_close(env);
        return error;
    }
    *ret_env = env;
    return 0;
}

static int open_environment(const char *path, unsigned flags, MDB_env **ret_env)
{
    size_t map_bytes = MAP_BYTES;
    int error;

    do {
        error = try_environment(path, flags, map_bytes, ret_env);
        map_bytes /= 2;
    } while (error == ENOMEM && map_bytes >= MAP_BYTES_MIN);
    return error;
}

/* ---- the head ------------------------------------------------------------------------------- */

/* Drawn in store/README.md. */
enum {
    FORMAT_VERSION = 1,
    HEAD_VERSION = 8,
    HEAD_LENGTH = 12,
    HEAD_BYTES = 24,
    /* Where its seal says it belongs: in a table that does not exist. */
    HEAD_TABLE = TABLES
};

static const char magic[HEAD_VERSION] = "lattnd\n\x1a";

static MDB_val head_key(void)
{
    static char name[] = VOLUME_HEAD_NAME;

    return (MDB_val){.mv_size = sizeof name - 1, .mv_data = name};
}

static int write_head(struct volume_txn *txn)
{
    uint64_t transaction = mdb_txn_id(txn->txn);
    uint32_t version = FORMAT_VERSION, length = (uint32_t)txn->head.length;
    MDB_val key = head_key(), value = {.mv_size = HEAD_BYTES + length + SEAL_BYTES};
    int error = mdb_put(txn->txn, txn->volume->root, &key, &value, MDB_RESERVE);
    unsigned char *bytes = value.mv_data;

    if (error != 0)
        return error;
    memcpy(bytes, magic, sizeof magic);
    memcpy(bytes + HEAD_VERSION, &version, sizeof version);
    memcpy(bytes + HEAD_LENGTH, &length, sizeof length);
    memcpy(bytes + VOLUME_HEAD_TRANSACTION, &transaction, sizeof transaction);
    memcpy(bytes + HEAD_BYTES, txn->head.bytes, length);
    seal_set(HEAD_TABLE, 0, bytes, HEAD_BYTES + length);
    return 0;
}

/*
 * Is this the number of the last commit that the transaction sees? A compact copy (mdb_copy -c)
 * numbers its only one anew.
 */
static int is_last(uint64_t transaction, const struct volume_txn *txn)
{
    uint64_t last = mdb_txn_id(txn->txn) - (txn->is_writing ? 1 : 0);

    return transaction == last || last == 1;
}

/* The version comes first: what else another version holds is not ours to judge. */
static enum lattn_status check_head(const unsigned char *bytes, size_t length,
                                    const struct volume_txn *txn, struct lattn_complaint *complaint)
{
    uint64_t transaction;
    uint32_t version;

    if (length < HEAD_BYTES + SEAL_BYTES || memcmp(bytes, magic, sizeof magic) != 0)
        return complain(complaint, LATTN_DAMAGED, "the store has no head");
    memcpy(&version, bytes + HEAD_VERSION, sizeof version);
    memcpy(&transaction, bytes + VOLUME_HEAD_TRANSACTION, sizeof transaction);
    if (version != FORMAT_VERSION)
        return complain(complaint, LATTN_OTHER_VERSION,
                        "the store has version %u, versions up to %d are known", version,
                        FORMAT_VERSION);
    if (!seal_holds(HEAD_TABLE, 0, bytes, length) ||
        length > HEAD_BYTES + VOLUME_HEAD_MAX + SEAL_BYTES)
        return complain(complaint, LATTN_DAMAGED, "the head of the store has a broken seal");
    if (!is_last(transaction, txn))
        return complain(complaint, LATTN_DAMAGED,
                        "the store fell back to an older state of itself");
    return LATTN_OK;
}

static enum lattn_status read_head(struct volume_txn *txn, struct lattn_complaint *complaint)
{
    MDB_val key = head_key(), value;
    int error = mdb_get(txn->txn, txn->volume->root, &key, &value);
    enum lattn_status status;

    if (error == MDB_NOTFOUND && !txn->is_writing)
        return complain(complaint, LATTN_DAMAGED, "the store has no head");
    if (error == MDB_NOTFOUND)
        return LATTN_OK; /* made just now */
    if (error != 0)
        return refuse("read the store", error, complaint);
    status = check_head(value.mv_data, value.mv_size, txn, complaint);
    if (status != LATTN_OK)
        return status;
    txn->head.length = value.mv_size - HEAD_BYTES - SEAL_BYTES;
    memcpy(txn->head.bytes, (unsigned char *)value.mv_data + HEAD_BYTES, txn->head.length);
    return LATTN_OK;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int open_tables(struct volume_txn *txn, unsigned flags)
{
    int error = 0;

    for (int i = 0; i < TABLES && error == 0; i++)
        error =
            mdb_dbi_open(txn->txn, table_names[i], MDB_INTEGERKEY | flags, &txn->volume->tables[i]);
    return error;
}

/* The head before the tables: another version may have others. */
static enum lattn_status prepare(struct volume *volume, enum volume_mode mode,
                                 struct lattn_complaint *complaint)
{
    int makes = mode == VOLUME_MAKE;
    struct volume_txn txn = {.volume = volume};
    int error = mdb_txn_begin(volume->env, NULL, makes ? 0 : MDB_RDONLY, &txn.txn);
    enum lattn_status status = LATTN_OK;

    if (error != 0)
        return refuse("open the store", error, complaint);
    error = mdb_dbi_open(txn.txn, NULL, 0, &volume->root);
    if (error == 0 && !makes)
        status = read_head(&txn, complaint);
    if (error == 0 && status == LATTN_OK)
        error = open_tables(&txn, makes ? MDB_CREATE : 0);
    if (error == 0 && status == LATTN_OK) {
        error = mdb_txn_commit(txn.txn);
        txn.txn = NULL;
    }
    if (txn.txn != NULL)
        mdb_txn_abort(txn.txn);
    return error == 0 ? status : refuse("open the store", error, complaint);
}

enum lattn_status volume_open(struct volume **ret_volume, const char *path, enum volume_mode mode,
                              struct lattn_complaint *complaint)
{
    struct volume *volume = memory_zeroed(1, sizeof *volume);
    enum lattn_status status = LATTN_OK;
    int error, dead;

    if (volume == NULL)
        return LATTN_NO_MEMORY;
    turn_init(&volume->turn);
    error = open_environment(path, flags_of(mode), &volume->env);
    if (error == 0 && mode == VOLUME_WRITE)
        error = mdb_reader_check(volume->env, &dead); /* the killed ones hold on to pages */
    status =
        error == 0 ? prepare(volume, mode, complaint) : refuse("open the store", error, complaint);
    if (status != LATTN_OK) {
        volume_close(&volume);
        return status;
    }
    *ret_volume = volume;
    return LATTN_OK;
}

void volume_close(struct volume **volume)
{
    if (*volume == NULL)
        return;
    if ((*volume)->env != NULL)
        mdb_env_close((*volume)->env);
    turn_done(&(*volume)->turn);
    memory_release(*volume);
    *volume = NULL;
}

enum lattn_status volume_sync(struct volume *volume, struct lattn_complaint *complaint)
{
    int error = mdb_env_sync(volume->env, 1);

    return error == 0 ? LATTN_OK : refuse_write(volume, error, complaint);
}

int volume_is_suspect(const struct volume *volume)
{
    return atomic_load(&volume->is_suspect);
}

/* ---- transactions --------------------------------------------------------------------------- */

/* Does the error only say that the file system does not know how to set space aside? */
static int is_unsupported(int error)
{
    return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

/* Let the file have so many bytes, and some more where that is easy. Returns an error number. */
static int grow(int file, off_t have, off_t want)
{
    off_t more = have / GROWTH_SHARE < GROWTH_BYTES_MAX ? have / GROWTH_SHARE : GROWTH_BYTES_MAX;

    if (have + more > want && fallocate(file, 0, have, more) == 0)
        return 0;
    while (fallocate(file, 0, have, want - have) != 0)
        if (errno != EINTR)
            return is_unsupported(errno) ? 0 : errno;
    return 0;
}

static enum lattn_status make_room(struct volume *volume, size_t bytes,
                                   struct lattn_complaint *complaint)
{
    MDB_envinfo info;
    MDB_stat pages;
    struct stat have;
    off_t want;
    int file, error;

    (void)mdb_env_info(volume->env, &info); /* these three fail for NULL only */
    (void)mdb_env_stat(volume->env, &pages);
    (void)mdb_env_get_fd(volume->env, &file);
    if (fstat(file, &have) != 0)
        return refuse_write(volume, errno, complaint);
    want = (off_t)((info.me_last_pgno + 1) * pages.ms_psize + bytes + OVERHEAD_BYTES);
    if (want <= have.st_size)
        return LATTN_OK;
    error = grow(file, have.st_size, want);
    return error == 0 ? LATTN_OK : refuse_write(volume, error, complaint);
}

enum lattn_status volume_look(struct volume *volume, struct volume_txn *ret_txn,
                              struct lattn_complaint *complaint)
{
    struct volume_txn txn = {.volume = volume};
    int error = mdb_txn_begin(volume->env, NULL, MDB_RDONLY, &txn.txn);
    enum lattn_status status;

    if (error != 0)
        return refuse("read the store", error, complaint);
    status = read_head(&txn, complaint);
    if (status != LATTN_OK)
        mdb_txn_abort(txn.txn);
    else
        *ret_txn = txn;
    return status;
}

/* volume_begin, once it is our turn. */
static enum lattn_status begin(struct volume_txn *txn, size_t bytes,
                               struct lattn_complaint *complaint)
{
    enum lattn_status status;
    int error;

    if (volume_is_suspect(txn->volume))
        return complain(complaint, LATTN_INPUT_OUTPUT,
                        "cannot write: an earlier write failed and left open what the disk holds");
    status = make_room(txn->volume, bytes, complaint);
    if (status != LATTN_OK)
        return status;
    error = mdb_txn_begin(txn->volume->env, NULL, 0, &txn->txn);
    if (error != 0)
        return refuse_write(txn->volume, error, complaint);
    status = read_head(txn, complaint);
    if (status != LATTN_OK)
        mdb_txn_abort(txn->txn);
    return status;
}

enum lattn_status volume_begin(struct volume *volume, enum turn_urgency urgency, size_t bytes,
                               struct volume_txn *ret_txn, struct lattn_complaint *complaint)
{
    struct volume_txn txn = {.volume = volume, .is_writing = 1};
    enum lattn_status status;

    turn_take(&volume->turn, urgency);
    status = begin(&txn, bytes, complaint);
    if (status != LATTN_OK)
        turn_give(&volume->turn);
    else
        *ret_txn = txn;
    return status;
}

enum lattn_status volume_commit(struct volume_txn *txn, struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;
    int error = write_head(txn);

    if (error == 0) {
        error = mdb_txn_commit(txn->txn);
        txn->txn = NULL;
    }
    if (error != 0)
        status = refuse_write(txn->volume, error, complaint);
    volume_end(txn);
    return status;
}

void volume_end(struct volume_txn *txn)
{
    if (txn->txn != NULL)
        mdb_txn_abort(txn->txn);
    if (txn->is_writing)
        turn_give(&txn->volume->turn);
    *txn = (struct volume_txn){0};
}

/* ---- values --------------------------------------------------------------------------------- */

static MDB_val key_of(uint64_t *key)
{
    return (MDB_val){.mv_size = sizeof *key, .mv_data = key};
}

enum lattn_status volume_append(struct volume_txn *txn, enum volume_table table, uint64_t key,
                                size_t length, unsigned char **ret_bytes,
                                struct lattn_complaint *complaint)
{
    MDB_val place = key_of(&key), value = {.mv_size = length + SEAL_BYTES};
    int error =
        mdb_put(txn->txn, txn->volume->tables[table], &place, &value, MDB_APPEND | MDB_RESERVE);

    assert(error != MDB_KEYEXIST);
    if (error != 0)
        return refuse_write(txn->volume, error, complaint);
    *ret_bytes = value.mv_data;
    return LATTN_OK;
}

void volume_seal(enum volume_table table, uint64_t key, unsigned char *bytes, size_t length)
{
    seal_set(table, key, bytes, length);
}

enum lattn_status volume_remove(struct volume_txn *txn, enum volume_table table, uint64_t key,
                                struct lattn_complaint *complaint)
{
    MDB_val place = key_of(&key);
    int error = mdb_del(txn->txn, txn->volume->tables[table], &place, NULL);

    if (error == MDB_NOTFOUND)
        return LATTN_NO_DATA;
    return error == 0 ? LATTN_OK : refuse_write(txn->volume, error, complaint);
}

enum lattn_status volume_read(const struct volume_txn *txn, enum volume_table table, uint64_t key,
                              const unsigned char **ret_bytes, size_t *ret_length,
                              struct lattn_complaint *complaint)
{
    MDB_val place = key_of(&key), value;
    int error = mdb_get(txn->txn, txn->volume->tables[table], &place, &value);

    if (error == MDB_NOTFOUND)
        return LATTN_NO_DATA;
    if (error != 0)
        return refuse("read the store", error, complaint);
    if (!seal_holds(table, key, value.mv_data, value.mv_size))
        return complain(complaint, LATTN_DAMAGED, "%s %" PRIu64 " has a broken seal",
                        value_names[table], key);
    *ret_bytes = value.mv_data;
    *ret_length = value.mv_size - SEAL_BYTES;
    return LATTN_OK;
}

enum lattn_status volume_find(const struct volume_txn *txn, enum volume_table table, uint64_t from,
                              uint64_t *ret_key, size_t *ret_length,
                              struct lattn_complaint *complaint)
{
    MDB_val place = key_of(&from), value;
    MDB_cursor *cursor;
    int error = mdb_cursor_open(txn->txn, txn->volume->tables[table], &cursor);

    if (error != 0)
        return refuse("read the store", error, complaint);
    error = mdb_cursor_get(cursor, &place, &value, MDB_SET_RANGE);
    mdb_cursor_close(cursor);
    if (error == MDB_NOTFOUND)
        return LATTN_NO_DATA;
    if (error != 0)
        return refuse("read the store", error, complaint);
    memcpy(ret_key, place.mv_data, sizeof *ret_key);
    if (ret_length != NULL)
        *ret_length = value.mv_size - SEAL_BYTES;
    return LATTN_OK;
}
