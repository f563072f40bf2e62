#ifndef LINK_TUNNEL_H
#define LINK_TUNNEL_H

#include <lattn/link.h>
#include <lattn/status.h>

#include <stddef.h>
#include <sys/types.h>

/*
 * What both sides demand of TLS: only key exchanges with forward secrecy, so that nobody reads what
 * was recorded once the key gets lost; only authenticated ciphers.
 */
#define TUNNEL_PRIORITY                                                                            \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:"                              \
    "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD"

/* TLS on a connected socket, as a client that verifies whom it talks to. */
struct tunnel;

/*
 * Shake hands, which waits.
 *
 * host       in   the name or address that the certificate must be for
 * fd         in   does not block; kept until tunnel_close, and stays the caller's
 * complaint  out  why not
 *
 * Returns LATTN_OK, LATTN_DENIED, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY, as lattn_link_open.
 */
enum lattn_status tunnel_open(struct tunnel **ret_tunnel,
                              const struct lattn_link_settings *settings, const char *host, int fd,
                              struct lattn_complaint *complaint);

/* Say that no more will come, and release it; accepts a pointer to NULL. */
void tunnel_close(struct tunnel **tunnel);

/* As those of link.h. */
ssize_t tunnel_read(struct tunnel *tunnel, void *bytes, size_t length);
ssize_t tunnel_write(struct tunnel *tunnel, const void *bytes, size_t length);
int tunnel_has_bytes(const struct tunnel *tunnel);
const char *tunnel_reason(const struct tunnel *tunnel);

#endif
