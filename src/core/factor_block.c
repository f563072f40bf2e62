/*
 * Three steps: shares of the items become rows, each in its place among those that wait; the rows
 * are counted one by one; and shares of the scales are added to, each by all rows in their order.
 * So no sum depends on who did what, nor on where blocks begin.
 */
#include "core/factor_block.h"

#include "base/memory.h"
#include "base/team.h"
#include "core/factor_fold.h"
#include "core/moment.h"
#include "core/outer.h"
#include "core/scales.h"

#include <lattn/limits.h>

#include <math.h>
#include <string.h>

enum {
    /* Rows of a share in information form, about: as many as are turned together. */
    SHARE_ROWS = 64,
    /* A block has room for as many rows as are folded at once, which are few shares. */
    SHARES_MAX = 16,
    /* Fewer rows are not worth the preparation. */
    ROWS_LEAST = 8
};

/*
 * Scratch for rows of d coordinates.
 *
 * readers   of thread 1, 2, ...; that of the factor serves the caller
 * diagonal  room x d: S_jj, 0 where j does not occur
 * query     room x d: z
 * squares   room x scales_ld(d): weight z_l^2, zeros behind d
 */
struct factor_block {
    int32_t d;
    int32_t room;
    int32_t readers_count;
    struct feature_reader *readers;
    double *diagonal;
    double *query;
    double *squares;
};

/* Where a share begins; one more stands behind the last. */
struct share {
    size_t item;
    int32_t row;
};

/*
 * What a block is made of.
 *
 * is_plain  of each share: may its rows be added to the scales together?
 */
struct forming {
    struct factor *factor;
    struct component *component;
    const struct lattn_item *items;
    int32_t shares_count;
    struct share shares[SHARES_MAX + 1];
    int32_t is_plain[SHARES_MAX];
};

/* ---- scratch ------------------------------------------------------------------------------- */

void factor_block_close(struct factor_block **block)
{
    struct factor_block *closed = *block;

    *block = NULL;
    if (closed == NULL)
        return;
    for (int32_t i = 0; closed->readers != NULL && i < closed->readers_count; i++)
        feature_reader_done(&closed->readers[i]);
    memory_release(closed->readers);
    memory_release(closed->diagonal);
    memory_release(closed->query);
    memory_release(closed->squares);
    memory_release(closed);
}

static enum lattn_status readers_make(struct factor_block *block, int32_t bias)
{
    block->readers = memory_zeroed((size_t)block->readers_count + 1, sizeof *block->readers);
    if (block->readers == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < block->readers_count; i++)
        if (feature_reader_init(&block->readers[i], block->d, bias) != LATTN_OK)
            return LATTN_NO_MEMORY;
    return LATTN_OK;
}

static enum lattn_status block_open(struct factor_block **ret_block, int32_t d, int32_t bias,
                                    int32_t room, int32_t threads)
{
    struct factor_block *block = memory_zeroed(1, sizeof *block);
    size_t rows = (size_t)room;

    if (block == NULL)
        return LATTN_NO_MEMORY;
    *block = (struct factor_block){.d = d, .room = room, .readers_count = threads - 1};
    block->diagonal = memory_raw(rows * (size_t)d, sizeof(double));
    block->query = memory_raw(rows * (size_t)d, sizeof(double));
    block->squares = memory_zeroed(rows * scales_ld(d), sizeof(double));
    if (block->diagonal == NULL || block->query == NULL || block->squares == NULL ||
        readers_make(block, bias) != LATTN_OK) {
        factor_block_close(&block);
        return LATTN_NO_MEMORY;
    }
    *ret_block = block;
    return LATTN_OK;
}

/* Let there be scratch for so many rows, and for every thread. */
static enum lattn_status block_reserve(struct factor *factor, int32_t rows)
{
    const struct factor_block *block = factor->block;
    int32_t threads = team_threads(factor->team);

    if (block != NULL && block->d == factor->d && block->room >= rows &&
        block->readers_count >= threads - 1)
        return LATTN_OK;
    factor_block_close(&factor->block);
    return block_open(&factor->block, factor->d, factor->bias, rows, threads);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/*
 * Rows of a share. In square-root form those of a block that one thread folds, which is likely to
 * be the one that formed them: rows of small factors take as long to reach another core as to be
 * folded (README.md). So where one block is folded at a time no rows are handed over.
 */
static int32_t share_rows(const struct component *component)
{
    return component->moment != NULL ? SHARE_ROWS : component_rows_block(component->capacity);
}

/* Cut the first items into shares, as many as there is room for in whole. */
static void shares_cut(struct forming *forming, size_t count, int32_t room)
{
    struct share end = {0, 0};
    const struct moment *moment = forming->component->moment;
    int32_t enough = share_rows(forming->component);

    forming->shares[0] = end;
    while (end.item < count && forming->shares_count < SHARES_MAX) {
        const struct lattn_item *item = &forming->items[end.item];
        int32_t rows = lattn_item_rows(item);

        if (rows > room - end.row || (moment != NULL && factor_labels_share(forming->factor, item)))
            break;
        end.item++;
        end.row += rows;
        if (end.row - forming->shares[forming->shares_count].row >= enough)
            forming->shares[++forming->shares_count] = end;
    }
    if (end.item > forming->shares[forming->shares_count].item)
        forming->shares[++forming->shares_count] = end;
}

static struct share forming_end(const struct forming *forming)
{
    return forming->shares[forming->shares_count];
}

/* Keep what the scales need of a row. */
static void row_keep(struct factor_block *block, int32_t at, const struct feature_view *view,
                     double weight)
{
    size_t d = (size_t)block->d;
    double *diagonal = block->diagonal + (size_t)at * d;
    double *squares = block->squares + (size_t)at * scales_ld(block->d);

    memcpy(block->query + (size_t)at * d, view->z, d * sizeof *view->z);
    for (size_t l = 0; l < d; l++)
        squares[l] = weight * (view->z[l] * view->z[l]);
    if (view->support_count == block->d) {
        memcpy(diagonal, view->diagonal, d * sizeof *diagonal);
        return;
    }
    memset(diagonal, 0, d * sizeof *diagonal);
    for (int32_t a = 0; a < view->support_count; a++)
        diagonal[view->support[a]] = view->diagonal[view->support[a]];
}

static void row_form(const struct forming *forming, int32_t at, const struct lattn_item *item,
                     const struct feature_view *view)
{
    struct component *component = forming->component;
    int32_t place = component->rows_waiting + at;

    row_keep(forming->factor->block, at, view, item->weight);
    if (component->moment != NULL)
        moment_put(component->moment, place, view->S, view->z, view->y, item->m);
    else
        factor_row_write(forming->factor, component, place, item, view, 0);
}

static int rows_are_plain(const struct factor_block *block, const struct outer *outer,
                          int32_t first, int32_t rows)
{
    size_t from = (size_t)first * (size_t)block->d, count = (size_t)rows * (size_t)block->d;

    return !outer->has_less(count, block->diagonal + from, scales_plain_least) &&
           !outer->has_less(count, block->query + from, scales_plain_least);
}

static void share_form(void *arg, int32_t share, int32_t thread)
{
    struct forming *forming = arg;
    struct factor_block *block = forming->factor->block;
    struct feature_reader *reader =
        thread == 0 ? &forming->factor->reader : &block->readers[thread - 1];
    struct share begin = forming->shares[share], end = forming->shares[share + 1];
    struct feature_view view;
    int32_t at = begin.row;
    int is_plain = 1;

    for (size_t i = begin.item; i < end.item; i++) {
        const struct lattn_item *item = &forming->items[i];

        is_plain &= item->weight >= scales_plain_least;
        feature_reader_start(reader, item);
        while (feature_reader_next(reader, &view))
            row_form(forming, at++, item, &view);
    }
    forming->is_plain[share] =
        is_plain && rows_are_plain(block, reader->outer, begin.row, end.row - begin.row);
}

/* ---- counts and scales --------------------------------------------------------------------- */

/* Count the rows one after the other, and let them wait. */
static void rows_count(const struct forming *forming)
{
    struct factor *factor = forming->factor;
    struct component *component = forming->component;

    for (size_t i = 0; i < forming_end(forming).item; i++) {
        const struct lattn_item *item = &forming->items[i];
        int32_t rows = lattn_item_rows(item);

        for (int32_t row = 0; row < rows; row++) {
            factor_row_count(factor, item, item->y + (size_t)row * (size_t)item->m);
            factor_row_wait(factor, component, item->weight);
        }
        factor_item_count(factor, item);
    }
    if (component->moment != NULL)
        component->moment->waiting = component->rows_waiting;
}

static void share_scale(void *arg, int32_t share, int32_t thread)
{
    const struct forming *forming = arg;
    const struct factor_block *block = forming->factor->block;

    (void)thread;
    scales_add_rows(block->d, share, forming_end(forming).row, block->diagonal, block->squares,
                    forming->factor->scales);
}

static int32_t list_nonzero(int32_t count, const double *numbers, int32_t *ret_list)
{
    int32_t listed = 0;

    for (int32_t i = 0; i < count; i++) {
        ret_list[listed] = i;
        listed += numbers[i] != 0;
    }
    return listed;
}

/* The same where there are zeros, or numbers far apart: row by row. */
static void rows_scale(const struct forming *forming)
{
    struct factor *factor = forming->factor;
    const struct factor_block *block = factor->block;
    int32_t support[LATTN_DIM_MAX], query[LATTN_DIM_MAX];
    const double *diagonal = block->diagonal, *z = block->query;

    for (size_t i = 0; i < forming_end(forming).item; i++)
        for (int32_t row = 0; row < lattn_item_rows(&forming->items[i]); row++) {
            const struct feature_view view = {
                .diagonal = diagonal,
                .z = z,
                .support = support,
                .query = query,
                .support_count = list_nonzero(block->d, diagonal, support),
                .query_count = list_nonzero(block->d, z, query),
            };

            scales_add(block->d, &view, forming->items[i].weight, factor->scales);
            diagonal += block->d;
            z += block->d;
        }
}

static void forming_scale(struct forming *forming)
{
    int is_plain = 1;

    for (int32_t i = 0; i < forming->shares_count; i++)
        is_plain &= forming->is_plain[i];
    if (is_plain)
        team_run(forming->shares_count > 1 ? factor_helpers(forming->factor, forming->component)
                                           : NULL,
                 share_scale, forming, forming->factor->d);
    else
        rows_scale(forming);
}

size_t factor_block_take(struct factor *factor, const struct lattn_item *items, size_t count)
{
    struct forming forming = {.factor = factor, .items = items};
    struct component *component;

    if (!factor_is_dense(factor))
        return 0;
    component = forming.component = factor->components[0];
    shares_cut(&forming, count, component_rows_due(component) - component->rows_waiting);
    if (forming_end(&forming).row < ROWS_LEAST ||
        block_reserve(factor, component->rows_max) != LATTN_OK)
        return 0;
    team_run(factor_helpers(factor, component), share_form, &forming, forming.shares_count);
    rows_count(&forming);
    forming_scale(&forming);
    return forming_end(&forming).item;
}

void factor_block_end(struct factor *factor)
{
    struct component *component = factor->components[0];

    if (component->rows_waiting >= component_rows_due(component))
        factor_component_fold(factor, component);
}
