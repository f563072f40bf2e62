#include "series.h"

#include <lattn/tasks.h>

#include <stdlib.h>

/* Rows of all keys together; the keys idle longest are forgotten for the others. */
static const size_t past_bytes_max = (size_t)1 << 30;

void series_done(struct series *series)
{
    pasts_done(&series->pasts);
    columns_done(&series->columns);
    csv_cells_done(&series->cells);
    free(series->token);
    free(series->label);
    series->token = NULL;
    series->label = NULL;
}

enum lattn_status series_begin(struct series *series, const char *header, size_t length,
                               struct lattn_complaint *complaint)
{
    const struct columns *columns = &series->columns;
    enum lattn_status status =
        columns_find(&series->columns, &series->wish, header, length, complaint);

    if (status != LATTN_OK)
        return status;
    series->has_header = 1;
    series->token = malloc((size_t)columns->tokens.count * sizeof *series->token);
    series->label = malloc((size_t)columns->labels.count * sizeof *series->label);
    if (series->token == NULL || series->label == NULL)
        return LATTN_NO_MEMORY;
    pasts_init(&series->pasts, series->window, columns->tokens.count, LATTN_EVENTS_KEYS_MAX,
               past_bytes_max);
    return LATTN_OK;
}

enum lattn_status series_read(struct series *series, char *row, size_t length, const char **ret_key,
                              struct lattn_complaint *complaint)
{
    enum lattn_status status = csv_cells_cut(&series->cells, row, length, complaint);

    if (status != LATTN_OK)
        return status;
    return columns_read(&series->columns, &series->cells, series->token, series->label, ret_key,
                        complaint);
}

static enum lattn_status pair_give(const struct series *series, const char *key,
                                   const struct past *past, series_pair_fn take, void *arg)
{
    const struct lattn_item item = {
        .z = past->rows,
        .y = series->label,
        .weight = 1,
        .n = past->count,
        .d = series->columns.tokens.count,
        .m = series->columns.labels.count,
        .labels = LATTN_LABELS_LAST,
    };

    return past->count == 0 ? LATTN_OK : take(arg, key, &item);
}

/* The row as a token joins its key's past before its label is asked for, or behind. */
enum lattn_status series_push(struct series *series, const char *key, series_pair_fn take,
                              void *arg)
{
    struct past *past;
    enum lattn_status status = pasts_find(&series->pasts, key, &past);

    if (status == LATTN_OK && series->is_autoregressive)
        status = pair_give(series, key, past, take, arg);
    if (status == LATTN_OK)
        status = pasts_push(&series->pasts, past, series->token);
    if (status == LATTN_OK && !series->is_autoregressive)
        status = pair_give(series, key, past, take, arg);
    return status;
}
