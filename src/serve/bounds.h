#ifndef SERVE_BOUNDS_H
#define SERVE_BOUNDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the daemon holds at most, beside the state. What depends on the machine or on the clients
 * is an option, with its default here; README.md adds it all up, --explain with numbers.
 */
enum {
    /* Back-pressure: nobody is read from above the first, until the second is reached. */
    QUEUE_BYTES_HIGH = 4 << 20,
    QUEUE_BYTES_LOW = 1 << 20,
    /* Of these one client's share: enough to keep the learner busy alone, a quarter of the queue.
     */
    QUEUE_BYTES_SHARE = 1 << 20,
    /*
     * What a client hands on in one turn, in messages and what each takes: large enough that a turn
     * costs little, small enough that a thousand others are not kept waiting.
     */
    TURN_BYTES = 16 << 10,
    /*
     * Turns at once, shared by those who wait: a chunk costs the threads the same, whatever is in
     * it, and a client alone keeps nobody waiting.
     */
    TURNS_AT_ONCE = 4,
    /* A request's byte takes up to 250 ns to read (arrays of small numbers), a pair's 5 to 20. */
    REQUEST_WEIGHT = 16,
    /*
     * A request behind which more has come already costs seven turns more: an answer may need what
     * was learned since the last one to be solved anew, for whoever asks before he has read it.
     */
    REQUEST_HURRY_BYTES = 7 * TURN_BYTES,
    /* To say why a message is refused takes longer than its bytes. */
    REFUSAL_BYTES = 1 << 10,
    /* Messages of one client that may be on their way: so what their answers take is bounded. */
    MESSAGES_AWAY_MAX = 4096,
    /* Requests of one client that may be on their way: an answer can be a model of megabytes. */
    REQUESTS_AWAY_MAX = 16,
    /* The same of all clients: nobody is read from above the first, until the second is reached. */
    REQUESTS_QUEUED_HIGH = 64,
    REQUESTS_QUEUED_LOW = 32,
    /* A client that leaves so many bytes of answers unread is not read from. */
    OUTPUT_BYTES_ENOUGH = 1 << 20,
    /* One that asks for more meanwhile: what the system keeps for it besides is 200 KiB. */
    OUTPUT_BYTES_ASKED = 64 << 10,
    /* What libuv reads at once; and the least, where a piece of a message is in the way. */
    READ_BYTES_MAX = 64 << 10,
    READ_BYTES_MIN = 16 << 10,
    /*
     * A client's own input: a piece of a message as long as most messages ever get, and one read
     * more. Longer messages are gathered in memory that all share (--max-input).
     */
    INPUT_BYTES_OWN = 2 * READ_BYTES_MAX,
    /* What a client takes besides: the session, its handles, what libuv and the heap add. */
    CLIENT_BYTES = 8 << 10,
    /*
     * Connections accepted in one round of the loop: those who come only to go again are gone
     * before the next, and keep nobody from a place.
     */
    ARRIVALS_ENOUGH = 16,
    /* The journal may grow to this, or to twice the state: start-up has no more to read. */
    JOURNAL_BYTES_ENOUGH = 256 << 20,
    /*
     * Nor more than this share of what the disk has left: it is kept twice, and a disk that the
     * journal fills has no room for the checkpoint that would free it.
     */
    JOURNAL_SPARE_SHARE = 8,
    /* But this much, and as much as a checkpoint, or hardly more than checkpoints is written. */
    JOURNAL_BYTES_FEW = 1 << 20,
    /* Connections of an address that may wait to be accepted; the system may allow fewer. */
    BACKLOG_MAX = 512,
    /* Descriptors that are no clients': files, listeners, the loop's own, those being closed. */
    DESCRIPTORS_OWN = 64
};

/* How long a client must have had nothing under way before another one may take its place. */
#define PLACE_IDLE_NS UINT64_C(60000000000)

/* Refused and dropped clients are reported at most once in this time. */
#define REPORT_EVERY_NS UINT64_C(1000000000)

#endif
