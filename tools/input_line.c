#include "input_line.h"

#include <lattn/wire.h>

static int is_names(const char *text, size_t length)
{
    struct lattn_request request;
    int names;

    if (lattn_request_read(text, length, LATTN_FORMAT_JSON, &request, NULL) != LATTN_OK)
        return 0;
    names = request.method == LATTN_METHOD_NAME;
    lattn_request_done(&request);
    return names;
}

enum lattn_status input_line_read(struct numbers *numbers, const char *text, size_t length,
                                  size_t *ret_used, struct lattn_item *ret_input,
                                  struct lattn_complaint *complaint)
{
    enum lattn_status status = numbers_reserve_line(numbers, length);

    if (status != LATTN_OK)
        return status;
    status = lattn_input_read(text, length, numbers->data, ret_used, ret_input, complaint);
    return status != LATTN_OK && is_names(text, length) ? LATTN_MORE : status;
}
