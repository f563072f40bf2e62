#ifndef KEPT_H
#define KEPT_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Messages to one stream, numbered from 1 in the order in which they were added, and kept until
 * nobody can ask for them again. What is not known to be stored is sent again; what is stored is
 * kept until whoever reads the stream has it on disk, since the stream itself may be set back.
 */

enum kept_fate {
    KEPT_WAITING, /* to be sent */
    KEPT_SENT,    /* under way */
    KEPT_STORED   /* in the stream at `sequence` */
};

struct kept_message {
    char *bytes; /* owned */
    size_t length;
    uint64_t pairs;
    enum kept_fate fate;
    uint64_t sequence;
};

/*
 * Zeroed is empty.
 *
 * settled        messages that have left; so the first one kept has the number settled + 1
 * settled_pairs  in them
 * bytes          of all kept, with what keeping them takes
 * waiting, sent  how many of this fate
 * sent_bytes     of those under way
 */
struct kept {
    struct kept_message *messages;
    size_t start;
    size_t end;
    size_t capacity;
    size_t next; /* no message before it is waiting; start <= next <= end */
    uint64_t settled;
    uint64_t settled_pairs;
    uint64_t bytes;
    uint64_t waiting;
    uint64_t sent;
    uint64_t sent_bytes;
};

void kept_done(struct kept *kept);

/* Add a message: a copy of the bytes is kept. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status kept_add(struct kept *kept, const char *bytes, size_t length, uint64_t pairs);

/* How many are kept. */
uint64_t kept_count(const struct kept *kept);

/* The first that waits to be sent, NULL where there is none; borrowed until the next call. */
const struct kept_message *kept_next(struct kept *kept, uint64_t *ret_number);

/* The one that kept_next gave is under way. */
void kept_send(struct kept *kept);

/*
 * It is stored. Returns the pairs that are so for the first time: 0 where it was known, or where
 * there is no such message any more.
 */
uint64_t kept_store(struct kept *kept, uint64_t number, uint64_t sequence);

/* One that is under way did not arrive; or nobody knows whether any of those under way did. */
void kept_return(struct kept *kept, uint64_t number);
void kept_return_sent(struct kept *kept);

/* The stream was set back: all wait again. Returns how many were stored. */
uint64_t kept_return_all(struct kept *kept);

/* Let go of the first ones that are stored up to this sequence. */
void kept_settle(struct kept *kept, uint64_t sequence);

/* The number of the message that is stored last in the stream, with its sequence; 0: none is. */
uint64_t kept_newest(const struct kept *kept, uint64_t *ret_sequence);

#endif
