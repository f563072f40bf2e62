#ifndef SERVE_COURIER_H
#define SERVE_COURIER_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include <stdint.h>

/*
 * Carries offers to whoever adds up shards: over a connection that it opens where there is none, or
 * into a directory. It blocks, and lives on a thread that may wait.
 */
struct courier;

/*
 * address     unix:PATH, tcp:HOST:PORT, tls:HOST:PORT or dir:PATH; kept
 * ca_file     of tls: alone, as link.h; kept
 * token_file  what is shown there first; NULL: nothing; kept
 */
struct courier_settings {
    const char *address;
    const char *ca_file;
    const char *token_file;
};

/* Is this an address that a courier can go to? Returns LATTN_OK or LATTN_ADDRESS. */
enum lattn_status courier_check(const char *address, struct lattn_complaint *complaint);

/* Connects to nothing. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status courier_open(struct courier **ret_courier,
                               const struct courier_settings *settings);
/* Accepts a pointer to NULL. */
void courier_close(struct courier **courier);

/* Give up what is waited for, now and later: any thread may say so. */
void courier_stop(struct courier *courier);

/*
 * Ask whether the state of these numbers is there; the offer has no bytes.
 *
 * ret_whole  out  1 if it is
 *
 * Returns LATTN_OK; LATTN_CLOSED, LATTN_TIMEOUT, LATTN_DENIED or LATTN_INPUT_OUTPUT with no
 * connection; or why it was refused there, in the words of whoever refused.
 */
enum lattn_status courier_greet(struct courier *courier, const struct lattn_offer *offer,
                                int *ret_whole, struct lattn_complaint *complaint);

/* Show the whole state; returns as courier_greet. */
enum lattn_status courier_carry(struct courier *courier, const struct lattn_offer *offer,
                                const char *bytes, size_t length,
                                struct lattn_complaint *complaint);

/* Was the last try answered, whatever the answer was? */
int courier_is_connected(const struct courier *courier);

#endif
