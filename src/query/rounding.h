#ifndef QUERY_ROUNDING_H
#define QUERY_ROUNDING_H

#include <stddef.h>

/* Answers from which rounding can be read: fewer may look round by chance. */
enum { ROUNDING_ANSWERS_MIN = 5 };

/*
 * How numbers were rounded.
 *
 * step     they are multiples of it, a negative power of ten; 0: not rounded so
 * epsilon  relative rounding, as struct conditions
 */
struct rounding {
    double step;
    double epsilon;
};

/*
 * Read from numbers how they were rounded: to decimals, to digits, or to the bits of a smaller
 * format. Numbers of several sizes tell the first two apart. Zeros tell nothing; of fewer than
 * ROUNDING_ANSWERS_MIN others nothing is read, and they are taken for plain doubles.
 */
void rounding_find(size_t count, const double *numbers, struct rounding *ret_rounding);

#endif
