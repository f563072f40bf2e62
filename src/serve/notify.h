#ifndef SERVE_NOTIFY_H
#define SERVE_NOTIFY_H

#include <lattn/status.h>

#include <sys/socket.h>
#include <sys/un.h>

/*
 * Messages to whoever started us, such as systemd: lines of the form NAME=value, one datagram each,
 * to the Unix socket that $NOTIFY_SOCKET names.
 *
 * descriptor, address  mean something where length is not 0: somebody wants to know
 */
struct notify {
    int descriptor;
    struct sockaddr_un address;
    socklen_t length;
};

/* How much a message matters: to wait up to a second until it is taken, or not at all. */
enum notify_care { NOTIFY_MUST, NOTIFY_MAY };

/*
 * Look whether somebody wants to know; without the variable nobody does, and nothing is opened.
 *
 * Returns LATTN_OK; LATTN_ADDRESS where the variable names no Unix socket, LATTN_INPUT_OUTPUT
 * where there is no descriptor for it. Refused, it is as if nobody wanted to know.
 */
enum lattn_status notify_init(struct notify *ret_notify, struct lattn_complaint *complaint);

/* Accepts one that is zero or done. */
void notify_done(struct notify *notify);

/* Send a message, or do nothing where nobody wants to know. LATTN_OK, or LATTN_INPUT_OUTPUT. */
enum lattn_status notify_send(const struct notify *notify, const char *text, enum notify_care care);

#endif
