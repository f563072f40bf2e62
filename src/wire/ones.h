#ifndef WIRE_ONES_H
#define WIRE_ONES_H

#include <lattn/batch.h>
#include <lattn/limits.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The tokens of "t", index by index, in the layout of LATTN_TOKENS_ONES. Lines and frames tell them
 * alike: for each token the coordinates that are 1.
 *
 * numbers  in   room for one per token and one per index
 * used     out  how many were written
 * count    the number that says how many indices the last token has; NULL before the first token
 * seen     the coordinates that the last token has named
 */
struct ones {
    double *numbers;
    size_t used;
    double *count;
    int32_t n;
    int32_t d;
    uint64_t seen[LATTN_DIM_MAX / 64];
};

/* Begin the next token. Returns LATTN_OK or LATTN_RANGE. */
enum lattn_status ones_add_token(struct ones *ones, struct lattn_complaint *complaint);

/* Add a coordinate of it. Returns LATTN_OK, or LATTN_RANGE for one too large or named twice. */
enum lattn_status ones_add_index(struct ones *ones, uint64_t index,
                                 struct lattn_complaint *complaint);

/* What complaints call the token, or the index, that comes next: "t[2]", "t[1][0]". */
enum { ONES_NAME_MAX = 32 };
void ones_name_token(const struct ones *ones, char ret_name[ONES_NAME_MAX]);
void ones_name_index(const struct ones *ones, char ret_name[ONES_NAME_MAX]);

/* Give the tokens to an item; LATTN_EMPTY where there is none. */
enum lattn_status ones_finish(const struct ones *ones, struct lattn_item *item,
                              struct lattn_complaint *complaint);

#endif
