/*
 * What comes next for a key: the context as one-hot tokens under the daemon's own names, and the
 * largest output back as a symbol. Learns nothing, names nothing.
 */
#include "event_line.h"
#include "names.h"
#include "predict.h"

#include <stdio.h>
#include <string.h>

/* A coordinate without a name, or one the daemon adds, belongs to no symbol. */
static enum lattn_status symbols_place(struct predict *predict)
{
    const struct lattn_model *model = predict->model;
    enum lattn_status status = tokens_widen(&predict->tokens, model->d - model->bias);

    for (int32_t c = model->bias; c < model->names.coordinates_count && status == LATTN_OK; c++) {
        const char *name = model->names.coordinates[c];
        int32_t symbol;

        if (strcmp(name, LATTN_EVENTS_BIAS) == 0 && !model->bias)
            predict->tokens.bias = c;
        if (name[0] == '\0' || strcmp(name, LATTN_EVENTS_BIAS) == 0)
            continue;
        status = lattn_events_symbol(predict->events, name, &symbol);
        if (status == LATTN_OK)
            predict->tokens.places[symbol] = c - model->bias;
    }
    return status;
}

enum verb_exit predict_events_init(struct predict *predict, int32_t window)
{
    enum verb_exit code;
    enum lattn_status status;

    tokens_init(&predict->tokens, window);
    code = names_fetch(&predict->client, &predict->model);
    if (code != VERB_DONE)
        return code;
    if (predict->model == NULL)
        return client_refuse(&predict->client, LATTN_NO_DATA);
    status = lattn_events_open(&predict->events, window, LATTN_VOCABULARY_FIXED);
    if (status == LATTN_OK)
        status = symbols_place(predict);
    return status == LATTN_OK ? VERB_DONE : client_refuse(&predict->client, status);
}

void predict_events_done(struct predict *predict)
{
    lattn_events_close(&predict->events);
    lattn_model_close(&predict->model);
    tokens_done(&predict->tokens);
}

static enum lattn_status context_ask(struct predict *predict, const char *key,
                                     const struct lattn_event *event)
{
    int unknown = tokens_place(&predict->tokens, event->next, event->after) >= 0;
    const struct lattn_item input = {
        .z = predict->tokens.z,
        .weight = 1,
        .n = event->after,
        .d = predict->tokens.width,
    };
    char *copy = strdup(key);

    if (copy == NULL)
        return LATTN_NO_MEMORY;
    predict_wait(predict, copy, unknown);
    return unknown ? LATTN_OK : predict_ask(predict, &input);
}

enum lattn_status predict_event(struct predict *predict, char *text, size_t length)
{
    struct lattn_complaint complaint;
    struct lattn_event event;
    const char *key;
    enum lattn_status status =
        event_line_push(predict->events, text, length, &key, &event, &complaint);

    if (status == LATTN_OK)
        return context_ask(predict, key, &event);
    if (status == LATTN_NO_MEMORY)
        return status;
    predict_refuse(predict, predict->input.number, complaint.text);
    return LATTN_OK;
}

/* The name of an output; one that has none, or is newer than our names, is known by its number. */
static void next_print(const struct lattn_model *model, int32_t output)
{
    const char *name = names_output(model, output);

    if (name[0] != '\0')
        printf("%s", name);
    else
        printf("#%d", output);
}

static int32_t largest(const double *y, int32_t m)
{
    int32_t best = 0;

    for (int32_t a = 1; a < m; a++)
        if (y[a] > y[best])
            best = a;
    return best;
}

enum lattn_status predict_event_print(const struct predict *predict, const char *key,
                                      const struct lattn_reply *reply)
{
    struct lattn_prediction prediction;
    int32_t next;
    int32_t m;
    enum lattn_status status;

    if (reply == NULL) {
        printf("%s\t?\t-\tundetermined\n", key);
        return LATTN_OK;
    }
    status = lattn_reply_prediction(reply, &prediction, &m);
    if (status != LATTN_OK)
        return status;
    next = largest(prediction.y, m);
    printf("%s\t", key);
    next_print(predict->model, next);
    printf("\t%.4g\t%s\n", prediction.y[next],
           prediction.determined ? "determined" : "undetermined");
    lattn_prediction_done(&prediction);
    return LATTN_OK;
}
