#include "store/trial.h"

#include "base/complaint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    /* A child that reads says so several times a second. */
    STEP_MS = 200,
    /* A disk that sleeps wakes up in seconds; a tree of pages that goes in circles never ends. */
    PATIENCE_MS = 60000
};

/* What comes through the pipe: any number of steps, then what it all came to. */
enum { STEP = 's', VERDICT = 'v' };

struct verdict {
    enum lattn_status status;
    struct lattn_complaint complaint;
    struct examination examination;
};

/* ---- the child ------------------------------------------------------------------------------ */

struct steps {
    int pipe;
    struct timespec last;
};

/* A parent that is gone makes no difference: the child ends with it. */
static void tell(int pipe, const void *bytes, size_t length)
{
    (void)!write(pipe, bytes, length);
}

static void step(void *arg)
{
    static const char mark = STEP;
    struct steps *steps = arg;
    struct timespec now;
    int64_t elapsed_ms;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    elapsed_ms =
        (now.tv_sec - steps->last.tv_sec) * 1000 + (now.tv_nsec - steps->last.tv_nsec) / 1000000;
    if (elapsed_ms < STEP_MS)
        return;
    steps->last = now;
    tell(steps->pipe, &mark, sizeof mark);
}

static void read_all(const char *path, int pipe)
{
    static const char mark = VERDICT;
    struct steps steps = {.pipe = pipe};
    struct verdict verdict = {.status = LATTN_OK};
    struct store *store = NULL;

    verdict.status = store_open(&store, path, STORE_READ, &verdict.complaint);
    if (verdict.status == LATTN_OK && store_holds(store) == DIRECTORY_HAS_STORE)
        verdict.status =
            store_examine(store, step, &steps, &verdict.examination, &verdict.complaint);
    store_close(&store);
    tell(pipe, &mark, sizeof mark);
    tell(pipe, &verdict, sizeof verdict);
}

/* Whatever the file makes of it, the child leaves no core and no word behind. */
_Noreturn static void be_child(const char *path, int pipe, pid_t parent)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_DUMPABLE, 0);
    if (nowhere >= 0)
        (void)dup2(nowhere, STDERR_FILENO);
    if (getppid() == parent)
        read_all(path, pipe);
    _Exit(0);
}

/* ---- the parent ----------------------------------------------------------------------------- */

/* Read exactly so many bytes. Returns 0 at the end, or where nothing came for too long. */
static int hear(int pipe, void *ret_bytes, size_t length)
{
    unsigned char *to = ret_bytes;

    while (length > 0) {
        struct pollfd ready = {.fd = pipe, .events = POLLIN};
        int count = poll(&ready, 1, PATIENCE_MS);
        ssize_t part;

        if (count < 0 && errno == EINTR)
            continue;
        part = count <= 0 ? 0 : read(pipe, to, length);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return 0;
        to += part;
        length -= (size_t)part;
    }
    return 1;
}

/* Returns whether there was a verdict. */
static int hear_out(int pipe, struct verdict *ret_verdict)
{
    char mark = STEP;

    while (mark == STEP)
        if (!hear(pipe, &mark, sizeof mark))
            return 0;
    return mark == VERDICT && hear(pipe, ret_verdict, sizeof *ret_verdict);
}

/* How the child ended that gave no verdict; a signal of ours means that it took too long. */
static enum lattn_status refuse(const char *path, int how, struct lattn_complaint *complaint)
{
    static const char advice[] = "take a copy of the state, or a new directory";

    if (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)
        return complain(complaint, LATTN_DAMAGED, "state %.100s: reading data.mdb does not end; %s",
                        path, advice);
    return complain(complaint, LATTN_DAMAGED,
                    "state %.100s: data.mdb is damaged beyond reading (%s %d); %s", path,
                    WIFSIGNALED(how) ? "signal" : "exit",
                    WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how), advice);
}

enum lattn_status trial(const char *path, struct examination *ret_examination,
                        struct lattn_complaint *complaint)
{
    struct verdict verdict = {.status = LATTN_OK};
    pid_t parent = getpid(), child;
    int ends[2], how = 0, is_heard;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "state %.100s: cannot make a pipe: %s", path,
                        strerror(errno));
    child = fork();
    if (child == 0)
        be_child(path, ends[1], parent);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return complain(complaint, LATTN_NO_MEMORY, "state %.100s: cannot fork: %s", path,
                        strerror(errno));
    }
    is_heard = hear_out(ends[0], &verdict);
    close(ends[0]);
    if (!is_heard)
        (void)kill(child, SIGKILL); /* one that ended keeps its own end */
    while (waitpid(child, &how, 0) < 0 && errno == EINTR)
        continue;
    if (!is_heard)
        return refuse(path, how, complaint);
    if (verdict.status != LATTN_OK)
        return complain(complaint, verdict.status, "%s", verdict.complaint.text);
    *ret_examination = verdict.examination;
    return LATTN_OK;
}
