#ifndef SERVE_HEAP_H
#define SERVE_HEAP_H

#include <uv.h>

/*
 * What the process keeps of the memory that was released. A second after something came or went all
 * of it goes back to the system, so that what is resident follows what is in use, not the largest
 * it ever was. While nothing happens no timer runs.
 */
struct heap {
    uv_timer_t timer;
};

/* Say how the allocator is to go about it; before there are threads. */
void heap_configure(void);

/* loop: kept. On the loop's thread, as all that follows. */
void heap_start(struct heap *heap, uv_loop_t *loop);

/* Something came or went, and may have left memory behind. Costs next to nothing. */
void heap_stir(struct heap *heap);

/* Close its timer. */
void heap_stop(struct heap *heap);

#endif
