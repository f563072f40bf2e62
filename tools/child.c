#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* A script that saves something at the end of its input does so within the moment. */
enum { MOMENT_MS = 1000, LOOK_MS = 5 };

/* ---- starting ------------------------------------------------------------------------------ */

/* Our end does not block, the other one is as any standard stream. */
static int pipe_make(int ends[2], int ours)
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

static void pipe_close(int ends[2])
{
    for (int end = 0; end < 2; end++)
        if (ends[end] >= 0)
            (void)close(ends[end]); /* nothing was written */
}

/* Signals that we ignore or that mean something to us are as usual to it. */
static int attributes_set(posix_spawnattr_t *attributes)
{
    sigset_t usual;
    int error;

    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    (void)sigaddset(&usual, SIGXFSZ);
    error = posix_spawnattr_setsigdefault(attributes, &usual);
    if (error == 0)
        error = posix_spawnattr_setpgroup(attributes, 0);
    return error != 0 ? error
                      : posix_spawnattr_setflags(attributes,
                                                 POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

/* Run the command with these as its standard streams. Returns 0 or an errno. */
static int shell_spawn(const char *command, int input, int output, pid_t *ret_pid)
{
    char *const arguments[] = {"sh", "-c", (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    error = attributes_set(&attributes);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn(ret_pid, "/bin/sh", &actions, &attributes, arguments, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

enum lattn_status child_start(struct child *child, const char *command,
                              struct lattn_complaint *complaint)
{
    int to[2] = {-1, -1};
    int from[2] = {-1, -1};
    pid_t pid = 0;
    int error;

    *child = (struct child){.input = -1, .output = -1};
    error = pipe_make(to, 1);
    if (error == 0)
        error = pipe_make(from, 0);
    if (error == 0)
        error = shell_spawn(command, to[0], from[1], &pid);
    if (error != 0) {
        pipe_close(to);
        pipe_close(from);
        snprintf(complaint->text, sizeof complaint->text, "cannot run a shell: %s",
                 strerror(error));
        return LATTN_INPUT_OUTPUT;
    }
    (void)close(to[0]); /* the child has its own */
    (void)close(from[1]);
    *child = (struct child){.pid = pid, .input = to[1], .output = from[0]};
    return LATTN_OK;
}

/* ---- bytes --------------------------------------------------------------------------------- */

ssize_t child_read(const struct child *child, void *bytes, size_t length)
{
    return read(child->output, bytes, length);
}

/* Of a broken pipe we want to hear from write alone; elsewhere the signal does what it should. */
ssize_t child_write(const struct child *child, const void *bytes, size_t length)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    ssize_t sent = write(child->input, bytes, length);
    int reason = errno;

    (void)signal(SIGPIPE, before);
    errno = reason;
    return sent;
}

/* ---- ending -------------------------------------------------------------------------------- */

static void pause_ms(long ms)
{
    const struct timespec step = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&step, NULL); /* a shorter one does no harm */
}

/* Wait for its end, for a moment; it stays a zombie. Returns whether the end has come. */
static int end_await(pid_t pid)
{
    for (int waited = 0; waited < MOMENT_MS; waited += LOOK_MS) {
        siginfo_t facts = {0};

        if (waitid(P_PID, (id_t)pid, &facts, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            facts.si_pid == pid)
            return 1;
        pause_ms(LOOK_MS);
    }
    return 0;
}

/* Those whom it left behind had SIGTERM; no other group gets its number while one of them is there.
 */
static void group_end(pid_t pid)
{
    for (int waited = 0; waited < MOMENT_MS && kill(-pid, 0) == 0; waited += LOOK_MS)
        pause_ms(LOOK_MS);
    (void)kill(-pid, SIGKILL); /* fails where nobody is left */
}

/* Nobody may be left: as long as it is there, a zombie at least, the group is no other one. */
static int end_force(pid_t pid)
{
    int has_ended = end_await(pid);
    int state = 0;

    (void)kill(-pid, SIGTERM);
    if (!has_ended && !end_await(pid))
        (void)kill(-pid, SIGKILL);
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
        continue;
    group_end(pid);
    return state;
}

int child_end(struct child *child, char ret_words[CHILD_WORDS_MAX])
{
    char words[CHILD_WORDS_MAX] = "not started";
    int code = -1;
    int state;

    if (child->pid != 0) {
        (void)close(child->input); /* what it has not read it need not answer */
        (void)close(child->output);
        state = end_force(child->pid);
        if (WIFEXITED(state)) {
            code = WEXITSTATUS(state);
            snprintf(words, sizeof words, "exit status %d", code);
        } else {
            snprintf(words, sizeof words, "signal %d, %s", WTERMSIG(state),
                     strsignal(WTERMSIG(state)));
        }
    }
    *child = (struct child){.input = -1, .output = -1};
    if (ret_words != NULL)
        memcpy(ret_words, words, sizeof words);
    return code;
}
