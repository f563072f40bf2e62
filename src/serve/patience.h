#ifndef SERVE_PATIENCE_H
#define SERVE_PATIENCE_H

#include <stdint.h>
#include <uv.h>

/*
 * A limit on how long something may take, counted only while it is waited for: a pause is not held
 * against the client. Costs a timer while it counts, and none otherwise. On the loop's thread.
 */
struct patience {
    uv_timer_t timer;
    uint64_t limit_ms;
    uint64_t spent_ms; /* before since_ms */
    uint64_t since_ms; /* while counting */
    int is_counting;
    void (*over)(void *arg);
    void *arg;
};

/* over: called once when the limit is reached, which begins anew with patience_renew. */
void patience_init(struct patience *patience, uv_loop_t *loop, uint64_t limit_ms,
                   void (*over)(void *arg), void *arg);

/* Count from now on, if it does not yet. */
void patience_start(struct patience *patience);

/* Count no more for now; what was counted is kept. */
void patience_stop(struct patience *patience);

/* Something came of it: begin at zero. */
void patience_renew(struct patience *patience);

/* Close its handle; closed is called with a handle whose data is arg. */
void patience_close(struct patience *patience, uv_close_cb closed);

#endif
