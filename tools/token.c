#include "token.h"

#include <lattn/limits.h>
#include <lattn/secret.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A complaint has 256 bytes: this much of it is for the path of the file. */
enum { PATH_BYTES_MAX = 100 };

static enum lattn_status token_read(const char *path, char ret_token[LATTN_TOKEN_MAX],
                                    struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    struct lattn_secret secret = {0};
    const char *token;
    size_t length;
    size_t at = 0;
    enum lattn_status status = lattn_secret_read(path, &secret, &why);

    if (status == LATTN_OK)
        status = lattn_secret_token(&secret, &at, &token, &length, &why);
    if (status == LATTN_OK)
        snprintf(ret_token, LATTN_TOKEN_MAX, "%.*s", (int)length, token);
    else if (status == LATTN_MORE)
        snprintf(why.text, sizeof why.text, "there is no token in it");
    else if (why.text[0] == '\0')
        snprintf(why.text, sizeof why.text, "%s", lattn_status_text(status));
    lattn_secret_done(&secret);
    if (status == LATTN_OK)
        return LATTN_OK;
    snprintf(complaint->text, sizeof complaint->text, "%.*s: %.140s", PATH_BYTES_MAX, path,
             why.text);
    return LATTN_DENIED;
}

static enum lattn_status answer_await(struct client *client, const struct lattn_request *request,
                                      struct lattn_complaint *complaint)
{
    struct lattn_reply reply;
    enum lattn_status status = client_exchange(client, request, &reply);
    const char *reason = link_reason(&client->link);

    if (status != LATTN_OK) {
        snprintf(complaint->text, sizeof complaint->text, "%s",
                 reason != NULL ? reason : lattn_status_text(status));
        return status;
    }
    if (reply.kind != LATTN_REPLY_RESULT) {
        snprintf(complaint->text, sizeof complaint->text, "%.200s", reply.message);
        status =
            strcmp(reply.code, lattn_status_word(LATTN_BUSY)) == 0 ? LATTN_CLOSED : LATTN_DENIED;
    }
    lattn_reply_done(&reply);
    return status;
}

enum lattn_status token_show(struct client *client, const char *path,
                             struct lattn_complaint *complaint)
{
    struct lattn_request request = {.method = LATTN_METHOD_AUTH, .id = "0"};
    const uint64_t messages = client->messages;
    const uint64_t bytes = client->bytes;
    enum lattn_status status;

    assert(client_pending(client) == 0);
    status = token_read(path, request.token, complaint);
    if (status == LATTN_OK)
        status = answer_await(client, &request, complaint);
    if (client->out.data != NULL)
        explicit_bzero(client->out.data, client->out.capacity);
    lattn_request_done(&request);
    client->messages = messages;
    client->bytes = bytes;
    return status;
}
