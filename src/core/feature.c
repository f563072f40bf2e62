/*
 * The features of a sequence. Tokens are dense or mostly zero (symbols as one-hot); either way only
 * coordinates that occur take part.
 *
 * The guard: S_jk is a sum of n products with a rounding error of at most n u sqrt(S_jj S_kk). What
 * is not larger than twice that may be exactly zero (mirrored coordinates, centred tokens), and
 * taking it for data would make features out of nothing (README.md, section 2).
 */
#include "core/feature.h"

#include "base/memory.h"

#include <lattn/limits.h>

#include <math.h>
#include <string.h>

static const double unit_roundoff = 0x1p-53;

int32_t feature_pairs(int32_t d)
{
    return d * (d + 1) / 2;
}

int32_t feature_count(int32_t d)
{
    return feature_pairs(d) * d;
}

enum lattn_status feature_reader_init(struct feature_reader *reader, int32_t d, int32_t bias)
{
    size_t q = (size_t)feature_pairs(d);
    size_t n = (size_t)d;

    *reader = (struct feature_reader){.d = d, .bias = bias};
    reader->sum = memory_zeroed(q, sizeof(double));
    reader->guarded = memory_zeroed(q, sizeof(double));
    reader->token = memory_zeroed(n, sizeof(double));
    reader->root = memory_zeroed(n, sizeof(double));
    reader->support = memory_zeroed(n, sizeof(int32_t));
    reader->nonzero = memory_zeroed(n, sizeof(int32_t));
    reader->seen = memory_zeroed(n, 1);
    if (reader->sum != NULL && reader->guarded != NULL && reader->token != NULL &&
        reader->root != NULL && reader->support != NULL && reader->nonzero != NULL &&
        reader->seen != NULL)
        return LATTN_OK;
    feature_reader_done(reader);
    return LATTN_NO_MEMORY;
}

void feature_reader_done(struct feature_reader *reader)
{
    memory_release(reader->sum);
    memory_release(reader->guarded);
    memory_release(reader->token);
    memory_release(reader->root);
    memory_release(reader->support);
    memory_release(reader->nonzero);
    memory_release(reader->seen);
    *reader = (struct feature_reader){0};
}

/* Load token t and list its nonzero coordinates. */
static void token_load(struct feature_reader *reader, int32_t t)
{
    const struct lattn_item *item = reader->item;
    const double *z = item->z + (size_t)t * (size_t)item->d;
    int32_t width = item->d + reader->bias;
    int32_t count = 0;

    reader->token[0] = 1; /* the bias; overwritten where there is none */
    memcpy(reader->token + reader->bias, z, (size_t)item->d * sizeof *z);
    for (int32_t i = 0; i < width; i++) {
        reader->nonzero[count] = i;
        count += reader->token[i] != 0;
    }
    reader->nonzero_count = count;
}

/* Keep the list of coordinates that occur sorted, so that features come in increasing order. */
static void support_add(struct feature_reader *reader, int32_t coordinate)
{
    int32_t i = reader->support_count++;

    reader->seen[coordinate] = 1;
    for (; i > 0 && reader->support[i - 1] > coordinate; i--)
        reader->support[i] = reader->support[i - 1];
    reader->support[i] = coordinate;
}

static void sum_add_dense(struct feature_reader *reader)
{
    const double *z = reader->token;
    double *sum = reader->sum;
    int32_t d = reader->d;

    for (int32_t j = 0; j < d; sum += d - j, j++)
        for (int32_t k = j; k < d; k++)
            sum[k - j] += z[j] * z[k];
}

static void sum_add_sparse(struct feature_reader *reader)
{
    int32_t count = reader->nonzero_count;
    const int32_t *nonzero = reader->nonzero;
    const double *z = reader->token;

    for (int32_t a = 0; a < count; a++) {
        int32_t j = nonzero[a];
        double *sum = reader->sum + feature_pair(reader->d, j, 0);

        for (int32_t b = a; b < count; b++)
            sum[nonzero[b]] += z[j] * z[nonzero[b]];
    }
}

static void token_add(struct feature_reader *reader, int32_t t)
{
    token_load(reader, t);
    if (reader->support_count < reader->d) {
        for (int32_t i = 0; i < reader->nonzero_count; i++)
            if (!reader->seen[reader->nonzero[i]])
                support_add(reader, reader->nonzero[i]);
    }
    if (2 * reader->nonzero_count > reader->d)
        sum_add_dense(reader);
    else
        sum_add_sparse(reader);
}

/* Copy the sum, without what may be rounding only. */
static void sum_guard(struct feature_reader *reader, int32_t tokens)
{
    double factor = 2 * tokens * unit_roundoff;
    const int32_t *support = reader->support;
    double *root = reader->root;

    for (int32_t a = 0; a < reader->support_count; a++)
        root[support[a]] = sqrt(reader->sum[feature_pair(reader->d, support[a], support[a])]);
    for (int32_t a = 0; a < reader->support_count; a++) {
        int32_t j = support[a];
        int32_t start = feature_pair(reader->d, j, 0);
        double limit = factor * root[j];

        reader->guarded[start + j] = reader->sum[start + j];
        for (int32_t b = a + 1; b < reader->support_count; b++) {
            int32_t k = support[b];
            double s = reader->sum[start + k];

            reader->guarded[start + k] = fabs(s) > limit * root[k] ? s : 0;
        }
    }
}

/* Forget the item before; only what it touched is cleared. */
static void reader_clear(struct feature_reader *reader)
{
    const int32_t *support = reader->support;

    for (int32_t a = 0; a < reader->support_count; a++) {
        int32_t start = feature_pair(reader->d, support[a], 0);

        reader->seen[support[a]] = 0;
        for (int32_t b = a; b < reader->support_count; b++) {
            reader->sum[start + support[b]] = 0;
            reader->guarded[start + support[b]] = 0;
        }
    }
    reader->support_count = 0;
    memset(reader->token, 0, (size_t)reader->d * sizeof *reader->token);
}

void feature_reader_start(struct feature_reader *reader, const struct lattn_item *item)
{
    reader_clear(reader);
    reader->item = item;
    reader->row = 0;
    if (item->labels == LATTN_LABELS_CAUSAL)
        return;
    for (int32_t t = 0; t < item->n; t++)
        token_add(reader, t);
    sum_guard(reader, item->n);
}

int feature_reader_next(struct feature_reader *reader, struct feature_view *ret_view)
{
    const struct lattn_item *item = reader->item;
    int32_t row = reader->row;

    if (row == lattn_item_rows(item))
        return 0;
    if (item->labels == LATTN_LABELS_CAUSAL) {
        token_add(reader, row);
        sum_guard(reader, row + 1);
    } else if (item->labels == LATTN_LABELS_FULL) {
        token_load(reader, row);
    }
    reader->row = row + 1;
    *ret_view = (struct feature_view){
        .S = reader->guarded,
        .z = reader->token,
        .y = item->y == NULL ? NULL : item->y + (size_t)row * (size_t)item->m,
        .support = reader->support,
        .query = reader->nonzero,
        .support_count = reader->support_count,
        .query_count = reader->nonzero_count,
    };
    return 1;
}

void feature_row(int32_t d, const struct feature_view *view, double scale, double *ret_row)
{
    int32_t q = feature_pairs(d);

    for (int32_t pair = 0; pair < q; pair++) {
        double s = view->S[pair] * scale;

        for (int32_t l = 0; l < d; l++)
            ret_row[l] = s * view->z[l];
        ret_row += d;
    }
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

void feature_scales_add(int32_t d, const struct feature_view *view, double weight, double *scales)
{
    for (int32_t a = 0; a < view->support_count; a++) {
        int32_t j = view->support[a];
        double first = weight * view->S[feature_pair(d, j, j)];

        for (int32_t b = a; b < view->support_count; b++) {
            int32_t k = view->support[b];
            double both = first * view->S[feature_pair(d, k, k)];
            double *scale = scales + (size_t)feature_pair(d, j, k) * (size_t)d;

            for (int32_t c = 0; c < view->query_count; c++) {
                int32_t l = view->query[c];

                scale[l] += both * (view->z[l] * view->z[l]);
            }
        }
    }
}

double feature_bound(const struct lattn_item *item, int32_t bias)
{
    int64_t count = (int64_t)item->n * item->d;
    double largest = bias ? 1 : 0;

    for (int64_t i = 0; i < count; i++) {
        double magnitude = fabs(item->z[i]);

        largest = magnitude > largest ? magnitude : largest;
    }
    return item->n * largest * largest * largest;
}
