#ifndef PAST_H
#define PAST_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The last rows of each key. The table is bounded in keys and bytes: where it is full, the key that
 * has been idle longest is forgotten and begins anew should it come again.
 */

/* The last rows of one key, at most the table's window of them. */
struct past {
    const char *key;
    struct past *older;
    struct past *newer;
    double *rows; /* count x width, oldest first */
    int32_t count;
    int32_t capacity;
};

struct pasts {
    void *tree; /* of tsearch, by key */
    struct past *oldest;
    struct past *newest;
    size_t count;
    size_t count_max;
    size_t bytes; /* of all rows */
    size_t bytes_max;
    int32_t window;
    int32_t width;
};

/* Make a table without keys; each number is at least 1. Allocates nothing. */
void pasts_init(struct pasts *pasts, int32_t window, int32_t width, size_t count_max,
                size_t bytes_max);

/* Release all keys; accepts a zeroed table. */
void pasts_done(struct pasts *pasts);

/*
 * Find the past of a key, or make an empty one; either way the key is now the newest.
 *
 * ret_past  out  borrowed until the next call
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status pasts_find(struct pasts *pasts, const char *key, struct past **ret_past);

/*
 * Let a row of `width` numbers join the past that was found last; the oldest one leaves it where
 * the window is full. Returns LATTN_OK or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status pasts_push(struct pasts *pasts, struct past *past, const double *row);

#endif
