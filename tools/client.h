#ifndef CLIENT_H
#define CLIENT_H

#include "link.h"
#include "reader.h"
#include "verbs.h"

#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/*
 * A connection to a daemon. What is to be sent waits in out until client_turn finds the socket
 * ready; answers wait in answers. Nothing here blocks but client_turn and what is built on it.
 */
struct client {
    const char *verb;                     /* for talk; borrowed until client_close */
    const struct link_settings *settings; /* the same */
    const char *address;                  /* of these */
    enum lattn_format format;
    struct lattn_link *link; /* NULL: not open */
    int broken;              /* the daemon no longer reads; it may have said why */
    struct reader answers;
    struct lattn_text out;
    size_t out_sent;            /* of out, already with the kernel */
    uint64_t token;             /* of this connection: our ids on lines have it */
    uint64_t messages;          /* added to out; lines of this connection, as the daemon counts */
    uint64_t bytes;             /* the same, of all connections */
    size_t last_length;         /* of the message added last, with a line's end */
    uint64_t message_bytes_max; /* a longer message is not added; 0: not known */
    int wake_fd;                /* client_turn returns when it is readable; -1: none */
};

enum { CLIENT_NO_INPUT = -1 };

/*
 * Connect; where nobody listens yet, again for up to a second.
 *
 * Returns VERB_DONE; otherwise says why not and returns VERB_MISUSED (no address that one can
 * connect to) or VERB_REFUSED, with the client closed.
 */
enum verb_exit client_open(struct client *client, const char *verb,
                           const struct link_settings *settings, enum lattn_format format);

/* Drop the connection; accepts a closed client. */
void client_close(struct client *client);

/*
 * The same in steps, for those who connect again: begin without a connection, then connect, once.
 *
 * complaint  out  why there is none
 *
 * client_connect returns LATTN_OK, or as link_open with the client closed.
 */
void client_init(struct client *client, const char *verb, const struct link_settings *settings,
                 enum lattn_format format);
enum lattn_status client_connect(struct client *client, struct lattn_complaint *complaint);

/* Say why client_connect failed. Returns VERB_MISUSED or VERB_REFUSED. */
enum verb_exit client_refuse_open(const struct client *client, enum lattn_status status,
                                  const struct lattn_complaint *complaint);

/* Bytes that wait to be sent. */
size_t client_pending(const struct client *client);

/* An id that tells which message of the connection is added next. */
void client_id_write(const struct client *client, char ret_id[LATTN_ID_MAX]);

/* The message that an answer is to, by such an id; 0 where it has another one. */
uint64_t client_id_read(const struct client *client, const struct lattn_reply *reply);

/*
 * Messages are added whole or not at all. Each of the following returns LATTN_OK, LATTN_NO_MEMORY,
 * or LATTN_TOO_BIG where the daemon would not take it.
 */

/* Add a request. */
enum lattn_status client_request(struct client *client, const struct lattn_request *request);

/*
 * On a connection of lines: add one that somebody else wrote, without its end, also with something
 * put in behind its first bytes; or a pair, as lattn_write_pair.
 */
enum lattn_status client_add(struct client *client, const char *line, size_t length);
enum lattn_status client_add_with(struct client *client, const char *line, size_t length,
                                  size_t first, const char *inserted);
enum lattn_status client_pair(struct client *client, const struct lattn_item *item,
                              const char *producer, uint64_t seq);

/*
 * On a connection of frames: ask to learn the pairs in a map that somebody else wrote, under an id
 * as of client_id_write, with producer and seq as lattn_write_learn. Also returns LATTN_FIELD.
 */
enum lattn_status client_learn(struct client *client, const char *map, size_t length,
                               const char *producer, uint64_t seq);

/*
 * The bytes of the message added last, to be kept; borrowed until the next call. Taken back it was
 * never added. Later, on a connection where nothing is under way, client_repeat adds them again,
 * with the id that they have; returns LATTN_OK or LATTN_NO_MEMORY.
 */
const char *client_last(const struct client *client, size_t *ret_length);
void client_take_back(struct client *client);
enum lattn_status client_repeat(struct client *client, const char *bytes, size_t length);

/*
 * Wait until something can be done, then do it: send, receive.
 *
 * input_fd         in   also wait for this descriptor to become readable, or CLIENT_NO_INPUT
 * ret_input_ready  out  whether it is; may be NULL without one
 *
 * Returns LATTN_OK; LATTN_CLOSED: the daemon is gone and all it said was taken; LATTN_DENIED: the
 * same, and it does not want us (lattn_link_reason); LATTN_NO_MEMORY or LATTN_INPUT_OUTPUT with
 * errno set.
 */
enum lattn_status client_turn(struct client *client, int input_fd, int *ret_input_ready);

/*
 * Take the next answer.
 *
 * Returns LATTN_OK, release it with lattn_reply_done; LATTN_MORE: none is there yet; otherwise why
 * it cannot be read.
 */
enum lattn_status client_next(struct client *client, struct lattn_reply *ret_reply);

/*
 * Send the only request under way and wait for its answer.
 *
 * Returns LATTN_OK with a reply that may be an error, release it with lattn_reply_done; otherwise
 * why there is none.
 */
enum lattn_status client_exchange(struct client *client, const struct lattn_request *request,
                                  struct lattn_reply *ret_reply);

/*
 * The same, for its result.
 *
 * Returns VERB_DONE with a reply of kind LATTN_REPLY_RESULT; otherwise says why not and returns
 * VERB_REFUSED.
 */
enum verb_exit client_ask(struct client *client, const struct lattn_request *request,
                          struct lattn_reply *ret_reply);

/* Say why a call on the client failed. Returns VERB_REFUSED. */
enum verb_exit client_refuse(const struct client *client, enum lattn_status status);

/* Print the result of a reply on stdout, as the daemon sent it. */
enum lattn_status client_print_result(const struct lattn_reply *reply);

#endif
