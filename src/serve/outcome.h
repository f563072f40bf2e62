#ifndef SERVE_OUTCOME_H
#define SERVE_OUTCOME_H

#include <lattn/status.h>

#include "serve/chunk.h"
#include "store/tally.h"

#include <stddef.h>
#include <stdint.h>

/* FATE_UNKEPT: refused as well, but for the disk, and to be sent again. */
enum fate { FATE_LEARNED, FATE_DUPLICATE, FATE_REFUSED, FATE_UNKEPT };

/*
 * What becomes of one entry.
 *
 * is_counted  it uses up its numbers, learned or not
 * known       so many of its first items came before, and are left out
 * rows        label rows of the block up to and including this entry: what "applied" says
 * message_at  of a refused entry, in the fold's words
 */
struct outcome {
    struct chunk *chunk;
    const struct entry *entry;
    enum fate fate;
    enum lattn_status status;
    int is_counted;
    uint64_t known;
    size_t rows;
    size_t message_at;
};

/* Count its items. */
void outcome_count(const struct outcome *outcome, struct tally *tally);

/* How its message came from a stream; NULL where it is of a client. */
struct arrival *outcome_arrival(const struct outcome *outcome);

/*
 * Whoever took it from a stream acknowledges it there, or takes it again: tell him, and which
 * numbers of the stream were given up. arrivals: behind it.
 */
void outcome_tell(const struct outcome *outcome, const struct arrivals *arrivals);

#endif
