/*
 * A sequence lock of two slots: while the one is written the other is whole, so a reader is held up
 * only where two readings are told while it copies one, and never by a teller that sleeps.
 *
 * The fences pair up: whoever reads a word of reading turn + 2 from the slot of `turn` has seen
 * what was stored before that slot was begun, which is turn + 1, and reads again. Source: Boehm,
 * "Can seqlocks get along with programming language memory models?", 2012.
 */
#include "serve/gauges.h"

#include <string.h>

void gauges_tell(struct gauges *gauges, const struct gauges_reading *reading)
{
    uint64_t turn = atomic_load_explicit(&gauges->turn, memory_order_relaxed) + 1;
    _Atomic uint64_t *slot = gauges->slots[turn % 2];
    uint64_t words[GAUGES_WORDS] = {0};

    memcpy(words, reading, sizeof *reading);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < GAUGES_WORDS; i++)
        atomic_store_explicit(&slot[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&gauges->turn, turn, memory_order_release);
}

void gauges_read(struct gauges *gauges, struct gauges_reading *ret_reading)
{
    uint64_t words[GAUGES_WORDS];
    uint64_t turn = atomic_load_explicit(&gauges->turn, memory_order_acquire);
    uint64_t after = turn;

    do {
        turn = after;
        for (size_t i = 0; i < GAUGES_WORDS; i++)
            words[i] = atomic_load_explicit(&gauges->slots[turn % 2][i], memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&gauges->turn, memory_order_acquire);
    } while (after != turn);
    memcpy(ret_reading, words, sizeof *ret_reading);
}
