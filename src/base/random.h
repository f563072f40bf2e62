#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

/*
 * splitmix64: the same numbers on every machine (Steele, Lea, Flood 2014).
 *
 * state  the seed; advances by one constant per draw
 */
struct random {
    uint64_t state;
};

/* 64 uniform bits. */
uint64_t random_bits(struct random *random);

/* Uniform on [0, 1), a multiple of 2^-53. */
double random_uniform(struct random *random);

/* Uniform on 0 .. bound-1, floor(u bound); bound >= 1. */
uint32_t random_below(struct random *random, uint32_t bound);

/*
 * Fill an array with standard normals, in pairs from two draws (Box-Muller): cosine first. An odd
 * count uses up the pair's second number.
 */
void random_normals(struct random *random, double *normals, int64_t count);

#endif
