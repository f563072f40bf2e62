#include "monitor/ring.h"

#include "base/memory.h"

#include <assert.h>

void ring_release(struct ring_event **event)
{
    struct ring_event *old = *event;

    *event = NULL;
    if (old == NULL || --old->holders > 0)
        return;
    lattn_text_done(&old->text);
    memory_release(old);
}

static void oldest_drop(struct ring *ring)
{
    struct ring_event **oldest = &ring->events[ring->first];

    ring->bytes -= (*oldest)->text.length;
    ring->first = (ring->first + 1) % RING_EVENTS_MAX;
    ring->count--;
    ring_release(oldest);
}

enum lattn_status ring_add(struct ring *ring, uint64_t number, struct lattn_text *text)
{
    struct ring_event *event = memory_zeroed(1, sizeof *event);

    assert(number > ring_newest(ring));
    if (event == NULL)
        return LATTN_NO_MEMORY;
    *event = (struct ring_event){.number = number, .text = *text, .holders = 1};
    lattn_text_init(text);
    while (ring->count > 0 &&
           (ring->count == RING_EVENTS_MAX || ring->bytes + event->text.length > RING_BYTES_MAX))
        oldest_drop(ring);
    ring->events[(ring->first + ring->count) % RING_EVENTS_MAX] = event;
    ring->count++;
    ring->bytes += event->text.length;
    return LATTN_OK;
}

struct ring_event *ring_next(struct ring *ring, uint64_t after)
{
    for (size_t i = 0; i < ring->count; i++) {
        struct ring_event *event = ring->events[(ring->first + i) % RING_EVENTS_MAX];

        if (event->number > after) {
            event->holders++;
            return event;
        }
    }
    return NULL;
}

uint64_t ring_newest(const struct ring *ring)
{
    size_t last = (ring->first + ring->count + RING_EVENTS_MAX - 1) % RING_EVENTS_MAX;

    return ring->count == 0 ? 0 : ring->events[last]->number;
}

void ring_done(struct ring *ring)
{
    while (ring->count > 0)
        oldest_drop(ring);
}
