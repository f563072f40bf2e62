/*
 * Rows of CSV as pairs. The header tells the columns; then each row completes at most one pair with
 * the rows that its key had before. A row that is refused is as if it were not there.
 *
 * A column is the coordinate, or output, of its name, and the one at its place among the tokens or
 * labels where the learner has no names. Where it knows no coordinates yet they are named after the
 * columns first, so that its model can be read.
 */
#include "feed.h"

#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of all keys together; the keys idle longest are forgotten for the others. */
static const size_t past_bytes_max = (size_t)1 << 30;

static void names_list(const struct feed_csv *csv, const struct columns_list *list,
                       char **ret_names)
{
    for (int32_t i = 0; i < list->count; i++)
        ret_names[i] = csv->columns.names.texts[list->places[i]];
}

static enum lattn_status columns_name(struct feed *feed)
{
    struct feed_csv *csv = &feed->csv;
    char reason[sizeof feed->naming_complaint.text + 32];
    char *append[LATTN_DIM_MAX];
    char *outputs[LATTN_OUTPUTS_MAX];
    struct lattn_request request = {
        .append = append,
        .append_count = (size_t)csv->columns.tokens.count,
        .outputs = outputs,
        .outputs_count = (size_t)csv->columns.labels.count,
    };
    enum lattn_status status;

    names_list(csv, &csv->columns.tokens, append);
    names_list(csv, &csv->columns.labels, outputs);
    status = feed_name(feed, &request);
    csv->is_named = status == LATTN_OK;
    if (status == LATTN_OK &&
        !feed_named_in_order(feed, csv->columns.tokens.count, csv->columns.labels.count))
        feed_stop(feed, "the daemon was given other names at the same time");
    if (status != LATTN_NAME)
        return status;
    snprintf(reason, sizeof reason, "the columns get no names: %s", feed->naming_complaint.text);
    feed_complain(feed, 0, reason);
    return LATTN_OK;
}

/* Coordinate 0 is not sent where the daemon adds it. */
static enum lattn_status tokens_order(struct feed_csv *csv, const struct lattn_model *model,
                                      struct lattn_complaint *complaint)
{
    const char *names[LATTN_DIM_MAX];
    int32_t count = model->d - model->bias;

    for (int32_t i = 0; i < count; i++)
        names[i] = names_coordinate(model, i + model->bias);
    return columns_order(&csv->columns, &csv->columns.tokens, "coordinate", names, count,
                         complaint);
}

static enum lattn_status labels_order(struct feed_csv *csv, const struct lattn_model *model,
                                      struct lattn_complaint *complaint)
{
    const char *names[LATTN_OUTPUTS_MAX];

    for (int32_t i = 0; i < model->m; i++)
        names[i] = names_output(model, i);
    return columns_order(&csv->columns, &csv->columns.labels, "output", names, model->m, complaint);
}

/* Find out what each column is to the learner, before anything is sent. */
static enum lattn_status columns_meet(struct feed *feed)
{
    struct lattn_complaint complaint = {""};
    struct lattn_model *model;
    enum lattn_status status = feed_model(feed, &model);

    if (status != LATTN_OK || feed->stopped)
        return status;
    if (model == NULL)
        return feed->hello.d == 0 && feed->hello.m == 0 ? columns_name(feed) : LATTN_OK;
    status = tokens_order(&feed->csv, model, &complaint);
    if (status == LATTN_OK)
        status = labels_order(&feed->csv, model, &complaint);
    lattn_model_close(&model);
    if (status != LATTN_NAME && status != LATTN_SHAPE)
        return status;
    feed_stop(feed, complaint.text);
    return LATTN_OK;
}

static enum lattn_status header_take(struct feed *feed, const char *text, size_t length)
{
    struct feed_csv *csv = &feed->csv;
    struct lattn_complaint complaint = {""};
    enum lattn_status status = columns_find(&csv->columns, &csv->wish, text, length, &complaint);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK) {
        feed_stop(feed, complaint.text);
        return LATTN_OK;
    }
    csv->has_header = 1;
    csv->token = malloc((size_t)csv->columns.tokens.count * sizeof *csv->token);
    csv->label = malloc((size_t)csv->columns.labels.count * sizeof *csv->label);
    if (csv->token == NULL || csv->label == NULL)
        return LATTN_NO_MEMORY;
    pasts_init(&csv->pasts, csv->window, csv->columns.tokens.count, LATTN_EVENTS_KEYS_MAX,
               past_bytes_max);
    return columns_meet(feed);
}

static enum lattn_status pair_send(struct feed *feed, const struct past *past)
{
    const struct feed_csv *csv = &feed->csv;
    const struct lattn_item item = {
        .z = past->rows,
        .y = csv->label,
        .weight = 1,
        .n = past->count,
        .d = csv->columns.tokens.count,
        .m = csv->columns.labels.count,
        .labels = LATTN_LABELS_LAST,
    };

    return past->count == 0 ? LATTN_OK : feed_pair(feed, &item);
}

/* The row as a token joins its key's past before its label is asked for, or behind. */
static enum lattn_status row_take(struct feed *feed, const char *key)
{
    struct feed_csv *csv = &feed->csv;
    struct past *past;
    enum lattn_status status = pasts_find(&csv->pasts, key, &past);

    if (status == LATTN_OK && csv->is_autoregressive)
        status = pair_send(feed, past);
    if (status == LATTN_OK)
        status = pasts_push(&csv->pasts, past, csv->token);
    if (status == LATTN_OK && !csv->is_autoregressive)
        status = pair_send(feed, past);
    return status;
}

enum lattn_status feed_csv_row(struct feed *feed, char *text, size_t length)
{
    struct feed_csv *csv = &feed->csv;
    struct lattn_complaint complaint = {""};
    enum lattn_status status;
    const char *key;

    if (!csv->has_header)
        return header_take(feed, text, length);
    status = csv_cells_cut(&csv->cells, text, length, &complaint);
    if (status == LATTN_OK)
        status = columns_read(&csv->columns, &csv->cells, csv->token, csv->label, &key, &complaint);
    if (status == LATTN_OK)
        return row_take(feed, key);
    if (status == LATTN_NO_MEMORY)
        return status;
    feed_refuse(feed, complaint.text);
    return LATTN_OK;
}

/* Names that the daemon granted keep their places; one that knows none is given them again. */
enum lattn_status feed_csv_again(struct feed *feed)
{
    enum lattn_status status;

    if (!feed->csv.has_header ||
        (!feed->csv.is_named && (feed->hello.d != 0 || feed->hello.m != 0)))
        return LATTN_OK;
    status = columns_name(feed);
    return status == LATTN_OK && feed->stopped ? feed_renamed(feed) : status;
}

void feed_csv_end(struct feed *feed)
{
    if (!feed->csv.has_header && !feed->stopped && feed->input.error == 0)
        feed_stop(feed, "there is none");
}

void feed_csv_done(struct feed *feed)
{
    struct feed_csv *csv = &feed->csv;

    pasts_done(&csv->pasts);
    columns_done(&csv->columns);
    csv_cells_done(&csv->cells);
    free(csv->token);
    free(csv->label);
}
