#ifndef LINK_DEADLINE_H
#define LINK_DEADLINE_H

#include <lattn/link.h>
#include <lattn/status.h>

#include <stdint.h>

/* How long a socket is waited for: until a time, or until somebody has no use for it any more. */
struct deadline {
    int64_t end_ms;
    lattn_over_fn is_over;
    void *arg;
};

/* is_over as link.h. */
struct deadline deadline_in(int32_t ms, lattn_over_fn is_over, void *arg);

/*
 * Wait for the events of poll(2).
 *
 * Returns LATTN_OK, LATTN_TIMEOUT, or LATTN_CLOSED: it is over.
 */
enum lattn_status deadline_await(const struct deadline *deadline, int fd, short events);

/* Wait for a moment; returns the same. */
enum lattn_status deadline_pause(const struct deadline *deadline);

#endif
