#include "interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SECONDS_LEFT = 2 };

/* A signal may come between a look at the stage and the wait behind it: the event outlasts that. */
static volatile sig_atomic_t stage = INTERRUPT_NONE;
static int event = -1;

static void on_signal(int number)
{
    const uint64_t one = 1;
    int reason = errno;

    if (number == SIGALRM)
        stage = INTERRUPT_NOW;
    else if (stage == INTERRUPT_NONE) {
        stage = INTERRUPT_SOON;
        (void)alarm(SECONDS_LEFT);
    }
    (void)!write(event, &one, sizeof one); /* fails only where it is readable already */
    errno = reason;
}

/* Calls that wait shall end with EINTR: no SA_RESTART. */
static int signal_take(int number)
{
    const struct sigaction action = {.sa_handler = on_signal};
    struct sigaction before;

    if (sigaction(number, NULL, &before) != 0)
        return -1;
    return before.sa_handler == SIG_IGN ? 0 : sigaction(number, &action, NULL);
}

enum lattn_status interrupt_take(void)
{
    event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event < 0 || signal_take(SIGALRM) != 0 || signal_take(SIGINT) != 0 ||
        signal_take(SIGTERM) != 0)
        return LATTN_INPUT_OUTPUT;
    return LATTN_OK;
}

enum interrupt_stage interrupt_stage(void)
{
    uint64_t count;

    (void)!read(event, &count, sizeof count); /* before the look: what comes behind it wakes */
    return (enum interrupt_stage)stage;
}

int interrupt_fd(void)
{
    return event;
}
