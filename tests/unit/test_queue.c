#include "serve/queue.h"

#include <criterion/criterion.h>
#include <uv.h>

static struct queue *queue;

static struct chunk *chunk_of(size_t bytes)
{
    struct chunk *chunk = NULL;

    cr_assert_eq(chunk_open(&chunk, LATTN_FORMAT_JSON, NULL, NULL), LATTN_OK);
    chunk->bytes = bytes;
    return chunk;
}

static size_t take(void)
{
    struct chunk *chunk = NULL;
    size_t bytes;

    cr_assert_eq(queue_take(queue, QUEUE_FOREVER, &chunk), LATTN_OK);
    bytes = chunk->bytes;
    chunk_close(&chunk);
    return bytes;
}

Test(queue, gives_out_in_the_order_of_coming)
{
    cr_assert_eq(queue_open(&queue), LATTN_OK);
    for (size_t i = 1; i <= 3; i++)
        queue_put(queue, chunk_of(i));
    cr_assert_eq(take(), 1);
    queue_put(queue, chunk_of(4));
    for (size_t i = 2; i <= 4; i++)
        cr_assert_eq(take(), i);
    queue_close(&queue);
    cr_assert_null(queue);
}

Test(queue, counts_bytes_until_they_are_finished)
{
    cr_assert_eq(queue_open(&queue), LATTN_OK);
    queue_put(queue, chunk_of(100));
    queue_put(queue, chunk_of(50));
    cr_assert_eq(queue_bytes(queue), 150);
    take();
    cr_assert_eq(queue_bytes(queue), 150, "taken is not finished");
    queue_finish(queue, 100);
    cr_assert_eq(queue_bytes(queue), 50);
    queue_close(&queue);
}

Test(queue, does_not_wait_if_asked_not_to)
{
    struct chunk *chunk = NULL;

    cr_assert_eq(queue_open(&queue), LATTN_OK);
    cr_assert_eq(queue_take(queue, 0, &chunk), LATTN_MORE);
    cr_assert_null(chunk);
    queue_close(&queue);
}

Test(queue, gives_up_at_its_time, .timeout = 10)
{
    struct chunk *chunk = NULL;
    uint64_t until_ns = uv_hrtime() + UINT64_C(20000000);

    cr_assert_eq(queue_open(&queue), LATTN_OK);
    cr_assert_eq(queue_take(queue, until_ns, &chunk), LATTN_MORE);
    cr_assert_geq(uv_hrtime(), until_ns);
    queue_close(&queue);
}

Test(queue, remembers_a_wake_that_came_early, .timeout = 10)
{
    struct chunk *chunk = NULL;

    cr_assert_eq(queue_open(&queue), LATTN_OK);
    queue_wake(queue);
    cr_assert_eq(queue_take(queue, QUEUE_FOREVER, &chunk), LATTN_MORE);
    queue_close(&queue);
}

Test(queue, ends_only_when_it_is_empty, .timeout = 10)
{
    struct chunk *chunk = NULL;

    cr_assert_eq(queue_open(&queue), LATTN_OK);
    queue_put(queue, chunk_of(1));
    queue_end(queue);
    cr_assert_eq(take(), 1);
    cr_assert_eq(queue_take(queue, QUEUE_FOREVER, &chunk), LATTN_CLOSED);
    queue_close(&queue);
}

static void put_many(void *arg)
{
    (void)arg;
    for (size_t i = 1; i <= 10000; i++)
        queue_put(queue, chunk_of(i));
    queue_end(queue);
}

Test(queue, carries_everything_between_threads, .timeout = 30)
{
    struct chunk *chunk = NULL;
    uv_thread_t thread;
    size_t expected = 1;

    cr_assert_eq(queue_open(&queue), LATTN_OK);
    uv_thread_create(&thread, put_many, NULL);
    while (queue_take(queue, QUEUE_FOREVER, &chunk) == LATTN_OK) {
        cr_assert_eq(chunk->bytes, expected);
        expected++;
        queue_finish(queue, chunk->bytes);
        chunk_close(&chunk);
    }
    uv_thread_join(&thread);
    cr_assert_eq(expected, 10001);
    cr_assert_eq(queue_bytes(queue), 0);
    queue_close(&queue);
}
