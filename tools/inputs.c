#include "inputs.h"

#include "input_line.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Make room for the tokens of one more input; those of the others stay, elsewhere. */
static enum lattn_status tokens_reserve(struct inputs *inputs, size_t used)
{
    size_t room = 2 * (inputs->tokens_used + used);
    double *grown;

    if (inputs->tokens_used + used <= inputs->tokens_room)
        return LATTN_OK;
    grown = realloc(inputs->tokens, room * sizeof *grown);
    if (grown == NULL)
        return LATTN_NO_MEMORY;
    inputs->tokens = grown;
    inputs->tokens_room = room;
    for (size_t i = 0; i < inputs->count; i++)
        inputs->items[i].z = grown + inputs->at[i];
    return LATTN_OK;
}

enum lattn_status inputs_take(struct inputs *inputs, const char *text, size_t length, uint64_t line,
                              struct lattn_complaint *complaint)
{
    struct lattn_item *item = &inputs->items[inputs->count];
    enum lattn_status status;
    size_t used;

    assert(inputs->count < LATTN_INPUTS_MAX);
    status = input_line_read(&inputs->line, text, length, &used, item, complaint);
    if (status == LATTN_OK)
        status = tokens_reserve(inputs, used);
    if (status != LATTN_OK)
        return status;
    memcpy(inputs->tokens + inputs->tokens_used, inputs->line.data, used * sizeof(double));
    item->z = inputs->tokens + inputs->tokens_used;
    inputs->at[inputs->count] = inputs->tokens_used;
    inputs->lines[inputs->count++] = line;
    inputs->tokens_used += used;
    inputs->bytes += length;
    return LATTN_OK;
}

void inputs_clear(struct inputs *inputs)
{
    inputs->count = 0;
    inputs->bytes = 0;
    inputs->tokens_used = 0;
}

void inputs_done(struct inputs *inputs)
{
    free(inputs->tokens);
    numbers_done(&inputs->line);
}
