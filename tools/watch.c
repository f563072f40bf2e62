/*
 * watch: follow what a daemon learns, and keep a record of it.
 */
#include "watch.h"

#include "options.h"
#include "talk.h"

#include <errno.h>
#include <string.h>

enum verb_exit watch_subscribe(struct watch *watch)
{
    const struct lattn_request request = {.method = LATTN_METHOD_SUBSCRIBE, .id = "1"};
    struct lattn_reply reply;
    enum verb_exit code = client_ask(&watch->client, &request, &reply);

    if (code == VERB_DONE)
        lattn_reply_done(&reply);
    return code;
}

static enum lattn_status emission_record(struct watch *watch, const struct lattn_reply *emission)
{
    enum lattn_status status;

    if (watch->record == NULL)
        return LATTN_OK;
    status = recording_add(&watch->recording, emission);
    if (status == LATTN_OK)
        return LATTN_OK;
    talk(watch->client.verb, watch->record, "cannot go on recording: %s",
         status == LATTN_INPUT_OUTPUT ? strerror(errno) : lattn_status_text(status));
    return LATTN_NO_SPACE;
}

static enum lattn_status emission_take(struct watch *watch, const struct lattn_reply *emission,
                                       struct lattn_state_of_service *ret_state)
{
    struct lattn_state_of_service state;
    enum lattn_status status = lattn_reply_status(emission, &state);

    if (status != LATTN_OK)
        return status;
    status = emission_record(watch, emission);
    if (status != LATTN_OK) {
        lattn_report_done(&state.report);
        return status;
    }
    watch->taken++;
    *ret_state = state;
    return LATTN_OK;
}

enum lattn_status watch_take(struct watch *watch, struct lattn_state_of_service *ret_state)
{
    enum lattn_status status;
    struct lattn_reply reply;
    int is_emission = 0;

    do {
        status = client_next(&watch->client, &reply);
        if (status != LATTN_OK)
            return status;
        is_emission = reply.kind == LATTN_REPLY_EMISSION;
        if (is_emission)
            status = emission_take(watch, &reply, ret_state);
        lattn_reply_done(&reply);
    } while (!is_emission);
    return status;
}

int watch_is_over(const struct watch *watch)
{
    return watch->count > 0 && watch->taken >= watch->count;
}

/* The file is looked at first: nothing is asked for that could not be kept. */
static enum verb_exit record_begin(struct watch *watch, const char *verb)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    watch->recording.fd = -1;
    if (watch->record == NULL)
        return VERB_DONE;
    status = recording_extend(&watch->recording, watch->record, &complaint);
    if (status == LATTN_OK)
        return VERB_DONE;
    talk(verb, watch->record, "cannot record there: %s",
         complaint.text[0] ? complaint.text : lattn_status_text(status));
    return VERB_REFUSED;
}

enum verb_exit watch_run(int argc, char **argv)
{
    struct link_settings settings = {0};
    struct watch watch = {0};
    const struct option_row rows[] = {
        {"--count", "N", OPTION_WHOLE, &watch.count, 1, UINT64_MAX, "end after N emissions"},
        {"--record", "FILE", OPTION_TEXT, &watch.record, 0, 0,
         "add each emission to FILE, as a line of JSON"},
    };
    const struct options options = {
        .usage = "watch ADDR [--count N] [--record FILE]",
        .about = "Print a row for each emission of the daemon at ADDR, until it ends.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = &settings,
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &settings.address);
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    code = record_begin(&watch, argv[0]);
    if (code != VERB_DONE)
        return code;
    code = client_open(&watch.client, argv[0], &settings, LATTN_FORMAT_JSON);
    if (code == VERB_DONE) {
        code = watch_table(&watch);
        client_close(&watch.client);
    }
    recording_close(&watch.recording);
    return code;
}
