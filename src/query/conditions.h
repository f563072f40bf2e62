#ifndef QUERY_CONDITIONS_H
#define QUERY_CONDITIONS_H

#include <lattn/query.h>

#include <stdint.h>

/*
 * Under what conditions an oracle is asked: what settings say and trials found. Learners read it
 * alone, and ask nothing about it again.
 *
 * norm     largest norm that a token may have, a power of two unless a cap says otherwise: 2^10,
 *          2^20 where answers are rounded to decimals
 * length   tokens that a sequence may have, >= 2
 * noise    standard deviation of an answer; 0: the same question has the same answer
 * step     answers are multiples of it (decimals); 0: they are not rounded so
 * epsilon  relative rounding of arithmetic and answers: 2^-53 or 2^-24
 * scale    largest norm of a column of W within a factor of 4; 0: not known
 */
struct conditions {
    double norm;
    int32_t length;
    double noise;
    double step;
    double epsilon;
    double scale;
};

/*
 * Conditions as settings tell them, and as of an exact oracle that takes everything where they do
 * not.
 *
 * length  tokens that would be asked
 */
struct conditions conditions_expect(const struct lattn_probe_settings *settings, int32_t length);

/* How far an answer of this size may be off, as one standard deviation. */
double conditions_error(const struct conditions *conditions, double answer);

#endif
