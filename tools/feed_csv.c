/*
 * Rows of CSV as pairs, which series makes of them.
 *
 * A column is the coordinate, or output, of its name, and the one at its place among the tokens or
 * labels where the learner has no names. Where it knows no coordinates yet they are named after the
 * columns first, so that its model can be read.
 */
#include "feed.h"

#include "names.h"

#include <stdio.h>

static void names_list(const struct columns *columns, const struct columns_list *list,
                       char **ret_names)
{
    for (int32_t i = 0; i < list->count; i++)
        ret_names[i] = columns->names.texts[list->places[i]];
}

static enum lattn_status columns_name(struct feed *feed)
{
    const struct columns *columns = &feed->csv.series.columns;
    char reason[sizeof feed->naming_complaint.text + 32];
    char *append[LATTN_DIM_MAX];
    char *outputs[LATTN_OUTPUTS_MAX];
    struct lattn_request request = {
        .append = append,
        .append_count = (size_t)columns->tokens.count,
        .outputs = outputs,
        .outputs_count = (size_t)columns->labels.count,
    };
    enum lattn_status status;

    names_list(columns, &columns->tokens, append);
    names_list(columns, &columns->labels, outputs);
    status = feed_name(feed, &request);
    feed->csv.is_named = status == LATTN_OK;
    if (status == LATTN_OK &&
        !feed_named_in_order(feed, columns->tokens.count, columns->labels.count))
        feed_stop(feed, "the daemon was given other names at the same time");
    if (status != LATTN_NAME)
        return status;
    snprintf(reason, sizeof reason, "the columns get no names: %s", feed->naming_complaint.text);
    feed_complain(feed, 0, reason);
    return LATTN_OK;
}

/* Coordinate 0 is not sent where the daemon adds it. */
static enum lattn_status tokens_order(struct columns *columns, const struct lattn_model *model,
                                      struct lattn_complaint *complaint)
{
    const char *names[LATTN_DIM_MAX];
    int32_t count = model->d - model->bias;

    for (int32_t i = 0; i < count; i++)
        names[i] = names_coordinate(model, i + model->bias);
    return columns_order(columns, &columns->tokens, "coordinate", names, count, complaint);
}

static enum lattn_status labels_order(struct columns *columns, const struct lattn_model *model,
                                      struct lattn_complaint *complaint)
{
    const char *names[LATTN_OUTPUTS_MAX];

    for (int32_t i = 0; i < model->m; i++)
        names[i] = names_output(model, i);
    return columns_order(columns, &columns->labels, "output", names, model->m, complaint);
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
    status = tokens_order(&feed->csv.series.columns, model, &complaint);
    if (status == LATTN_OK)
        status = labels_order(&feed->csv.series.columns, model, &complaint);
    lattn_model_close(&model);
    if (status != LATTN_NAME && status != LATTN_SHAPE)
        return status;
    feed_stop(feed, complaint.text);
    return LATTN_OK;
}

static enum lattn_status header_take(struct feed *feed, const char *text, size_t length)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = series_begin(&feed->csv.series, text, length, &complaint);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status == LATTN_OK)
        return columns_meet(feed);
    feed_stop(feed, complaint.text);
    return LATTN_OK;
}

static enum lattn_status pair_send(void *arg, const char *key, const struct lattn_item *item)
{
    (void)key; /* the daemon need not know */
    return feed_pair(arg, item);
}

enum lattn_status feed_csv_row(struct feed *feed, char *text, size_t length)
{
    struct series *series = &feed->csv.series;
    struct lattn_complaint complaint = {""};
    enum lattn_status status;
    const char *key;

    if (!series->has_header)
        return header_take(feed, text, length);
    status = series_read(series, text, length, &key, &complaint);
    if (status == LATTN_OK)
        return series_push(series, key, pair_send, feed);
    if (status == LATTN_NO_MEMORY)
        return status;
    feed_refuse(feed, complaint.text);
    return LATTN_OK;
}

/* Names that the daemon granted keep their places; one that knows none is given them again. */
enum lattn_status feed_csv_again(struct feed *feed)
{
    enum lattn_status status;

    if (!feed->csv.series.has_header ||
        (!feed->csv.is_named && (feed->hello.d != 0 || feed->hello.m != 0)))
        return LATTN_OK;
    status = columns_name(feed);
    return status == LATTN_OK && feed->stopped ? feed_renamed(feed) : status;
}

void feed_csv_end(struct feed *feed)
{
    if (!feed->csv.series.has_header && !feed->stopped && feed->input.error == 0)
        feed_stop(feed, "there is none");
}

void feed_csv_done(struct feed *feed)
{
    series_done(&feed->csv.series);
}
