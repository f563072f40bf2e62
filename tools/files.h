#ifndef FILES_H
#define FILES_H

#include <lattn/model.h>
#include <lattn/status.h>
#include <lattn/wire.h>

/*
 * Write a file whole or not at all: beside its place, then renamed.
 *
 * Returns LATTN_OK, LATTN_INPUT_OUTPUT with errno set and the old file as it was, or
 * LATTN_NO_MEMORY.
 */
enum lattn_status files_replace(const char *path, const struct lattn_text *text);

/*
 * Read a saved model.
 *
 * Says what is wrong with it as the verb's talk. Returns LATTN_OK, or the reason; ret_model is
 * given.
 */
enum lattn_status files_read_model(const char *verb, const char *path,
                                   struct lattn_model **ret_model);

#endif
