#include "names.h"

#include "talk.h"

#include <string.h>

enum verb_exit names_fetch(struct client *client, struct lattn_model **ret_model)
{
    struct lattn_request request = {
        .method = LATTN_METHOD_MODEL,
        .has_heads = 1,
        .heads = LATTN_HEADS_COUNT,
        .heads_count = 0,
    };
    enum lattn_status status;
    enum verb_exit code = VERB_DONE;
    struct lattn_reply reply;

    *ret_model = NULL;
    client_id_write(client, request.id);
    status = client_exchange(client, &request, &reply);
    if (status != LATTN_OK)
        return client_refuse(client, status);
    if (reply.kind == LATTN_REPLY_RESULT) {
        status = lattn_reply_model(&reply, ret_model);
    } else if (strcmp(reply.code, lattn_status_word(LATTN_NO_DATA)) != 0) {
        talk(client->verb, client->address, "%s", reply.message);
        code = VERB_REFUSED;
    }
    lattn_reply_done(&reply);
    return status == LATTN_OK ? code : client_refuse(client, status);
}

const char *names_coordinate(const struct lattn_model *model, int32_t coordinate)
{
    return coordinate < model->names.coordinates_count ? model->names.coordinates[coordinate] : "";
}

const char *names_output(const struct lattn_model *model, int32_t output)
{
    return output < model->names.outputs_count ? model->names.outputs[output] : "";
}
