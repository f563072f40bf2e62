#include "serve/tokens.h"

#include <lattn/secret.h>

#include "base/complaint.h"

#include <string.h>

static enum lattn_status tokens_take(struct tokens *tokens, const struct lattn_secret *secret,
                                     struct lattn_complaint *complaint)
{
    const char *token;
    size_t length;
    size_t at = 0;
    enum lattn_status status;

    while ((status = lattn_secret_token(secret, &at, &token, &length, complaint)) == LATTN_OK) {
        if (tokens->count == TOKENS_MAX)
            return complain(complaint, LATTN_RANGE, "more than %d tokens", TOKENS_MAX);
        memcpy(tokens->tokens[tokens->count++].bytes, token, length);
    }
    if (status != LATTN_MORE)
        return status;
    return tokens->count > 0 ? LATTN_OK : complain(complaint, LATTN_RANGE, "there is no token");
}

enum lattn_status tokens_read(struct tokens *ret_tokens, const char *path,
                              struct lattn_complaint *complaint)
{
    struct tokens tokens = {.count = 0};
    struct lattn_secret secret = {0};
    enum lattn_status status = lattn_secret_read(path, &secret, complaint);

    if (status == LATTN_OK)
        status = tokens_take(&tokens, &secret, complaint);
    if (status == LATTN_OK)
        *ret_tokens = tokens;
    lattn_secret_done(&secret);
    tokens_done(&tokens);
    return status;
}

void tokens_done(struct tokens *tokens)
{
    explicit_bzero(tokens, sizeof *tokens);
}

/* 0 where they are the same. */
static unsigned token_differs(const struct token *a, const struct token *b)
{
    volatile unsigned difference = 0;

    for (size_t i = 0; i < sizeof a->bytes; i++)
        difference |= (unsigned)a->bytes[i] ^ b->bytes[i];
    return difference;
}

int tokens_have(const struct tokens *tokens, const char *token, size_t length)
{
    struct token shown = {{0}};
    unsigned found = 0;

    if (length < LATTN_TOKEN_MIN || length >= sizeof shown.bytes)
        return 0;
    memcpy(shown.bytes, token, length);
    for (size_t i = 0; i < tokens->count; i++)
        found |= token_differs(&shown, &tokens->tokens[i]) == 0;
    explicit_bzero(&shown, sizeof shown);
    return found != 0;
}
