#ifndef SUPPORT_FAILING_IO_H
#define SUPPORT_FAILING_IO_H

#include <stdint.h>

/*
 * A disk that fails on purpose: a shared library that stands before the C library's calls on files,
 * linked to a test or loaded before a program (LD_PRELOAD). Only calls on paths that begin with a
 * given one are counted and fail.
 *
 * A program that was loaded with it is armed by its environment:
 *
 *     FAILING_IO_PATH    prefix of the paths; without it nothing fails
 *     FAILING_IO_AFTER   the call that fails, 1 is the next one; 0, the default: none, only counts
 *     FAILING_IO_ALL     1: and every call after it
 *     FAILING_IO_ERROR   number of the error, default EIO
 *     FAILING_IO_CALLS   sum of enum failing_io_calls, default the first three
 *     FAILING_IO_WHILE   calls count and fail only while this file exists
 */
enum failing_io_calls {
    FAILING_IO_WRITE = 1, /* write pwrite writev pwritev ftruncate fallocate */
    FAILING_IO_SYNC = 2,  /* fsync fdatasync */
    FAILING_IO_NAME = 4,  /* open with O_CREAT, rename, renameat, linkat, unlinkat, mkdir */
    FAILING_IO_SHORT = 8, /* the first write that fails writes half of its bytes, as a full disk */
    FAILING_IO_KILL =
        16, /* instead of failing the call kills its process, before it does anything */
    FAILING_IO_WAIT = 32 /* instead it waits as long as the file of FAILING_IO_WHILE exists */
};

/* Fail the call number `after` from now, and with `and_all` every later one. */
void failing_io_arm(const char *path, uint64_t after, int and_all, int error, unsigned calls);

/* Let everything pass. Returns how many calls failed since failing_io_arm. */
uint64_t failing_io_disarm(void);

/* Calls that could have failed since failing_io_arm. */
uint64_t failing_io_count(void);

#endif
