#ifndef DIAL_H
#define DIAL_H

#include <lattn/address.h>
#include <lattn/status.h>

/*
 * Read unix:PATH, tcp:HOST:PORT or tls:HOST:PORT. Returns LATTN_OK, or LATTN_ADDRESS where nobody
 * can connect to that.
 */
enum lattn_status dial_read(const char *text, struct lattn_address *ret_address,
                            struct lattn_complaint *complaint);

/*
 * Connect to an address of dial_read, once. A name with several addresses is tried at each of them.
 *
 * ret_fd     out  given; it does not block, and sends small messages at once
 * complaint  out  why there is none
 *
 * Returns LATTN_OK; LATTN_CLOSED: nobody listens there yet; or LATTN_INPUT_OUTPUT.
 */
enum lattn_status dial_address(const struct lattn_address *address, int *ret_fd,
                               struct lattn_complaint *complaint);

#endif
