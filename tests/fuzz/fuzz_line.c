/*
 * Pair lines against jansson: what we accept is JSON of the same numbers, bit for bit, and what
 * jansson takes for a well-formed pair we accept.
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

static int is_same(double ours, const json_t *theirs)
{
    double number = json_real_value(theirs);

    return json_is_real(theirs) && memcmp(&ours, &number, sizeof ours) == 0;
}

static void require_row(const double *ours, int32_t count, const json_t *theirs)
{
    require(json_array_size(theirs) == (size_t)count);
    for (int32_t i = 0; i < count; i++)
        require(is_same(ours[i], json_array_get(theirs, (size_t)i)));
}

static void require_matrix(const double *ours, int32_t rows, int32_t columns, const json_t *theirs)
{
    require(json_array_size(theirs) == (size_t)rows);
    for (int32_t i = 0; i < rows; i++)
        require_row(ours + (size_t)i * (size_t)columns, columns, json_array_get(theirs, (size_t)i));
}

/* For each token how many ones, then which. */
static void require_ones(const double *ours, int32_t rows, const json_t *theirs)
{
    require(json_array_size(theirs) == (size_t)rows);
    for (int32_t i = 0; i < rows; i++) {
        const json_t *token = json_array_get(theirs, (size_t)i);

        require_row(ours + 1, (int32_t)*ours, token);
        ours += 1 + json_array_size(token);
    }
}

static void require_tokens(const struct lattn_item *item, const json_t *json)
{
    if (item->tokens == LATTN_TOKENS_ONES)
        require_ones(item->z, item->n, json_object_get(json, "t"));
    else
        require_matrix(item->z, item->n, item->d, json_object_get(json, "z"));
}

static void require_same(const struct lattn_message *line, const json_t *outer)
{
    const json_t *params = json_object_get(outer, "params");
    const json_t *json = params != NULL ? params : outer;
    const struct lattn_item *item = &line->item;
    const json_t *y = json_object_get(json, "y");
    const json_t *weight = json_object_get(json, "w");
    const json_t *producer = json_object_get(json, "producer");

    require(json_is_object(json));
    require_tokens(item, json);
    if (item->labels != LATTN_LABELS_LAST)
        require_matrix(item->y, item->n, item->m, y);
    else if (json_is_array(y))
        require_row(item->y, item->m, y);
    else
        require(item->m == 1 && is_same(item->y[0], y));
    require(weight == NULL ? item->weight == 1 : is_same(item->weight, weight));
    require(strcmp(line->producer, producer == NULL ? "" : json_string_value(producer)) == 0);
    require((line->id[0] != '\0') == (json_object_get(outer, "id") != NULL));
    require(line->has_seq == (json_object_get(json, "seq") != NULL));
}

static int is_row(const json_t *row, size_t width, size_t width_max)
{
    size_t i;
    json_t *number;

    if (json_array_size(row) != width || width > width_max)
        return 0;
    json_array_foreach(row, i, number) if (!json_is_real(number)) return 0;
    return 1;
}

static int is_matrix(const json_t *matrix, size_t width_max)
{
    size_t width = json_array_size(json_array_get(matrix, 0));
    size_t i;
    json_t *row;

    json_array_foreach(matrix, i,
                       row) if (!json_is_array(row) || !is_row(row, width, width_max)) return 0;
    return json_array_size(matrix) > 0;
}

/* The plain pairs only, {"z", "y"[, "w"]}: enough to see that none of them is refused. */
static int is_pair(const json_t *json)
{
    const json_t *z = json_object_get(json, "z");
    const json_t *y = json_object_get(json, "y");
    const json_t *weight = json_object_get(json, "w");

    if (json_object_size(json) != (weight == NULL ? 2 : 3) || z == NULL || y == NULL)
        return 0;
    if (weight != NULL && !(json_real_value(weight) > 0))
        return 0;
    if (!is_matrix(z, LATTN_DIM_MAX))
        return 0;
    if (json_is_real(y))
        return 1;
    if (json_is_array(json_array_get(y, 0)))
        return is_matrix(y, LATTN_OUTPUTS_MAX) && json_array_size(json_array_get(y, 0)) > 0 &&
               json_array_size(y) == json_array_size(z);
    return json_array_size(y) > 0 && is_row(y, json_array_size(y), LATTN_OUTPUTS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* As long as the line, so that a sanitizer sees a byte read too much. */
    char *text = malloc(size);
    double *numbers = malloc((size / 2 + 2) * sizeof *numbers);
    struct lattn_message line;
    struct lattn_complaint complaint;
    struct lattn_item input;
    size_t used;
    json_error_t error;
    json_t *json;
    enum lattn_status status;

    if (size > 0)
        memcpy(text, data, size);
    json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
                      &error);
    status = lattn_line_read(text, size, numbers, &used, &line, &complaint);
    require(status != LATTN_OK || used <= size / 2 + 2);
    if (status == LATTN_OK && line.kind == LATTN_MESSAGE_PAIRS) {
        /* An id beyond the doubles is only text to us. */
        require(json != NULL || json_error_code(&error) == json_error_numeric_overflow);
        if (json != NULL)
            require_same(&line, json);
    }
    /* jansson loses a zero byte behind a number. */
    if (json != NULL && is_pair(json) && memchr(data, 0, size) == NULL)
        require(status == LATTN_OK && line.kind == LATTN_MESSAGE_PAIRS);
    (void)lattn_input_read(text, size, numbers, &used, &input, &complaint);
    json_decref(json);
    free(numbers);
    free(text);
    return 0;
}
