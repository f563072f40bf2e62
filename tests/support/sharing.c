#include "support/sharing.h"

#include "base/memory.h"
#include "core/learner.h"
#include "store/snapshot.h"
#include "support/lessons.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { DIM = 2 };

static void pair_learn(struct state *state, int shard, int number)
{
    const double z[DIM] = {1 + 0.1 * number, 0.3 * shard - 0.7 * number * number};
    const double y = z[0] - z[1];
    const struct lattn_item item = item_make(z, 1, DIM, &y, 1);

    cr_assert_eq(admit(state->learner, item), LATTN_OK);
    state_learn(state, &item, 1);
}

struct state sharing_state(const struct sharing *sharing)
{
    const struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct arrivals_mark mark = {.seq = (uint64_t)sharing->pairs,
                                 .known = (uint64_t)sharing->pairs,
                                 .lost = sharing->lost,
                                 .rolled_back = sharing->rolled_back};
    struct state state;

    cr_assert_eq(state_open(&state, &settings), LATTN_OK);
    state.origin = (struct origin){.shard = sharing->shard, .shards = sharing->shards, .epoch = 1};
    snprintf(state.origin.worker, sizeof state.origin.worker, "%s", sharing->worker);
    for (int i = 0; i < sharing->pairs; i++)
        pair_learn(&state, sharing->shard, i);
    snprintf(mark.stream, sizeof mark.stream, "s_%d", sharing->shard);
    cr_assert_eq(arrivals_put(state.arrivals, &mark), LATTN_OK);
    return state;
}

struct lattn_offer sharing_greeting(const struct sharing *sharing)
{
    struct lattn_offer offer = {.shard = (uint64_t)sharing->shard,
                                .shards = (uint64_t)sharing->shards,
                                .epoch = 1,
                                .pairs = (uint64_t)sharing->pairs,
                                .lost = sharing->lost,
                                .rolled_back = sharing->rolled_back};

    snprintf(offer.worker, sizeof offer.worker, "%s", sharing->worker);
    return offer;
}

struct lattn_offer sharing_offer(const struct sharing *sharing)
{
    struct lattn_offer offer = sharing_greeting(sharing);
    struct state state = sharing_state(sharing);
    char *bytes;

    cr_assert_eq(snapshot_make(&state, &bytes), LATTN_OK);
    offer.bytes = state_bytes(&state);
    offer.parts = 1;
    cr_assert_eq(lattn_text_add(&offer.data, bytes, offer.bytes), LATTN_OK);
    memory_release(bytes);
    state_done(&state);
    return offer;
}
