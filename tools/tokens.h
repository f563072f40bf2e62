#ifndef TOKENS_H
#define TOKENS_H

#include <lattn/status.h>
#include <lattn/tasks.h>

#include <stdint.h>

/* A place that a symbol does not have. */
enum { TOKENS_NOWHERE = -1 };

/*
 * Symbols as one-hot tokens, in the coordinates of a daemon.
 *
 * places  per symbol the coordinate that is 1, as a client sends it, or TOKENS_NOWHERE
 * bias    the coordinate that is always 1, TOKENS_NOWHERE where the daemon adds it
 * width   coordinates of a token as sent
 * z       window x width, the tokens placed last
 */
struct tokens {
    int32_t places[LATTN_EVENTS_SYMBOLS_MAX];
    int32_t bias;
    int32_t window;
    int32_t width;
    double *z;
};

/* Begin without a place for any symbol. */
void tokens_init(struct tokens *tokens, int32_t window);
void tokens_done(struct tokens *tokens);

/* Set how wide a token is. Returns LATTN_OK or LATTN_NO_MEMORY with the old width kept. */
enum lattn_status tokens_widen(struct tokens *tokens, int32_t width);

/*
 * Write so many symbols into z, count <= window.
 *
 * Returns -1, or the position of the first symbol that has no place; then z has no meaning.
 */
int32_t tokens_place(struct tokens *tokens, const int32_t *symbols, int32_t count);

#endif
