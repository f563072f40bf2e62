#ifndef STORE_ARRIVALS_H
#define STORE_ARRIVALS_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

struct serial_reader;
struct serial_writer;

/*
 * What has been taken from streams that number their messages: of each stream how far, of each
 * publisher which of its own numbers. It is kept with what was learned from them, so that a message
 * that comes again, after a kill or from a copy that was restored, is learned once.
 */
struct arrivals;

enum {
    ARRIVALS_STREAMS_MAX = 64,
    ARRIVALS_PUBLISHERS_MAX = 4096, /* the one idle longest is forgotten first */
    /* Runs of numbers that a publisher can have; numbers are missing between them. */
    ARRIVALS_SPANS_MAX = 16
};

/*
 * How far a stream has been taken.
 *
 * stream       its name, with whatever tells it from another of that name
 * seq          every message up to this one was learned, refused for good, or is gone
 * time_ns      its time stamp, of the stream's server
 * known        the last message that is known to have been there, learned or not; >= seq
 * lost         messages that were gone before they were taken, and numbers of publishers that were
 *              given up: should their messages come yet, they count as taken
 * rolled_back  so often the stream went back to an earlier state of its own
 * given_up     of those lost: numbers that these arrivals have given up, since they were empty or
 *              read; it is told by arrivals_add alone, and not among the bytes
 */
struct arrivals_mark {
    char stream[LATTN_NAME_MAX];
    uint64_t seq;
    int64_t time_ns;
    uint64_t known;
    uint64_t lost;
    uint64_t rolled_back;
    uint64_t given_up;
};

/*
 * Numbers first ... last of a publisher. publisher is shorter than LATTN_NAME_MAX, and begins with
 * the name of its stream and a slash where it has one.
 */
struct arrivals_span {
    const char *publisher;
    uint64_t first;
    uint64_t last;
};

/* Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status arrivals_open(struct arrivals **ret_arrivals);
/* Accepts a pointer to NULL. */
void arrivals_close(struct arrivals **arrivals);

/* An independent copy. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status arrivals_copy(const struct arrivals *arrivals, struct arrivals **ret_copy);

/* Of a stream. Returns LATTN_OK, or LATTN_NO_DATA for one that was never taken from. */
enum lattn_status arrivals_mark_of(const struct arrivals *arrivals, const char *stream,
                                   struct arrivals_mark *ret_mark);

/* All marks, in the order in which the streams came; borrowed until the next call that changes. */
const struct arrivals_mark *arrivals_marks(const struct arrivals *arrivals, size_t *ret_count);

/* The marks of all streams added up, without a name or a time; zeros where there are none. */
struct arrivals_mark arrivals_total(const struct arrivals *arrivals);

/* Was this number taken? O(1) for publishers heard of lately. */
int arrivals_has(const struct arrivals *arrivals, const char *publisher, uint64_t number);

/*
 * Numbers of a stream's publishers that count as taken although they never came, since there were
 * too many gaps between others: see given_up.
 */
uint64_t arrivals_given_up(const struct arrivals *arrivals, const char *stream);

/*
 * Make room, so that arrivals_put and arrivals_add, so many times, cannot fail.
 *
 * Returns LATTN_OK; LATTN_RANGE where there would be more than ARRIVALS_STREAMS_MAX streams;
 * LATTN_NO_MEMORY; with nothing changed that anybody can see.
 */
enum lattn_status arrivals_reserve(struct arrivals *arrivals, size_t marks, size_t spans);

/* Let this be the stream's mark, but for given_up. Returns as arrivals_reserve. */
enum lattn_status arrivals_put(struct arrivals *arrivals, const struct arrivals_mark *mark);

/*
 * These numbers were taken. Where they would make more spans than a publisher can have, the lowest
 * gap is given up, and lost to its stream. Returns as arrivals_reserve.
 */
enum lattn_status arrivals_add(struct arrivals *arrivals, const struct arrivals_span *span);

/*
 * Take over what was taken from other streams by others.
 *
 * Returns LATTN_OK; LATTN_CONFLICT where a stream or publisher is in both, naming it; LATTN_RANGE;
 * LATTN_NO_MEMORY. Nothing has changed then.
 */
enum lattn_status arrivals_merge(struct arrivals *arrivals, const struct arrivals *other,
                                 struct lattn_complaint *complaint);

/*
 * As bytes, drawn in store/README.md. Reading adds to arrivals that have nothing yet; what was
 * wrong, or a lack of memory, is with the reader.
 */
uint64_t arrivals_bytes(const struct arrivals *arrivals);
void arrivals_write(const struct arrivals *arrivals, struct serial_writer *writer);
void arrivals_read(struct arrivals *arrivals, struct serial_reader *reader);

#endif
