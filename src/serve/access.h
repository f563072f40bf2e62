#ifndef SERVE_ACCESS_H
#define SERVE_ACCESS_H

#include <lattn/status.h>

#include "serve/lobby.h"
#include "serve/peer.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Who may come in by TCP: certificate and key of the daemon, authorities of clients, tokens, and
 * the count of those who were refused. On the loop's thread, but for access_denied.
 *
 * Whoever serves another protocol by TCP asks the same questions: tls_open with access_identity,
 * access_admits with the token that was shown, access_refuse for those who have to go.
 */
struct access;

/*
 * Paths; NULL where there is none. Borrowed as long as the access is open.
 *
 * tls_cert, tls_key  come together
 * tls_ca             goes with them: clients must have a certificate from there
 * token_file         clients must show one of its tokens
 */
struct access_settings {
    const char *tls_cert;
    const char *tls_key;
    const char *tls_ca;
    const char *token_file;
};

/*
 * Read the files.
 *
 * complaint  out  which file, and why not
 *
 * Returns LATTN_OK; LATTN_DENIED: a secret that everybody has access to; LATTN_INPUT_OUTPUT,
 * LATTN_FIELD, LATTN_RANGE or LATTN_TOO_BIG for what is in a file; LATTN_NO_MEMORY.
 */
enum lattn_status access_open(struct access **ret_access, const struct access_settings *settings,
                              struct lattn_complaint *complaint);

/* Release it, when no connection uses it any more; accepts a pointer to NULL. */
void access_close(struct access **access);

/*
 * Read the files again: all are taken, for connections to come, or none. Returns as access_open.
 */
enum lattn_status access_reload(struct access *access, struct lattn_complaint *complaint);

/* The same while the daemon runs: what became of it is in the log, with access_watch. */
void access_renew(struct access *access);

enum {
    /* Two weeks before it expires there is time left to get another certificate. */
    ACCESS_WARNED_S = 14 * 24 * 60 * 60,
    ACCESS_DATE_MAX = 32
};

enum access_expiry { ACCESS_VALID, ACCESS_EXPIRES_SOON, ACCESS_EXPIRED };

/*
 * How long is the certificate good for?
 *
 * now_s     in   seconds of Unix time
 * ret_date  out  when it expires, in UTC; not written where it is good for long
 */
enum access_expiry access_expiry(const struct access *access, int64_t now_s,
                                 char ret_date[ACCESS_DATE_MAX]);

/* Warn in the log of a certificate that expires soon, or has expired. */
void access_watch(const struct access *access);

/* Is anything asked of those who come by TCP? */
int access_is_guarded(const struct access *access);

/* Certificate and key for tls_open; NULL: bytes go as they are. */
struct tls_identity *access_identity(const struct access *access);

int access_asks_token(const struct access *access);

/* Is this a token that lets one in? */
int access_admits(const struct access *access, const char *token, size_t length);

/* Where those wait who have not been let in yet. */
struct lobby *access_lobby(struct access *access);

/* Count a peer that was refused, and log it: once per host and minute. */
void access_refuse(struct access *access, const struct peer *peer, const char *why);

/* How many were refused; any thread may ask. */
uint64_t access_denied(const struct access *access);

#endif
