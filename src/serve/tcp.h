#ifndef SERVE_TCP_H
#define SERVE_TCP_H

#include <lattn/status.h>

#include <stdint.h>
#include <sys/socket.h>

/*
 * TCP: within this machine, or from anywhere. Whoever reaches a daemon may teach and reset it, so
 * one that listens beyond the loopback addresses has to know whom it talks to (config.h).
 */
enum tcp_reach { TCP_REACH_LOOPBACK, TCP_REACH_ANYWHERE };

enum {
    /* Addresses of one name: localhost has two. */
    TCP_SOCKETS_MAX = 8,
    /* "tcp:[", an IPv6 address, "]:", a port */
    TCP_TEXT_MAX = 64
};

struct tcp {
    int descriptors[TCP_SOCKETS_MAX];
    int count;
};

/*
 * Bind and listen on every address of the host, which is looked up now. Addresses that this system
 * does not have (localhost may name ::1 where there is no IPv6) are left out, if another remains.
 *
 * port          in   0: the system chooses one, the same for all
 * ret_tcp  out  at least one descriptor; given
 *
 * Returns LATTN_OK; LATTN_ADDRESS: unknown host, or not all of its addresses are within reach;
 * LATTN_IN_USE; LATTN_INPUT_OUTPUT.
 */
enum lattn_status tcp_open(struct tcp *ret_tcp, const char *host, uint16_t port,
                           enum tcp_reach reach, struct lattn_complaint *complaint);

/* Returns LATTN_OK, or LATTN_ADDRESS with the reason where the address is beyond reach. */
enum lattn_status tcp_check(const struct sockaddr *address, enum tcp_reach reach,
                            struct lattn_complaint *complaint);

/* "tcp:127.0.0.1:7000" for an address, and for the one a socket is bound to. */
void tcp_address_text(const struct sockaddr *address, char ret_text[TCP_TEXT_MAX]);
void tcp_text(int descriptor, char ret_text[TCP_TEXT_MAX]);

#endif
