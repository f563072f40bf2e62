/*
 * A line of a client: a pair, or a request. Pairs are read here in one pass and without allocation.
 *
 * A line that is refused is walked a second time, for its id and for "method", which may stand
 * behind what was wrong. If the method is "learn", its params are read as the pair.
 */
#include <lattn/wire.h>

#include "base/complaint.h"
#include "wire/line.h"
#include "wire/ones.h"
#include "wire/scan.h"

#include <string.h>

enum pair_field {
    PAIR_Z,
    PAIR_ONES,
    PAIR_Y,
    PAIR_CAUSAL,
    PAIR_WEIGHT,
    PAIR_PRODUCER,
    PAIR_SEQ,
    PAIR_ID
};

static const char *const pair_words[] = {"z",        "t",   "y",  "causal", "w",
                                         "producer", "seq", "id", NULL};

/* The same without an id: as params of "learn", whose id stands outside. */
static const char *const learn_words[] = {"z", "t", "y", "causal", "w", "producer", "seq", NULL};

enum label_form { LABEL_MISSING, LABEL_ROW, LABEL_ROWS };

struct pair_reader {
    struct lattn_message line;
    double *numbers; /* of the caller; the first `used` are taken */
    size_t used;
    enum label_form label;
    int32_t label_rows;
    int32_t causal;
};

/* ---- fields -------------------------------------------------------------------------------- */

enum lattn_status line_read_id(struct scan *scan, char ret_id[LATTN_ID_MAX])
{
    const char *id;
    char first = scan_peek(scan);
    enum lattn_status status;

    if (first == '{' || first == '[' || first == 't' || first == 'f')
        return scan_mismatch(scan, "id", "a number, a string or null");
    id = scan->at;
    status = scan_skip(scan);
    if (status != LATTN_OK)
        return status;
    if (scan->at - id >= LATTN_ID_MAX)
        return complain(scan->complaint, LATTN_TOO_BIG, "id is longer than %d bytes",
                        LATTN_ID_MAX - 1);
    memcpy(ret_id, id, (size_t)(scan->at - id));
    ret_id[scan->at - id] = '\0';
    return LATTN_OK;
}

enum lattn_status line_read_tokens(struct scan *scan, double *numbers, struct lattn_item *item)
{
    struct scan_matrix z = {.name = "z",
                            .row_unit = "tokens",
                            .unit = "coordinates",
                            .rows_max = LATTN_TOKENS_MAX,
                            .columns_max = LATTN_DIM_MAX,
                            .numbers = numbers};
    enum lattn_status status = scan_matrix(scan, &z);

    if (status != LATTN_OK)
        return status;
    if (z.rows == 0)
        return complain(scan->complaint, LATTN_EMPTY, "z has no token");
    item->z = numbers;
    item->n = z.rows;
    item->d = z.columns;
    return LATTN_OK;
}

static enum lattn_status index_read(struct scan *scan, int64_t index, void *arg)
{
    struct ones *ones = arg;
    uint64_t coordinate;
    char name[ONES_NAME_MAX];
    enum lattn_status status;

    (void)index;
    ones_name_index(ones, name);
    status = scan_count_to(scan, name, UINT64_MAX, &coordinate);
    return status == LATTN_OK ? ones_add_index(ones, coordinate, scan->complaint) : status;
}

static enum lattn_status token_read(struct scan *scan, int64_t token, void *arg)
{
    struct ones *ones = arg;
    char name[ONES_NAME_MAX];
    enum lattn_status status;

    (void)token;
    ones_name_token(ones, name);
    if (scan_peek(scan) != '[')
        return scan_mismatch(scan, name, "an array of indices");
    status = ones_add_token(ones, scan->complaint);
    return status == LATTN_OK ? scan_array(scan, name, index_read, ones) : status;
}

enum lattn_status line_read_ones(struct scan *scan, double *numbers, struct lattn_item *item)
{
    struct ones ones = {.numbers = numbers};
    enum lattn_status status = scan_array(scan, "t", token_read, &ones);

    return status == LATTN_OK ? ones_finish(&ones, item, scan->complaint) : status;
}

/* Either of them. An item has its tokens from one. */
static enum lattn_status tokens_read(struct scan *scan, int is_ones, double *numbers,
                                     struct lattn_item *item)
{
    if (item->z != NULL)
        return complain(scan->complaint, LATTN_FIELD, "z and t come together");
    return is_ones ? line_read_ones(scan, numbers, item) : line_read_tokens(scan, numbers, item);
}

/* Is the array here an array of arrays? */
static int holds_rows(const struct scan *scan)
{
    struct scan ahead = *scan;

    return scan_take(&ahead, '[') && scan_peek(&ahead) == '[';
}

static enum lattn_status pair_read_label(struct pair_reader *pair, struct scan *scan)
{
    struct scan_matrix y = {.name = "y",
                            .row_unit = "rows",
                            .unit = "outputs",
                            .rows_max = LATTN_TOKENS_MAX,
                            .columns_max = LATTN_OUTPUTS_MAX,
                            .numbers = pair->numbers + pair->used};
    enum lattn_status status;

    pair->label = LABEL_ROW;
    if (scan_peek(scan) != '[') {
        y.rows = y.columns = 1;
        status = scan_number(scan, "y", y.numbers);
    } else if (!holds_rows(scan)) {
        status = scan_row(scan, &y);
    } else {
        pair->label = LABEL_ROWS;
        status = scan_matrix(scan, &y);
    }
    if (status != LATTN_OK)
        return status;
    if (y.columns == 0)
        return complain(scan->complaint, LATTN_RANGE, "y has no output");
    pair->line.item.y = y.numbers;
    pair->line.item.m = y.columns;
    pair->label_rows = y.rows;
    pair->used += (size_t)y.rows * (size_t)y.columns;
    return LATTN_OK;
}

static enum lattn_status pair_read_weight(struct pair_reader *pair, struct scan *scan)
{
    struct scan before = *scan;
    char excerpt[SCAN_EXCERPT_MAX];
    enum lattn_status status = scan_number(scan, "w", &pair->line.item.weight);

    if (status != LATTN_OK || pair->line.item.weight > 0)
        return status;
    scan_excerpt(&before, excerpt);
    return complain(scan->complaint, LATTN_RANGE, "w is %s, a weight is positive", excerpt);
}

static enum lattn_status pair_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct pair_reader *pair = arg;
    struct lattn_message *line = &pair->line;
    enum lattn_status status;

    switch ((enum pair_field)field) {
    case PAIR_Z:
    case PAIR_ONES:
        status = tokens_read(scan, field == PAIR_ONES, pair->numbers + pair->used, &line->item);
        if (status == LATTN_OK)
            pair->used += (size_t)lattn_item_numbers(&line->item);
        return status;
    case PAIR_Y:
        return pair_read_label(pair, scan);
    case PAIR_CAUSAL:
        return scan_flag(scan, "causal", &pair->causal);
    case PAIR_WEIGHT:
        return pair_read_weight(pair, scan);
    case PAIR_PRODUCER:
        return scan_name(scan, "producer", sizeof line->producer, line->producer);
    case PAIR_SEQ:
        line->has_seq = 1;
        return scan_count_to(scan, "seq", UINT64_MAX, &line->seq);
    case PAIR_ID:
        return line_read_id(scan, line->id);
    }
    return LATTN_FIELD;
}

/* ---- lines --------------------------------------------------------------------------------- */

static enum lattn_status pair_finish(struct pair_reader *pair, struct lattn_complaint *complaint)
{
    struct lattn_item *item = &pair->line.item;

    if (item->z == NULL)
        return complain(complaint, LATTN_FIELD, "z is missing");
    if (pair->label == LABEL_MISSING)
        return complain(complaint, LATTN_FIELD, "y is missing");
    if (pair->label == LABEL_ROW)
        return LATTN_OK;
    if (pair->label_rows != item->n)
        return complain(complaint, LATTN_SHAPE, "y has %d rows, %s has %d tokens", pair->label_rows,
                        item->tokens == LATTN_TOKENS_ONES ? "t" : "z", item->n);
    item->labels = pair->causal ? LATTN_LABELS_CAUSAL : LATTN_LABELS_FULL;
    return LATTN_OK;
}

static enum lattn_status pair_read(struct pair_reader *pair, const char *text, size_t length,
                                   struct lattn_complaint *complaint)
{
    struct scan scan;
    enum lattn_status status = scan_begin(&scan, text, length, complaint);

    if (status != LATTN_OK)
        return status;
    status =
        scan_object(&scan, "the line", pair_words, SCAN_STRANGERS_REFUSED, pair_read_field, pair);
    if (status != LATTN_OK)
        return status;
    status = scan_finish(&scan);
    return status != LATTN_OK ? status : pair_finish(pair, complaint);
}

/* ---- "learn" as a request ------------------------------------------------------------------ */

enum learn_field { LEARN_ID, LEARN_METHOD, LEARN_PARAMS };

struct learn_reader {
    struct pair_reader pair;
    int32_t has_params;
};

static enum lattn_status learn_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct learn_reader *learn = arg;

    switch ((enum learn_field)field) {
    case LEARN_ID:
        return line_read_id(scan, learn->pair.line.id);
    case LEARN_METHOD:
        return scan_skip(scan);
    case LEARN_PARAMS:
        learn->has_params = 1;
        return scan_object(scan, "params", learn_words, SCAN_STRANGERS_REFUSED, pair_read_field,
                           &learn->pair);
    }
    return LATTN_FIELD;
}

static enum lattn_status learn_read(struct learn_reader *learn, const char *text, size_t length,
                                    struct lattn_complaint *complaint)
{
    static const char *const words[] = {"id", "method", "params", NULL};
    struct scan scan;
    enum lattn_status status = scan_begin(&scan, text, length, complaint);

    if (status == LATTN_OK)
        status =
            scan_object(&scan, "the line", words, SCAN_STRANGERS_REFUSED, learn_read_field, learn);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    if (status != LATTN_OK)
        return status;
    if (!learn->has_params)
        return complain(complaint, LATTN_FIELD, "params is missing");
    return pair_finish(&learn->pair, complaint);
}

/* ---- refused lines ------------------------------------------------------------------------- */

/*
 * What an answer to a refused line needs; a refused pair uses up its number, so that as well. Of
 * "learn" producer and number stand in the params, at which the finder comes back.
 */
enum found_field { FOUND_PRODUCER, FOUND_SEQ, FOUND_ID, FOUND_METHOD, FOUND_PARAMS };

struct line_finder {
    struct lattn_message *line;
    int32_t is_learn;
    struct scan params; /* `at` is NULL if there are none */
};

static enum lattn_status find_method(struct scan *scan, struct line_finder *finder)
{
    struct scan_string method;

    finder->line->kind = LATTN_MESSAGE_REQUEST;
    if (scan_peek(scan) != '"')
        return scan_skip(scan);
    if (scan_string(scan, "method", &method) != LATTN_OK)
        return LATTN_SYNTAX;
    finder->is_learn = scan_string_is(&method, "learn");
    if (finder->is_learn)
        finder->line->kind = LATTN_MESSAGE_PAIRS;
    return LATTN_OK;
}

static enum lattn_status find_field(struct scan *scan, int32_t field, void *arg)
{
    struct line_finder *finder = arg;
    struct lattn_message *line = finder->line;
    enum lattn_status status;

    switch ((enum found_field)field) {
    case FOUND_PRODUCER:
        status = scan_name(scan, "producer", sizeof line->producer, line->producer);
        if (status == LATTN_OK)
            return LATTN_OK;
        /* The beginning of a name is another producer's name. */
        line->producer[0] = '\0';
        return status == LATTN_NAME ? LATTN_OK : status;
    case FOUND_SEQ:
        status = scan_count_to(scan, "seq", UINT64_MAX, &line->seq);
        line->has_seq = status == LATTN_OK;
        return status;
    case FOUND_ID:
        return line_read_id(scan, line->id);
    case FOUND_METHOD:
        return find_method(scan, finder);
    case FOUND_PARAMS:
        finder->params = *scan;
        return scan_skip(scan);
    }
    return LATTN_FIELD;
}

static void find(struct line_finder *finder, const char *text, size_t length)
{
    static const char *const words[] = {"producer", "seq", "id", "method", "params", NULL};
    static const char *const params_words[] = {"producer", "seq", NULL};
    struct lattn_message *line = finder->line;
    struct scan scan;

    *line = (struct lattn_message){.kind = LATTN_MESSAGE_PAIRS, .count = 1};
    if (scan_begin(&scan, text, length, NULL) == LATTN_OK)
        (void)scan_object(&scan, "the line", words, SCAN_STRANGERS_PASSED, find_field, finder);
    if (finder->is_learn && finder->params.at != NULL)
        (void)scan_object(&finder->params, "params", params_words, SCAN_STRANGERS_PASSED,
                          find_field, finder);
    if (line->producer[0] == '\0')
        line->has_seq = 0;
}

void line_find_id(const char *text, size_t length, struct lattn_message *ret_message)
{
    struct line_finder finder = {.line = ret_message};

    find(&finder, text, length);
}

/* ---- lines --------------------------------------------------------------------------------- */

static const struct pair_reader pair_nothing = {
    .line = {.item = {.weight = 1}, .count = 1}, .causal = 1, .label = LABEL_MISSING};

enum lattn_status lattn_line_read(const char *text, size_t length, double *numbers,
                                  size_t *ret_used, struct lattn_message *ret_message,
                                  struct lattn_complaint *complaint)
{
    struct learn_reader learn = {.pair = pair_nothing};
    struct line_finder finder = {.line = ret_message};
    enum lattn_status status;

    learn.pair.numbers = numbers;
    status = pair_read(&learn.pair, text, length, complaint);
    if (status != LATTN_OK) {
        find(&finder, text, length);
        if (ret_message->kind == LATTN_MESSAGE_REQUEST) {
            *ret_used = 0;
            return LATTN_OK;
        }
        if (!finder.is_learn)
            return status;
        learn.pair = pair_nothing;
        learn.pair.numbers = numbers;
        status = learn_read(&learn, text, length, complaint);
        if (status != LATTN_OK)
            return status;
    }
    *ret_used = learn.pair.used;
    *ret_message = learn.pair.line;
    return LATTN_OK;
}

/* ---- inputs -------------------------------------------------------------------------------- */

enum input_field { INPUT_Z, INPUT_ONES };

struct input_reader {
    struct lattn_item item;
    double *numbers;
};

static enum lattn_status input_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct input_reader *input = arg;

    return tokens_read(scan, field == INPUT_ONES, input->numbers, &input->item);
}

enum lattn_status lattn_input_read(const char *text, size_t length, double *numbers,
                                   size_t *ret_used, struct lattn_item *ret_input,
                                   struct lattn_complaint *complaint)
{
    static const char *const words[] = {"z", "t", NULL};
    struct input_reader input = {.item = {.weight = 1}, .numbers = numbers};
    struct scan scan;
    enum lattn_status status = scan_begin(&scan, text, length, complaint);

    if (status == LATTN_OK)
        status =
            scan_object(&scan, "the line", words, SCAN_STRANGERS_PASSED, input_read_field, &input);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    if (status != LATTN_OK)
        return status;
    if (input.item.z == NULL)
        return complain(complaint, LATTN_FIELD, "z is missing");
    *ret_input = input.item;
    *ret_used = (size_t)lattn_item_numbers(&input.item);
    return LATTN_OK;
}
