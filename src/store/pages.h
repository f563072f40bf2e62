#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include <lattn/status.h>

/*
 * Look at every page by which LMDB finds its way, without LMDB, which believes what it reads: is
 * each of them what its place says, is the file the newest state of itself, and does each page
 * serve one purpose? Values are not looked at; they have seals (store/seal.h).
 *
 * path       in   of the file, which nobody writes to meanwhile
 * ret_minor  out  what LMDB may read, but must not write to: a wrong list of free pages, or the
 *                 head of a value; "" if nothing
 *
 * Returns LATTN_OK; LATTN_DAMAGED: not to be opened; LATTN_OTHER_VERSION; LATTN_INPUT_OUTPUT or
 * LATTN_NO_MEMORY. A byte of memory for each page.
 */
enum lattn_status pages_check(const char *path, struct lattn_complaint *ret_minor,
                              struct lattn_complaint *complaint);

#endif
