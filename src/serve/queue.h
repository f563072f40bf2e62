#ifndef SERVE_QUEUE_H
#define SERVE_QUEUE_H

#include <lattn/status.h>

#include "serve/chunk.h"

#include <stddef.h>
#include <stdint.h>

#define QUEUE_FOREVER UINT64_MAX

/*
 * Chunks on their way from one thread to another, first in, first out. It counts the bytes of what
 * was put in and not yet reported as finished; whoever fills it stops at a limit of his own.
 */
struct queue;

/* Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status queue_open(struct queue **ret_queue);
/* Releases the chunks still in it; accepts a pointer to NULL. No thread uses it any more. */
void queue_close(struct queue **queue);

/* Put a chunk at the end; it is given. */
void queue_put(struct queue *queue, struct chunk *chunk);

/*
 * Take the first chunk, waiting for one if need be.
 *
 * until_ns   in   give up at this time of uv_hrtime; 0: do not wait; QUEUE_FOREVER
 * ret_chunk  out  given
 *
 * Returns LATTN_OK; LATTN_MORE: nothing came in time, or queue_wake was called; LATTN_CLOSED:
 * the queue has ended and is empty.
 */
enum lattn_status queue_take(struct queue *queue, uint64_t until_ns, struct chunk **ret_chunk);

/* So many bytes of what was taken are done with. */
void queue_finish(struct queue *queue, size_t bytes);

/* Bytes that were put in and are not finished. */
size_t queue_bytes(struct queue *queue);

/* Let the thread in queue_take, or the next one to come there, return. */
void queue_wake(struct queue *queue);

/* Nothing will be put in any more. */
void queue_end(struct queue *queue);

#endif
