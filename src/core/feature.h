#ifndef CORE_FEATURE_H
#define CORE_FEATURE_H

#include <lattn/batch.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The cubic features of linear attention (README.md, section 1),
 *
 *     phi(Z)_{jk,l} = S_jk z_l,   S = Z Z',  z the query token,  j <= k,
 *
 * so p = d^2 (d+1) / 2 of them. S is kept as a packed upper triangle, row by row: q = d (d+1) / 2
 * numbers, pair (j, k) at feature_pair(d, j, k); feature (jk, l) has index pair * d + l.
 */
struct feature {
    uint16_t j;
    uint16_t k;
    uint16_t l;
};

/* Index of the pair j <= k, and of a feature, among d coordinates. */
static inline int32_t feature_pair(int32_t d, int32_t j, int32_t k)
{
    return j * d - j * (j - 1) / 2 + (k - j);
}

static inline int32_t feature_index(int32_t d, struct feature feature)
{
    return feature_pair(d, feature.j, feature.k) * d + feature.l;
}

/* The feature of an index. */
struct feature feature_at(int32_t d, int32_t index);

/* Number of features of d coordinates, 0 <= d <= LATTN_DIM_MAX. */
int32_t feature_count(int32_t d);

/* May coefficients of m outputs be counted by an int32_t? 16 GiB of them are more than we hold. */
static inline int feature_coef_fits(int32_t d, int32_t m)
{
    return (int64_t)m * feature_count(d) <= INT32_MAX;
}

/*
 * What one label row sees: borrowed from the reader until its next call.
 *
 * S        q, guarded: an entry that may be nothing but rounding is exactly zero
 * diagonal d, S_jj
 * z        d, the query token
 * support  the coordinates with S_jj > 0, increasing; all others of S are zero
 * query    the coordinates with z_l != 0, increasing
 * y        the label row, NULL for an input
 */
struct feature_view {
    const double *S;
    const double *diagonal;
    const double *z;
    const double *y;
    const int32_t *support;
    const int32_t *query;
    int32_t support_count;
    int32_t query_count;
};

/*
 * Walks over the label rows of an item; the prefixes of a sequence share the work. Arrays that are
 * handled in whole vectors have room for one more behind them.
 */
struct feature_reader {
    int32_t d;
    int32_t bias;
    int32_t row;
    int32_t support_count;
    int32_t nonzero_count; /* of the token loaded last */
    const struct lattn_item *item;
    const struct outer *outer;
    const double *next; /* what the item says of the token to be loaded next */
    size_t ld;          /* d in whole vectors */
    double *sum;        /* ld x ld: S as summed, on the diagonal and right of it */
    double *guarded;    /* q */
    double *chunk;      /* so many tokens, in whole vectors */
    double *token;      /* ld: the token with the bias, padded with zeros */
    double *diagonal;   /* d: S_jj */
    double *root;       /* d: sqrt(S_jj) */
    int32_t *all;       /* d: every coordinate */
    int32_t *support;   /* d */
    int32_t *nonzero;   /* d */
    uint8_t *seen;      /* d */
};

/* Bytes of a reader for d coordinates. */
size_t feature_reader_bytes(int32_t d);

/* Make a reader for d coordinates, the bias included. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status feature_reader_init(struct feature_reader *reader, int32_t d, int32_t bias);
void feature_reader_done(struct feature_reader *reader);

/*
 * Begin with an item: kept until the last row was read. Its tokens have at most d - bias
 * coordinates; missing ones are zero.
 */
void feature_reader_start(struct feature_reader *reader, const struct lattn_item *item);

/* The next label row; 0 after the last one. A row costs O(d^2), never O(n d^2). */
int feature_reader_next(struct feature_reader *reader, struct feature_view *ret_view);

/* What an item asks: its last row, whatever its labels. */
void feature_reader_query(struct feature_reader *reader, const struct lattn_item *item,
                          struct feature_view *ret_view);

/* Write all p features times scale. */
void feature_row(int32_t d, const struct feature_view *view, double scale, double *ret_row);

/*
 * List the nonzero features.
 *
 * ret_index, ret_value  out  room for p
 *
 * Returns how many there are, by increasing index.
 */
int32_t feature_list(int32_t d, const struct feature_view *view, int32_t *ret_index,
                     double *ret_value);

/*
 * A bound on the magnitude of the features of n tokens, n max |z|^3; inf where it overflows.
 *
 * largest  in   max |z| without the bias
 */
double feature_bound(int32_t n, double largest, int32_t bias);

#endif
