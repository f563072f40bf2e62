/*
 * watch: follow what a daemon learns, and keep a record of it.
 */
#include "watch.h"

#include "options.h"
#include "talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct lattn_request subscription_of(const struct watch *watch)
{
    return (struct lattn_request){.method = LATTN_METHOD_SUBSCRIBE,
                                  .id = "1",
                                  .what = watch->what,
                                  .every_ms = watch->every_ms};
}

enum verb_exit watch_subscribe(struct watch *watch)
{
    const struct lattn_request request = subscription_of(watch);
    struct lattn_reply reply;
    enum verb_exit code = client_ask(&watch->client, &request, &reply);

    if (code == VERB_DONE)
        lattn_reply_done(&reply);
    return code;
}

enum lattn_status watch_subscribe_later(struct watch *watch)
{
    const struct lattn_request request = subscription_of(watch);

    return client_request(&watch->client, &request);
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

/* A spectrum may be missing where it was asked for, too. */
static enum lattn_status emission_read(const struct lattn_reply *reply,
                                       struct watch_emission *ret_emission)
{
    struct watch_emission emission = {0};
    enum lattn_status status = lattn_reply_status(reply, &emission.state);

    if (status != LATTN_OK)
        return status;
    status = lattn_reply_spectrum(reply, &emission.spectrum);
    if (status == LATTN_NO_MEMORY) {
        lattn_report_done(&emission.state.report);
        return status;
    }
    emission.has_spectrum = status == LATTN_OK;
    *ret_emission = emission;
    return LATTN_OK;
}

void watch_emission_done(struct watch_emission *emission)
{
    lattn_report_done(&emission->state.report);
    if (emission->has_spectrum)
        lattn_spectrum_done(&emission->spectrum);
}

static enum lattn_status emission_take(struct watch *watch, const struct lattn_reply *reply,
                                       struct watch_emission *ret_emission)
{
    struct watch_emission emission;
    enum lattn_status status = emission_read(reply, &emission);

    if (status != LATTN_OK)
        return status;
    status = emission_record(watch, reply);
    if (status != LATTN_OK) {
        watch_emission_done(&emission);
        return status;
    }
    watch->taken++;
    *ret_emission = emission;
    return LATTN_OK;
}

/* An error without an id is about no request: it is the last that a daemon says. */
static enum lattn_status answer_take(struct watch *watch, const struct lattn_reply *reply)
{
    if (reply->kind != LATTN_REPLY_ERROR)
        return LATTN_MORE;
    if (reply->id[0] == '\0') {
        snprintf(watch->parting.text, sizeof watch->parting.text, "%.*s",
                 (int)sizeof watch->parting.text - 1, reply->message);
        return LATTN_MORE;
    }
    talk(watch->client.verb, watch->client.address, "%s", reply->message);
    return LATTN_METHOD;
}

enum lattn_status watch_take(struct watch *watch, struct watch_emission *ret_emission)
{
    enum lattn_status status;
    struct lattn_reply reply;

    do {
        status = client_next(&watch->client, &reply);
        if (status != LATTN_OK)
            return status;
        if (reply.kind == LATTN_REPLY_EMISSION)
            status = emission_take(watch, &reply, ret_emission);
        else
            status = answer_take(watch, &reply);
        lattn_reply_done(&reply);
    } while (status == LATTN_MORE);
    return status;
}

enum verb_exit watch_refuse(const struct watch *watch, enum lattn_status status)
{
    int is_said = status == LATTN_NO_SPACE || status == LATTN_METHOD;

    return is_said ? VERB_REFUSED : client_refuse(&watch->client, status);
}

int watch_is_over(const struct watch *watch)
{
    return watch->count > 0 && watch->taken >= watch->count;
}

/* Nobody sees more pictures, and each has to travel; a record has all there are. */
enum { SCREEN_EVERY_MS = 100 };

/* What has to be sent for a table, a screen or a record. */
static void emissions_choose(struct watch *watch, int on_screen)
{
    int is_recorded = watch->record != NULL;

    watch->what = on_screen || is_recorded ? LATTN_TOPIC_SPECTRUM : LATTN_TOPIC_STATUS;
    watch->every_ms = on_screen && !is_recorded ? SCREEN_EVERY_MS : 0;
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
    int on_screen = 0;
    const struct option_row rows[] = {
        {"--count", "N", OPTION_WHOLE, &watch.count, 1, UINT64_MAX, "end after N emissions"},
        {.name = "--tui",
         .kind = OPTION_FLAG,
         .value = &on_screen,
         .help = "plots on the whole terminal in place of the table; q quits, h helps"},
        {"--record", "FILE", OPTION_TEXT, &watch.record, 0, 0,
         "add each emission to FILE, as a line of JSON"},
    };
    const struct options options = {
        .usage = "watch ADDR [--tui] [--record FILE] [--count N]",
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
    if (on_screen && watch_screen_check(argv[0]) != VERB_DONE)
        return VERB_MISUSED;
    emissions_choose(&watch, on_screen);
    code = record_begin(&watch, argv[0]);
    if (code != VERB_DONE)
        return code;
    code = client_open(&watch.client, argv[0], &settings, LATTN_FORMAT_JSON);
    if (code == VERB_DONE) {
        code = on_screen ? watch_screen(&watch) : watch_table(&watch);
        client_close(&watch.client);
    }
    recording_close(&watch.recording);
    return code;
}
