#ifndef TLS_H
#define TLS_H

#include "link.h"

#include <stddef.h>
#include <sys/types.h>

/* TLS on a connected socket, as a client that verifies whom it talks to. */
struct tls;

/*
 * Shake hands, which waits.
 *
 * files      in   LINK_FILES_COUNT of them, NULL where there is none
 * host       in   the name or address that the certificate must be for
 * fd         in   does not block; kept until tls_close, and stays the caller's
 * complaint  out  why not
 *
 * Returns LATTN_OK, LATTN_DENIED, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY, as link_open.
 */
enum lattn_status tls_open(struct tls **ret_tls, const char *const *files, const char *host, int fd,
                           struct lattn_complaint *complaint);

/* Say that no more will come, and release it; accepts a pointer to NULL. */
void tls_close(struct tls **tls);

/* As those of link.h. A connection that breaks off without a word is ECONNRESET, no end. */
ssize_t tls_read(struct tls *tls, void *bytes, size_t length);
ssize_t tls_write(struct tls *tls, const void *bytes, size_t length);
int tls_has_bytes(const struct tls *tls);
const char *tls_reason(const struct tls *tls);

#endif
