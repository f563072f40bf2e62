#ifndef SERVE_DENIALS_H
#define SERVE_DENIALS_H

#include "serve/peer.h"

#include <stdint.h>

enum {
    /* Addresses that get a line of the log in one minute; of more nobody would read. */
    DENIALS_MAX = 256
};

/* When a host was last told of in the log, and how often it was refused since; host "": free. */
struct denials_entry {
    char host[PEER_TEXT_MAX];
    uint64_t told_ns;
    uint64_t untold;
};

/* Who was refused: counted all, logged once per host and minute. Pure; zeroed it is empty. */
struct denials {
    struct denials_entry entries[DENIALS_MAX];
    uint64_t count;
};

/*
 * Count a refusal of this host.
 *
 * ret_untold  out  refusals of the host since it was told of last
 *
 * Returns 1 where it shall be logged, 0 where it was within the minute, or too many others were.
 */
int denials_add(struct denials *denials, const char *host, uint64_t now_ns, uint64_t *ret_untold);

#endif
