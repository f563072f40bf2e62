#ifndef WINDOW_H
#define WINDOW_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * What was sent and is not known to be learned or refused for good, in the order in which it was
 * sent, with its bytes, so that it can be sent again. Zeroed is empty.
 */

/* What an answer said about a unit; most lines never get one of their own. */
enum window_fate {
    WINDOW_OPEN, /* nothing yet */
    WINDOW_LEARNED,
    WINDOW_REFUSED,
    WINDOW_POSTPONED, /* refused for now, and to be sent again ... */
    WINDOW_HELD       /* ... as soon as it may be */
};

/*
 * message  of the connection that it was, or the id that it has; larger than that of the one before
 * input    the unit of the input that it came from, from 1
 * seq      our number of its first pair; 0: it has none of ours
 * count    of its pairs, at least 1
 * length   of its bytes
 * at       where they begin, as the window counts
 */
struct window_unit {
    uint64_t message;
    uint64_t input;
    uint64_t seq;
    uint64_t count;
    size_t length;
    uint64_t at;
    enum window_fate fate;
};

/* Units lie in units[start .. end), their bytes in bytes; bytes[0] is at byte_first. */
struct window {
    struct window_unit *units;
    size_t start;
    size_t end;
    size_t capacity;
    char *bytes;
    size_t bytes_length;
    size_t bytes_capacity;
    uint64_t byte_first;
};

enum {
    /* A daemon keeps 4 MiB waiting and the kernel less: several times of what is ever under way. */
    WINDOW_BYTES_MAX = 64 << 20,
    /* The same of the shortest lines; their table is 14 MiB then. */
    WINDOW_UNITS_MAX = 1 << 18
};

/* Nothing should be added until something has left; what is added nevertheless is kept. */
int window_is_full(const struct window *window);

/*
 * Add what was sent last.
 *
 * unit   in  message, input, seq and count
 * bytes  in  length of them
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing added.
 */
enum lattn_status window_add(struct window *window, const struct window_unit *unit,
                             const char *bytes, size_t length);

/* How many units there are, and the i-th of them; borrowed until one is added or leaves. */
size_t window_count(const struct window *window);
struct window_unit *window_unit(const struct window *window, size_t i);
const char *window_bytes(const struct window *window, const struct window_unit *unit);

/* The unit that was this message, borrowed as above; NULL if it is not here. */
struct window_unit *window_find(const struct window *window, uint64_t message);

/* Does a unit stay? It may be changed, but for its message and its bytes. */
typedef int (*window_keep_fn)(struct window_unit *unit, void *arg);

/* Let those units leave that were messages before this one, and of which keep says 0. */
void window_settle(struct window *window, uint64_t message, window_keep_fn keep, void *arg);

void window_done(struct window *window);

#endif
