#include "serve/queue.h"

#include "base/memory.h"

#include <assert.h>
#include <uv.h>

struct queue {
    uv_mutex_t mutex;
    uv_cond_t changed;
    struct chunk *first;
    struct chunk **last;
    size_t bytes;
    int woken;
    int ended;
};

enum lattn_status queue_open(struct queue **ret_queue)
{
    struct queue *queue = memory_zeroed(1, sizeof *queue);

    if (queue == NULL)
        return LATTN_NO_MEMORY;
    if (uv_mutex_init(&queue->mutex) != 0) {
        memory_release(queue);
        return LATTN_NO_MEMORY;
    }
    if (uv_cond_init(&queue->changed) != 0) {
        uv_mutex_destroy(&queue->mutex);
        memory_release(queue);
        return LATTN_NO_MEMORY;
    }
    queue->last = &queue->first;
    *ret_queue = queue;
    return LATTN_OK;
}

void queue_close(struct queue **queue)
{
    struct queue *old = *queue;

    if (old == NULL)
        return;
    while (old->first != NULL) {
        struct chunk *chunk = old->first;

        old->first = chunk->next;
        chunk_close(&chunk);
    }
    uv_cond_destroy(&old->changed);
    uv_mutex_destroy(&old->mutex);
    memory_release(old);
    *queue = NULL;
}

void queue_put(struct queue *queue, struct chunk *chunk)
{
    chunk->next = NULL;
    uv_mutex_lock(&queue->mutex);
    assert(!queue->ended);
    *queue->last = chunk;
    queue->last = &chunk->next;
    queue->bytes += chunk->bytes;
    uv_cond_signal(&queue->changed);
    uv_mutex_unlock(&queue->mutex);
}

/* Wait until something has changed or the time has come; with the mutex held. */
static void wait_for_change(struct queue *queue, uint64_t until_ns)
{
    while (queue->first == NULL && !queue->ended && !queue->woken) {
        uint64_t now_ns;

        if (until_ns == QUEUE_FOREVER) {
            uv_cond_wait(&queue->changed, &queue->mutex);
            continue;
        }
        now_ns = until_ns == 0 ? 0 : uv_hrtime();
        if (now_ns >= until_ns)
            return;
        (void)uv_cond_timedwait(&queue->changed, &queue->mutex, until_ns - now_ns);
    }
}

enum lattn_status queue_take(struct queue *queue, uint64_t until_ns, struct chunk **ret_chunk)
{
    enum lattn_status status = LATTN_MORE;

    uv_mutex_lock(&queue->mutex);
    wait_for_change(queue, until_ns);
    queue->woken = 0;
    if (queue->first != NULL) {
        *ret_chunk = queue->first;
        queue->first = (*ret_chunk)->next;
        if (queue->first == NULL)
            queue->last = &queue->first;
        (*ret_chunk)->next = NULL;
        status = LATTN_OK;
    } else if (queue->ended) {
        status = LATTN_CLOSED;
    }
    uv_mutex_unlock(&queue->mutex);
    return status;
}

void queue_finish(struct queue *queue, size_t bytes)
{
    uv_mutex_lock(&queue->mutex);
    assert(queue->bytes >= bytes);
    queue->bytes -= bytes;
    uv_mutex_unlock(&queue->mutex);
}

size_t queue_bytes(struct queue *queue)
{
    size_t bytes;

    uv_mutex_lock(&queue->mutex);
    bytes = queue->bytes;
    uv_mutex_unlock(&queue->mutex);
    return bytes;
}

void queue_wake(struct queue *queue)
{
    uv_mutex_lock(&queue->mutex);
    queue->woken = 1;
    uv_cond_signal(&queue->changed);
    uv_mutex_unlock(&queue->mutex);
}

void queue_end(struct queue *queue)
{
    uv_mutex_lock(&queue->mutex);
    queue->ended = 1;
    uv_cond_signal(&queue->changed);
    uv_mutex_unlock(&queue->mutex);
}
