#include "store/checksum.h"

/* For the size of XXH3_state_t, so that it can lie in the caller's storage. */
#define XXH_STATIC_LINKING_ONLY
#include <assert.h>
#include <xxhash.h>

static_assert(sizeof(XXH3_state_t) <= CHECKSUM_STATE_BYTES, "the state of XXH3 has its room");
static_assert(_Alignof(XXH3_state_t) <= 64, "the state of XXH3 is aligned");

static XXH3_state_t *state_of(struct checksum *checksum)
{
    return (XXH3_state_t *)checksum->state;
}

void checksum_init(struct checksum *checksum, uint64_t seed)
{
    XXH3_INITSTATE(state_of(checksum));
    (void)XXH3_64bits_reset_withSeed(state_of(checksum), seed); /* fails for NULL only */
}

void checksum_add(struct checksum *checksum, const void *bytes, size_t length)
{
    (void)XXH3_64bits_update(state_of(checksum), bytes, length); /* fails for NULL only */
}

uint64_t checksum_end(const struct checksum *checksum)
{
    return XXH3_64bits_digest((const XXH3_state_t *)checksum->state);
}

uint64_t checksum_of(const void *bytes, size_t length, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, length, seed);
}
