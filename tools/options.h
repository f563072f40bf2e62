#ifndef OPTIONS_H
#define OPTIONS_H

#include "link.h"
#include "verbs.h"

#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,     /* value: int *, set to 1; takes no argument */
    OPTION_TEXT,     /* value: const char ** */
    OPTION_WHOLE,    /* value: uint64_t *, within whole_min .. whole_max */
    OPTION_REAL,     /* value: double *, finite and >= 0 */
    OPTION_POSITIVE, /* value: double *, finite and > 0 */
    OPTION_SHARE,    /* value: double *, within 0 .. 1 */
    OPTION_TIME,     /* value: uint64_t *, milliseconds within whole_min .. whole_max */
    OPTION_SIZE      /* value: uint64_t *, bytes within whole_min .. whole_max */
};

struct option_row {
    const char *name;     /* "--dim", or "-o" */
    const char *argument; /* what stands for its argument in the help; NULL for a flag */
    enum option_kind kind;
    void *value; /* holds the default before; untouched where the option is not given */
    uint64_t whole_min;
    uint64_t whole_max;
    const char *help;
};

/*
 * What a verb takes: exactly operands_count arguments without dashes, or up to operands_max where
 * that is more, and options in any order.
 *
 * link   NULL: the verb asks no daemon; otherwise its files are options, too
 * usage  "feed ADDR [options] < pairs"; its first word is the verb
 * about  sentences for --help
 */
struct options {
    const char *usage;
    const char *about;
    const struct option_row *rows;
    size_t rows_count;
    struct link_settings *link;
    size_t operands_count;
    size_t operands_max;
};

/* What became of the command line; unless OPTIONS_READ it is the exit code. */
enum options_outcome {
    OPTIONS_READ = -1,
    OPTIONS_HELPED = VERB_DONE,
    OPTIONS_MISUSED = VERB_MISUSED
};

/*
 * Read "--name value", "--name=value" and operands; "--" ends the options.
 *
 * argv          in   argv[0] is the verb
 * ret_operands  out  those there are, borrowed from argv; what is not there stays as it was
 *
 * Prints the help where it is asked for, and says what was wrong with a command line.
 */
enum options_outcome options_read(const struct options *options, int argc, char **argv,
                                  const char **ret_operands);

#endif
