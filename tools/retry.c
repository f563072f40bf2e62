#include "retry.h"

#include <assert.h>

/* The first failure takes the shortest step. */
void retry_succeed(struct retry *retry)
{
    retry->since_ms = 0;
    retry->step_ms = RETRY_STEP_MS_MIN;
}

void retry_init(struct retry *retry, uint64_t limit_ms, uint64_t random)
{
    *retry = (struct retry){.limit_ms = limit_ms, .random = random};
    retry_succeed(retry);
}

/* Knuth's multiplier for 64 bits; the upper bits are good enough for pauses. */
static uint64_t random_next(struct retry *retry)
{
    retry->random = retry->random * 6364136223846793005u + 1442695040888963407u;
    return retry->random >> 33;
}

int retry_fail(struct retry *retry, uint64_t now_ms, uint64_t *ret_pause_ms)
{
    uint64_t half = retry->step_ms / 2;
    uint64_t pause = half + random_next(retry) % (half + 1);
    uint64_t left;

    assert(now_ms > 0 && now_ms >= retry->since_ms);
    if (retry->since_ms == 0)
        retry->since_ms = now_ms;
    if (now_ms - retry->since_ms >= retry->limit_ms)
        return 0;
    left = retry->limit_ms - (now_ms - retry->since_ms);
    *ret_pause_ms = pause < left ? pause : left;
    retry->step_ms =
        2 * retry->step_ms < RETRY_STEP_MS_MAX ? 2 * retry->step_ms : RETRY_STEP_MS_MAX;
    return 1;
}
