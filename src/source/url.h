#ifndef SOURCE_URL_H
#define SOURCE_URL_H

#include <lattn/status.h>

enum {
    /* Bytes of a URL with its closing zero, and of the servers in it, with a scheme each. */
    URL_BYTES_MAX = 256,
    /* Of a prefix, likewise. */
    URL_PREFIX_MAX = 33
};

/*
 * Where streams are: nats://HOST:PORT[,HOST:PORT ...][/PREFIX], or tls:// for all of it encrypted.
 *
 * servers  one URL or several, separated by commas
 * prefix   what names of streams and subjects begin with
 */
struct url {
    char servers[URL_BYTES_MAX];
    char prefix[URL_PREFIX_MAX];
};

/*
 * Read one as people type it; without a prefix it is "lattn". Nothing is looked up.
 *
 * Returns LATTN_OK, or LATTN_ADDRESS with the reason: also where it names a user or a password,
 * which everybody could see.
 */
enum lattn_status url_read(const char *text, struct url *ret_url,
                           struct lattn_complaint *complaint);

#endif
