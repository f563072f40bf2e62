/* The choice among the versions, and the one that every 64-bit machine has. */

#define OUTER_LANES 2
#define OUTER_TARGET

#include "core/outer_kernel.h"

const struct outer outer_128 = {has_less, set, add, guard};

const struct outer *outer_choose(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return &outer_256;
#endif
    return &outer_128;
}
