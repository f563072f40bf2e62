#ifndef SERVE_PEER_H
#define SERVE_PEER_H

#include "serve/tcp.h"

enum { PEER_TEXT_MAX = TCP_TEXT_MAX };

/*
 * Who is at the other end of a connection, as far as the kernel knows.
 *
 * text   for people: "tcp:192.0.2.7:40312", or "unix pid 71 uid 1000 gid 1000"
 * host   what its refusals are counted under: an IPv4 address, the first 64 bits of an IPv6
 *        address (one host has all of the others), "unix uid 1000"
 */
struct peer {
    char text[PEER_TEXT_MAX];
    char host[PEER_TEXT_MAX];
};

/* Ask the kernel about a connected socket. What it does not tell is "?". */
void peer_find(int descriptor, struct peer *ret_peer);

#endif
