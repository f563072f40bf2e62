#ifndef LINK_H
#define LINK_H

#include <lattn/link.h>
#include <lattn/status.h>

/* What may be needed to be let in; each is a file, named by an option or in the environment. */
enum link_file {
    LINK_TLS_CA,   /* authorities that the daemon's certificate may come from */
    LINK_TLS_CERT, /* our own certificate ... */
    LINK_TLS_KEY,  /* ... and its key */
    LINK_TOKEN_FILE,
    LINK_FILES_COUNT
};

/*
 * How to reach a daemon. The texts are borrowed as long as links are opened by them.
 *
 * address  unix:PATH, tcp:HOST:PORT or tls:HOST:PORT
 * files    NULL: what the environment names
 */
struct link_settings {
    const char *address;
    const char *files[LINK_FILES_COUNT];
};

/* How options and help speak of a file: "--tls-ca", "LATTN_TLS_CA". */
struct link_file_name {
    const char *option;
    const char *variable;
    const char *help;
};
extern const struct link_file_name link_file_names[LINK_FILES_COUNT];

/*
 * Connect, once, by the files that are meant.
 *
 * ret_token_file  out  to be shown to the daemon; NULL: none
 * complaint       out  why there is no connection
 *
 * Returns as lattn_link_open; LATTN_ADDRESS also where the files do not go with the address.
 */
enum lattn_status link_open(struct lattn_link **ret_link, const struct link_settings *settings,
                            const char **ret_token_file, struct lattn_complaint *complaint);

#endif
