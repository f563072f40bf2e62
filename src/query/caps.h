#ifndef QUERY_CAPS_H
#define QUERY_CAPS_H

#include "query/oracle.h"

#include <lattn/status.h>

#include <stdint.h>

/* Norm of tokens: enough to lift answers above rounding of floats, and above decimals. */
enum { CAPS_EXPONENT = 10, CAPS_EXPONENT_ROUNDED = 20 };

/*
 * Find which norm a token may have, by bisection of powers of two from 2^high downwards; one trial
 * where it takes the largest.
 *
 * low       in   2^low was taken before
 * ret_norm  out  a power of two; the oracle takes a token of this norm, between 2^low and 2^high
 *
 * Returns LATTN_OK or what oracle_ask returned, but LATTN_REFUSED.
 */
enum lattn_status caps_norm(struct oracle *oracle, int low, int high, double *ret_norm);

/*
 * Find how long a sequence may be: `wanted` or, by halves and then one by one below 4, the first
 * that the oracle takes. 1 where it takes no other.
 *
 * token  in  d, repeated
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or what oracle_ask returned, but LATTN_REFUSED.
 */
enum lattn_status caps_length(struct oracle *oracle, const double *token, int32_t wanted,
                              int32_t *ret_length);

#endif
