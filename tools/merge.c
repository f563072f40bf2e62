/*
 * merge: make one state of those of disjoint streams, as if one daemon had learned them all.
 */
#include "copy.h"
#include "options.h"
#include "talk.h"
#include "verbs.h"

#include <lattn/state.h>

#include <inttypes.h>
#include <stdio.h>

/* More would not fit into a command line of names like these; a merged state merges again. */
enum { STATES_MAX = 4096 };

/* The sink of the image. */
static enum lattn_status bytes_take(void *arg, const void *bytes, size_t length)
{
    return copy_write(arg, bytes, length) == 0 ? LATTN_OK : LATTN_INPUT_OUTPUT;
}

static enum verb_exit states_merge(const char *const *paths, size_t count, struct copy *copy)
{
    struct lattn_complaint complaint = {""};
    struct lattn_merged merged;
    enum lattn_status status =
        lattn_state_merge(paths, count, bytes_take, copy, &merged, &complaint);
    enum verb_exit code;

    if (status != LATTN_OK && complaint.text[0] == '\0')
        return copy_refuse(copy, "write the merged state");
    if (status != LATTN_OK) {
        talk(copy->verb, NULL, "%s", complaint.text);
        return VERB_REFUSED;
    }
    code = copy_finish(copy);
    if (code == VERB_DONE)
        printf("states %zu\npairs %" PRIu64 "\nbytes %" PRIu64 "\n", count, merged.pairs,
               merged.bytes);
    return code;
}

enum verb_exit merge_run(int argc, char **argv)
{
    const char *path = NULL;
    const struct option_row rows[] = {
        {"-o", "STATE", OPTION_TEXT, &path, 0, 0,
         "make the directory STATE, for lattnd --state STATE or another merge"},
    };
    const struct options options = {
        .usage = "merge STATE... -o STATE",
        .about = "Make one state of those that daemons have learned from disjoint streams. A STATE "
                 "is a\ndirectory of lattnd --state whose daemon has ended, or a copy of lattn "
                 "checkpoint.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
        .operands_max = STATES_MAX,
    };
    const char *states[STATES_MAX] = {NULL};
    enum options_outcome outcome = options_read(&options, argc, argv, states);
    size_t count = 0;
    struct copy copy;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    if (path == NULL) {
        talk(argv[0], "-o", "is missing: where shall the merged state go?");
        return VERB_MISUSED;
    }
    while (count < STATES_MAX && states[count] != NULL)
        count++;
    code = copy_open(&copy, argv[0], path);
    if (code == VERB_DONE)
        code = states_merge(states, count, &copy);
    copy_close(&copy, code);
    return code;
}
