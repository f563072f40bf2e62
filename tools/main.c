/*
 * lattn: everything around a running lattnd, one verb per file.
 */
#include <lattn/lattn.h>

#include "talk.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum verb_exit (*run)(int argc, char **argv);
    const char *help;
} verbs[] = {
    {"gen", gen_run, "make pairs of a task with a known answer"},
    {"feed", feed_run, "send pairs or events to a daemon and wait until they are learned"},
    {"publish", publish_run, "send pairs or events to streams, which workers learn from"},
    {"status", status_run, "what a daemon knows, and whether it is enough"},
    {"watch", watch_run, "a table of what a daemon learns, one row per emission"},
    {"plot", figure_run, "draw a recording of watch as a figure for a paper"},
    {"predict", predict_run, "ask a daemon for the labels of inputs"},
    {"certify", certify_run, "how much of a domain is determined, and what is missing"},
    {"suggest", suggest_run, "which of some inputs should be labelled next"},
    {"model", model_run, "fetch the model"},
    {"checkpoint", checkpoint_run, "let a daemon save its state, or carry a copy of it away"},
    {"merge", merge_run, "make one state of those of disjoint streams"},
    {"aggregate", aggregate_run, "serve the sum of what the workers of a stream have learned"},
    {"run", run_run, "apply a saved model to inputs"},
    {"distance", distance_run, "compare two saved models as functions"},
    {"probe", probe_run, "learn by questions what an oracle computes"},
    {"bench", bench_run, "how fast this machine is at each stage, and what share of it that is"},
};

enum { VERBS_COUNT = sizeof verbs / sizeof verbs[0] };

static void help_print(FILE *stream)
{
    fprintf(stream, "usage: lattn VERB [arguments]\n\n");
    for (size_t i = 0; i < VERBS_COUNT; i++)
        fprintf(stream, "  %-12s%s\n", verbs[i].name, verbs[i].help);
    fprintf(stream,
            "\nlattn VERB --help tells more. ADDR is unix:PATH, tcp:HOST:PORT or tls:HOST:PORT.\n"
            "Exit status: 0 done, 1 refused, 2 misused.\n");
}

/* A closed standard descriptor would become the socket, and be read as input. */
static int descriptors_fill(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd < 0 ? -1 : close(fd);
}

static enum verb_exit verb_run(int argc, char **argv)
{
    if (argc < 2) {
        help_print(stderr);
        return VERB_MISUSED;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_print(stdout);
        return VERB_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("lattn %s\n", LATTN_VERSION);
        return VERB_DONE;
    }
    for (size_t i = 0; i < VERBS_COUNT; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    talk(NULL, argv[1], "there is no such verb; lattn --help lists them");
    return VERB_MISUSED;
}

int main(int argc, char **argv)
{
    enum verb_exit code;

    /* A reader that has seen enough ends us quietly, even where our parent ignores the signal. */
    (void)signal(SIGPIPE, SIG_DFL);
    if (descriptors_fill() != 0)
        return VERB_REFUSED;
    code = verb_run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        talk(argc < 2 ? NULL : argv[1], "standard output", "cannot write: %s", strerror(errno));
        return VERB_REFUSED;
    }
    return (int)code;
}
