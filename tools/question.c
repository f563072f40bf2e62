#include "question.h"

#include <lattn/wire.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct lattn_item item_of(const struct lattn_oracle *oracle,
                                 const struct lattn_question *question)
{
    return (struct lattn_item){
        .z = question->x,
        .weight = 1,
        .n = question->n,
        .d = oracle->d,
        .m = oracle->m,
        .labels =
            oracle->answers == LATTN_ANSWERS_POSITIONS ? LATTN_LABELS_FULL : LATTN_LABELS_LAST,
        .tokens = LATTN_TOKENS_DENSE,
    };
}

static enum lattn_status item_write(struct lattn_text *text, const struct lattn_item *item,
                                    uint64_t id)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, id);
    return lattn_write_pair(text, LATTN_FORMAT_JSON, item, digits, NULL, 0);
}

enum lattn_status question_write(struct lattn_text *text, const struct lattn_oracle *oracle,
                                 uint64_t id, const struct lattn_question *question)
{
    struct lattn_item item = item_of(oracle, question);

    return item_write(text, &item, id);
}

enum lattn_status question_write_request(struct lattn_text *text, const struct lattn_oracle *oracle,
                                         uint64_t id, const struct lattn_question *question)
{
    struct lattn_request request = {.method = LATTN_METHOD_PREDICT,
                                    .input = item_of(oracle, question)};

    snprintf(request.id, sizeof request.id, "%" PRIu64, id);
    return lattn_write_request(text, LATTN_FORMAT_JSON, &request);
}

/* Open the object that ends the text once more, and go on with what is in {"error": ...}. */
static enum lattn_status refusal_add(struct lattn_text *text, const char *words)
{
    static const size_t closing = sizeof "}\n" - 1;
    struct lattn_text error;
    enum lattn_status status;

    lattn_text_init(&error);
    status = lattn_write_error(&error, LATTN_FORMAT_JSON, NULL, LATTN_REFUSED, words, 0);
    if (status == LATTN_OK) {
        text->length -= closing;
        error.data[0] = ',';
        status = lattn_text_add(text, error.data, error.length);
    }
    lattn_text_done(&error);
    return status;
}

enum lattn_status question_write_answered(struct lattn_text *text,
                                          const struct lattn_oracle *oracle, uint64_t id,
                                          const struct lattn_question *question, const char *words)
{
    struct lattn_item item = item_of(oracle, question);
    size_t start = text->length;
    enum lattn_status status;

    item.y = question->is_refused ? NULL : question->y;
    status = item_write(text, &item, id);
    if (status == LATTN_OK && question->is_refused)
        status = refusal_add(text, words);
    if (status != LATTN_OK)
        text->length = start;
    return status;
}

/* "3 numbers", "2 rows of 3 numbers". */
static void form_write(int32_t rows, int32_t columns, char *ret_text, size_t size)
{
    const char *plural = columns == 1 ? "" : "s";

    if (rows == 0)
        snprintf(ret_text, size, "%d number%s", columns, plural);
    else
        snprintf(ret_text, size, "%d row%s of %d number%s", rows, rows == 1 ? "" : "s", columns,
                 plural);
}

enum lattn_status question_take(const struct lattn_oracle *oracle, struct lattn_question *question,
                                const struct lattn_response *response, const double *numbers,
                                struct lattn_complaint *complaint)
{
    int32_t rows = oracle->answers == LATTN_ANSWERS_POSITIONS ? question->n : 0;
    size_t count = (size_t)(rows == 0 ? 1 : rows) * (size_t)oracle->m;
    char told[64];
    char expected[64];

    question->is_refused = response->is_refused;
    if (response->is_refused)
        return LATTN_OK;
    if (response->rows == rows && response->columns == oracle->m) {
        memcpy(question->y, numbers, count * sizeof *numbers);
        return LATTN_OK;
    }
    form_write(response->rows, response->columns, told, sizeof told);
    form_write(rows, oracle->m, expected, sizeof expected);
    snprintf(complaint->text, sizeof complaint->text, "y is %s, %s %s expected", told, expected,
             rows == 0 && oracle->m == 1 ? "is" : "are");
    return LATTN_SHAPE;
}
