#include "link/deadline.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

enum {
    /* How long one goes on that is over. */
    STEP_MS = 100,
    PAUSE_MS = 10
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct deadline deadline_in(int32_t ms, lattn_over_fn is_over, void *arg)
{
    return (struct deadline){.end_ms = now_ms() + ms, .is_over = is_over, .arg = arg};
}

/* How long to wait before looking again. */
static enum lattn_status left_look(const struct deadline *deadline, int64_t step_ms,
                                   int *ret_left_ms)
{
    int64_t left_ms = deadline->end_ms - now_ms();

    if (deadline->is_over != NULL && deadline->is_over(deadline->arg))
        return LATTN_CLOSED;
    if (left_ms <= 0)
        return LATTN_TIMEOUT;
    *ret_left_ms = (int)(left_ms < step_ms ? left_ms : step_ms);
    return LATTN_OK;
}

enum lattn_status deadline_await(const struct deadline *deadline, int fd, short events)
{
    struct pollfd polled = {.fd = fd, .events = events};
    enum lattn_status status;
    int left_ms;

    while ((status = left_look(deadline, STEP_MS, &left_ms)) == LATTN_OK)
        if (poll(&polled, 1, left_ms) > 0)
            return LATTN_OK;
    return status;
}

enum lattn_status deadline_pause(const struct deadline *deadline)
{
    int left_ms;
    enum lattn_status status = left_look(deadline, PAUSE_MS, &left_ms);

    if (status == LATTN_OK)
        (void)poll(NULL, 0, left_ms); /* a shorter wait does no harm */
    return status;
}
