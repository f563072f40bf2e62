#ifndef STORE_TRIAL_H
#define STORE_TRIAL_H

#include <lattn/status.h>

#include "store/store.h"

/*
 * Let a child process read all of a store, so that a file that brings LMDB down brings down the
 * child. What it could read, its parent can.
 *
 * ret_examination  out  of store_examine; of a directory that holds no store none
 *
 * To be called while the process has one thread. Returns as store_open and store_examine, and
 * LATTN_DAMAGED where the child ended before it had said so much, or made no step for a minute.
 */
enum lattn_status trial(const char *path, struct examination *ret_examination,
                        struct lattn_complaint *complaint);

#endif
