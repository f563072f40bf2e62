#include "names.h"

#include "talk.h"

#include <string.h>

struct lattn_request names_request(void)
{
    return (struct lattn_request){
        .method = LATTN_METHOD_MODEL,
        .has_heads = 1,
        .heads = LATTN_HEADS_COUNT,
        .heads_count = 0,
    };
}

enum lattn_status names_read(const struct lattn_reply *reply, struct lattn_model **ret_model)
{
    *ret_model = NULL;
    if (reply->kind == LATTN_REPLY_RESULT)
        return lattn_reply_model(reply, ret_model);
    return strcmp(reply->code, lattn_status_word(LATTN_NO_DATA)) == 0 ? LATTN_OK : LATTN_NAME;
}

enum verb_exit names_fetch(struct client *client, struct lattn_model **ret_model)
{
    struct lattn_request request = names_request();
    enum verb_exit code = VERB_DONE;
    struct lattn_reply reply;
    enum lattn_status status;

    *ret_model = NULL;
    client_id_write(client, request.id);
    status = client_exchange(client, &request, &reply);
    if (status != LATTN_OK)
        return client_refuse(client, status);
    status = names_read(&reply, ret_model);
    if (status == LATTN_NAME) {
        talk(client->verb, client->address, "%s", reply.message);
        code = VERB_REFUSED;
    } else if (status != LATTN_OK) {
        code = client_refuse(client, status);
    }
    lattn_reply_done(&reply);
    return code;
}

const char *names_coordinate(const struct lattn_model *model, int32_t coordinate)
{
    return coordinate < model->names.coordinates_count ? model->names.coordinates[coordinate] : "";
}

const char *names_output(const struct lattn_model *model, int32_t output)
{
    return output < model->names.outputs_count ? model->names.outputs[output] : "";
}
