/*
 * Renewing leaves the timer alone, since it happens with every message: a timer that fires too
 * early is set again for the rest.
 */
#include "serve/patience.h"

static uint64_t spent_ms(const struct patience *patience)
{
    return patience->spent_ms + uv_now(patience->timer.loop) - patience->since_ms;
}

static void timer_fired(uv_timer_t *timer);

static void timer_set(struct patience *patience)
{
    /* Fails only if closing. */
    (void)uv_timer_start(&patience->timer, timer_fired, patience->limit_ms - spent_ms(patience), 0);
}

static void timer_fired(uv_timer_t *timer)
{
    /* The timer's data is for whoever closes it. */
    struct patience *patience = (struct patience *)timer;

    if (spent_ms(patience) < patience->limit_ms) {
        timer_set(patience);
        return;
    }
    patience_stop(patience);
    patience->over(patience->arg);
}

void patience_init(struct patience *patience, uv_loop_t *loop, uint64_t limit_ms,
                   void (*over)(void *arg), void *arg)
{
    *patience = (struct patience){.limit_ms = limit_ms, .over = over, .arg = arg};
    (void)uv_timer_init(loop, &patience->timer); /* cannot fail */
    patience->timer.data = arg;
}

void patience_start(struct patience *patience)
{
    if (patience->is_counting || patience->spent_ms >= patience->limit_ms)
        return;
    patience->is_counting = 1;
    patience->since_ms = uv_now(patience->timer.loop);
    timer_set(patience);
}

void patience_stop(struct patience *patience)
{
    if (!patience->is_counting)
        return;
    patience->is_counting = 0;
    patience->spent_ms = spent_ms(patience);
    (void)uv_timer_stop(&patience->timer); /* cannot fail */
}

void patience_renew(struct patience *patience)
{
    patience->spent_ms = 0;
    patience->since_ms = uv_now(patience->timer.loop);
}

void patience_close(struct patience *patience, uv_close_cb closed)
{
    patience->is_counting = 0;
    uv_close((uv_handle_t *)&patience->timer, closed);
}
