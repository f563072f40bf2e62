/*
 * A log of (key, symbol) events as sequences with labels: a vocabulary and the last symbols of each
 * key. A vocabulary has at most a few hundred symbols, so a symbol is found by looking.
 */
#include <lattn/tasks.h>

#include "base/memory.h"
#include "tasks/contexts.h"

#include <string.h>

struct lattn_events {
    struct contexts contexts;
    enum lattn_vocabulary vocabulary;
    int32_t symbols_count;
    char symbols[LATTN_EVENTS_SYMBOLS_MAX][LATTN_NAME_MAX];
    int32_t past[]; /* window of them: the context before the event */
};

enum lattn_status lattn_events_open(struct lattn_events **ret_events, int32_t window,
                                    enum lattn_vocabulary vocabulary)
{
    struct lattn_events *events;

    if (window < 1 || window > LATTN_EVENTS_WINDOW_MAX)
        return LATTN_RANGE;
    events = memory_zeroed(sizeof *events + (size_t)window * sizeof events->past[0], 1);
    if (events == NULL)
        return LATTN_NO_MEMORY;
    if (contexts_init(&events->contexts, window, LATTN_EVENTS_KEYS_MAX) != LATTN_OK) {
        memory_release(events);
        return LATTN_NO_MEMORY;
    }
    events->vocabulary = vocabulary;
    *ret_events = events;
    return LATTN_OK;
}

void lattn_events_close(struct lattn_events **events)
{
    if (events == NULL || *events == NULL)
        return;
    contexts_done(&(*events)->contexts);
    memory_release(*events);
    *events = NULL;
}

static int symbol_is_valid(const char *symbol)
{
    return symbol[0] != '\0' && strnlen(symbol, LATTN_NAME_MAX) < LATTN_NAME_MAX &&
           strcmp(symbol, LATTN_EVENTS_BIAS) != 0;
}

static int key_is_valid(const char *key)
{
    return key[0] != '\0' && strnlen(key, LATTN_EVENTS_KEY_MAX) < LATTN_EVENTS_KEY_MAX;
}

/* Its index, or -1. */
static int32_t symbol_find(const struct lattn_events *events, const char *symbol)
{
    for (int32_t i = 0; i < events->symbols_count; i++)
        if (strcmp(events->symbols[i], symbol) == 0)
            return i;
    return -1;
}

static int32_t symbol_add(struct lattn_events *events, const char *symbol)
{
    memcpy(events->symbols[events->symbols_count], symbol, strlen(symbol) + 1);
    return events->symbols_count++;
}

enum lattn_status lattn_events_symbol(struct lattn_events *events, const char *symbol,
                                      int32_t *ret_index)
{
    int32_t index;

    if (!symbol_is_valid(symbol))
        return LATTN_NAME;
    index = symbol_find(events, symbol);
    if (index < 0 && events->symbols_count == LATTN_EVENTS_SYMBOLS_MAX)
        return LATTN_RANGE;
    *ret_index = index < 0 ? symbol_add(events, symbol) : index;
    return LATTN_OK;
}

int32_t lattn_events_count(const struct lattn_events *events)
{
    return events->symbols_count;
}

const char *lattn_events_text(const struct lattn_events *events, int32_t index)
{
    return events->symbols[index];
}

/* The symbol joins the context; what was there before is kept aside for the caller. */
static void event_place(struct lattn_events *events, struct context *context, int32_t symbol,
                        struct lattn_event *ret_event)
{
    ret_event->symbol = symbol;
    ret_event->context = context->count;
    ret_event->past = events->past;
    if (context->count > 0)
        memcpy(events->past, context->symbols, (size_t)context->count * sizeof events->past[0]);
    contexts_push(&events->contexts, context, symbol);
    ret_event->after = context->count;
    ret_event->next = context->symbols;
}

enum lattn_status lattn_events_push(struct lattn_events *events, const char *key,
                                    const char *symbol, struct lattn_event *ret_event)
{
    struct context *context;
    int32_t index;
    int32_t is_new;

    if (!key_is_valid(key) || !symbol_is_valid(symbol))
        return LATTN_NAME;
    index = symbol_find(events, symbol);
    is_new = index < 0 && events->vocabulary == LATTN_VOCABULARY_GROWS;
    if (is_new && events->symbols_count == LATTN_EVENTS_SYMBOLS_MAX)
        return LATTN_RANGE;
    if (contexts_find(&events->contexts, key, &context) != LATTN_OK)
        return LATTN_NO_MEMORY;
    if (is_new)
        index = symbol_add(events, symbol);
    event_place(events, context, index, ret_event);
    return LATTN_OK;
}
