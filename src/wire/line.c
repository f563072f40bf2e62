/*
 * A line of a client: a pair, or a request. Pairs are read here in one pass and without allocation.
 *
 * A line that is refused is walked a second time, for its id and for "method", which may stand
 * behind what was wrong.
 */
#include <lattn/wire.h>

#include "base/complaint.h"
#include "wire/line.h"
#include "wire/scan.h"
#include "wire/writer.h"

#include <string.h>

enum pair_field { PAIR_Z, PAIR_Y, PAIR_CAUSAL, PAIR_WEIGHT, PAIR_ID, PAIR_PRODUCER, PAIR_SEQ };

static const char *const pair_words[] = {"z", "y", "causal", "w", "id", "producer", "seq", NULL};

enum label_form { LABEL_MISSING, LABEL_ROW, LABEL_ROWS };

struct pair_reader {
    struct lattn_line line;
    double *numbers; /* of the caller; the first `used` are taken */
    size_t used;
    enum label_form label;
    int32_t label_rows;
    int32_t causal;
};

/* ---- fields -------------------------------------------------------------------------------- */

enum lattn_status line_read_id(struct scan *scan, const char **ret_id, size_t *ret_length)
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
    *ret_id = id;
    *ret_length = (size_t)(scan->at - id);
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
    struct lattn_line *line = &pair->line;
    enum lattn_status status;

    switch ((enum pair_field)field) {
    case PAIR_Z:
        status = line_read_tokens(scan, pair->numbers + pair->used, &line->item);
        if (status == LATTN_OK)
            pair->used += (size_t)line->item.n * (size_t)line->item.d;
        return status;
    case PAIR_Y:
        return pair_read_label(pair, scan);
    case PAIR_CAUSAL:
        return scan_flag(scan, "causal", &pair->causal);
    case PAIR_WEIGHT:
        return pair_read_weight(pair, scan);
    case PAIR_ID:
        return line_read_id(scan, &line->id, &line->id_length);
    case PAIR_PRODUCER:
        return scan_name(scan, "producer", sizeof line->producer, line->producer);
    case PAIR_SEQ:
        line->has_seq = 1;
        return scan_count_to(scan, "seq", UINT64_MAX, &line->seq);
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
        return complain(complaint, LATTN_SHAPE, "y has %d rows, z has %d tokens", pair->label_rows,
                        item->n);
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

/* What an answer to a refused line needs; a refused pair uses up its number, so that as well. */
enum found_field { FOUND_ID, FOUND_METHOD, FOUND_PRODUCER, FOUND_SEQ };

static enum lattn_status find_field(struct scan *scan, int32_t field, void *arg)
{
    struct lattn_line *line = arg;
    enum lattn_status status;

    switch ((enum found_field)field) {
    case FOUND_ID:
        return line_read_id(scan, &line->id, &line->id_length);
    case FOUND_METHOD:
        line->kind = LATTN_LINE_REQUEST;
        return scan_skip(scan);
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
    }
    return LATTN_FIELD;
}

void line_find_id(const char *text, size_t length, struct lattn_line *ret_line)
{
    static const char *const words[] = {"id", "method", "producer", "seq", NULL};
    struct scan scan;

    *ret_line = (struct lattn_line){.kind = LATTN_LINE_PAIR};
    if (scan_begin(&scan, text, length, NULL) == LATTN_OK)
        (void)scan_object(&scan, "the line", words, SCAN_STRANGERS_PASSED, find_field, ret_line);
    if (ret_line->producer[0] == '\0')
        ret_line->has_seq = 0;
}

enum lattn_status lattn_line_read(const char *text, size_t length, double *numbers,
                                  size_t *ret_used, struct lattn_line *ret_line,
                                  struct lattn_complaint *complaint)
{
    struct pair_reader pair = {
        .line = {.item = {.weight = 1}}, .numbers = numbers, .causal = 1, .label = LABEL_MISSING};
    enum lattn_status status = pair_read(&pair, text, length, complaint);

    if (status == LATTN_OK) {
        *ret_used = pair.used;
        *ret_line = pair.line;
        return LATTN_OK;
    }
    line_find_id(text, length, ret_line);
    if (ret_line->kind == LATTN_LINE_PAIR)
        return status;
    *ret_used = 0;
    return LATTN_OK;
}

struct input_reader {
    struct lattn_item item;
    double *numbers;
};

static enum lattn_status input_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct input_reader *input = arg;

    (void)field;
    return line_read_tokens(scan, input->numbers, &input->item);
}

enum lattn_status lattn_input_read(const char *text, size_t length, double *numbers,
                                   size_t *ret_used, struct lattn_item *ret_input,
                                   struct lattn_complaint *complaint)
{
    static const char *const words[] = {"z", NULL};
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
    *ret_used = (size_t)input.item.n * (size_t)input.item.d;
    return LATTN_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void label_write(struct writer *writer, const struct lattn_item *item)
{
    writer_key(writer, "y");
    if (item->labels != LATTN_LABELS_LAST)
        writer_matrix(writer, item->y, item->n, item->m);
    else if (item->m == 1)
        writer_number(writer, item->y[0]);
    else
        writer_row(writer, item->y, item->m);
    if (item->labels == LATTN_LABELS_FULL) {
        writer_key(writer, "causal");
        writer_flag(writer, 0);
    }
}

enum lattn_status lattn_write_pair(struct lattn_text *text, const struct lattn_item *item,
                                   const char *id, const char *producer, uint64_t seq)
{
    struct writer writer;

    writer_begin(&writer, text);
    writer_open(&writer, '{');
    if (id != NULL) {
        writer_key(&writer, "id");
        writer_raw(&writer, id, strlen(id));
    }
    if (producer != NULL) {
        writer_key(&writer, "producer");
        writer_string(&writer, producer);
        writer_key(&writer, "seq");
        writer_count(&writer, seq);
    }
    writer_key(&writer, "z");
    writer_matrix(&writer, item->z, item->n, item->d);
    if (item->y != NULL)
        label_write(&writer, item);
    if (item->weight != 1) {
        writer_key(&writer, "w");
        writer_number(&writer, item->weight);
    }
    writer_close(&writer, '}');
    writer_newline(&writer);
    return writer_end(&writer);
}
