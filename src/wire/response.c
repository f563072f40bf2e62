/*
 * What an oracle says to one question. It is no daemon, and may be a script of ten lines: so an
 * answer may come without an id, and its fields may stand beside others. What there is of it is
 * read as strictly as all else.
 */
#include <lattn/transcript.h>

#include "base/complaint.h"
#include "wire/line.h"
#include "wire/scan.h"

#include <string.h>

enum response_field { RESPONSE_ID, RESPONSE_Y, RESPONSE_ERROR };

struct response_reader {
    struct lattn_response *response;
    double *numbers;
    int32_t has_y;
};

/* ---- y ------------------------------------------------------------------------------------- */

/* Is the array here an array of arrays? */
static int holds_rows(const struct scan *scan)
{
    struct scan ahead = *scan;

    return scan_take(&ahead, '[') && scan_peek(&ahead) == '[';
}

static enum lattn_status array_read(struct scan *scan, struct response_reader *reader)
{
    struct scan_matrix y = {.name = "y",
                            .row_unit = "rows",
                            .unit = "numbers",
                            .rows_max = LATTN_TOKENS_MAX,
                            .columns_max = LATTN_OUTPUTS_MAX,
                            .numbers = reader->numbers};
    int has_rows = holds_rows(scan);
    enum lattn_status status = has_rows ? scan_matrix(scan, &y) : scan_row(scan, &y);

    if (status != LATTN_OK)
        return status;
    if (y.columns == 0)
        return complain(scan->complaint, LATTN_EMPTY, "y has no number");
    reader->response->rows = has_rows ? y.rows : 0;
    reader->response->columns = y.columns;
    return LATTN_OK;
}

static enum lattn_status label_read(struct scan *scan, double *ret_number)
{
    int32_t flag;
    enum lattn_status status = scan_flag(scan, "y", &flag);

    if (status == LATTN_OK)
        *ret_number = flag;
    return status;
}

static enum lattn_status y_read(struct scan *scan, struct response_reader *reader)
{
    char first = scan_peek(scan);

    if (first == 'n' && scan_take_word(scan, "null"))
        return LATTN_OK;
    reader->has_y = 1;
    if (first == '[')
        return array_read(scan, reader);
    reader->response->rows = 0;
    reader->response->columns = 1;
    if (first == 't' || first == 'f')
        return label_read(scan, reader->numbers);
    return scan_number(scan, "y", reader->numbers);
}

/* ---- error --------------------------------------------------------------------------------- */

/* A string as far as it fits: it is for people. */
static enum lattn_status words_read(struct scan *scan, char ret_words[LATTN_RESPONSE_WORDS_MAX])
{
    struct scan_string string;
    enum lattn_status status = scan_string(scan, "error", &string);

    if (status == LATTN_OK)
        (void)scan_string_decode(&string, LATTN_RESPONSE_WORDS_MAX, ret_words);
    return status;
}

static enum lattn_status message_read(struct scan *scan, int32_t field, void *arg)
{
    (void)field;
    if (scan_peek(scan) == '"')
        return words_read(scan, arg);
    return scan_skip(scan);
}

/* A string, {"message": string, ...} as a daemon has it, or whatever else. */
static enum lattn_status error_read(struct scan *scan, struct lattn_response *response)
{
    static const char *const words[] = {"message", NULL};
    char first = scan_peek(scan);

    if (scan_take_word(scan, "null"))
        return LATTN_OK;
    response->is_refused = 1;
    if (first == '"')
        return words_read(scan, response->words);
    if (first == '{')
        return scan_object(scan, "error", words, SCAN_STRANGERS_PASSED, message_read,
                           response->words);
    return scan_skip(scan);
}

/* ---- the line ------------------------------------------------------------------------------ */

static enum lattn_status field_read(struct scan *scan, int32_t field, void *arg)
{
    struct response_reader *reader = arg;

    switch ((enum response_field)field) {
    case RESPONSE_ID:
        return line_read_id(scan, reader->response->id);
    case RESPONSE_Y:
        return y_read(scan, reader);
    case RESPONSE_ERROR:
        return error_read(scan, reader->response);
    }
    return LATTN_FIELD;
}

enum lattn_status lattn_response_read(const char *text, size_t length, double *numbers,
                                      struct lattn_response *ret_response,
                                      struct lattn_complaint *complaint)
{
    static const char *const words[] = {"id", "y", "error", NULL};
    struct lattn_response response = {0};
    struct response_reader reader = {.response = &response, .numbers = numbers};
    struct scan scan;
    enum lattn_status status = scan_begin(&scan, text, length, complaint);

    if (status == LATTN_OK)
        status = scan_object(&scan, "the line", words, SCAN_STRANGERS_PASSED, field_read, &reader);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    if (status != LATTN_OK)
        return status;
    if (reader.has_y == response.is_refused)
        return complain(complaint, LATTN_FIELD,
                        reader.has_y ? "y and error come together" : "y or error is expected");
    if (strcmp(response.id, "null") == 0)
        response.id[0] = '\0';
    *ret_response = response;
    return LATTN_OK;
}
