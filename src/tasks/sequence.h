#ifndef TASKS_SEQUENCE_H
#define TASKS_SEQUENCE_H

#include <stdint.h>

/*
 * Tokens of ones, one behind another as LATTN_TOKENS_ONES has them.
 *
 * z      room for all tokens there will be, kept by whoever holds the sequence
 * n      tokens so far
 * used   numbers of z that they take
 */
struct sequence {
    double *z;
    int32_t n;
    int32_t used;
};

enum {
    /* Coordinates that are 1 in a token of our tasks, at most. */
    SEQUENCE_ONES_MAX = 4,
    /* Numbers that a token takes at most. */
    SEQUENCE_TOKEN_MAX = 1 + SEQUENCE_ONES_MAX
};

/* Add a token whose first `count` of the coordinates given are 1, 1 <= count <= 4. */
void sequence_add(struct sequence *sequence, int32_t count,
                  const int32_t coordinates[SEQUENCE_ONES_MAX]);

#endif
