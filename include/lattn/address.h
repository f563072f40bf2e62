#ifndef LATTN_ADDRESS_H
#define LATTN_ADDRESS_H

#include <lattn/status.h>

#include <stdint.h>

LATTN_BEGIN

/* Where a daemon is to be found. */
enum lattn_address_kind {
    LATTN_ADDRESS_UNIX, /* unix:PATH */
    LATTN_ADDRESS_TCP,  /* tcp:HOST:PORT, tcp:[::1]:PORT */
    LATTN_ADDRESS_TLS,  /* tls:HOST:PORT, the same encrypted, for whoever connects */
    LATTN_ADDRESS_FD,   /* fd:N, a listening socket that was passed on */
    LATTN_ADDRESS_STDIN /* stdin */
};

/*
 * path  of LATTN_ADDRESS_UNIX, as long as the system takes (107 bytes)
 * host  of LATTN_ADDRESS_TCP and LATTN_ADDRESS_TLS, without brackets; a name or a number, not
 * resolved here port  of the same; 0 lets the system choose fd    of LATTN_ADDRESS_FD
 */
struct lattn_address {
    enum lattn_address_kind kind;
    char path[108];
    char host[256];
    uint16_t port;
    int32_t fd;
};

/*
 * Read an address as people type it. Nothing is looked up or opened.
 *
 * Returns LATTN_OK, or LATTN_ADDRESS with the reason in the complaint.
 */
LATTN_API enum lattn_status lattn_address_read(const char *text, struct lattn_address *ret_address,
                                               struct lattn_complaint *complaint);

LATTN_END

#endif
