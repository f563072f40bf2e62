#ifndef FILES_H
#define FILES_H

#include <lattn/model.h>
#include <lattn/query.h>
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
 * What can be applied to tokens, one of two: a model of linear attention, or what a probe found of
 * softmax attention. The other one is NULL. Owned.
 */
struct files_layer {
    enum lattn_architecture architecture;
    struct lattn_model *model;
    struct lattn_attention *attention;
};

/*
 * Read either. Says what is wrong with it as the verb's talk. Returns LATTN_OK, or the reason with
 * nothing to release.
 */
enum lattn_status files_read_layer(const char *verb, const char *path,
                                   struct files_layer *ret_layer);
void files_layer_done(struct files_layer *layer);

/*
 * Read a saved model; softmax attention is refused.
 *
 * Says what is wrong with it as the verb's talk. Returns LATTN_OK, or the reason; ret_model is
 * given.
 */
enum lattn_status files_read_model(const char *verb, const char *path,
                                   struct lattn_model **ret_model);

#endif
