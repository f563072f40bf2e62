#ifndef SERVE_TOKENS_H
#define SERVE_TOKENS_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stddef.h>

enum {
    /* One for each group of clients, and the one before it while they change. */
    TOKENS_MAX = 64
};

/* Padded with zeros, so that comparing takes the same time whatever it says. */
struct token {
    unsigned char bytes[LATTN_TOKEN_MAX];
};

/* The tokens of a file; count 0: none are asked for. */
struct tokens {
    struct token tokens[TOKENS_MAX];
    size_t count;
};

/*
 * Read a file of tokens (lattn/secret.h).
 *
 * ret_tokens  out  at least one; clear with tokens_done
 *
 * Returns LATTN_OK, or why not with the result as it was: as lattn_secret_read and
 * lattn_secret_token; LATTN_RANGE: more than TOKENS_MAX, or none.
 */
enum lattn_status tokens_read(struct tokens *ret_tokens, const char *path,
                              struct lattn_complaint *complaint);

/* Clear all of them. */
void tokens_done(struct tokens *tokens);

/*
 * Is this one of them? All are compared to their ends, so that the time it takes tells nothing.
 *
 * token  in  length bytes
 */
int tokens_have(const struct tokens *tokens, const char *token, size_t length);

#endif
