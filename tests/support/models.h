#ifndef SUPPORT_MODELS_H
#define SUPPORT_MODELS_H

#include <lattn/model.h>

#include <stdint.h>

/*
 * A model of random numbers, the same for the same seed, with all that a model can carry: sizes of
 * heads that are not those of its matrices, a certificate, a bias, names with signs that need
 * escapes and letters beyond ASCII. What cannot be allocated fails the running test.
 */
struct lattn_model *models_random(int32_t d, int32_t m, int32_t heads, uint64_t seed);

/* Do both have the same sizes, numbers to the bit and names? */
int models_are_equal(const struct lattn_model *a, const struct lattn_model *b);

#endif
