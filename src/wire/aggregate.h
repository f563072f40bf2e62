#ifndef WIRE_AGGREGATE_H
#define WIRE_AGGREGATE_H

#include <lattn/wire.h>

#include "wire/writer.h"

/* Write {"expect", "complete", "epoch", "error", "shards": [{"shard", ...}, ...]}; null for NULL.
 */
void aggregate_write(struct writer *writer, const struct lattn_aggregate *aggregate);

#endif
