/* The command line of lattn-solve. */
#include "solve/wish.h"

#include <lattn/version.h>

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "Usage: mpirun -n N lattn-solve [options] STATE... -o MODEL\n"
    "\n"
    "Sum the states of shards of one stream, and solve for the model. A STATE is a copy made\n"
    "by lattn checkpoint -o, or the image in it.\n"
    "\n"
    "  -o MODEL                  make the file MODEL: .json, .npz, else safetensors\n"
    "  --expect P                there are P shards; default: as many as they say themselves\n"
    "  --allow-missing           go on without states that are not there\n"
    "  --heads fewest|svd|N      as few as will do (default), all of the SVD, or its N largest\n"
    "  --json                    report as JSON\n"
    "  --explain                 say what memory and time it takes, and end\n"
    "  -n N                      with --explain: for so many ranks; default 1\n"
    "  --help                    say this\n"
    "  --version                 say which version this is\n"
    "\n"
    "Exit status: 0 the model is written; 1 refused or misused; 2 the data does not determine\n"
    "the function; 3 a state is missing, damaged, there twice, or of another stream.\n";

enum {
    OPTION_EXPECT = 256,
    OPTION_ALLOW_MISSING,
    OPTION_HEADS,
    OPTION_JSON,
    OPTION_EXPLAIN,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option options[] = {
    {"expect", required_argument, NULL, OPTION_EXPECT},
    {"allow-missing", no_argument, NULL, OPTION_ALLOW_MISSING},
    {"heads", required_argument, NULL, OPTION_HEADS},
    {"json", no_argument, NULL, OPTION_JSON},
    {"explain", no_argument, NULL, OPTION_EXPLAIN},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int is_quiet;

__attribute__((format(printf, 1, 2))) static enum wish_outcome misuse(const char *format, ...)
{
    va_list arguments;

    if (is_quiet)
        return WISH_MISUSED;
    fputs("lattn-solve: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return WISH_MISUSED;
}

/* A whole number from 1 on; 0 for anything else. */
static int32_t count_read(const char *text)
{
    char *end;
    long count;

    errno = 0;
    count = strtol(text, &end, 10);
    return end == text || *end != '\0' || errno != 0 || count < 1 || count > INT32_MAX
               ? 0
               : (int32_t)count;
}

static enum wish_outcome heads_read(const char *text, struct outcome_wish *wish)
{
    wish->heads = strcmp(text, "fewest") == 0 ? LATTN_HEADS_FEWEST : LATTN_HEADS_SVD;
    if (wish->heads == LATTN_HEADS_FEWEST || strcmp(text, "svd") == 0)
        return WISH_READ;
    wish->heads = LATTN_HEADS_COUNT;
    wish->count = count_read(text);
    return wish->count > 0
               ? WISH_READ
               : misuse("--heads \"%s\" is neither fewest, svd nor a number of heads", text);
}

static enum wish_outcome number_read(const char *option, const char *text, int32_t *ret_number)
{
    *ret_number = count_read(text);
    return *ret_number > 0 ? WISH_READ : misuse("%s \"%s\" is no number from 1 on", option, text);
}

static enum wish_outcome text_say(const char *text)
{
    if (!is_quiet)
        fputs(text, stdout);
    return WISH_DONE;
}

static enum wish_outcome option_take(int option, char *const *argv, struct wish *wish)
{
    switch (option) {
    case 'o':
        wish->model_path = optarg;
        return WISH_READ;
    case 'n':
        return number_read("-n", optarg, &wish->ranks);
    case OPTION_EXPECT:
        return number_read("--expect", optarg, &wish->shards.expect);
    case OPTION_ALLOW_MISSING:
        wish->shards.allow_missing = 1;
        return WISH_READ;
    case OPTION_HEADS:
        return heads_read(optarg, &wish->outcome);
    case OPTION_JSON:
        wish->is_json = 1;
        return WISH_READ;
    case OPTION_EXPLAIN:
        wish->is_explain = 1;
        return WISH_READ;
    case OPTION_HELP:
        return text_say(help_text);
    case OPTION_VERSION:
        return text_say("lattn-solve " LATTN_VERSION "\n");
    case ':':
        return misuse("%s asks for a value", argv[optind - 1]);
    default:
        return misuse("there is no option %s", argv[optind - 1]);
    }
}

/* What is asked for together. */
static enum wish_outcome wish_check(const struct wish *wish)
{
    if (wish->shards.count == 0)
        return misuse("no STATE is given: lattn-solve --help says what is asked for");
    if (!wish->is_explain && wish->model_path == NULL)
        return misuse("-o is missing: where shall the model go?");
    if (!wish->is_explain && wish->ranks > 0)
        return misuse("-n goes with --explain: mpirun -n tells how many ranks there are");
    return WISH_READ;
}

enum wish_outcome wish_read(int argc, char **argv, int is_silent, struct wish *ret_wish)
{
    struct wish wish = {.outcome = {.heads = LATTN_HEADS_FEWEST}};
    enum wish_outcome outcome = WISH_READ;
    int option;

    is_quiet = is_silent;
    opterr = 0;
    while (outcome == WISH_READ && (option = getopt_long(argc, argv, ":o:n:", options, NULL)) != -1)
        outcome = option_take(option, argv, &wish);
    if (outcome != WISH_READ)
        return outcome;
    wish.shards.paths = (const char *const *)argv + optind;
    wish.shards.count = argc - optind;
    outcome = wish_check(&wish);
    *ret_wish = wish;
    return outcome;
}
