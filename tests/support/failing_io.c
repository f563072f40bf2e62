/* Under their own names, not under those of 64 bits, which stand here as well. */
#undef _FILE_OFFSET_BITS

#include "support/failing_io.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { WAIT_US = 10000 };

/* What fails, and what has failed; several threads write. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char prefix[PATH_MAX];
static char gate[PATH_MAX];
static uint64_t fail_after;
static int fail_all;
static int fail_error;
static unsigned fail_calls;
static uint64_t seen;
static uint64_t failed;

static void arm(const char *path, uint64_t after, int and_all, int error, unsigned calls)
{
    pthread_mutex_lock(&mutex);
    snprintf(prefix, sizeof prefix, "%s", path);
    fail_after = after;
    fail_all = and_all;
    fail_error = error;
    fail_calls = calls;
    seen = 0;
    failed = 0;
    pthread_mutex_unlock(&mutex);
}

EXPORT void failing_io_arm(const char *path, uint64_t after, int and_all, int error, unsigned calls)
{
    arm(path, after, and_all, error, calls);
}

EXPORT uint64_t failing_io_disarm(void)
{
    uint64_t count;

    pthread_mutex_lock(&mutex);
    count = failed;
    prefix[0] = '\0';
    pthread_mutex_unlock(&mutex);
    return count;
}

EXPORT uint64_t failing_io_count(void)
{
    uint64_t count;

    pthread_mutex_lock(&mutex);
    count = seen;
    pthread_mutex_unlock(&mutex);
    return count;
}

static long environment_number(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

__attribute__((constructor)) static void arm_by_environment(void)
{
    const char *path = getenv("FAILING_IO_PATH");
    const char *file = getenv("FAILING_IO_WHILE");

    if (path == NULL)
        return;
    snprintf(gate, sizeof gate, "%s", file == NULL ? "" : file);
    arm(path, (uint64_t)environment_number("FAILING_IO_AFTER", 0),
        environment_number("FAILING_IO_ALL", 0) != 0,
        (int)environment_number("FAILING_IO_ERROR", EIO),
        (unsigned)environment_number("FAILING_IO_CALLS",
                                     FAILING_IO_WRITE | FAILING_IO_SYNC | FAILING_IO_NAME));
}

/* ---- which calls fail ------------------------------------------------------------------------ */

enum verdict { PASSES, FAILS, FAILS_HALFWAY };

static void gate_await(void)
{
    while (access(gate, F_OK) == 0)
        (void)usleep(WAIT_US);
}

static enum verdict judge_path(const char *path, enum failing_io_calls call)
{
    enum verdict verdict = PASSES;
    int waits;

    pthread_mutex_lock(&mutex);
    if (prefix[0] != '\0' && (fail_calls & call) != 0 &&
        strncmp(path, prefix, strlen(prefix)) == 0 &&
        (gate[0] == '\0' || access(gate, F_OK) == 0)) {
        seen++;
        if (fail_after != 0 && (seen == fail_after || (fail_all && seen > fail_after))) {
            failed++;
            if (fail_calls & FAILING_IO_KILL)
                (void)kill(getpid(), SIGKILL);
            verdict = call == FAILING_IO_WRITE && (fail_calls & FAILING_IO_SHORT) && failed == 1
                          ? FAILS_HALFWAY
                          : FAILS;
            errno = fail_error;
        }
    }
    waits = verdict != PASSES && (fail_calls & FAILING_IO_WAIT);
    pthread_mutex_unlock(&mutex);
    if (!waits)
        return verdict;
    gate_await();
    return PASSES;
}

static enum verdict judge(int descriptor, enum failing_io_calls call)
{
    char link[64], path[PATH_MAX];
    int error = errno;
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = readlink(link, path, sizeof path - 1);
    errno = error;
    if (length < 0)
        return PASSES;
    path[length] = '\0';
    return judge_path(path, call);
}

/* ---- the calls ------------------------------------------------------------------------------- */

/* The C library's own function of this name, as a pointer to a function; looked up once. */
static void find(const char *name, void *ret_function)
{
    void *function;

    memcpy(&function, ret_function, sizeof function);
    if (function != NULL)
        return;
    function = dlsym(RTLD_NEXT, name);
    if (function == NULL)
        abort();
    memcpy(ret_function, &function, sizeof function);
}

EXPORT ssize_t write(int descriptor, const void *bytes, size_t length)
{
    static ssize_t (*next)(int, const void *, size_t);
    enum verdict verdict = judge(descriptor, FAILING_IO_WRITE);

    find("write", &next);
    return verdict == FAILS ? -1 : next(descriptor, bytes, verdict == PASSES ? length : length / 2);
}

EXPORT ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset)
{
    static ssize_t (*next)(int, const void *, size_t, off_t);
    enum verdict verdict = judge(descriptor, FAILING_IO_WRITE);

    find("pwrite", &next);
    return verdict == FAILS
               ? -1
               : next(descriptor, bytes, verdict == PASSES ? length : length / 2, offset);
}

EXPORT ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset)
{
    return pwrite(descriptor, bytes, length, offset);
}

/* Half of many pieces: the first of them alone. */
EXPORT ssize_t writev(int descriptor, const struct iovec *pieces, int count)
{
    static ssize_t (*next)(int, const struct iovec *, int);
    enum verdict verdict = judge(descriptor, FAILING_IO_WRITE);

    find("writev", &next);
    if (verdict == FAILS_HALFWAY && count == 1)
        verdict = FAILS;
    return verdict == FAILS ? -1 : next(descriptor, pieces, verdict == PASSES ? count : 1);
}

EXPORT ssize_t pwritev(int descriptor, const struct iovec *pieces, int count, off_t offset)
{
    static ssize_t (*next)(int, const struct iovec *, int, off_t);
    enum verdict verdict = judge(descriptor, FAILING_IO_WRITE);

    find("pwritev", &next);
    if (verdict == FAILS_HALFWAY && count == 1)
        verdict = FAILS;
    return verdict == FAILS ? -1 : next(descriptor, pieces, verdict == PASSES ? count : 1, offset);
}

EXPORT ssize_t pwritev64(int descriptor, const struct iovec *pieces, int count, off64_t offset)
{
    return pwritev(descriptor, pieces, count, offset);
}

EXPORT int ftruncate(int descriptor, off_t length)
{
    static int (*next)(int, off_t);

    find("ftruncate", &next);
    return judge(descriptor, FAILING_IO_WRITE) == PASSES ? next(descriptor, length) : -1;
}

EXPORT int ftruncate64(int descriptor, off64_t length)
{
    return ftruncate(descriptor, length);
}

EXPORT int fallocate(int descriptor, int mode, off_t offset, off_t length)
{
    static int (*next)(int, int, off_t, off_t);

    find("fallocate", &next);
    return judge(descriptor, FAILING_IO_WRITE) == PASSES ? next(descriptor, mode, offset, length)
                                                         : -1;
}

EXPORT int fallocate64(int descriptor, int mode, off64_t offset, off64_t length)
{
    return fallocate(descriptor, mode, offset, length);
}

EXPORT int fsync(int descriptor)
{
    static int (*next)(int);

    find("fsync", &next);
    return judge(descriptor, FAILING_IO_SYNC) == PASSES ? next(descriptor) : -1;
}

EXPORT int fdatasync(int descriptor)
{
    static int (*next)(int);

    find("fdatasync", &next);
    return judge(descriptor, FAILING_IO_SYNC) == PASSES ? next(descriptor) : -1;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The mode that open and its like have as a last argument where they make a file. */
static mode_t mode_given(int flags, va_list *rest)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(*rest, mode_t) : 0;
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    static int (*next)(int, const char *, int, mode_t);
    int is_plain = path[0] == '/' || folder == AT_FDCWD;

    find("openat", &next);
    if ((flags & O_CREAT) != 0 &&
        (is_plain ? judge_path(path, FAILING_IO_NAME) : judge(folder, FAILING_IO_NAME)) != PASSES)
        return -1;
    return next(folder, path, flags, mode);
}

EXPORT int openat(int folder, const char *path, int flags, ...)
{
    mode_t mode;
    va_list rest;

    va_start(rest, flags);
    mode = mode_given(flags, &rest);
    va_end(rest);
    return open_at(folder, path, flags, mode);
}

EXPORT int openat64(int folder, const char *path, int flags, ...)
{
    mode_t mode;
    va_list rest;

    va_start(rest, flags);
    mode = mode_given(flags, &rest);
    va_end(rest);
    return open_at(folder, path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...)
{
    mode_t mode;
    va_list rest;

    va_start(rest, flags);
    mode = mode_given(flags, &rest);
    va_end(rest);
    return open_at(AT_FDCWD, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
    mode_t mode;
    va_list rest;

    va_start(rest, flags);
    mode = mode_given(flags, &rest);
    va_end(rest);
    return open_at(AT_FDCWD, path, flags, mode);
}

EXPORT int rename(const char *old, const char *name)
{
    static int (*next)(const char *, const char *);

    find("rename", &next);
    return judge_path(name, FAILING_IO_NAME) == PASSES ? next(old, name) : -1;
}

EXPORT int renameat(int old_folder, const char *old, int folder, const char *name)
{
    static int (*next)(int, const char *, int, const char *);

    find("renameat", &next);
    return judge(folder, FAILING_IO_NAME) == PASSES ? next(old_folder, old, folder, name) : -1;
}

EXPORT int linkat(int old_folder, const char *old, int folder, const char *name, int flags)
{
    static int (*next)(int, const char *, int, const char *, int);

    find("linkat", &next);
    return judge(folder, FAILING_IO_NAME) == PASSES ? next(old_folder, old, folder, name, flags)
                                                    : -1;
}

EXPORT int unlinkat(int folder, const char *name, int flags)
{
    static int (*next)(int, const char *, int);

    find("unlinkat", &next);
    return judge(folder, FAILING_IO_NAME) == PASSES ? next(folder, name, flags) : -1;
}

EXPORT int mkdir(const char *path, mode_t mode)
{
    static int (*next)(const char *, mode_t);

    find("mkdir", &next);
    return judge_path(path, FAILING_IO_NAME) == PASSES ? next(path, mode) : -1;
}
