#ifndef LATTN_BATCH_H
#define LATTN_BATCH_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/* Which prefixes of a sequence carry a label. */
enum lattn_labels {
    LATTN_LABELS_LAST,   /* one row of y: the whole sequence, its last token is the query */
    LATTN_LABELS_CAUSAL, /* n rows of y: row t belongs to the tokens 0..t */
    LATTN_LABELS_FULL    /* n rows of y: row t has query token t and sees the whole sequence */
};

/* How z tells the tokens. */
enum lattn_tokens {
    LATTN_TOKENS_DENSE, /* n x d, row-major, token t is row t */
    LATTN_TOKENS_ONES   /* per token how many coordinates are 1, then their indices; others are 0 */
};

/* Relative precision of a float32: half a unit in the last place of 24 bits. */
#define LATTN_PRECISION_F32 5.9604644775390625e-8

/*
 * One sequence of n tokens with its labels; it counts as lattn_item_rows pairs.
 *
 * z          the tokens; d does not count the bias a learner may add
 * y          rows x m, row-major; NULL where an input has no label (predict)
 * weight     multiplies the squared error of each of its pairs; 1 for an ordinary pair
 * precision  relative precision of z, 0 for exact doubles; a verdict goes by the coarsest learned
 * d          coordinates of a token; of LATTN_TOKENS_ONES at least one more than the largest index,
 *            and a learner that has more takes the others as 0
 *
 * The arrays are borrowed: an item owns nothing.
 */
struct lattn_item {
    const double *z;
    const double *y;
    double weight;
    double precision;
    int32_t n;
    int32_t d;
    int32_t m;
    enum lattn_labels labels;
    enum lattn_tokens tokens;
};

/* Items learned together; borrowed, in the order in which they came. */
struct lattn_batch {
    const struct lattn_item *items;
    size_t count;
};

/* Label rows of the item: 1 or n. */
LATTN_API int32_t lattn_item_rows(const struct lattn_item *item);

/* Numbers that z holds. O(1) for dense tokens, O(n) for others. */
LATTN_API int64_t lattn_item_numbers(const struct lattn_item *item);

/*
 * Member `index` of items of one shape whose numbers stand behind those of the first: its z and y
 * are offset by as many rows. The tokens of more than one are dense.
 */
LATTN_API struct lattn_item lattn_item_member(const struct lattn_item *first, size_t index);

/*
 * Write the tokens densely.
 *
 * d      in   >= item->d; coordinates beyond it are 0
 * ret_z  out  n x d, row-major
 */
LATTN_API void lattn_item_expand(const struct lattn_item *item, int32_t d, double *ret_z);

/*
 * Check what an item says about itself: sizes within lattn/limits.h, weight and numbers finite,
 * indices within d and none of them twice in a token.
 *
 * complaint  out, may be NULL: names the token and coordinate that were wrong
 *
 * Returns LATTN_OK, LATTN_EMPTY, LATTN_RANGE or LATTN_NOT_FINITE.
 */
LATTN_API enum lattn_status lattn_item_check(const struct lattn_item *item,
                                             struct lattn_complaint *complaint);

LATTN_END

#endif
