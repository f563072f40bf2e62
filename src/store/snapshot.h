#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H

#include "store/state.h"

/*
 * The image of a state in memory, to be carried elsewhere.
 *
 * ret_bytes  out  given (memory_release); state_bytes of them
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status snapshot_make(const struct state *state, char **ret_bytes);

/* Read it back; returns as state_load. */
enum lattn_status snapshot_read(const char *bytes, size_t length, struct state *ret_state,
                                struct lattn_complaint *complaint);

#endif
