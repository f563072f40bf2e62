/*
 * Answers of oracles, and heads of files that keep them, against jansson: what we accept is JSON
 * with the same numbers, bit for bit, in the form that is told.
 */
#include <lattn/transcript.h>

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

static void require_number(double ours, const json_t *theirs)
{
    double number = json_is_boolean(theirs) ? json_is_true(theirs) : json_real_value(theirs);

    require(json_is_boolean(theirs) || json_is_real(theirs));
    require(memcmp(&ours, &number, sizeof ours) == 0);
}

static void require_row(const double *ours, int32_t count, const json_t *theirs)
{
    require(json_array_size(theirs) == (size_t)count);
    for (int32_t i = 0; i < count; i++)
        require_number(ours[i], json_array_get(theirs, (size_t)i));
}

static void require_y(const struct lattn_response *response, const double *ours,
                      const json_t *theirs)
{
    int32_t columns = response->columns;

    require(columns > 0 && response->rows >= 0);
    if (!json_is_array(theirs)) {
        require(response->rows == 0 && columns == 1);
        require_number(ours[0], theirs);
        return;
    }
    if (response->rows == 0) {
        require_row(ours, columns, theirs);
        return;
    }
    require(json_array_size(theirs) == (size_t)response->rows);
    for (int32_t i = 0; i < response->rows; i++)
        require_row(ours + (size_t)i * (size_t)columns, columns, json_array_get(theirs, (size_t)i));
}

static void require_same(const char *text, size_t size, const struct lattn_response *response,
                         const double *numbers)
{
    const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_t *json = json_loadb(text, size, flags, NULL);

    /* jansson refuses numbers beyond the doubles, also in fields that we pass over. */
    if (json == NULL)
        return;
    if (response->is_refused)
        require(!json_is_null(json_object_get(json, "error")));
    else
        require_y(response, numbers, json_object_get(json, "y"));
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size);
    double *numbers = malloc((size / 2 + 2) * sizeof *numbers);
    struct lattn_transcript transcript;
    struct lattn_response response;
    struct lattn_complaint complaint;

    if (size > 0)
        memcpy(text, data, size);
    if (lattn_response_read(text, size, numbers, &response, &complaint) == LATTN_OK)
        require_same(text, size, &response, numbers);
    if (lattn_transcript_read(text, size, &transcript, &complaint) == LATTN_OK)
        require(transcript.d > 0 && transcript.m > 0);
    free(numbers);
    free(text);
    return 0;
}
