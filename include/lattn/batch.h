#ifndef LATTN_BATCH_H
#define LATTN_BATCH_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/* Which prefixes of a sequence carry a label. */
enum lattn_labels {
    LATTN_LABELS_LAST,   /* one row of y: the whole sequence, its last token is the query */
    LATTN_LABELS_CAUSAL, /* n rows of y: row t belongs to the tokens 0..t */
    LATTN_LABELS_FULL    /* n rows of y: row t has query token t and sees the whole sequence */
};

/*
 * One sequence of n tokens with its labels; it counts as lattn_item_rows pairs.
 *
 * z       n x d, row-major, token t is row t; d does not count the bias a learner may add
 * y       rows x m, row-major; NULL where an input has no label (predict)
 * weight  multiplies the squared error of each of its pairs; 1 for an ordinary pair
 *
 * The arrays are borrowed: an item owns nothing.
 */
struct lattn_item {
    const double *z;
    const double *y;
    double weight;
    int32_t n;
    int32_t d;
    int32_t m;
    enum lattn_labels labels;
};

/* Items learned together; borrowed, in the order in which they came. */
struct lattn_batch {
    const struct lattn_item *items;
    size_t count;
};

/* Label rows of the item: 1 or n. */
LATTN_API int32_t lattn_item_rows(const struct lattn_item *item);

/*
 * Check what an item says about itself: sizes within lattn/limits.h, weight and numbers finite.
 *
 * complaint  out, may be NULL: names the token and coordinate that were wrong
 *
 * Returns LATTN_OK, LATTN_EMPTY, LATTN_RANGE or LATTN_NOT_FINITE.
 */
LATTN_API enum lattn_status lattn_item_check(const struct lattn_item *item,
                                             struct lattn_complaint *complaint);

#endif
