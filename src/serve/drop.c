/*
 * The time of a file says when to look at it, its size and the checksum at its end whether it is
 * another state. What it holds is for its reader to judge: a file that is not whole has a wrong
 * checksum.
 */
#include "serve/drop.h"

#include "base/complaint.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20, NAME_BYTES_MAX = 64 };

/* Behind the name of a file while it is written. */
static const char temporary[] = ".XXXXXX";

/* What a file was like when it was found; time 0: it never was. is_refused: it was of no use. */
struct stamp {
    int64_t time_ns;
    struct drop_mark mark;
    int is_refused;
};

/* next: whose turn it is; `shards` is that of files of other streams */
struct drop {
    const char *directory;
    uint64_t shards;
    uint64_t bytes_max;
    struct stamp *stamps;
    uint64_t next;
};

enum lattn_status drop_path(const char *directory, uint64_t shard, uint64_t shards,
                            char ret_path[PATH_MAX])
{
    int length = snprintf(ret_path, PATH_MAX, "%s/shard-%" PRIu64 "-of-%" PRIu64 ".state",
                          directory, shard, shards);

    return length < PATH_MAX ? LATTN_OK : LATTN_TOO_BIG;
}

/* ---- writing ---- */

static enum lattn_status failure(struct lattn_complaint *complaint, const char *path)
{
    enum lattn_status status =
        errno == ENOSPC || errno == EDQUOT ? LATTN_NO_SPACE : LATTN_INPUT_OUTPUT;

    return complain(complaint, status, "%.120s: %s", path, strerror(errno));
}

static int bytes_write(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);

        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return fsync(descriptor);
}

static struct drop_mark mark_of(const char *bytes, size_t length)
{
    struct drop_mark mark = {.size = length};

    if (length >= sizeof mark.seal)
        memcpy(&mark.seal, bytes + length - sizeof mark.seal, sizeof mark.seal);
    return mark;
}

/* The same of a file; one that cannot be read has no seal. */
static struct drop_mark mark_read(int descriptor, int64_t size)
{
    struct drop_mark mark = {.size = (uint64_t)size};
    int64_t at = size - (int64_t)sizeof mark.seal;

    if (at < 0 || pread(descriptor, &mark.seal, sizeof mark.seal, at) != sizeof mark.seal)
        mark.seal = 0;
    return mark;
}

static int marks_agree(const struct drop_mark *a, const struct drop_mark *b)
{
    return a->size == b->size && a->seal == b->seal;
}

/* The name is on disk only with its directory. */
static int directory_sync(const char *path)
{
    char parent[PATH_MAX];
    char *slash;
    int descriptor;
    int outcome;

    (void)snprintf(parent, sizeof parent, "%s", path);
    slash = strrchr(parent, '/');
    if (slash != NULL)
        slash[slash == parent] = '\0';
    descriptor = open(slash == NULL ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return -1;
    outcome = fsync(descriptor);
    (void)close(descriptor); /* nothing was written through it */
    return outcome;
}

enum lattn_status drop_put(const char *path, const char *bytes, size_t length,
                           struct drop_mark *ret_mark, struct lattn_complaint *complaint)
{
    char name[PATH_MAX];
    int descriptor = -1;
    int outcome;

    if (snprintf(name, sizeof name, "%s%s", path, temporary) < (int)sizeof name)
        descriptor = mkostemp(name, O_CLOEXEC);
    if (descriptor < 0)
        return failure(complaint, path);
    outcome = fchmod(descriptor, 0640);
    if (outcome == 0)
        outcome = bytes_write(descriptor, bytes, length);
    if (close(descriptor) != 0)
        outcome = -1;
    if (outcome == 0)
        outcome = rename(name, path);
    if (outcome != 0) {
        enum lattn_status status = failure(complaint, path);

        (void)unlink(name); /* it was never there under its name */
        return status;
    }
    if (directory_sync(path) != 0)
        return failure(complaint, path);
    *ret_mark = mark_of(bytes, length);
    return LATTN_OK;
}

enum lattn_status drop_touch(const char *path, const struct drop_mark *mark,
                             struct lattn_complaint *complaint)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum lattn_status status = LATTN_NO_DATA;
    struct drop_mark there;
    struct stat found;

    if (descriptor < 0)
        return errno == ENOENT ? LATTN_NO_DATA : failure(complaint, path);
    if (fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode)) {
        there = mark_read(descriptor, found.st_size);
        if (mark->size > 0 && marks_agree(&there, mark))
            status = futimens(descriptor, NULL) == 0 ? LATTN_OK : failure(complaint, path);
    }
    (void)close(descriptor); /* nothing was written through it */
    return status;
}

void drop_sweep(const char *path)
{
    char pattern[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = snprintf(pattern, sizeof pattern, "%s", path);
    DIR *directory;
    struct dirent *entry;
    char *name;

    if (slash == NULL || length >= (int)sizeof pattern)
        return;
    name = pattern + (slash - path) + 1;
    *(name - 1) = '\0';
    directory = opendir(pattern);
    if (directory == NULL)
        return; /* whoever writes there will say so */
    while ((entry = readdir(directory)) != NULL)
        if (strncmp(entry->d_name, name, strlen(name)) == 0 &&
            strlen(entry->d_name) == strlen(name) + sizeof temporary - 1 &&
            entry->d_name[strlen(name)] == '.')
            (void)unlinkat(dirfd(directory), entry->d_name, 0); /* there it was in nobody's way */
    (void)closedir(directory);
}

/* ---- opening and closing ---- */

enum lattn_status drop_open(struct drop **ret_drop, const char *directory, uint64_t shards,
                            uint64_t bytes_max)
{
    struct drop *drop = memory_zeroed(1, sizeof *drop);

    if (drop == NULL)
        return LATTN_NO_MEMORY;
    drop->directory = directory;
    drop->shards = shards;
    drop->bytes_max = bytes_max;
    drop->stamps = memory_zeroed(shards, sizeof *drop->stamps);
    if (drop->stamps == NULL) {
        drop_close(&drop);
        return LATTN_NO_MEMORY;
    }
    *ret_drop = drop;
    return LATTN_OK;
}

void drop_close(struct drop **drop)
{
    if (*drop == NULL)
        return;
    memory_release((*drop)->stamps);
    memory_release(*drop);
    *drop = NULL;
}

/* ---- looking ---- */

static enum lattn_status bytes_read(int descriptor, int64_t size, struct lattn_text *ret_bytes)
{
    char *piece = memory_raw(READ_BYTES, 1);
    enum lattn_status status = piece == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    while (status == LATTN_OK && (int64_t)ret_bytes->length < size) {
        ssize_t got = read(descriptor, piece, READ_BYTES);

        if (got == 0 || (got < 0 && errno != EINTR))
            break; /* cut off meanwhile, which its checksum will tell */
        if (got > 0)
            status = lattn_text_add(ret_bytes, piece, (size_t)got);
    }
    memory_release(piece);
    return status;
}

static uint64_t age_of(int64_t time_ns)
{
    struct timespec now;
    int64_t now_ns;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
    now_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    return now_ns > time_ns ? (uint64_t)(now_ns - time_ns) : 0;
}

/* Is the file another one than before? Then its bytes are read, unless it was only touched. */
static enum lattn_status file_look(const struct drop *drop, int descriptor, struct stamp *stamp,
                                   struct drop_find *find, struct lattn_complaint *complaint)
{
    struct stat found;
    struct stamp now = {0};
    enum lattn_status status = LATTN_OK;

    if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode))
        return LATTN_MORE;
    now.time_ns = found.st_mtim.tv_sec * INT64_C(1000000000) + found.st_mtim.tv_nsec;
    if (now.time_ns == stamp->time_ns && (uint64_t)found.st_size == stamp->mark.size)
        return LATTN_MORE;
    now.mark = mark_read(descriptor, found.st_size);
    find->is_other =
        stamp->time_ns == 0 || stamp->is_refused || !marks_agree(&now.mark, &stamp->mark);
    if (drop->bytes_max > 0 && now.mark.size > drop->bytes_max)
        status = complain(complaint, LATTN_MEMORY_LIMIT,
                          "the state has %" PRIu64 " bytes, %" PRIu64 " are allowed", now.mark.size,
                          drop->bytes_max);
    else if (find->is_other)
        status = bytes_read(descriptor, found.st_size, &find->bytes);
    if (status == LATTN_NO_MEMORY)
        return status; /* it is looked at again */
    find->age_ns = age_of(now.time_ns);
    *stamp = now;
    return status;
}

static enum lattn_status shard_look(struct drop *drop, uint64_t shard, struct drop_find *find,
                                    struct lattn_complaint *complaint)
{
    char path[PATH_MAX];
    enum lattn_status status = drop_path(drop->directory, shard, drop->shards, path);
    int descriptor;

    if (status != LATTN_OK)
        return complain(complaint, status, "%.100s...: too long a name", drop->directory);
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return errno == ENOENT ? LATTN_MORE : failure(complaint, path);
    status = file_look(drop, descriptor, &drop->stamps[shard], find, complaint);
    (void)close(descriptor); /* it was only read */
    return status;
}

/* Does a file belong to a stream that is divided otherwise? */
static enum lattn_status strangers_look(const struct drop *drop, struct lattn_complaint *complaint)
{
    DIR *directory = opendir(drop->directory);
    enum lattn_status status = LATTN_MORE;
    struct dirent *entry;

    if (directory == NULL)
        return failure(complaint, drop->directory);
    while (status == LATTN_MORE && (entry = readdir(directory)) != NULL) {
        uint64_t shard, shards;
        int used = 0;

        if (sscanf(entry->d_name, "shard-%" SCNu64 "-of-%" SCNu64 ".state%n", &shard, &shards,
                   &used) == 2 &&
            used > 0 && entry->d_name[used] == '\0' && (shards != drop->shards || shard >= shards))
            status = complain(complaint, LATTN_CONFLICT,
                              "mixed: %.*s is in %.100s, %" PRIu64 " shards are expected",
                              NAME_BYTES_MAX, entry->d_name, drop->directory, drop->shards);
    }
    (void)closedir(directory);
    return status;
}

enum lattn_status drop_look(struct drop *drop, struct drop_find *ret_find,
                            struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_MORE;

    *ret_find = (struct drop_find){.shard = drop->shards};
    for (uint64_t turns = 0; status == LATTN_MORE && turns <= drop->shards; turns++) {
        ret_find->shard = drop->next;
        drop->next = (drop->next + 1) % (drop->shards + 1);
        status = ret_find->shard < drop->shards
                     ? shard_look(drop, ret_find->shard, ret_find, complaint)
                     : strangers_look(drop, complaint);
    }
    return status;
}

void drop_refuse(struct drop *drop, uint64_t shard)
{
    drop->stamps[shard].is_refused = 1;
}
