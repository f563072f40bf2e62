/*
 * aggregate: a daemon that serves the sum of what workers push. It is lattnd itself, which knows
 * all of its options but one that has to be there.
 */
#include "beside.h"
#include "talk.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: lattn aggregate --expect P --listen ADDR [option ...]\n\n"
    "Serve the sum of the P shards of a stream, which workers (lattnd --shard K/P --push ADDR)\n"
    "have learned: status, model, predict, certify, suggest, watch and the page are those of a\n"
    "daemon that had learned all of it. Shards that are missing, late or wrong are named.\n\n"
    "  --expect P      shards there are\n"
    "  --epoch N       take shards of this epoch only; default: that of the first that comes\n"
    "  --max-age TIME  a shard not heard of for longer is named as stale; default: 30s\n"
    "  --from DIR      states of shards lie there, too: of workers with --push dir:DIR\n\n"
    "Whatever does not concern learning or keeping is as lattnd has it: lattnd --help tells.\n";

static int is_given(int argc, char **argv, const char *option)
{
    size_t length = strlen(option);

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], option, length) == 0 &&
            (argv[i][length] == '\0' || argv[i][length] == '='))
            return 1;
    return 0;
}

enum verb_exit aggregate_run(int argc, char **argv)
{
    const char *verb = argv[0];
    char room[PATH_MAX];
    const char *daemon;

    if (is_given(argc, argv, "--help")) {
        fputs(help, stdout);
        return VERB_DONE;
    }
    if (!is_given(argc, argv, "--expect")) {
        talk(verb, "--expect", "is missing: how many shards are there?");
        return VERB_MISUSED;
    }
    daemon = beside_daemon(room);
    argv[0] = (char *)daemon; /* only read */
    (void)execvp(daemon, argv);
    talk(verb, daemon, "cannot be run: %s", strerror(errno));
    return VERB_REFUSED;
}
