/*
 * model: fetch the model of a daemon as JSON.
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

struct model_wish {
    const char *format;
    const char *heads;
    const char *path;
};

/* "svd" or how many heads at most. */
static enum verb_exit heads_read(const char *verb, const char *text, struct lattn_request *request)
{
    char *end;
    long count;

    if (text == NULL)
        return VERB_DONE;
    request->has_heads = 1;
    request->heads = LATTN_HEADS_SVD;
    if (strcmp(text, "svd") == 0)
        return VERB_DONE;
    errno = 0;
    count = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || count < 1 || count > INT32_MAX) {
        talk(verb, "--heads", "\"%s\" is neither svd nor a number of heads", text);
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

static enum verb_exit model_fetch(struct client *client, const struct lattn_request *request,
                                  const char *path)
{
    struct lattn_reply reply;
    struct lattn_text text;
    enum lattn_status status;
    enum verb_exit code = client_ask(client, request, &reply);

    if (code != VERB_DONE)
        return code;
    lattn_text_init(&text);
    status = lattn_reply_text(&reply, 0, &text);
    if (status == LATTN_OK)
        status = lattn_text_add(&text, "\n", 1);
    if (status == LATTN_OK)
        code = text_put(client->verb, path, &text);
    else
        code = client_refuse(client, status);
    lattn_text_done(&text);
    lattn_reply_done(&reply);
    return code;
}

static enum options_outcome wish_read(int argc, char **argv, struct model_wish *wish,
                                      const char **ret_address)
{
    const struct option_row rows[] = {
        {"--format", "json", OPTION_TEXT, &wish->format, 0, 0, "the default"},
        {"--heads", "svd|N", OPTION_TEXT, &wish->heads, 0, 0,
         "all heads, or the N largest; default: as the daemon was told"},
        {"-o", "FILE", OPTION_TEXT, &wish->path, 0, 0, "replace FILE, whole or not at all"},
    };
    const struct options options = {
        .usage = "model ADDR [--format json] [--heads svd|N] [-o FILE]",
        .about = "Fetch the model that the daemon at ADDR has learned.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, ret_address);

    if (outcome == OPTIONS_READ && strcmp(wish->format, "json") != 0) {
        talk(argv[0], "--format", "\"%s\" is not a format, json is", wish->format);
        return OPTIONS_MISUSED;
    }
    return outcome;
}

enum verb_exit model_run(int argc, char **argv)
{
    struct lattn_request request = {.method = LATTN_METHOD_MODEL, .id = "1"};
    struct model_wish wish = {.format = "json"};
    const char *address;
    enum options_outcome outcome = wish_read(argc, argv, &wish, &address);
    struct client client;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    code = heads_read(argv[0], wish.heads, &request);
    if (code == VERB_DONE)
        code = client_open(&client, argv[0], address);
    if (code != VERB_DONE)
        return code;
    code = model_fetch(&client, &request, wish.path);
    client_close(&client);
    return code;
}
