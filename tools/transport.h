#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "child.h"
#include "client.h"
#include "reader.h"

#include <lattn/status.h>
#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Lines to and from an oracle, whatever carries them: the pipes of a process, or a connection. What
 * is to be sent waits in `out` until there is room for it, so that neither side waits for the other
 * for ever.
 */
struct transport {
    const char *command; /* of a process; NULL: a connection with these settings */
    const struct link_settings *settings;
    int is_open;
    int is_broken; /* the other side reads no more; it may still say something */
    struct child child;
    struct client client;
    struct reader lines;
    struct lattn_text out;
    size_t out_sent;
};

enum {
    /* Answers at 320 positions of 1024 numbers of 25 bytes each fit twice. */
    TRANSPORT_LINE_BYTES_MAX = 16 << 20
};

/* Begin without one. Texts are kept until transport_done; one of the two is NULL. */
void transport_init(struct transport *transport, const char *command,
                    const struct link_settings *settings);
void transport_done(struct transport *transport);

/*
 * Start the process or connect.
 *
 * Returns LATTN_OK, or with the complaint LATTN_INPUT_OUTPUT, or as link_open.
 */
enum lattn_status transport_open(struct transport *transport, struct lattn_complaint *complaint);

/*
 * Drop it, with what waits to be sent and what was not taken.
 *
 * ret_words  out  how it ended: "exit status 3", or "the connection was closed"; may be NULL
 *
 * Returns 1 if it is of no use to open it again: the shell did not find the command.
 */
int transport_close(struct transport *transport, char ret_words[CHILD_WORDS_MAX]);

/* Bytes that wait to be sent. */
size_t transport_pending(const struct transport *transport);

/*
 * Wait until something can be done, a time is over or interrupt_fd has something to say; then do
 * it: send, receive.
 *
 * wait_ns  in  at most so long
 *
 * Returns LATTN_OK; LATTN_CLOSED: it has ended and all that it said was taken; LATTN_NO_MEMORY.
 */
enum lattn_status transport_turn(struct transport *transport, uint64_t wait_ns);

/*
 * Take the next line, blank ones left out.
 *
 * ret_text  out  as reader_next
 *
 * Returns LATTN_OK; LATTN_MORE: there is none yet, or half of one at the end; LATTN_TOO_BIG.
 */
enum lattn_status transport_next(struct transport *transport, char **ret_text, size_t *ret_length);

/* Why the other side of a connection wants nothing to do with us; NULL if it has not said so. */
const char *transport_reason(const struct transport *transport);

#endif
