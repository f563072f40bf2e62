#ifndef LINK_DIAL_H
#define LINK_DIAL_H

#include <lattn/address.h>
#include <lattn/link.h>
#include <lattn/status.h>

/*
 * Connect to an address of lattn_link_address, once. A name with several addresses is tried at each
 * of them.
 *
 * settings   in    is_over and its arg alone
 * ret_fd     out   given; it does not block, and sends small messages at once
 * complaint  out   why there is none
 *
 * Returns LATTN_OK; LATTN_CLOSED: nobody listens there yet, or it is over; or LATTN_INPUT_OUTPUT.
 */
enum lattn_status dial_address(const struct lattn_address *address,
                               const struct lattn_link_settings *settings, int *ret_fd,
                               struct lattn_complaint *complaint);

#endif
