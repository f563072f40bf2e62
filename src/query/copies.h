#ifndef QUERY_COPIES_H
#define QUERY_COPIES_H

#include "query/oracle.h"
#include "query/poles.h"

#include <stdint.h>

/*
 * Questions of copied tokens: k1 times s u + t b, then k2 times t b. Copies shift all scores by
 * log(k1 / k2) alike, whatever the heads are.
 *
 * first, last  k1 and k2 of `count` ratios, from 1 / most to most, in equal steps of the logarithm
 *              as far as whole numbers allow
 * s, t         set by who asks: sizes of the two tokens
 * value        likewise, borrowed: d; f of a sequence of one token x is value.x
 */
struct copies {
    int32_t count; /* 2 heads */
    int32_t first[2 * POLES_MAX];
    int32_t last[2 * POLES_MAX];
    double s;
    double t;
    const double *value;
};

/* All ratios; or heads + 1 of them, enough where the values of the heads are known. */
enum copies_part { COPIES_ALL, COPIES_SOME };

/* The shortest sequences of which enough ratios can be made. */
int32_t copies_length(int32_t heads);

/* Choose ratios; length >= copies_length(heads). */
void copies_init(struct copies *copies, int32_t heads, int32_t length);

/* How many questions that is for a pair. */
int32_t copies_count(const struct copies *copies, enum copies_part part);

/*
 * Ask `count` pairs of directions.
 *
 * u, b        in   count x d
 * ret_points  out  count: what the first token adds, f - value.(t b), divided by s, as a function
 *                  of k1 / k2; where all ratios are asked the last point is u.value at infinity
 *
 * Returns as oracle_ask, or LATTN_NO_MEMORY.
 */
enum lattn_status copies_ask(const struct copies *copies, enum copies_part part,
                             struct oracle *oracle, enum oracle_purpose purpose, int32_t count,
                             const double *u, const double *b, struct poles_points *ret_points);

#endif
