/*
 * A handler may only do little, so all that it needs is made ready before: the bytes to be written,
 * the modes to be set, and a file in memory with what was said meanwhile. Other signals it passes
 * on through a pipe, since any thread may get them, also those of a library.
 */
#include "guard.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

/* Signals that come as events, and what they are; the first ones end us. */
static const struct {
    int number;
    enum guard_event event;
} awaited[] = {
    {SIGINT, GUARD_QUIT},      {SIGTERM, GUARD_ENDED},   {SIGHUP, GUARD_ENDED},
    {SIGWINCH, GUARD_RESIZED}, {SIGTSTP, GUARD_STOPPED}, {SIGCONT, GUARD_CONTINUED},
};
enum { AWAITED = sizeof awaited / sizeof awaited[0], ENDING = 3 };

/* Signals that end us where we stand. */
static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGPIPE};
enum { FATAL = sizeof fatal / sizeof fatal[0] };

/*
 * said    what was written to standard error; -1: it goes where it always went
 * events  a pipe with the places in `awaited` of what came in
 */
static struct {
    char restore[GUARD_BYTES_MAX];
    struct termios modes;
    int has_modes;
    int said;
    int stderr_before;
    int events[2];
    struct sigaction before_awaited[AWAITED];
    struct sigaction before_fatal[FATAL];
    int ended_by;
} guard = {.said = -1, .stderr_before = -1, .events = {-1, -1}};

/* Nobody reads events at the moment. */
static volatile sig_atomic_t is_busy;

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

static void on_event(int number)
{
    unsigned char place = 0;
    int reason = errno;

    while (awaited[place].number != number)
        place++;
    if (is_busy && place < ENDING)
        on_fatal(number);
    (void)!write(guard.events[1], &place, 1); /* full, it tells of such events already */
    errno = reason;
}

/* Take a signal over unless somebody wants it ignored or has a handler of his own. */
static void signal_take(int number, void (*handler)(int), int flags, struct sigaction *ret_before)
{
    const struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    (void)sigaction(number, NULL, ret_before); /* these numbers exist */
    if (ret_before->sa_handler == SIG_DFL && !(ret_before->sa_flags & SA_SIGINFO))
        (void)sigaction(number, &action, NULL);
}

static void signals_take(void)
{
    for (int i = 0; i < AWAITED; i++)
        signal_take(awaited[i].number, on_event, SA_RESTART, &guard.before_awaited[i]);
    for (int i = 0; i < FATAL; i++)
        signal_take(fatal[i], on_fatal, (int)SA_RESETHAND, &guard.before_fatal[i]);
}

static void signals_give_back(void)
{
    for (int i = 0; i < AWAITED; i++)
        (void)sigaction(awaited[i].number, &guard.before_awaited[i], NULL);
    for (int i = 0; i < FATAL; i++)
        (void)sigaction(fatal[i], &guard.before_fatal[i], NULL);
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
    enum lattn_status status;

    assert(guard.events[0] < 0 && strlen(restore) < sizeof guard.restore);
    if (pipe2(guard.events, O_NONBLOCK | O_CLOEXEC) != 0)
        return LATTN_INPUT_OUTPUT;
    snprintf(guard.restore, sizeof guard.restore, "%s", restore);
    guard.has_modes = tcgetattr(STDIN_FILENO, &guard.modes) == 0;
    guard.ended_by = 0;
    is_busy = 0;
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
    stderr_give_back();
    (void)close(guard.events[0]);
    (void)close(guard.events[1]);
    guard.events[0] = -1;
    guard.events[1] = -1;
    errno = reason;
}

int guard_fd(void)
{
    return guard.events[0];
}

enum guard_event guard_next(void)
{
    unsigned char place;

    if (read(guard.events[0], &place, 1) != 1)
        return GUARD_NOTHING;
    if (awaited[place].event == GUARD_ENDED)
        guard.ended_by = awaited[place].number;
    return awaited[place].event;
}

void guard_stop(void)
{
    (void)raise(SIGSTOP);
}

void guard_busy(int busy)
{
    is_busy = busy;
}

void guard_die(void)
{
    if (guard.ended_by != 0)
        (void)raise(guard.ended_by);
}
