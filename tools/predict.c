/*
 * predict: inputs to a daemon, its predictions back in the same order.
 *
 * Many requests are under way at once. A ring remembers what each of them is for, and also the
 * events that need no answer, so that lines come out in the order of the input.
 */
#include "predict.h"

#include "input_line.h"
#include "options.h"
#include "progress.h"
#include "talk.h"
#include "verbs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With this much waiting for the socket no more input is taken. */
enum { PENDING_BYTES_MAX = 1 << 20 };

void predict_refuse(struct predict *predict, uint64_t line, const char *reason)
{
    talk(predict->client.verb, NULL, "line %llu: %s", (unsigned long long)line, reason);
    predict->code = VERB_REFUSED;
}

void predict_wait(struct predict *predict, char *key, int unknown)
{
    size_t last = (predict->waiting_first + predict->waiting_count) % PREDICT_WAITING_MAX;

    assert(predict->waiting_count < PREDICT_WAITING_MAX);
    predict->waiting[last] = (struct predict_waiting){
        .line = predict->input.number,
        .key = key,
        .unknown = unknown,
    };
    predict->waiting_count++;
}

static struct predict_waiting *waiting_oldest(struct predict *predict)
{
    return predict->waiting_count == 0 ? NULL : &predict->waiting[predict->waiting_first];
}

static void waiting_drop(struct predict *predict)
{
    free(predict->waiting[predict->waiting_first].key);
    predict->waiting_first = (predict->waiting_first + 1) % PREDICT_WAITING_MAX;
    predict->waiting_count--;
}

enum lattn_status predict_ask(struct predict *predict, const struct lattn_item *input)
{
    struct lattn_request request = {.method = LATTN_METHOD_PREDICT, .input = *input};

    snprintf(request.id, sizeof request.id, "%llu", (unsigned long long)predict->input.number);
    return client_request(&predict->client, &request);
}

static enum lattn_status input_ask(struct predict *predict, const char *text, size_t length)
{
    struct lattn_complaint complaint = {""};
    struct lattn_item input;
    size_t used;
    enum lattn_status status =
        input_line_read(&predict->numbers, text, length, &used, &input, &complaint);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status == LATTN_MORE)
        return LATTN_OK;
    if (status != LATTN_OK) {
        predict_refuse(predict, predict->input.number,
                       complaint.text[0] ? complaint.text : lattn_status_text(status));
        return LATTN_OK;
    }
    predict_wait(predict, NULL, 0);
    return predict_ask(predict, &input);
}

/* As lines_take of feed: LATTN_OK where enough is under way, LATTN_MORE where input is needed. */
static enum lattn_status lines_take(struct predict *predict)
{
    enum lattn_status status;
    size_t length;
    char *text;

    while (client_pending(&predict->client) < PENDING_BYTES_MAX &&
           predict->waiting_count < PREDICT_WAITING_MAX) {
        status = reader_next(&predict->input, &text, &length, NULL);
        if (status == LATTN_TOO_BIG) {
            predict_refuse(predict, predict->input.number, READER_TOO_LONG);
            continue;
        }
        if (status != LATTN_OK)
            return status;
        if (reader_is_blank(text, length))
            continue;
        if (predict->events != NULL)
            status = predict_event(predict, text, length);
        else
            status = input_ask(predict, text, length);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

/* The answer to the oldest request; a refused event still has its line, as one not known. */
static enum lattn_status answer_print(struct predict *predict, const struct lattn_reply *reply)
{
    const struct predict_waiting *waiting = waiting_oldest(predict);
    enum lattn_status status = LATTN_OK;

    if (waiting == NULL)
        return LATTN_FIELD;
    if (reply->kind == LATTN_REPLY_ERROR) {
        predict_refuse(predict, waiting->line, reply->message);
        reply = NULL;
    }
    if (waiting->key != NULL)
        status = predict_event_print(predict, waiting->key, reply);
    else if (reply != NULL)
        status = client_print_result(reply);
    waiting_drop(predict);
    return status;
}

/* Print what stands before the next answer. */
static enum lattn_status unknown_print(struct predict *predict)
{
    const struct predict_waiting *waiting;
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && (waiting = waiting_oldest(predict)) != NULL && waiting->unknown) {
        status = predict_event_print(predict, waiting->key, NULL);
        waiting_drop(predict);
    }
    return status;
}

static enum lattn_status answers_print(struct predict *predict)
{
    enum lattn_status status = unknown_print(predict);
    struct lattn_reply reply;

    while (status == LATTN_OK) {
        status = client_next(&predict->client, &reply);
        if (status != LATTN_OK)
            break;
        status = answer_print(predict, &reply);
        lattn_reply_done(&reply);
        if (status == LATTN_OK)
            status = unknown_print(predict);
    }
    return status == LATTN_MORE ? LATTN_OK : status;
}

static enum lattn_status predict_all(struct predict *predict)
{
    for (;;) {
        enum lattn_status status = lines_take(predict);
        int needs_input = status == LATTN_MORE;
        int ready = 0;

        if (status == LATTN_OK || needs_input)
            status = answers_print(predict);
        if (status != LATTN_OK)
            return status;
        if (predict->waiting_count == 0 && needs_input && predict->input.ended)
            return LATTN_OK;
        if (predict->waiting_count == 0 && !needs_input)
            continue; /* nothing is under way, and there are lines to take */
        progress_show(predict->input.number, NULL);
        fflush(stdout); /* a reader shall not wait for what we know while we wait */
        status = client_turn(
            &predict->client,
            needs_input && !predict->input.ended ? predict->input.fd : CLIENT_NO_INPUT, &ready);
        if (status == LATTN_OK && ready)
            status = reader_fill(&predict->input);
        if (status != LATTN_OK)
            return status;
    }
}

static enum options_outcome wish_read(int argc, char **argv, struct link_settings *ret_settings,
                                      uint64_t *ret_window)
{
    const char *from = "ndjson";
    const struct option_row rows[] = {
        {"--from", "FORMAT", OPTION_TEXT, &from, 0, 0, "ndjson (the default) or events"},
        {"--window", "W", OPTION_WHOLE, ret_window, 1, LATTN_EVENTS_WINDOW_MAX,
         "events: as many symbols as it was learned with"},
    };
    const struct options options = {
        .usage = "predict ADDR [--from ndjson|events] [--window W] < input",
        .about = "ndjson: for each line {\"z\": [[token], ...]} or {\"t\": [[i, ...], ...]} print "
                 "what the\n"
                 "daemon at ADDR says.\n"
                 "events: for each line KEY SYMBOL print what comes next for the key, as\n"
                 "KEY NEXT SHARE determined|undetermined between tabs; NEXT is ? where a symbol\n"
                 "of the context is unknown. Nothing is learned.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = ret_settings,
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &ret_settings->address);
    int is_events = strcmp(from, "events") == 0;

    if (outcome != OPTIONS_READ)
        return outcome;
    if (!is_events && strcmp(from, "ndjson") != 0)
        talk(argv[0], "--from", "\"%s\" is not a format, ndjson and events are", from);
    else if (is_events && *ret_window == 0)
        talk(argv[0], "--from", "events need --window W");
    else if (!is_events && *ret_window != 0)
        talk(argv[0], "--window", "goes with --from events only");
    else
        return OPTIONS_READ;
    return OPTIONS_MISUSED;
}

static enum verb_exit predict_run_on(struct predict *predict, int32_t window)
{
    enum lattn_status status;
    enum verb_exit code;

    if (window > 0) {
        code = predict_events_init(predict, window);
        if (code != VERB_DONE)
            return code;
    }
    progress_begin(predict->client.verb, "lines", STDIN_FILENO, 0, PROGRESS_ALL_ALONG);
    status = predict_all(predict);
    progress_end();
    if (status != LATTN_OK)
        return client_refuse(&predict->client, status);
    if (predict->input.error == 0)
        return predict->code;
    talk(predict->client.verb, "standard input", "%s", strerror(predict->input.error));
    return VERB_REFUSED;
}

enum verb_exit predict_run(int argc, char **argv)
{
    struct link_settings settings = {0};
    uint64_t window = 0;
    enum options_outcome outcome = wish_read(argc, argv, &settings, &window);
    struct predict *predict;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    predict = calloc(1, sizeof *predict);
    if (predict == NULL)
        return VERB_REFUSED;
    code = client_open(&predict->client, argv[0], &settings, LATTN_FORMAT_JSON);
    if (code == VERB_DONE) {
        reader_init(&predict->input, STDIN_FILENO, READER_LINES, READER_BYTES_MAX);
        code = predict_run_on(predict, (int32_t)window);
        predict_events_done(predict);
        while (predict->waiting_count > 0)
            waiting_drop(predict);
        reader_done(&predict->input);
        numbers_done(&predict->numbers);
        client_close(&predict->client);
    }
    free(predict);
    return code;
}
