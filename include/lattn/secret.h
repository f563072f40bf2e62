#ifndef LATTN_SECRET_H
#define LATTN_SECRET_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stddef.h>

LATTN_BEGIN

/*
 * What a file says that others must not know: a key, or tokens. Owned; bytes is NULL where nothing
 * was read, and ends in a zero, which length does not count, where something was.
 */
struct lattn_secret {
    char *bytes;
    size_t length;
};

/*
 * Read a file that nobody but its owner and its group may read or write.
 *
 * ret_secret  out  given, release with lattn_secret_done
 *
 * Returns LATTN_OK; LATTN_DENIED: others have access, the complaint names the mode;
 * LATTN_INPUT_OUTPUT; LATTN_FIELD: no regular file; LATTN_TOO_BIG: more than 256 KiB;
 * LATTN_NO_MEMORY. No complaint shows what the file says.
 */
LATTN_API enum lattn_status lattn_secret_read(const char *path, struct lattn_secret *ret_secret,
                                              struct lattn_complaint *complaint);

/* Clear and release it; accepts NULL and an empty one. */
LATTN_API void lattn_secret_done(struct lattn_secret *secret);

/*
 * Take the next token of a file of tokens: one in a line, of LATTN_TOKEN_MIN to LATTN_TOKEN_MAX - 1
 * printable characters without blanks around them. Empty lines and those that begin with # are
 * passed over.
 *
 * at          in/out  0 at first
 * ret_token   out     borrowed from the secret; ret_length bytes without a closing zero
 *
 * Returns LATTN_OK; LATTN_MORE: there are no more; LATTN_FIELD: which line is no token.
 */
LATTN_API enum lattn_status lattn_secret_token(const struct lattn_secret *secret, size_t *at,
                                               const char **ret_token, size_t *ret_length,
                                               struct lattn_complaint *complaint);

/*
 * The first token of such a file, which is the one that a client shows.
 *
 * Returns LATTN_OK, or LATTN_DENIED: the complaint names the file, and says why not.
 */
LATTN_API enum lattn_status lattn_secret_first(const char *path, char ret_token[LATTN_TOKEN_MAX],
                                               struct lattn_complaint *complaint);

LATTN_END

#endif
