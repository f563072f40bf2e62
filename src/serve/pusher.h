#ifndef SERVE_PUSHER_H
#define SERVE_PUSHER_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "store/state.h"

#include <stdint.h>

/*
 * Shows the state of a shard to whoever adds up shards, seen from the learner thread, to which it
 * belongs: now and then a copy goes to a thread that carries it there.
 *
 *     greet   is the state of now held there?          while nothing is new, a sign of life
 *     carry   a copy of the state, where it is not
 */
struct pusher;
struct sources;

/*
 * address     as courier.h; NULL: there is no pusher
 * ca_file     as courier.h; so is token_file
 * every_ns    how often
 * sources     where its pairs are taken from; NULL: from nowhere. They know before the state does
 *             what was lost
 * done        called on another thread: pusher_tend has something to do
 */
struct pusher_settings {
    const char *address;
    const char *ca_file;
    const char *token_file;
    uint64_t every_ns;
    struct sources *sources;
    void (*done)(void *arg);
    void *arg;
};

/* Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status pusher_open(struct pusher **ret_pusher, const struct pusher_settings *settings);
/* Gives up what is under way; accepts a pointer to NULL. */
void pusher_close(struct pusher **pusher);

/*
 * Take in what has been done, begin what is due. The fold's block must be empty.
 *
 * state  of a shard
 * epoch  how often it was replaced or forgotten (fold_epoch)
 */
void pusher_tend(struct pusher *pusher, const struct state *state, uint64_t epoch, uint64_t now_ns);

/* When pusher_tend has to be called, if nothing happens before; UINT64_MAX: never. */
uint64_t pusher_due(struct pusher *pusher);

/* Show the last state if it is new, and wait until that is done or has failed. */
void pusher_finish(struct pusher *pusher, const struct state *state, uint64_t epoch);

/* What status says about it. */
void pusher_describe(const struct pusher *pusher, uint64_t now_ns, struct lattn_pushed *ret_pushed);

#endif
