#include "serve/signals.h"

#include <signal.h>

/* timeout(1) and the like signal the process and its group: that is one wish, not two. */
#define REPEAT_NS UINT64_C(1000000000)

/* Asked twice: end as if there were no handler. */
static void process_end(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static void signal_came(uv_signal_t *handle, int number)
{
    struct signals *signals = handle->data;

    if (number == SIGUSR1) {
        signals->calls.emit(signals->calls.arg);
    } else if (number == SIGHUP) {
        signals->calls.reload(signals->calls.arg);
    } else if (signals->stop_ns == 0) {
        signals->stop_ns = uv_hrtime();
        signals->calls.stop(signals->calls.arg);
    } else if (uv_hrtime() - signals->stop_ns >= REPEAT_NS) {
        process_end(number);
    }
}

int signals_start(struct signals *signals, uv_loop_t *loop, const struct signals_calls *calls)
{
    static const int numbers[SIGNALS_COUNT] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};
    int error = 0;

    *signals = (struct signals){.calls = *calls};
    for (int i = 0; i < SIGNALS_COUNT && error == 0; i++) {
        error = uv_signal_init(loop, &signals->handles[i]);
        if (error != 0)
            break;
        signals->handles[i].data = signals;
        error = uv_signal_start(&signals->handles[i], signal_came, numbers[i]);
    }
    return error;
}

void signals_stop(struct signals *signals)
{
    for (int i = 0; i < SIGNALS_COUNT; i++)
        uv_close((uv_handle_t *)&signals->handles[i], NULL);
}
