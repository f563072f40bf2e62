#include "bench_wish.h"

#include "beside.h"
#include "talk.h"

#include <lattn/bench.h>
#include <lattn/limits.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum lattn_engine engines[] = {LATTN_ENGINE_RLS, LATTN_ENGINE_GRAM};
enum { ENGINES_COUNT = sizeof engines / sizeof engines[0] };

static enum options_outcome dims_read(const char *verb, const char *text, struct bench_wish *wish)
{
    const char *at = text;

    wish->dims_count = 0;
    for (;;) {
        char *end;
        long dim = strtol(at, &end, 10);

        if (at[0] < '0' || at[0] > '9' || dim < 1 || dim > BENCH_DIM_MAX ||
            (*end != '\0' && *end != ',') || wish->dims_count == BENCH_DIMS_MAX) {
            talk(verb, "--dim", "\"%s\" is no list like 4,8,16 of up to %d numbers from 1 to %d",
                 text, BENCH_DIMS_MAX, BENCH_DIM_MAX);
            return OPTIONS_MISUSED;
        }
        wish->dims[wish->dims_count++] = (int32_t)dim;
        if (*end == '\0')
            return OPTIONS_READ;
        at = end + 1;
    }
}

static enum options_outcome engine_read(const char *verb, const char *word, struct bench_wish *wish)
{
    wish->engines = engines;
    wish->engines_count = ENGINES_COUNT;
    if (word == NULL)
        return OPTIONS_READ;
    wish->engines_count = 1;
    for (size_t i = 0; i < ENGINES_COUNT; i++) {
        wish->engines = &engines[i];
        if (strcmp(lattn_engine_text(engines[i]), word) == 0)
            return OPTIONS_READ;
    }
    talk(verb, "--engine", "\"%s\" is no engine, %s and %s are", word,
         lattn_engine_text(engines[0]), lattn_engine_text(engines[1]));
    return OPTIONS_MISUSED;
}

static const char about[] =
    "Measure each stage from bytes to heads on pairs of a random layer, by repeated short runs, "
    "and\n"
    "print the medians: pairs in a second or milliseconds, and the share of what this machine can\n"
    "do, measured in the same run: of dgemm's speed or of the memory's, whichever bounds the "
    "stage.";

enum options_outcome bench_wish_read(int argc, char **argv, struct bench_wish *ret_wish)
{
    struct bench_wish *wish = ret_wish;
    const char *dims = "4,8,16";
    const char *engine = NULL;
    const struct option_row rows[] = {
        {"--dim", "D,...", OPTION_TEXT, &dims, 0, 0, "coordinates of a token, default 4,8,16"},
        {"--heads", "H", OPTION_WHOLE, &wish->heads, 1, 64, "of the random layer, default 1"},
        {"--outputs", "M", OPTION_WHOLE, &wish->outputs, 1, 64, "numbers in a label, default 1"},
        {"--length", "N", OPTION_WHOLE, &wish->length, 1, 4096, "tokens of a sequence, default 8"},
        {"--seconds", "S", OPTION_POSITIVE, &wish->seconds, 0, 0, "for each row, default 0.5"},
        {"--engine", "ENGINE", OPTION_TEXT, &engine, 0, 0, "rls or gram; default: both"},
        {"--threads", "N", OPTION_WHOLE, &wish->threads, 1, LATTN_BENCH_THREADS_MAX,
         "of matrix products, default 1; the daemon keeps its own"},
        {"--daemon", "FILE", OPTION_TEXT, &wish->daemon, 0, 0,
         "lattnd to start, default: the one beside this program, or else on PATH"},
        {"--json", NULL, OPTION_FLAG, &wish->is_json, 0, 0, "print one JSON object"},
    };
    const struct options options = {
        .usage = "bench [options]",
        .about = about,
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
    };
    enum options_outcome outcome;

    *wish =
        (struct bench_wish){.heads = 1, .outputs = 1, .length = 8, .threads = 1, .seconds = 0.5};
    outcome = options_read(&options, argc, argv, NULL);
    if (outcome == OPTIONS_READ)
        outcome = dims_read(argv[0], dims, wish);
    if (outcome == OPTIONS_READ)
        outcome = engine_read(argv[0], engine, wish);
    if (outcome == OPTIONS_READ)
        wish->daemon = wish->daemon != NULL ? wish->daemon : beside_daemon(wish->beside);
    return outcome;
}
