/* update_block with AVX-512. */

#include "core/update_scratch.h"

#if defined(__x86_64__)

#define UPDATE_LANES 8
#define UPDATE_TARGET __attribute__((target("avx512f")))

#include "core/update_block.h"

UPDATE_TARGET void update_block_512(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf,
                                    double *rows, size_t ldr, double *work,
                                    const struct update_front *front)
{
    block_update(p, q, k, factor, ldf, rows, ldr, work, front);
}

#endif
