#include "serve/heap.h"

#include "base/memory.h"
#include "support/sanitized.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 256, BLOCKS_FEW = 48, BLOCK_BYTES = 128 << 10, PIN_BYTES = 2 << 10 };

/* The sanitizer brings an allocator of its own, which keeps what is released. */
enum { GIVES_BACK = !IS_SANITIZED };

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t pages = 0;

    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%*u %zu", &pages), 1);
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void *block_of(size_t bytes)
{
    void *block = memory_raw(bytes, 1);

    cr_assert_not_null(block);
    memset(block, 1, bytes);
    return block;
}

/* Take and release many blocks; what is left between them keeps them from growing together. */
static void holes_make(void *pins[BLOCKS])
{
    void *blocks[BLOCKS];

    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = block_of(BLOCK_BYTES);
        pins[i] = block_of(PIN_BYTES);
    }
    for (int i = 0; i < BLOCKS; i++)
        memory_release(blocks[i]);
}

/* One round of the loop of a daemon in which something happens, or nothing. */
static void loop_run(int is_stirred)
{
    struct heap heap;
    uv_loop_t loop;

    cr_assert_eq(uv_loop_init(&loop), 0);
    heap_start(&heap, &loop);
    if (is_stirred)
        heap_stir(&heap);
    cr_assert_eq(uv_loop_alive(&loop), is_stirred, "a timer runs only where something happened");
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert(!uv_loop_alive(&loop), "and once");
    heap_stop(&heap);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

Test(heap, gives_back_what_is_free_between_what_is_used)
{
    const size_t released = (size_t)BLOCKS * BLOCK_BYTES;
    void *pins[BLOCKS];
    size_t before, after;

    heap_configure();
    holes_make(pins);
    before = resident_bytes();
    loop_run(0);
    after = resident_bytes();
    cr_assert(before < after + released / 8, "nothing happened, nothing was done");
    loop_run(1);
    after = resident_bytes();
    if (GIVES_BACK)
        cr_assert(before > after + released / 8 * 7, "before %zu, after %zu", before, after);
    for (int i = 0; i < BLOCKS; i++)
        memory_release(pins[i]);
}

/* What a thread leaves is at the end of its heap: less than is kept to spare. */
static void *blocks_pass(void *arg)
{
    void *blocks[BLOCKS_FEW];

    for (int i = 0; i < BLOCKS_FEW; i++)
        blocks[i] = block_of(BLOCK_BYTES);
    for (int i = 0; i < BLOCKS_FEW; i++)
        memory_release(blocks[i]);
    return arg;
}

Test(heap, gives_back_what_other_threads_left)
{
    const size_t released = (size_t)BLOCKS_FEW * BLOCK_BYTES;
    pthread_t thread;
    size_t before, after;

    heap_configure();
    cr_assert_eq(pthread_create(&thread, NULL, blocks_pass, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    before = resident_bytes();
    loop_run(1);
    after = resident_bytes();
    if (GIVES_BACK)
        cr_assert(before > after + released / 8 * 7, "before %zu, after %zu", before, after);
}
