/* Columns are as wide as what stands in them; what is wrong comes last, in words. */
#include "shard_table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    /* A screen of them; of more one wants to see which to look after. */
    ROWS_MAX = 32,
    CELL_BYTES_MAX = 24,
    STATE_BYTES_MAX = 384
};

enum column { COLUMN_SHARD, COLUMN_EPOCH, COLUMN_PAIRS, COLUMN_AGE, COLUMN_LAG, COLUMNS_COUNT };

static const char *const titles[COLUMNS_COUNT] = {"shard", "epoch", "pairs", "age", "lag"};

struct row {
    char cells[COLUMNS_COUNT][CELL_BYTES_MAX];
    char state[STATE_BYTES_MAX];
};

/* ---- one row ------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void state_add(struct row *row, const char *words, ...)
{
    size_t length = strlen(row->state);
    va_list arguments;

    if (length > 0)
        length += (size_t)snprintf(row->state + length, sizeof row->state - length, ", ");
    va_start(arguments, words);
    (void)vsnprintf(row->state + length, sizeof row->state - length, words, arguments);
    va_end(arguments);
}

static void state_tell(const struct lattn_shard *shard, struct row *row)
{
    if (shard->worker[0] == '\0')
        state_add(row, "missing");
    if (shard->is_stale)
        state_add(row, "stale");
    if (shard->lost > 0)
        state_add(row, "lost %" PRIu64, shard->lost);
    if (shard->is_rolled_back)
        state_add(row, "rolled back");
    if (shard->error[0] != '\0')
        state_add(row, "refused: %s", shard->error);
    if (row->state[0] == '\0')
        state_add(row, "ok");
}

static void cell_count(struct row *row, enum column column, uint64_t value)
{
    (void)snprintf(row->cells[column], CELL_BYTES_MAX, "%" PRIu64, value);
}

static void row_fill(struct row *row, const struct lattn_aggregate *aggregate, uint64_t number)
{
    const struct lattn_shard *shard = &aggregate->shards[number];

    *row = (struct row){.state = ""};
    state_tell(shard, row);
    for (int column = 0; column < COLUMNS_COUNT; column++)
        (void)snprintf(row->cells[column], CELL_BYTES_MAX, "-");
    cell_count(row, COLUMN_SHARD, number);
    if (shard->worker[0] == '\0')
        return;
    cell_count(row, COLUMN_EPOCH, aggregate->epoch);
    cell_count(row, COLUMN_PAIRS, shard->pairs);
    (void)snprintf(row->cells[COLUMN_AGE], CELL_BYTES_MAX, "%" PRId64 " s", shard->age_s);
    cell_count(row, COLUMN_LAG, shard->lag);
}

static int is_shown(const struct lattn_aggregate *aggregate, const struct row *row)
{
    return aggregate->expect <= ROWS_MAX || strcmp(row->state, "ok") != 0;
}

/* ---- all of them --------------------------------------------------------------------------- */

static void widths_find(const struct lattn_aggregate *aggregate, int widths[COLUMNS_COUNT])
{
    struct row row;

    for (int column = 0; column < COLUMNS_COUNT; column++)
        widths[column] = (int)strlen(titles[column]);
    for (uint64_t i = 0; i < aggregate->expect; i++) {
        row_fill(&row, aggregate, i);
        for (int column = 0; is_shown(aggregate, &row) && column < COLUMNS_COUNT; column++)
            if ((int)strlen(row.cells[column]) > widths[column])
                widths[column] = (int)strlen(row.cells[column]);
    }
}

__attribute__((format(printf, 3, 4))) static void
text_put(struct lattn_text *text, enum lattn_status *status, const char *words, ...)
{
    char piece[STATE_BYTES_MAX + 16];
    va_list arguments;
    int length;

    va_start(arguments, words);
    length = vsnprintf(piece, sizeof piece, words, arguments);
    va_end(arguments);
    if (*status == LATTN_OK)
        *status = lattn_text_add(text, piece, (size_t)length);
}

static void row_put(struct lattn_text *text, enum lattn_status *status, const struct row *row,
                    const int widths[COLUMNS_COUNT])
{
    for (int column = 0; column < COLUMNS_COUNT; column++)
        text_put(text, status, "  %*s", widths[column], row->cells[column]);
    text_put(text, status, "  %s\n", row->state);
}

enum lattn_status shard_table_write(struct lattn_text *text,
                                    const struct lattn_aggregate *aggregate)
{
    enum lattn_status status = LATTN_OK;
    struct row row = {.state = "state"};
    int widths[COLUMNS_COUNT];
    uint64_t left_out = 0;

    for (int column = 0; column < COLUMNS_COUNT; column++)
        (void)snprintf(row.cells[column], CELL_BYTES_MAX, "%s", titles[column]);
    widths_find(aggregate, widths);
    row_put(text, &status, &row, widths);
    for (uint64_t i = 0; i < aggregate->expect; i++) {
        row_fill(&row, aggregate, i);
        if (is_shown(aggregate, &row))
            row_put(text, &status, &row, widths);
        else
            left_out++;
    }
    if (left_out > 0)
        text_put(text, &status, "  %" PRIu64 " more of %" PRIu64 " are ok\n", left_out,
                 aggregate->expect);
    if (aggregate->error[0] != '\0')
        text_put(text, &status, "  not added up: %s\n", aggregate->error);
    return status;
}
