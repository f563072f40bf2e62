/*
 * A handler may only do little, so all that it needs is made ready before: the bytes to be written,
 * the modes to be set, and a file in memory with what was said meanwhile.
 */
#include "guard.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* Signals that are read; of these the first ones end us. */
static const int awaited[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT};
enum { AWAITED = sizeof awaited / sizeof awaited[0], ENDING = 3 };

/* Signals that end us where we stand. */
static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGPIPE};
enum { FATAL = sizeof fatal / sizeof fatal[0] };

static struct {
    char restore[GUARD_BYTES_MAX];
    struct termios modes;
    int has_modes;
    int said; /* what was written to standard error; -1: it goes where it always went */
    int stderr_before;
    int events; /* a signalfd */
    sigset_t mask_before;
    struct sigaction before_awaited[AWAITED];
    struct sigaction before_fatal[FATAL];
    int ended_by;
} guard = {.said = -1, .stderr_before = -1, .events = -1};

/* Say what was kept. Nothing but calls that a handler may make. */
static void said_tell(void)
{
    char bytes[1024];
    ssize_t length;

    if (guard.said < 0)
        return;
    (void)lseek(guard.said, 0, SEEK_SET);
    while ((length = read(guard.said, bytes, sizeof bytes)) > 0)
        if (write(guard.stderr_before, bytes, (size_t)length) != length)
            return; /* nobody hears it */
}

static void on_fatal(int number)
{
    (void)!write(STDOUT_FILENO, guard.restore, strlen(guard.restore)); /* there is no other way */
    if (guard.has_modes)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &guard.modes);
    said_tell();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* Take a signal over unless somebody wants it ignored or has a handler of his own. */
static void fatal_take(int number, struct sigaction *ret_before)
{
    const struct sigaction action = {.sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND};

    (void)sigaction(number, NULL, ret_before); /* these numbers exist */
    if (ret_before->sa_handler == SIG_DFL && !(ret_before->sa_flags & SA_SIGINFO))
        (void)sigaction(number, &action, NULL);
}

static void signals_take(void)
{
    for (int i = 0; i < AWAITED; i++)
        (void)sigaction(awaited[i], NULL, &guard.before_awaited[i]); /* curses changes some */
    for (int i = 0; i < ENDING; i++)
        fatal_take(awaited[i], &guard.before_awaited[i]);
    for (int i = 0; i < FATAL; i++)
        fatal_take(fatal[i], &guard.before_fatal[i]);
}

static void signals_give_back(void)
{
    for (int i = 0; i < AWAITED; i++)
        (void)sigaction(awaited[i], &guard.before_awaited[i], NULL);
    for (int i = 0; i < FATAL; i++)
        (void)sigaction(fatal[i], &guard.before_fatal[i], NULL);
}

static sigset_t set_of(const int *numbers, int count)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (int i = 0; i < count; i++)
        (void)sigaddset(&set, numbers[i]);
    return set;
}

static enum lattn_status stderr_keep(void)
{
    if (!isatty(STDERR_FILENO))
        return LATTN_OK;
    guard.said = memfd_create("said", MFD_CLOEXEC);
    guard.stderr_before = dup(STDERR_FILENO);
    if (guard.said < 0 || guard.stderr_before < 0 || dup2(guard.said, STDERR_FILENO) < 0)
        return LATTN_INPUT_OUTPUT;
    return LATTN_OK;
}

static void stderr_give_back(void)
{
    if (guard.said >= 0 && guard.stderr_before >= 0) {
        (void)dup2(guard.stderr_before, STDERR_FILENO); /* it was there before */
        said_tell();
    }
    if (guard.said >= 0)
        (void)close(guard.said);
    if (guard.stderr_before >= 0)
        (void)close(guard.stderr_before);
    guard.said = -1;
    guard.stderr_before = -1;
}

enum lattn_status guard_begin(const char *restore)
{
    const sigset_t set = set_of(awaited, AWAITED);
    enum lattn_status status;

    assert(guard.events < 0 && strlen(restore) < sizeof guard.restore);
    snprintf(guard.restore, sizeof guard.restore, "%s", restore);
    guard.ended_by = 0;
    guard.events = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (guard.events < 0)
        return LATTN_INPUT_OUTPUT;
    guard.has_modes = tcgetattr(STDIN_FILENO, &guard.modes) == 0;
    (void)sigprocmask(SIG_BLOCK, &set, &guard.mask_before); /* cannot fail with these arguments */
    signals_take();
    status = stderr_keep();
    if (status != LATTN_OK)
        guard_end();
    return status;
}

void guard_end(void)
{
    int reason = errno;

    signals_give_back();
    (void)sigprocmask(SIG_SETMASK, &guard.mask_before, NULL);
    stderr_give_back();
    (void)close(guard.events);
    guard.events = -1;
    errno = reason;
}

int guard_fd(void)
{
    return guard.events;
}

enum guard_event guard_next(void)
{
    struct signalfd_siginfo info;

    if (read(guard.events, &info, sizeof info) != (ssize_t)sizeof info)
        return GUARD_NOTHING;
    switch (info.ssi_signo) {
    case SIGINT:
        return GUARD_QUIT;
    case SIGWINCH:
        return GUARD_RESIZED;
    case SIGTSTP:
        return GUARD_STOPPED;
    case SIGCONT:
        return GUARD_CONTINUED;
    default:
        guard.ended_by = (int)info.ssi_signo;
        return GUARD_ENDED;
    }
}

void guard_stop(void)
{
    (void)raise(SIGSTOP);
}

void guard_listen(void)
{
    const sigset_t set = set_of(awaited, ENDING);

    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void guard_listen_end(void)
{
    const sigset_t set = set_of(awaited, ENDING);

    (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

void guard_die(void)
{
    if (guard.ended_by != 0)
        (void)raise(guard.ended_by);
}
