#ifndef STORE_ORIGIN_H
#define STORE_ORIGIN_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stdint.h>

struct serial_reader;
struct serial_writer;

/* Bytes of a worker's id, 32 hexadecimal digits, with its closing zero. */
enum { ORIGIN_WORKER_MAX = 33 };

/*
 * Which shard of a stream a state has learned, and by whom: states of the same worker replace each
 * other, those of two workers on one shard would count the same pairs twice.
 *
 * shard   0 ... shards - 1
 * shards  0: of no shard, and nothing else counts; else at most LATTN_SHARDS_MAX
 * epoch   from 1 on: a stream that is divided anew begins another one
 * worker  made at random when a state becomes a shard's; it stays with the state, not the process
 */
struct origin {
    int32_t shard;
    int32_t shards;
    uint64_t epoch;
    char worker[ORIGIN_WORKER_MAX];
};

/*
 * Let a state be this shard's: one of no shard becomes it, with a new worker's id.
 *
 * wish       in   its worker is not looked at; of no shard: whatever the state is, it stays
 * ret_bound  out  1 if it has become it just now
 *
 * Returns LATTN_OK; LATTN_CONFLICT, naming both, where it is another's; LATTN_INPUT_OUTPUT where
 * the system has no random numbers.
 */
enum lattn_status origin_bind(struct origin *origin, const struct origin *wish, int *ret_bound,
                              struct lattn_complaint *complaint);

/* As bytes: shards, and unless that is 0 shard, epoch and worker. What is wrong the reader knows.
 */
uint64_t origin_bytes(const struct origin *origin);
void origin_write(const struct origin *origin, struct serial_writer *writer);
void origin_read(struct origin *ret_origin, struct serial_reader *reader);

#endif
