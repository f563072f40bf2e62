/* Sums of outer products with AVX2. */

#include "core/outer.h"

#if defined(__x86_64__)

#define OUTER_LANES 4
#define OUTER_TARGET __attribute__((target("avx2")))

#include "core/outer_kernel.h"

const struct outer outer_256 = {has_less, set, add, guard};

#endif
