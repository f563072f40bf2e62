#ifndef SUPPORT_SHARING_H
#define SUPPORT_SHARING_H

#include <lattn/wire.h>

#include "store/state.h"

/* Two workers: ids have 32 hexadecimal digits. */
#define SHARING_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHARING_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/*
 * What workers of shards make: a state of so many pairs, which differ by shard, that have taken as
 * many messages from the stream of the shard, and lost this many. What must succeed is asserted.
 */
struct sharing {
    const char *worker;
    int32_t shard;
    int32_t shards;
    int pairs;
    uint64_t lost;
    uint64_t rolled_back;
};

/* Both are of epoch 1. */
struct state sharing_state(const struct sharing *sharing);
/* Its bytes are those of the state, in one part; given with lattn_text_done of data. */
struct lattn_offer sharing_offer(const struct sharing *sharing);
/* The same without bytes: a greeting. */
struct lattn_offer sharing_greeting(const struct sharing *sharing);

#endif
