#ifndef STREAM_URL_H
#define STREAM_URL_H

#include <lattn/status.h>

#include <stddef.h>

enum {
    STREAM_URL_SERVERS_MAX = 8,
    STREAM_URL_PREFIX_MAX = 33, /* with a closing zero */
    STREAM_URL_SERVER_MAX = 300
};

/*
 * Where streams are, as nats://HOST[:PORT][,HOST[:PORT]...][/PREFIX]; tls:// for servers with a
 * certificate.
 *
 * servers  each with its scheme and port
 * prefix   of the streams' names, "lattn" where none is given
 */
struct stream_url {
    int is_secure;
    char servers[STREAM_URL_SERVERS_MAX][STREAM_URL_SERVER_MAX];
    size_t servers_count;
    char prefix[STREAM_URL_PREFIX_MAX];
};

/*
 * Read it. Secrets do not belong there: a name or a password before a host is refused, and not
 * repeated.
 *
 * Returns LATTN_OK; LATTN_ADDRESS with a complaint; or LATTN_NO_MEMORY.
 */
enum lattn_status stream_url_read(const char *text, struct stream_url *ret_url,
                                  struct lattn_complaint *complaint);

/* Is it made of letters, digits, - and _, at least one of them and shorter than `size`? */
int stream_url_is_name(const char *text, size_t size);

#endif
