#ifndef SERVE_INTAKE_H
#define SERVE_INTAKE_H

#include <lattn/status.h>

#include "serve/chunk.h"
#include "serve/dues.h"
#include "serve/inbox.h"

#include <stddef.h>
#include <stdint.h>

/*
 * One client's messages on their way into chunks: what came, and what is paid for it. On the loop's
 * thread.
 */
struct intake {
    struct inbox inbox;
    struct dues dues;
};

/* Bytes came. Returns as inbox_add. */
enum lattn_status intake_add(struct intake *intake, const char *bytes, size_t length);

/* Bytes came that nobody reads any more: they are paid for all the same. */
void intake_pass(struct intake *intake, size_t length);

/*
 * Fill a chunk with the messages of one turn, and of others that may be taken at once, and note
 * what they cost.
 *
 * turns    in  so many at most, at least 1; the first has been settled (dues.h)
 * is_last  in  nothing more will come: what is left without an end is a message, too
 *
 * Returns LATTN_OK where the turns are over, LATTN_MORE where there are no more messages, or
 * LATTN_NO_MEMORY.
 */
enum lattn_status intake_fill(struct intake *intake, size_t turns, int is_last,
                              struct chunk *chunk);

/*
 * Refuse the message under way, which was not whole in time, as the last one. Returns as
 * chunk_refuse.
 */
enum lattn_status intake_abandon(struct intake *intake, uint64_t timeout_ms, struct chunk *chunk);

#endif
