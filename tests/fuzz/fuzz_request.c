/*
 * Requests: what is accepted is JSON to jansson too, and is the same after writing and reading.
 */
#include <lattn/wire.h>

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void require_json(const char *text, size_t size)
{
    json_error_t error;
    json_t *json = json_loadb(
        text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);

    /* An id beyond the doubles is only text to us. */
    require(json != NULL || json_error_code(&error) == json_error_numeric_overflow);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size);
    struct lattn_request request;
    struct lattn_request read;
    struct lattn_complaint complaint;
    struct lattn_text line;
    struct lattn_text again;

    lattn_text_init(&line);
    lattn_text_init(&again);
    if (size > 0)
        memcpy(text, data, size);
    if (lattn_request_read(text, size, LATTN_FORMAT_JSON, &request, &complaint) == LATTN_OK) {
        require_json(text, size);
        require(lattn_write_request(&line, LATTN_FORMAT_JSON, &request) == LATTN_OK);
        require(lattn_request_read(line.data, line.length, LATTN_FORMAT_JSON, &read, &complaint) ==
                LATTN_OK);
        require(lattn_write_request(&again, LATTN_FORMAT_JSON, &read) == LATTN_OK);
        require(strcmp(line.data, again.data) == 0);
        lattn_request_done(&read);
        lattn_request_done(&request);
    }
    lattn_text_done(&line);
    lattn_text_done(&again);
    free(text);
    return 0;
}
