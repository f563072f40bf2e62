/*
 * The features of a sequence. Tokens are dense or mostly zero (symbols as one-hot); either way only
 * coordinates that occur take part.
 *
 * The guard: S_jk is a sum of n products with a rounding error of at most n u sqrt(S_jj S_kk). What
 * is not larger than twice that may be exactly zero (mirrored coordinates, centred tokens), and
 * taking it for data would make features out of nothing (README.md, section 2).
 *
 * The bound needs S_jj to its full precision: so a coordinate whose square is no normal number
 * counts as zero.
 */
#include "core/feature.h"

#include "base/memory.h"
#include "core/outer.h"

#include <lattn/limits.h>

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

static const double unit_roundoff = 0x1p-53;

/* The least coordinate that counts: its square is DBL_MIN, the least normal number. */
static const double coordinate_least = 0x1p-511;

enum {
    /* Numbers that are handled together: loops over them are unrolled and made vectors. */
    STRIP = OUTER_STRIP,
    /* Tokens are looked at, and padded where they have to be, so many at a time. */
    CHUNK = 16
};

/* Of d coordinates, q = d (d+1) / 2. */
static int32_t pairs_count(int32_t d)
{
    return d * (d + 1) / 2;
}

struct feature feature_at(int32_t d, int32_t index)
{
    int32_t pair = index / d;
    int32_t j = 0;

    while (pair >= d - j) {
        pair -= d - j;
        j++;
    }
    return (struct feature){(uint16_t)j, (uint16_t)(j + pair), (uint16_t)(index % d)};
}

int32_t feature_count(int32_t d)
{
    return pairs_count(d) * d;
}

/* d in whole strips. */
static size_t leading_for(int32_t d)
{
    return ((size_t)d + STRIP - 1) / STRIP * STRIP;
}

size_t feature_reader_bytes(int32_t d)
{
    size_t ld = leading_for(d);
    size_t numbers = ld * ld + (size_t)pairs_count(d) + (CHUNK + 2) * ld + (size_t)d + 3 * STRIP;

    return numbers * sizeof(double) + (size_t)d * (3 * sizeof(int32_t) + 1);
}

enum lattn_status feature_reader_init(struct feature_reader *reader, int32_t d, int32_t bias)
{
    size_t q = (size_t)pairs_count(d);
    size_t n = (size_t)d;
    size_t ld = leading_for(d);

    *reader = (struct feature_reader){.d = d, .bias = bias, .ld = ld, .outer = outer_choose()};
    reader->sum = memory_zeroed(ld * ld + STRIP, sizeof(double));
    reader->guarded = memory_zeroed(q + STRIP, sizeof(double));
    reader->token = memory_zeroed(ld, sizeof(double));
    reader->chunk = memory_zeroed(CHUNK * ld, sizeof(double));
    reader->diagonal = memory_zeroed(n, sizeof(double));
    reader->root = memory_zeroed(ld + STRIP, sizeof(double));
    reader->all = memory_zeroed(n, sizeof(int32_t));
    reader->support = memory_zeroed(n, sizeof(int32_t));
    reader->nonzero = memory_zeroed(n, sizeof(int32_t));
    reader->seen = memory_zeroed(n, 1);
    if (reader->sum == NULL || reader->guarded == NULL || reader->token == NULL ||
        reader->chunk == NULL || reader->diagonal == NULL || reader->root == NULL ||
        reader->all == NULL || reader->support == NULL || reader->nonzero == NULL ||
        reader->seen == NULL) {
        feature_reader_done(reader);
        return LATTN_NO_MEMORY;
    }
    for (int32_t i = 0; i < d; i++)
        reader->all[i] = i;
    return LATTN_OK;
}

void feature_reader_done(struct feature_reader *reader)
{
    memory_release(reader->sum);
    memory_release(reader->guarded);
    memory_release(reader->token);
    memory_release(reader->chunk);
    memory_release(reader->diagonal);
    memory_release(reader->root);
    memory_release(reader->all);
    memory_release(reader->support);
    memory_release(reader->nonzero);
    memory_release(reader->seen);
    *reader = (struct feature_reader){0};
}

/* ---- tokens -------------------------------------------------------------------------------- */

/* Insert into a list that is kept sorted, so that features come in increasing order. */
static void list_insert(int32_t *list, int32_t *count, int32_t coordinate)
{
    int32_t i = (*count)++;

    for (; i > 0 && list[i - 1] > coordinate; i--)
        list[i] = list[i - 1];
    list[i] = coordinate;
}

static void token_load_dense(struct feature_reader *reader)
{
    int32_t given = reader->item->d;
    int32_t width = given + reader->bias;
    int32_t count = 0;

    reader->token[0] = 1; /* the bias; overwritten where there is none */
    memcpy(reader->token + reader->bias, reader->next, (size_t)given * sizeof *reader->next);
    memset(reader->token + width, 0, (size_t)(reader->d - width) * sizeof *reader->token);
    reader->next += given;
    for (int32_t i = 0; i < width; i++) {
        double z = reader->token[i];

        reader->token[i] = fabs(z) < coordinate_least ? 0 : z;
        reader->nonzero[count] = i;
        count += reader->token[i] != 0;
    }
    reader->nonzero_count = count;
}

static void token_load_ones(struct feature_reader *reader)
{
    int32_t left = (int32_t)*reader->next++;

    memset(reader->token, 0, (size_t)reader->d * sizeof *reader->token);
    reader->nonzero_count = 0;
    if (reader->bias)
        list_insert(reader->nonzero, &reader->nonzero_count, 0);
    for (; left > 0; left--)
        list_insert(reader->nonzero, &reader->nonzero_count,
                    reader->bias + (int32_t)*reader->next++);
    for (int32_t i = 0; i < reader->nonzero_count; i++)
        reader->token[reader->nonzero[i]] = 1;
}

/* Load the next token and list its nonzero coordinates. */
static void token_load(struct feature_reader *reader)
{
    if (reader->item->tokens == LATTN_TOKENS_DENSE)
        token_load_dense(reader);
    else
        token_load_ones(reader);
}

/* Note the coordinates of the token at hand that occur for the first time. */
static void support_extend(struct feature_reader *reader)
{
    for (int32_t i = 0; i < reader->nonzero_count; i++) {
        int32_t coordinate = reader->nonzero[i];

        if (reader->seen[coordinate])
            continue;
        reader->seen[coordinate] = 1;
        list_insert(reader->support, &reader->support_count, coordinate);
    }
}

/* ---- the matrix S -------------------------------------------------------------------------- */

static void sum_add_sparse(struct feature_reader *reader)
{
    int32_t count = reader->nonzero_count;
    const int32_t *nonzero = reader->nonzero;
    const double *z = reader->token;

    for (int32_t a = 0; a < count; a++) {
        double *sum = reader->sum + (size_t)nonzero[a] * reader->ld;

        for (int32_t b = a; b < count; b++)
            sum[nonzero[b]] += z[nonzero[a]] * z[nonzero[b]];
    }
}

static void token_add(struct feature_reader *reader)
{
    token_load(reader);
    if (reader->support_count < reader->d)
        support_extend(reader);
    if (2 * reader->nonzero_count > reader->d)
        reader->outer->add(1, reader->token, reader->ld, reader->sum);
    else
        sum_add_sparse(reader);
}

/* Does every coordinate occur in each of the next tokens? */
static int are_whole(const struct feature_reader *reader, int32_t count)
{
    const struct lattn_item *item = reader->item;

    return item->tokens == LATTN_TOKENS_DENSE && item->d + reader->bias == reader->d &&
           !reader->outer->has_less((size_t)count * (size_t)item->d, reader->next,
                                    coordinate_least);
}

/* The next tokens as rows of whole vectors, at most CHUNK of them where they have to be padded. */
static const double *rows_take(struct feature_reader *reader, int32_t count)
{
    size_t given = (size_t)reader->item->d;
    const double *tokens = reader->next;

    reader->next += (size_t)count * given;
    if (given == reader->ld)
        return tokens;
    for (size_t t = 0; t < (size_t)count; t++) {
        double *row = reader->chunk + t * reader->ld;

        row[0] = 1; /* the bias; overwritten where there is none */
        memcpy(row + reader->bias, tokens + t * given, given * sizeof *row);
    }
    return reader->chunk;
}

/* The last of the rows, which were whole tokens, is the token at hand. */
static void rows_end(struct feature_reader *reader, int32_t count, const double *rows)
{
    memcpy(reader->token, rows + (size_t)(count - 1) * reader->ld, reader->ld * sizeof *rows);
    reader->nonzero_count = reader->d;
    reader->support_count = reader->d;
}

/* Add all tokens, which are whole: nothing of the item before remains. */
static void tokens_set(struct feature_reader *reader)
{
    int32_t most = (size_t)reader->item->d == reader->ld ? LATTN_TOKENS_MAX : CHUNK;
    int32_t left = reader->item->n;
    int32_t count = left < most ? left : most;
    const double *rows = rows_take(reader, count);

    reader->outer->set(count, rows, reader->ld, reader->sum);
    for (left -= count; left > 0; left -= count) {
        count = left < most ? left : most;
        rows = rows_take(reader, count);
        reader->outer->add(count, rows, reader->ld, reader->sum);
    }
    rows_end(reader, count, rows);
}

/* Add all tokens; the last one is then the token at hand. */
static void tokens_add(struct feature_reader *reader)
{
    int32_t n = reader->item->n;

    for (int32_t t = 0; t < n;) {
        int32_t count = n - t < CHUNK ? n - t : CHUNK;

        if (are_whole(reader, count)) {
            const double *rows = rows_take(reader, count);

            reader->outer->add(count, rows, reader->ld, reader->sum);
            rows_end(reader, count, rows);
        } else {
            for (int32_t i = 0; i < count; i++)
                token_add(reader);
        }
        t += count;
    }
}

static void guard_sparse(struct feature_reader *reader, double factor)
{
    const int32_t *support = reader->support;
    const double *root = reader->root;

    for (int32_t a = 0; a < reader->support_count; a++) {
        int32_t j = support[a];
        const double *sum = reader->sum + (size_t)j * reader->ld;
        double *guarded = reader->guarded + feature_pair(reader->d, j, 0);
        double limit = factor * root[j];

        for (int32_t b = a; b < reader->support_count; b++) {
            int32_t k = support[b];

            guarded[k] = fabs(sum[k]) > limit * root[k] ? sum[k] : 0;
        }
    }
}

static const int32_t *support_list(const struct feature_reader *reader)
{
    return reader->support_count == reader->d ? reader->all : reader->support;
}

static const int32_t *query_list(const struct feature_reader *reader)
{
    return reader->nonzero_count == reader->d ? reader->all : reader->nonzero;
}

/* Copy the sum, without what may be rounding only. */
static void sum_guard(struct feature_reader *reader, int32_t tokens)
{
    double factor = 2 * tokens * unit_roundoff;
    const int32_t *support = support_list(reader);

    if (reader->support_count == reader->d) {
        reader->outer->guard(reader->d, factor, reader->sum, reader->ld, reader->diagonal,
                             reader->root, reader->guarded);
        return;
    }
    for (int32_t a = 0; a < reader->support_count; a++) {
        size_t j = (size_t)support[a];

        reader->diagonal[j] = reader->sum[j * reader->ld + j];
        reader->root[j] = sqrt(reader->diagonal[j]);
    }
    guard_sparse(reader, factor);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Forget the item before; only what it touched is cleared. */
static void reader_clear(struct feature_reader *reader)
{
    const int32_t *support = reader->support;
    int32_t count = reader->support_count;
    size_t d = (size_t)reader->d, ld = reader->ld;

    reader->support_count = 0;
    if (count == reader->d) {
        memset(reader->sum, 0, d * ld * sizeof *reader->sum);
        memset(reader->guarded, 0, d * (d + 1) / 2 * sizeof *reader->guarded);
        memset(reader->seen, 0, d);
        return;
    }
    for (int32_t a = 0; a < count; a++) {
        double *sum = reader->sum + (size_t)support[a] * ld;
        double *guarded = reader->guarded + feature_pair(reader->d, support[a], 0);

        for (int32_t b = 0; b < count; b++)
            sum[support[b]] = 0;
        for (int32_t b = a; b < count; b++)
            guarded[support[b]] = 0;
        reader->seen[support[a]] = 0;
    }
}

void feature_reader_start(struct feature_reader *reader, const struct lattn_item *item)
{
    reader->item = item;
    reader->next = item->z;
    reader->row = 0;
    if (item->labels != LATTN_LABELS_CAUSAL && are_whole(reader, item->n)) {
        tokens_set(reader);
    } else {
        reader_clear(reader);
        if (item->labels == LATTN_LABELS_CAUSAL)
            return;
        tokens_add(reader);
    }
    sum_guard(reader, item->n);
    if (item->labels == LATTN_LABELS_FULL)
        reader->next = item->z;
}

int feature_reader_next(struct feature_reader *reader, struct feature_view *ret_view)
{
    const struct lattn_item *item = reader->item;
    int32_t row = reader->row;

    if (row == lattn_item_rows(item))
        return 0;
    if (item->labels == LATTN_LABELS_CAUSAL) {
        token_add(reader);
        sum_guard(reader, row + 1);
    } else if (item->labels == LATTN_LABELS_FULL) {
        token_load(reader);
    }
    reader->row = row + 1;
    *ret_view = (struct feature_view){
        .S = reader->guarded,
        .diagonal = reader->diagonal,
        .z = reader->token,
        .y = item->y == NULL ? NULL : item->y + (size_t)row * (size_t)item->m,
        .support = support_list(reader),
        .query = query_list(reader),
        .support_count = reader->support_count,
        .query_count = reader->nonzero_count,
    };
    return 1;
}

void feature_reader_query(struct feature_reader *reader, const struct lattn_item *item,
                          struct feature_view *ret_view)
{
    struct lattn_item query = *item;

    query.y = NULL;
    query.labels = LATTN_LABELS_LAST;
    feature_reader_start(reader, &query);
    (void)feature_reader_next(reader, ret_view);
    reader->item = NULL;
}

/* The features of `count` query coordinates; z stays in registers where count is a constant. */
INLINE void row_write(int count, int32_t d, const struct feature_view *view, const double *z,
                      double scale, double *restrict ret_row)
{
    int32_t q = pairs_count(d);
    double query[STRIP];

    memcpy(query, z, (size_t)count * sizeof *z);
    for (int32_t pair = 0; pair < q; pair++, ret_row += d) {
        double s = view->S[pair] * scale;

        for (int l = 0; l < count; l++)
            ret_row[l] = s * query[l];
    }
}

void feature_row(int32_t d, const struct feature_view *view, double scale, double *ret_row)
{
    int32_t l = 0;

    for (; l + STRIP <= d; l += STRIP)
        row_write(STRIP, d, view, view->z + l, scale, ret_row + l);
    for (; l < d; l++)
        row_write(1, d, view, view->z + l, scale, ret_row + l);
}

int32_t feature_list(int32_t d, const struct feature_view *view, int32_t *ret_index,
                     double *ret_value)
{
    int32_t count = 0;

    for (int32_t a = 0; a < view->support_count; a++) {
        for (int32_t b = a; b < view->support_count; b++) {
            int32_t pair = feature_pair(d, view->support[a], view->support[b]);
            double s = view->S[pair];

            if (s == 0)
                continue;
            for (int32_t c = 0; c < view->query_count; c++) {
                double value = s * view->z[view->query[c]];

                ret_index[count] = pair * d + view->query[c];
                ret_value[count] = value;
                count += value != 0;
            }
        }
    }
    return count;
}

double feature_bound(int32_t n, double largest, int32_t bias)
{
    double most = bias && largest < 1 ? 1 : largest;

    return n * most * most * most;
}
