#ifndef SERVE_FILE_H
#define SERVE_FILE_H

#include <uv.h>

/*
 * A regular file or /dev/null as input, read on libuv's thread pool: a stream handle accepts such a
 * file and aborts the process later. On the loop's thread.
 *
 * came  length bytes came; 0: the file has ended; < 0: a libuv error, and nothing more will come.
 *       Returns whether the file is still there; if not, nothing of it is touched any more.
 */
struct file {
    uv_loop_t *loop;
    int descriptor;
    uv_fs_t request;
    char *bytes; /* NULL: not open */
    int is_wanted;
    int is_busy;
    int (*came)(void *arg, const char *bytes, ssize_t length);
    void *arg;
};

enum { FILE_READ_BYTES = 64 << 10 };

/* Returns 0 or a libuv error. The descriptor stays the caller's. */
int file_open(struct file *file, uv_loop_t *loop, int descriptor,
              int (*came)(void *arg, const char *bytes, ssize_t length), void *arg);

/* Release it while no read is under way; accepts a zeroed one. */
void file_done(struct file *file);

/* Ask for bytes, or for none for now: a read under way still reports. */
void file_read_start(struct file *file);
void file_read_stop(struct file *file);

#endif
