#ifndef SUPPORT_FAKE_JETSTREAM_H
#define SUPPORT_FAKE_JETSTREAM_H

#include "source/jetstream.h"

#include <pthread.h>
#include <stdint.h>

/*
 * A server with the stream of shard 0 of 1, prefix "lattn", epoch 1. Message i has the bytes, the
 * id and the reply "p.i", and the time stamp 1000 i + age. Whatever thread touches it has the lock.
 *
 * opens    connections so far
 * made_at  where the consumer that was made last began, consumers_made how many there were
 * loss     what the next fetch finds wrong
 * skipped  so many deliveries go astray before it
 * lease    the newest message on who works, lease_seq its number
 */
struct server {
    int opens;
    int has_stream;
    struct jetstream_stream stream;
    int has_consumer;
    struct jetstream_consumer consumer;
    int consumers_made;
    uint64_t made_at;
    int64_t age;
    enum lattn_status loss;
    uint64_t skipped;
    char lease[JETSTREAM_TEXT_MAX];
    uint64_t lease_seq;
};

extern pthread_mutex_t lock;
extern struct server server;

/* A new one with messages first ... last. */
void server_make(uint64_t first, uint64_t last);

/* A millisecond. */
void doze(void);

#endif
