#ifndef SERVE_SIGNALS_H
#define SERVE_SIGNALS_H

#include <stdint.h>
#include <uv.h>

/* SIGTERM, SIGINT, SIGUSR1 and SIGHUP. */
enum { SIGNALS_COUNT = 4 };

/*
 * What is asked of the daemon by signals:
 *
 *     SIGTERM, SIGINT   an orderly end; again, a second or more later, the end at once
 *     SIGUSR1           an emission now
 *     SIGHUP            certificates, keys and tokens are read again
 */
struct signals_calls {
    void (*stop)(void *arg); /* once */
    void (*emit)(void *arg);
    void (*reload)(void *arg);
    void *arg;
};

struct signals {
    struct signals_calls calls;
    uv_signal_t handles[SIGNALS_COUNT];
    uint64_t stop_ns; /* of the first wish to end; 0: none yet */
};

/*
 * Listen to them on a loop; the calls come on its thread.
 *
 * signals  out  in the caller's storage, until the loop has closed its handles
 *
 * Returns 0, or an error of libuv; then uv_walk finds the handles that there are.
 */
int signals_start(struct signals *signals, uv_loop_t *loop, const struct signals_calls *calls);

/* Close the handles. */
void signals_stop(struct signals *signals);

#endif
