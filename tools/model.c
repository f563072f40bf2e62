/*
 * model: fetch the model of a daemon, as JSON or as a file of tensors.
 */
#include "client.h"
#include "files.h"
#include "options.h"
#include "talk.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum model_format { FORMAT_JSON, FORMAT_SAFETENSORS, FORMAT_NPZ };

static const char *const format_words[] = {"json", "safetensors", "npz"};

struct model_wish {
    enum model_format format;
    const char *heads;
    const char *path;
};

/* "fewest", "svd" or how many heads at most. */
static enum verb_exit heads_read(const char *verb, const char *text, struct lattn_request *request)
{
    char *end;
    long count;

    if (text == NULL)
        return VERB_DONE;
    request->has_heads = 1;
    request->heads = strcmp(text, "fewest") == 0 ? LATTN_HEADS_FEWEST : LATTN_HEADS_SVD;
    if (request->heads == LATTN_HEADS_FEWEST || strcmp(text, "svd") == 0)
        return VERB_DONE;
    errno = 0;
    count = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || count < 1 || count > INT32_MAX) {
        talk(verb, "--heads", "\"%s\" is neither fewest, svd nor a number of heads", text);
        return VERB_MISUSED;
    }
    request->heads = LATTN_HEADS_COUNT;
    request->heads_count = (int32_t)count;
    return VERB_DONE;
}

static enum verb_exit text_put(const char *verb, const char *path, struct lattn_text *text)
{
    enum lattn_status status;

    if (path == NULL) {
        fwrite(text->data, 1, text->length, stdout);
        return VERB_DONE;
    }
    status = files_replace(path, text);
    if (status == LATTN_OK)
        return VERB_DONE;
    talk(verb, path, "cannot write: %s",
         status == LATTN_INPUT_OUTPUT ? strerror(errno) : lattn_status_text(status));
    return VERB_REFUSED;
}

static enum lattn_status model_lay_out(const struct lattn_reply *reply, enum model_format format,
                                       struct lattn_text *text)
{
    struct lattn_model *model = NULL;
    enum lattn_status status;

    if (format == FORMAT_JSON) {
        status = lattn_reply_text(reply, 0, text);
        return status == LATTN_OK ? lattn_text_add(text, "\n", 1) : status;
    }
    status = lattn_reply_model(reply, &model);
    if (status == LATTN_OK && format == FORMAT_SAFETENSORS)
        status = lattn_write_safetensors(text, model);
    else if (status == LATTN_OK)
        status = lattn_write_npz(text, model);
    lattn_model_close(&model);
    return status;
}

static enum verb_exit model_refuse(const struct client *client, enum lattn_status status)
{
    if (status != LATTN_RANGE)
        return client_refuse(client, status);
    talk(client->verb, "--format npz", "holds less than 4 GiB, safetensors would hold this model");
    return VERB_REFUSED;
}

static enum verb_exit model_fetch(struct client *client, const struct lattn_request *request,
                                  const struct model_wish *wish)
{
    struct lattn_reply reply;
    struct lattn_text text;
    enum lattn_status status;
    enum verb_exit code = client_ask(client, request, &reply);

    if (code != VERB_DONE)
        return code;
    lattn_text_init(&text);
    status = model_lay_out(&reply, wish->format, &text);
    if (status == LATTN_OK)
        code = text_put(client->verb, wish->path, &text);
    else
        code = model_refuse(client, status);
    lattn_text_done(&text);
    lattn_reply_done(&reply);
    return code;
}

static enum options_outcome format_read(const char *verb, const char *text,
                                        enum model_format *ret_format)
{
    for (size_t i = 0; i < sizeof format_words / sizeof *format_words; i++) {
        if (strcmp(text, format_words[i]) == 0) {
            *ret_format = (enum model_format)i;
            return OPTIONS_READ;
        }
    }
    talk(verb, "--format", "\"%s\" is not a format, json, safetensors and npz are", text);
    return OPTIONS_MISUSED;
}

static enum options_outcome wish_read(int argc, char **argv, struct model_wish *wish,
                                      struct link_settings *ret_settings)
{
    const char *format = format_words[FORMAT_JSON];
    const struct option_row rows[] = {
        {"--format", "F", OPTION_TEXT, &format, 0, 0,
         "json (default), safetensors or npz, which NumPy loads"},
        {"--heads", "fewest|svd|N", OPTION_TEXT, &wish->heads, 0, 0,
         "as few as will do, all of the SVD, or its N largest; default: as the daemon was told"},
        {"-o", "FILE", OPTION_TEXT, &wish->path, 0, 0, "replace FILE, whole or not at all"},
    };
    const struct options options = {
        .usage = "model ADDR [--format json|safetensors|npz] [--heads fewest|svd|N] [-o FILE]",
        .about = "Fetch the model that the daemon at ADDR has learned.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = ret_settings,
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &ret_settings->address);

    return outcome == OPTIONS_READ ? format_read(argv[0], format, &wish->format) : outcome;
}

/* Only people sit at terminals, and they cannot read bytes. */
static enum verb_exit output_check(const char *verb, const struct model_wish *wish)
{
    if (wish->format == FORMAT_JSON || wish->path != NULL || !isatty(STDOUT_FILENO))
        return VERB_DONE;
    talk(verb, "standard output", "a terminal does not show %s; -o FILE writes a file",
         format_words[wish->format]);
    return VERB_REFUSED;
}

enum verb_exit model_run(int argc, char **argv)
{
    struct lattn_request request = {.method = LATTN_METHOD_MODEL, .id = "1"};
    struct model_wish wish = {.format = FORMAT_JSON};
    struct link_settings settings = {0};
    enum options_outcome outcome = wish_read(argc, argv, &wish, &settings);
    struct client client;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    code = heads_read(argv[0], wish.heads, &request);
    if (code == VERB_DONE)
        code = output_check(argv[0], &wish);
    if (code == VERB_DONE)
        code = client_open(&client, argv[0], &settings, LATTN_FORMAT_JSON);
    if (code != VERB_DONE)
        return code;
    code = model_fetch(&client, &request, &wish);
    client_close(&client);
    return code;
}
