#include "token.h"

#include <lattn/secret.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

static enum lattn_status answer_await(struct client *client, const struct lattn_request *request,
                                      struct lattn_complaint *complaint)
{
    struct lattn_reply reply;
    enum lattn_status status = client_exchange(client, request, &reply);
    const char *reason = lattn_link_reason(client->link);

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
    status = lattn_secret_first(path, request.token, complaint);
    if (status == LATTN_OK)
        status = answer_await(client, &request, complaint);
    if (client->out.data != NULL)
        explicit_bzero(client->out.data, client->out.capacity);
    lattn_request_done(&request);
    client->messages = messages;
    client->bytes = bytes;
    return status;
}
