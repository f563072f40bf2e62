#ifndef DIAL_H
#define DIAL_H

#include <lattn/status.h>

/*
 * Connect to unix:PATH or tcp:HOST:PORT, once. A name with several addresses is tried at each of
 * them.
 *
 * ret_fd     out  given; it does not block, and sends small messages at once
 * complaint  out  why there is none
 *
 * Returns LATTN_OK; LATTN_ADDRESS: nobody can connect to that; LATTN_CLOSED: nobody listens there
 * yet; or LATTN_INPUT_OUTPUT.
 */
enum lattn_status dial_address(const char *text, int *ret_fd, struct lattn_complaint *complaint);

#endif
