/*
 * What a disk would have of a folder if the power failed now: preloaded into a process, keeps a
 * shadow of the folder beside it, which has of each file what was synced and nothing else.
 *
 *     UNSYNCED_DIR      the folder, an absolute path; what it holds at the start is on the disk
 *     UNSYNCED_SHADOW   its shadow; begun by the first process, gone on with by its children
 *     UNSYNCED_SEED     if set, a disk that writes some sectors and folders early, by chance
 *
 *     SHADOW/INODE          bytes of a file
 *     SHADOW/INODE/NAME     of a folder: a link to ../INODE of what bears that name
 *     SHADOW/root           a link to the folder itself: `cp -rL SHADOW/root` is what will be found
 *
 * A write reaches the shadow when its file is synced; at once, and alone, through a descriptor with
 * O_SYNC or O_DSYNC. Making, naming and removing reach it when the folder is synced. That is
 * stricter than most file systems, and what POSIX leaves open. Maps are not followed: nobody here
 * writes through one. The machine stays on, so nothing waits for a real disk.
 */
#undef _FILE_OFFSET_BITS /* so that pwrite and pwrite64 are two names, as in the libraries */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define HOOK __attribute__((visibility("default")))

enum {
    FILES_MAX = 1024,
    RANGES_MAX = 1024, /* of a file; more are kept as one that spans them */
    SECTOR_BYTES = 512,
    PIECE_BYTES = 1 << 16,
    PATH_BYTES = PATH_MAX
};

struct range {
    off_t from;
    off_t to;
};

/*
 * A file below the folder.
 *
 * content  reads it; never closed, so that no other file gets its inode and no lock is lost
 * shadow   what the disk has of it
 * ranges   written since it was last synced
 */
struct file {
    dev_t device;
    ino_t inode;
    int content;
    int shadow;
    struct range ranges[RANGES_MAX];
    int ranges_count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *dir;
static const char *shadow_dir;
static struct file *files[FILES_MAX];
static int files_count;
static uint64_t chance; /* state of the generator; 0: everything as late as can be */

/* A shim that cannot do its work must not let a test pass. */
static void fail(const char *what, const char *path)
{
    dprintf(STDERR_FILENO, "unsynced: cannot %s %s: %s\n", what, path, strerror(errno));
    abort();
}

static void path_join(char ret_path[PATH_BYTES], const char *folder, const char *name)
{
    if (snprintf(ret_path, PATH_BYTES, "%s/%s", folder, name) >= PATH_BYTES)
        fail("name", folder);
}

static void path_shadow(char ret_path[PATH_BYTES], ino_t inode)
{
    char name[32];

    snprintf(name, sizeof name, "%llu", (unsigned long long)inode);
    path_join(ret_path, shadow_dir, name);
}

/* Every other time, by a generator of xorshift. */
static int is_early(void)
{
    if (chance == 0)
        return 0;
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (chance >> 40) & 1;
}

/* ---- files --------------------------------------------------------------------------------- */

static void range_copy(const struct file *file, off_t from, off_t to)
{
    static char piece[PIECE_BYTES];

    while (from < to) {
        size_t wanted = to - from < PIECE_BYTES ? (size_t)(to - from) : PIECE_BYTES;
        long got = syscall(SYS_pread64, file->content, piece, wanted, from);

        if (got == 0)
            return;
        if (got < 0 || syscall(SYS_pwrite64, file->shadow, piece, got, from) != got)
            fail("copy", "a file");
        from += got;
    }
}

static void range_add(struct file *file, off_t from, off_t to)
{
    struct range *last = file->ranges + file->ranges_count - 1;

    if (file->ranges_count > 0 && (from == last->to || file->ranges_count == RANGES_MAX)) {
        last->from = from < last->from ? from : last->from;
        last->to = to > last->to ? to : last->to;
        return;
    }
    file->ranges[file->ranges_count++] = (struct range){from, to};
}

static void file_sync(struct file *file)
{
    struct stat now;

    for (int i = 0; i < file->ranges_count; i++)
        range_copy(file, file->ranges[i].from, file->ranges[i].to);
    file->ranges_count = 0;
    if (fstat(file->content, &now) != 0 || syscall(SYS_ftruncate, file->shadow, now.st_size) != 0)
        fail("size", "a file");
}

/* Bytes were written through the descriptor. */
static void file_write(struct file *file, int fd, off_t from, off_t to)
{
    if (fcntl(fd, F_GETFL) & O_DSYNC) {
        range_copy(file, from, to);
        return;
    }
    range_add(file, from, to);
    for (off_t next; from < to; from = next) {
        next = from - from % SECTOR_BYTES + SECTOR_BYTES;
        if (is_early())
            range_copy(file, from, next < to ? next : to);
    }
}

static struct file *file_known(const struct stat *stat)
{
    for (int i = 0; i < files_count; i++)
        if (files[i]->inode == stat->st_ino && files[i]->device == stat->st_dev)
            return files[i];
    return NULL;
}

/* Begin to follow a file, of which the disk has nothing yet; the path is one to read it by. */
static struct file *file_add(const char *path, const struct stat *stat)
{
    char shadow[PATH_BYTES];
    struct file *file = calloc(1, sizeof *file);

    if (file == NULL || files_count == FILES_MAX)
        fail("follow", path);
    path_shadow(shadow, stat->st_ino);
    file->device = stat->st_dev;
    file->inode = stat->st_ino;
    file->content = open(path, O_RDONLY | O_CLOEXEC);
    file->shadow = open(shadow, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file->content < 0 || file->shadow < 0)
        fail("follow", path);
    if (stat->st_size > 0)
        range_add(file, 0, stat->st_size);
    return files[files_count++] = file;
}

static int is_below(int fd)
{
    char link[32];
    char path[PATH_BYTES];
    size_t length = strlen(dir);
    ssize_t got;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    got = readlink(link, path, sizeof path - 1);
    return got >= (ssize_t)length && memcmp(path, dir, length) == 0 &&
           (got == (ssize_t)length || path[length] == '/');
}

/* The file behind a descriptor, NULL if it is none below the folder. */
static struct file *file_find(int fd)
{
    char path[32];
    struct stat stat;
    struct file *file;

    if (dir == NULL || fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
        return NULL;
    file = file_known(&stat);
    if (file != NULL || !is_below(fd))
        return file;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return file_add(path, &stat);
}

/* ---- folders ------------------------------------------------------------------------------- */

/* Give what has a name in a folder that name in the shadow, too; sockets and the like have none. */
static void entry_sync(const char *folder, const char *shadow, const char *name)
{
    char path[PATH_BYTES];
    char link[PATH_BYTES];
    char target[32];
    struct stat stat;

    path_join(path, folder, name);
    if (lstat(path, &stat) != 0 || !(S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode)))
        return;
    if (S_ISREG(stat.st_mode) && file_known(&stat) == NULL)
        (void)file_add(path, &stat);
    if (S_ISDIR(stat.st_mode)) {
        path_shadow(path, stat.st_ino);
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            fail("make", path);
    }
    snprintf(target, sizeof target, "../%llu", (unsigned long long)stat.st_ino);
    path_join(link, shadow_dir, "link");
    path_join(path, shadow, name);
    if (symlink(target, link) != 0 || renameat2(AT_FDCWD, link, AT_FDCWD, path, 0) != 0)
        fail("link", path);
}

static int is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static DIR *folder_open(const char *path)
{
    DIR *entries = opendir(path);

    if (entries == NULL)
        fail("list", path);
    return entries;
}

/* Forget names that a folder has no more. */
static void folder_forget(const char *folder, const char *shadow)
{
    char path[PATH_BYTES];
    struct stat stat;
    struct dirent *entry;
    DIR *entries = folder_open(shadow);

    while ((entry = readdir(entries)) != NULL) {
        path_join(path, folder, entry->d_name);
        if (lstat(path, &stat) != 0)
            (void)syscall(SYS_unlinkat, dirfd(entries), entry->d_name, 0);
    }
    closedir(entries);
}

/* Names of a folder, as they are now. */
static void folder_sync(const char *folder)
{
    char shadow[PATH_BYTES];
    struct stat stat;
    struct dirent *entry;
    DIR *entries = folder_open(folder);

    if (fstat(dirfd(entries), &stat) != 0)
        fail("look at", folder);
    path_shadow(shadow, stat.st_ino);
    if (mkdir(shadow, 0700) != 0 && errno != EEXIST)
        fail("make", shadow);
    while ((entry = readdir(entries)) != NULL)
        if (!is_dots(entry->d_name))
            entry_sync(folder, shadow, entry->d_name);
    closedir(entries);
    folder_forget(folder, shadow);
}

/* What has a path, seen from an open folder or AT_FDCWD, was changed: a disk may know it at once.
 */
static void folder_change(int from, const char *path)
{
    char full[PATH_BYTES] = "";
    char folder[PATH_BYTES];
    size_t length = strlen(dir);

    if (!is_early())
        return;
    if (path[0] != '/' && from != AT_FDCWD)
        snprintf(full, sizeof full, "/proc/self/fd/%d/", from);
    if (strlen(full) + strlen(path) >= sizeof full)
        fail("name", path);
    strncat(full, path, sizeof full - strlen(full) - 1);
    if (realpath(dirname(full), folder) != NULL && strncmp(folder, dir, length) == 0 &&
        (folder[length] == '/' || folder[length] == '\0'))
        folder_sync(folder);
}

/* Everything below a folder is on the disk. */
static void folder_begin(const char *folder)
{
    char path[PATH_BYTES];
    struct stat stat;
    struct dirent *entry;
    DIR *entries = folder_open(folder);

    folder_sync(folder);
    while ((entry = readdir(entries)) != NULL) {
        path_join(path, folder, entry->d_name);
        if (!is_dots(entry->d_name) && lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode))
            folder_begin(path);
    }
    closedir(entries);
}

static void shadow_begin(void)
{
    char root[PATH_BYTES];
    char target[32];
    struct stat stat_dir;

    if (stat(dir, &stat_dir) != 0)
        fail("look at", dir);
    folder_begin(dir);
    for (int i = 0; i < files_count; i++)
        file_sync(files[i]);
    snprintf(target, sizeof target, "%llu", (unsigned long long)stat_dir.st_ino);
    path_join(root, shadow_dir, "root");
    if (symlink(target, root) != 0)
        fail("make", root);
}

__attribute__((constructor)) static void begin(void)
{
    const char *seed = getenv("UNSYNCED_SEED");

    shadow_dir = getenv("UNSYNCED_SHADOW");
    if (shadow_dir == NULL)
        return;
    dir = getenv("UNSYNCED_DIR");
    if (seed != NULL)
        chance = (strtoull(seed, NULL, 10) + 1) * 0x9e3779b97f4a7c15U;
    if (mkdir(shadow_dir, 0700) == 0)
        shadow_begin();
    else if (errno != EEXIST)
        fail("make", shadow_dir);
}

/* ---- system calls -------------------------------------------------------------------------- */

/* Note that a call wrote `got` bytes at `from`; give what the call gave. */
static ssize_t note_write(int fd, off_t from, ssize_t got)
{
    int error = errno;

    if (got > 0 && dir != NULL) {
        struct file *file;

        pthread_mutex_lock(&lock);
        file = file_find(fd);
        if (file != NULL)
            file_write(file, fd, from, from + got);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return got;
}

/* The same where the call moved the descriptor's place. */
static ssize_t note_move(int fd, ssize_t got)
{
    int error = errno;
    off_t place = got > 0 ? lseek(fd, 0, SEEK_CUR) : -1;

    errno = error;
    return place < 0 ? got : note_write(fd, place - got, got);
}

static int note_change(int from, const char *path, int result)
{
    int error = errno;

    if (result == 0 && dir != NULL) {
        pthread_mutex_lock(&lock);
        folder_change(from, path);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return result;
}

/* Sync a file or folder if it is below the folder. Returns whether it is. */
static int note_sync(int fd)
{
    char path[32];
    struct stat stat;
    struct file *file = NULL;
    int is_folder = 0;

    if (dir == NULL)
        return 0;
    pthread_mutex_lock(&lock);
    if (fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode) && is_below(fd)) {
        is_folder = 1;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        folder_sync(path);
    } else {
        file = file_find(fd);
        if (file != NULL)
            file_sync(file);
    }
    pthread_mutex_unlock(&lock);
    return is_folder || file != NULL;
}

HOOK ssize_t write(int fd, const void *bytes, size_t length)
{
    return note_move(fd, syscall(SYS_write, fd, bytes, length));
}

HOOK ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return note_move(fd, syscall(SYS_writev, fd, parts, count));
}

HOOK ssize_t pwrite(int fd, const void *bytes, size_t length, off_t from)
{
    return note_write(fd, from, syscall(SYS_pwrite64, fd, bytes, length, from));
}

HOOK ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t from)
{
    return pwrite(fd, bytes, length, from);
}

HOOK ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t from)
{
    return note_write(fd, from, syscall(SYS_pwritev, fd, parts, count, from, 0L));
}

HOOK ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t from)
{
    return pwritev(fd, parts, count, from);
}

HOOK int fsync(int fd)
{
    return note_sync(fd) ? 0 : (int)syscall(SYS_fsync, fd);
}

HOOK int fdatasync(int fd)
{
    return note_sync(fd) ? 0 : (int)syscall(SYS_fdatasync, fd);
}

HOOK int renameat(int from, const char *old, int to, const char *path)
{
    return note_change(to, path, (int)syscall(SYS_renameat2, from, old, to, path, 0));
}

HOOK int rename(const char *old, const char *path)
{
    return renameat(AT_FDCWD, old, AT_FDCWD, path);
}

HOOK int linkat(int from, const char *old, int to, const char *path, int flags)
{
    return note_change(to, path, (int)syscall(SYS_linkat, from, old, to, path, flags));
}

HOOK int unlinkat(int from, const char *path, int flags)
{
    return note_change(from, path, (int)syscall(SYS_unlinkat, from, path, flags));
}

HOOK int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}
