#include "tokens.h"

#include <stdlib.h>
#include <string.h>

void tokens_init(struct tokens *tokens, int32_t window)
{
    *tokens = (struct tokens){.bias = TOKENS_NOWHERE, .window = window};
    for (int32_t i = 0; i < LATTN_EVENTS_SYMBOLS_MAX; i++)
        tokens->places[i] = TOKENS_NOWHERE;
}

void tokens_done(struct tokens *tokens)
{
    free(tokens->z);
    tokens->z = NULL;
}

enum lattn_status tokens_widen(struct tokens *tokens, int32_t width)
{
    double *z;

    if (width == tokens->width)
        return LATTN_OK;
    z = calloc((size_t)tokens->window * (size_t)width, sizeof *z);
    if (z == NULL)
        return LATTN_NO_MEMORY;
    free(tokens->z);
    tokens->z = z;
    tokens->width = width;
    return LATTN_OK;
}

int32_t tokens_place(struct tokens *tokens, const int32_t *symbols, int32_t count)
{
    memset(tokens->z, 0, (size_t)count * (size_t)tokens->width * sizeof *tokens->z);
    for (int32_t t = 0; t < count; t++) {
        double *token = tokens->z + (size_t)t * (size_t)tokens->width;
        int32_t place = symbols[t] < 0 ? TOKENS_NOWHERE : tokens->places[symbols[t]];

        if (place == TOKENS_NOWHERE)
            return t;
        token[place] = 1;
        if (tokens->bias != TOKENS_NOWHERE)
            token[tokens->bias] = 1;
    }
    return -1;
}
