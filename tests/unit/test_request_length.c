#include <lattn/limits.h>
#include <lattn/wire.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(request_length, refuses_what_is_too_long_before_it_reads_it)
{
    size_t length = LATTN_REQUEST_BYTES_MAX + 1;
    char *text = malloc(length);
    struct lattn_request request;
    struct lattn_complaint complaint = {0};

    memset(text, ' ', length);
    memcpy(text, "{\"method\":\"status\"", 18);
    text[LATTN_REQUEST_BYTES_MAX - 1] = '}';
    cr_assert_eq(
        lattn_request_read(text, LATTN_REQUEST_BYTES_MAX, LATTN_FORMAT_JSON, &request, &complaint),
        LATTN_OK);
    for (int format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK; format++) {
        cr_assert_eq(
            lattn_request_read(text, length, (enum lattn_format)format, &request, &complaint),
            LATTN_TOO_BIG);
        cr_assert_str_eq(complaint.text,
                         "the request has 4194305 bytes, at most 4194304 are accepted");
    }
    free(text);
}
