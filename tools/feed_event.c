/*
 * Events as pairs. A symbol gets its coordinate and output from the daemon before the first pair
 * that uses it. Growing is dear for a large learner, so all new symbols among the lines that were
 * read already are named at once. A symbol that the daemon will not name stays in the contexts and
 * takes the pairs that need it with it.
 */
#include "event_line.h"
#include "feed.h"
#include "names.h"
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum lattn_status feed_events_init(struct feed *feed, int32_t window)
{
    tokens_init(&feed->tokens, window);
    for (int32_t i = 0; i < LATTN_EVENTS_SYMBOLS_MAX; i++)
        feed->outputs[i] = TOKENS_NOWHERE;
    return lattn_events_open(&feed->events, window, LATTN_VOCABULARY_GROWS);
}

void feed_events_done(struct feed *feed)
{
    lattn_events_close(&feed->events);
    tokens_done(&feed->tokens);
    free(feed->y);
    feed->y = NULL;
}

static enum lattn_status outputs_widen(struct feed *feed, int32_t m)
{
    double *y;

    if (m == feed->m)
        return LATTN_OK;
    y = calloc((size_t)m, sizeof *y);
    if (y == NULL)
        return LATTN_NO_MEMORY;
    free(feed->y);
    feed->y = y;
    feed->m = m;
    return LATTN_OK;
}

/* What we are told must lie within what we are told. */
static int named_is_sound(const struct lattn_named *named, int32_t count, int32_t bias)
{
    int sound = named->d <= LATTN_DIM_MAX && named->m <= LATTN_OUTPUTS_MAX &&
                named->coordinates_count == (size_t)(count + 1 - bias) &&
                named->outputs_count == (size_t)count;

    for (size_t i = 0; sound && i < named->coordinates_count; i++)
        sound = named->coordinates[i] >= bias && named->coordinates[i] < named->d;
    for (size_t i = 0; sound && i < named->outputs_count; i++)
        sound = named->outputs[i] >= 0 && named->outputs[i] < named->m;
    return sound;
}

/* Take over the places that symbols first .. first + count - 1 were given. */
static enum lattn_status places_take(struct feed *feed, int32_t first, int32_t count)
{
    const struct lattn_named *named = &feed->named;
    int32_t bias = feed->hello.bias ? 1 : 0;
    enum lattn_status status;

    if (!named_is_sound(named, count, bias))
        return LATTN_FIELD;
    status = tokens_widen(&feed->tokens, named->d - bias);
    if (status == LATTN_OK)
        status = outputs_widen(feed, named->m);
    if (status != LATTN_OK)
        return status;
    feed->tokens.bias = bias ? TOKENS_NOWHERE : named->coordinates[0];
    for (int32_t i = 0; i < count; i++) {
        /* Clients do not send the coordinate that the daemon adds in front. */
        feed->tokens.places[first + i] = named->coordinates[i + 1 - bias] - bias;
        feed->outputs[first + i] = named->outputs[i];
    }
    return LATTN_OK;
}

/* Ask for the names of these symbols, and of the bias unless the daemon adds one. */
static enum lattn_status names_ask(struct feed *feed, const int32_t *symbols, int32_t count)
{
    char bias[] = LATTN_EVENTS_BIAS;
    char *names[1 + LATTN_EVENTS_SYMBOLS_MAX] = {bias};
    int32_t skipped = feed->hello.bias ? 1 : 0;
    struct lattn_request request = {
        .append = names + skipped,
        .append_count = (size_t)(1 + count - skipped),
        .outputs = names + 1,
        .outputs_count = (size_t)count,
    };

    /* A request borrows its names and does not write to them. */
    for (int32_t i = 0; i < count; i++)
        names[1 + i] = (char *)lattn_events_text(feed->events, symbols[i]);
    return feed_name(feed, &request);
}

/* Names are given all or none; where it is none, find out which could not be. */
static enum lattn_status symbols_name(struct feed *feed, int32_t first, int32_t count)
{
    char reason[sizeof feed->naming_complaint.text + LATTN_NAME_MAX + 32];
    int32_t symbols[LATTN_EVENTS_SYMBOLS_MAX];
    enum lattn_status status;

    for (int32_t i = 0; i < count; i++)
        symbols[i] = first + i;
    status = names_ask(feed, symbols, count);
    if (status == LATTN_OK)
        return places_take(feed, first, count);
    if (status != LATTN_NAME)
        return status;
    if (count == 1) {
        snprintf(reason, sizeof reason, "symbol %s gets no name: %s",
                 lattn_events_text(feed->events, first), feed->naming_complaint.text);
        feed_complain(feed, 0, reason);
        return LATTN_OK;
    }
    status = symbols_name(feed, first, count / 2);
    return status != LATTN_OK ? status : symbols_name(feed, first + count / 2, count - count / 2);
}

/* Add the symbols of the lines that were read already; what is wrong with a line is said later. */
static enum lattn_status symbols_look_ahead(struct feed *feed)
{
    enum lattn_status status = LATTN_OK;
    struct lattn_complaint complaint;
    const char *symbol;
    const char *text;
    const char *key;
    size_t offset = 0;
    size_t length;
    int32_t index;

    while (reader_peek(&feed->input, &offset, &text, &length) == LATTN_OK) {
        feed->scratch.length = 0;
        status = lattn_text_add(&feed->scratch, text, length);
        if (status != LATTN_OK)
            return status;
        if (event_line_read(feed->scratch.data, length, &key, &symbol, &complaint) == LATTN_OK)
            (void)lattn_events_symbol(feed->events, symbol, &index);
    }
    return LATTN_OK;
}

static int is_output(const struct lattn_model *model, const char *name)
{
    int32_t output = 0;

    while (output < model->m && strcmp(names_output(model, output), name) != 0)
        output++;
    return output < model->m;
}

/* Is each coordinate a symbol that is an output as well, or the constant, which is always there? */
static int is_of_events(const struct lattn_model *model)
{
    int has_bias = 0;

    for (int32_t c = 0; c < model->d; c++) {
        const char *name = names_coordinate(model, c);

        if (strcmp(name, LATTN_EVENTS_BIAS) == 0)
            has_bias = 1;
        else if (name[0] == '\0' || !is_output(model, name))
            return 0;
    }
    return has_bias;
}

/* Symbols would widen a learner of other data, and undo its verdict: refuse it unchanged. */
static enum lattn_status learner_check(struct feed *feed)
{
    struct lattn_model *model;
    enum lattn_status status = feed_model(feed, &model);

    if (status == LATTN_OK && model != NULL && !is_of_events(model)) {
        talk(feed->client.verb, feed->client.address,
             "the learner holds coordinates that are no symbols; events need a learner that starts "
             "empty or was fed events");
        feed->stopped = 1;
    }
    lattn_model_close(&model);
    return status;
}

static enum lattn_status symbols_grow(struct feed *feed)
{
    int32_t first = feed->symbols_asked;
    enum lattn_status status = symbols_look_ahead(feed);

    if (first == 0 && status == LATTN_OK)
        status = learner_check(feed);
    if (status != LATTN_OK || feed->stopped)
        return status;
    feed->symbols_asked = lattn_events_count(feed->events);
    return symbols_name(feed, first, feed->symbols_asked - first);
}

/* Do these symbols have the places that they had? */
static int places_hold(const struct feed *feed, const int32_t *symbols, int32_t count)
{
    const struct lattn_named *named = &feed->named;
    int32_t bias = feed->hello.bias ? 1 : 0;
    int hold = named_is_sound(named, count, bias) && named->d - bias == feed->tokens.width &&
               named->m == feed->m && (bias || named->coordinates[0] == feed->tokens.bias);

    for (int32_t i = 0; hold && i < count; i++)
        hold = named->coordinates[i + 1 - bias] - bias == feed->tokens.places[symbols[i]] &&
               named->outputs[i] == feed->outputs[symbols[i]];
    return hold;
}

/* All symbols that have places are named once more: a daemon that has them says where. */
enum lattn_status feed_event_again(struct feed *feed)
{
    int32_t symbols[LATTN_EVENTS_SYMBOLS_MAX];
    int32_t count = 0;
    enum lattn_status status;

    for (int32_t i = 0; i < feed->symbols_asked; i++)
        if (feed->outputs[i] != TOKENS_NOWHERE)
            symbols[count++] = i;
    if (count == 0)
        return LATTN_OK;
    status = names_ask(feed, symbols, count);
    if (status == LATTN_NAME || (status == LATTN_OK && !places_hold(feed, symbols, count)))
        return feed_renamed(feed);
    return status;
}

static enum lattn_status nameless_refuse(struct feed *feed, int32_t symbol)
{
    char reason[LATTN_NAME_MAX + 64];

    snprintf(reason, sizeof reason, "symbol %s has no name",
             lattn_events_text(feed->events, symbol));
    feed_refuse(feed, reason);
    return LATTN_OK;
}

static enum lattn_status pair_send(struct feed *feed, const struct lattn_event *event)
{
    int32_t nameless = tokens_place(&feed->tokens, event->past, event->context);
    struct lattn_item item = {
        .z = feed->tokens.z,
        .y = feed->y,
        .weight = 1,
        .n = event->context,
        .d = feed->tokens.width,
        .m = feed->m,
        .labels = LATTN_LABELS_LAST,
    };

    if (nameless >= 0)
        return nameless_refuse(feed, event->past[nameless]);
    memset(feed->y, 0, (size_t)feed->m * sizeof *feed->y);
    feed->y[feed->outputs[event->symbol]] = 1;
    return feed_pair(feed, &item);
}

enum lattn_status feed_event(struct feed *feed, char *text, size_t length)
{
    struct lattn_complaint complaint;
    struct lattn_event event;
    const char *key;
    enum lattn_status status =
        event_line_push(feed->events, text, length, &key, &event, &complaint);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK) {
        feed_refuse(feed, complaint.text);
        return LATTN_OK;
    }
    if (event.symbol >= feed->symbols_asked)
        status = symbols_grow(feed);
    if (status != LATTN_OK || feed->stopped)
        return status;
    if (event.context == 0)
        return LATTN_OK;
    if (feed->outputs[event.symbol] == TOKENS_NOWHERE)
        return nameless_refuse(feed, event.symbol);
    return pair_send(feed, &event);
}
