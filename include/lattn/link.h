#ifndef LATTN_LINK_H
#define LATTN_LINK_H

#include <lattn/address.h>
#include <lattn/status.h>

#include <stddef.h>

LATTN_BEGIN

/* Bytes to and from a daemon, whatever carries them. Nothing blocks but where it says so. */
struct lattn_link;

/* Is there no use in waiting any longer? Asked ten times a second. */
typedef int (*lattn_over_fn)(void *arg);

/*
 * How to reach a daemon. The files are of PEM and looked at where the address is tls: only.
 *
 * address           unix:PATH, tcp:HOST:PORT or tls:HOST:PORT
 * ca_file           authorities that its certificate may come from; NULL: whom the system trusts
 * certificate_file  what to show of our own, which takes the key, too; NULL: nothing
 * key_file          as lattn_secret_read reads it
 * is_over           kept by the link, with arg; NULL: never
 */
struct lattn_link_settings {
    const char *address;
    const char *ca_file;
    const char *certificate_file;
    const char *key_file;
    lattn_over_fn is_over;
    void *arg;
};

/*
 * Read the address of a daemon. Returns LATTN_OK, or LATTN_ADDRESS where nobody can connect to
 * that.
 */
LATTN_API enum lattn_status lattn_link_address(const char *text, struct lattn_address *ret_address,
                                               struct lattn_complaint *complaint);

/*
 * Connect, once, which waits; and where the address is tls: make sure who answers: its certificate
 * must be for the host of the address. A name with several addresses is tried at each of them.
 *
 * complaint  out  why there is no connection
 *
 * Returns LATTN_OK; LATTN_ADDRESS; LATTN_CLOSED: nobody listens there yet; LATTN_DENIED: one of the
 * two sides does not trust the other, or a file is open to everybody; LATTN_INPUT_OUTPUT;
 * LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_link_open(struct lattn_link **ret_link,
                                            const struct lattn_link_settings *settings,
                                            struct lattn_complaint *complaint);

/* Drop the connection; accepts a pointer to NULL. */
LATTN_API void lattn_link_close(struct lattn_link **link);

/*
 * May a secret go over it? Returns LATTN_OK, or LATTN_DENIED: it would go to another machine, for
 * everybody on the way to read.
 */
LATTN_API enum lattn_status lattn_link_guard(const struct lattn_link *link,
                                             struct lattn_complaint *complaint);

/* To be polled. */
LATTN_API int lattn_link_fd(const struct lattn_link *link);

/* Is there something to read that polling does not tell of? */
LATTN_API int lattn_link_has_bytes(const struct lattn_link *link);

/*
 * Wait until bytes can be read, or written.
 *
 * Returns LATTN_OK, and sometimes without need; LATTN_TIMEOUT; LATTN_CLOSED: it is over.
 */
LATTN_API enum lattn_status lattn_link_await(const struct lattn_link *link, int is_writing,
                                             int32_t ms_max);

/*
 * Take or give what there is or fits. Returns how many bytes that were, for lattn_link_read 0 at
 * the end; -1 with errno, EAGAIN where it would have to wait. A connection that breaks off without
 * the word of TLS is ECONNRESET, no end.
 */
LATTN_API ptrdiff_t lattn_link_read(struct lattn_link *link, void *bytes, size_t length);
LATTN_API ptrdiff_t lattn_link_write(struct lattn_link *link, const void *bytes, size_t length);

/* Why the daemon wants nothing to do with us; NULL if it has not said so. Accepts NULL. */
LATTN_API const char *lattn_link_reason(const struct lattn_link *link);

LATTN_END

#endif
