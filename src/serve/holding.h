#ifndef SERVE_HOLDING_H
#define SERVE_HOLDING_H

#include <lattn/status.h>

#include "store/state.h"

#include <stddef.h>

/*
 * A state that is held, by the table and by whoever adds states up meanwhile; immutable.
 *
 * holders  how many holding_release release it; counted on one thread
 */
struct holding {
    size_t holders;
    struct state state;
};

/* state is given, and left as zeros; refused, with LATTN_NO_MEMORY, it stays the caller's. */
enum lattn_status holding_open(struct holding **ret_holding, struct state *state);

/* One more holds it. */
struct holding *holding_hold(struct holding *holding);
/* Accepts a pointer to NULL, and leaves one. */
void holding_release(struct holding **holding);

#endif
