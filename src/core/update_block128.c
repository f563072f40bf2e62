/* update_block with 128-bit vectors, which SSE2, NEON and the like have from the start. */

#define UPDATE_LANES 2
#define UPDATE_TARGET

#include "core/update_block.h"

void update_block_128(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                      size_t ldr, double *work, const struct update_front *front)
{
    block_update(p, q, k, factor, ldf, rows, ldr, work, front);
}
