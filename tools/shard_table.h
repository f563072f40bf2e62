#ifndef SHARD_TABLE_H
#define SHARD_TABLE_H

#include <lattn/wire.h>

/*
 * What an aggregate holds, one row per shard, and what is wrong with it. Of more than 32 shards
 * those that are all right are only counted.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status shard_table_write(struct lattn_text *text,
                                    const struct lattn_aggregate *aggregate);

#endif
