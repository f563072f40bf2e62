#ifndef LINK_H
#define LINK_H

#include <lattn/status.h>

#include <stddef.h>
#include <sys/types.h>

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

/* Bytes to and from a daemon, whatever carries them. Nothing blocks but link_open. */
struct link {
    int fd;                 /* to be polled; -1: not open */
    struct tls *tls;        /* NULL: bytes go as they are */
    const char *token_file; /* to be shown to the daemon; NULL: none */
    int has_heard;          /* something came back */
    int is_for_tls;         /* and that was TLS, though we speak none */
};

/*
 * Connect, once, and where the address asks for it make sure who answers.
 *
 * complaint  out  why there is no connection
 *
 * Returns LATTN_OK, or with the link closed: LATTN_ADDRESS: nobody can connect to that, or the
 * files do not go with it; LATTN_CLOSED: nobody listens there yet; LATTN_DENIED: one of the two
 * sides does not trust the other, or a file is open to everybody; LATTN_INPUT_OUTPUT;
 * LATTN_NO_MEMORY.
 */
enum lattn_status link_open(struct link *link, const struct link_settings *settings,
                            struct lattn_complaint *complaint);

/* Drop the connection; accepts a closed link. */
void link_close(struct link *link);

/*
 * Take or give what there is or fits. Returns how many bytes that were, for link_read 0 at the end;
 * -1 with errno, EAGAIN where it would have to wait.
 */
ssize_t link_read(struct link *link, void *bytes, size_t length);
ssize_t link_write(struct link *link, const void *bytes, size_t length);

/* Is there something to read that polling does not tell of? */
int link_has_bytes(const struct link *link);

/* Why the daemon wants nothing to do with us; NULL if it has not said so. */
const char *link_reason(const struct link *link);

#endif
