#include "support/requests.h"

#include <criterion/criterion.h>
#include <string.h>

const char *const requests[REQUESTS_COUNT] = {
    "{\"id\":1,\"method\":\"predict\",\"params\":{\"z\":[[1,-2.5],[3,4]]}}\n",
    "{\"id\":18446744073709551615,\"method\":\"predict\",\"params\":{\"t\":[[0,3],[],[1]]}}\n",
    "{\"method\":\"status\",\"params\":{}}\n",
    "{\"id\":\"x\",\"method\":\"model\",\"params\":{}}\n",
    "{\"method\":\"model\",\"params\":{\"heads\":\"svd\"}}\n",
    "{\"method\":\"model\",\"params\":{\"heads\":\"fewest\"}}\n",
    "{\"method\":\"model\",\"params\":{\"heads\":2}}\n",
    "{\"method\":\"certify\",\"params\":{\"inputs\":[{\"z\":[[1,2]]},{\"t\":[[0,3],[]]}]}}\n",
    "{\"method\":\"suggest\",\"params\":{\"candidates\":[{\"z\":[[1,2]]}],\"n\":3}}\n",
    "{\"method\":\"suggest\",\"params\":{\"n\":3,\"norm_max\":2.5}}\n",
    "{\"method\":\"subscribe\",\"params\":{\"what\":\"status\"}}\n",
    "{\"method\":\"subscribe\",\"params\":{\"what\":\"model\",\"every\":250}}\n",
    "{\"method\":\"subscribe\",\"params\":{\"what\":\"all\"}}\n",
    "{\"method\":\"emit\",\"params\":{}}\n",
    ("{\"method\":\"name\",\"params\":{\"append\":[\"a\\\"b\",\"\\u0001\"],\"outputs\":[\"c\"],"
     "\"blocks\":[{\"name\":\"b\",\"start\":0,\"size\":2}]}}\n"),
    "{\"method\":\"hello\",\"params\":{}}\n",
    "{\"method\":\"hello\",\"params\":{\"producer\":\"me\"}}\n",
    "{\"method\":\"reset\",\"params\":{\"confirm\":true}}\n",
    "{\"method\":\"auth\",\"params\":{\"token\":\"0123456789abcdef\"}}\n",
    "{\"method\":\"checkpoint\",\"params\":{}}\n",
    "{\"method\":\"checkpoint\",\"params\":{\"image\":true}}\n",
    "{\"method\":\"checkpoint\",\"params\":{\"image\":18446744073709551615,\"part\":0}}\n",
};

struct lattn_request requests_read(const char *line)
{
    struct lattn_request request;
    struct lattn_complaint complaint = {0};
    enum lattn_status status =
        lattn_request_read(line, strlen(line), LATTN_FORMAT_JSON, &request, &complaint);

    cr_assert_eq(status, LATTN_OK, "%s: %s", line, complaint.text);
    return request;
}
