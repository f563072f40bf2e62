/*
 * gen: pairs of a task whose answer is known, as lines of JSON or as maps of MessagePack.
 */
#include "gen.h"

#include "files.h"
#include "options.h"
#include "progress.h"
#include "talk.h"
#include "verbs.h"

#include <lattn/wire.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct gen {
    const struct gen_task *kind;
    struct gen_wish wish;
    uint64_t pairs;
    const char *format_word;
    enum lattn_format format;
    const char *truth;
};

enum { OUT_BYTES = 64 << 10 };

static enum options_outcome wish_check(const char *verb, const char *name, struct gen *gen)
{
    const char *stray;

    gen->kind = gen_task_find(name);
    if (gen->kind == NULL) {
        talk(verb, name,
             "there is no such task; random, memory, automaton, turing and regression are");
        return OPTIONS_MISUSED;
    }
    stray = gen_task_stray(gen->kind, &gen->wish);
    if (stray != NULL) {
        talk(verb, stray, "the task %s has no such option", name);
        return OPTIONS_MISUSED;
    }
    if (strcmp(gen->format_word, "msgpack") == 0) {
        gen->format = LATTN_FORMAT_MSGPACK;
    } else if (strcmp(gen->format_word, "ndjson") != 0) {
        talk(verb, "--format", "\"%s\" is not a format, ndjson and msgpack are", gen->format_word);
        return OPTIONS_MISUSED;
    }
    return OPTIONS_READ;
}

static const char about[] =
    "random      tokens are random, labels come from a random layer of linear attention\n"
    "memory      values stored under keys; the label of a key is its value\n"
    "automaton   a finite automaton given as its table; the label is the next state\n"
    "turing      a universal Turing machine; the label is the next token\n"
    "regression  examples (x, w.x) with a new w each time; the label is w.x of one more x\n\n"
    "Coordinates with names have them in a first line, which feed gives to the daemon.";

static enum options_outcome wish_read(int argc, char **argv, struct gen *gen)
{
    struct gen_wish *wish = &gen->wish;
    const struct option_row rows[] = {
        {"--dim", "D", OPTION_WHOLE, &wish->dim, 1, LATTN_DIM_MAX,
         "coordinates of a token: random 4, memory 8, regression 5"},
        {"--heads", "H", OPTION_WHOLE, &wish->heads, 1, INT32_MAX,
         "random: heads of the layer, default 1"},
        {"--outputs", "M", OPTION_WHOLE, &wish->outputs, 1, LATTN_OUTPUTS_MAX,
         "random: numbers in a label, default 1"},
        {"--length", "N", OPTION_WHOLE, &wish->length, 1, LATTN_TOKENS_MAX,
         "random: tokens, 100; automaton, turing: steps of a machine, 8 and 24;"
         " regression: examples, 20"},
        {"--mix", "U", OPTION_SHARE, &wish->mix, 0, 0,
         "memory: share of sequences with orthonormal keys and values, 0.95"},
        {"--states", "Q", OPTION_WHOLE, &wish->states, 1, LATTN_DIM_MAX,
         "automaton, turing: default 2"},
        {"--symbols", "S", OPTION_WHOLE, &wish->symbols, 1, LATTN_DIM_MAX,
         "automaton, turing: default 2"},
        {"--whole-word", NULL, OPTION_FLAG, &wish->whole_word, 0, 0,
         "automaton: the word is in the context, the label is the next token"},
        {"--cells", "N", OPTION_WHOLE, &wish->cells, 1, LATTN_DIM_MAX,
         "turing: of the circular tape, default 3"},
        {"--pairs", "N", OPTION_WHOLE, &gen->pairs, 1, UINT64_MAX,
         "label rows in all, default 1000; the last sequence is cut short"},
        {"--noise", "S", OPTION_REAL, &wish->noise, 0, 0,
         "random, memory, regression: standard deviation added to labels, 0"},
        {"--last-label", NULL, OPTION_FLAG, &wish->last_label, 0, 0,
         "random: label whole sequences only, not every prefix"},
        {"--seed", "S", OPTION_WHOLE, &wish->seed, 0, UINT64_MAX, "default 1"},
        {"--format", "FORMAT", OPTION_TEXT, &gen->format_word, 0, 0,
         "ndjson (the default), or msgpack as feed --from msgpack takes it"},
        {"--truth", "FILE", OPTION_TEXT, &gen->truth, 0, 0,
         "write the layer behind the labels as a model"},
    };
    const struct options options = {
        .usage = "gen TASK [options] > pairs",
        .about = about,
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
    };
    const char *task;
    enum options_outcome outcome = options_read(&options, argc, argv, &task);

    return outcome == OPTIONS_READ ? wish_check(argv[0], task, gen) : outcome;
}

static enum lattn_status truth_save(const char *path, const struct lattn_model *model)
{
    struct lattn_text text;
    enum lattn_status status;

    lattn_text_init(&text);
    status = lattn_write_model(&text, LATTN_FORMAT_JSON, model);
    if (status == LATTN_OK)
        status = lattn_text_add(&text, "\n", 1);
    if (status == LATTN_OK)
        status = files_replace(path, &text);
    lattn_text_done(&text);
    return status;
}

/* Only people sit at terminals, and they cannot read bytes. */
static enum verb_exit output_check(const char *verb, const struct gen *gen)
{
    if (gen->format == LATTN_FORMAT_JSON || !isatty(STDOUT_FILENO))
        return VERB_DONE;
    talk(verb, "standard output", "a terminal does not show msgpack; a pipe or a file takes it");
    return VERB_REFUSED;
}

static void strings_list(char (*names)[LATTN_NAME_MAX], int32_t count, char **ret_list)
{
    for (int32_t i = 0; i < count; i++)
        ret_list[i] = names[i];
}

/* The names as a request, so that whoever feeds the pairs can pass them on. */
static enum lattn_status names_write(struct lattn_text *text, enum lattn_format format,
                                     const struct lattn_names *names)
{
    char *coordinates[LATTN_DIM_MAX];
    char *outputs[LATTN_OUTPUTS_MAX];
    const struct lattn_request request = {
        .method = LATTN_METHOD_NAME,
        .append = coordinates,
        .append_count = (size_t)names->coordinates_count,
        .outputs = outputs,
        .outputs_count = (size_t)names->outputs_count,
        .blocks = names->blocks,
        .blocks_count = (size_t)names->blocks_count,
    };

    if (names->coordinates_count == 0)
        return LATTN_OK;
    strings_list(names->coordinates, names->coordinates_count, coordinates);
    strings_list(names->outputs, names->outputs_count, outputs);
    return lattn_write_request(text, format, &request);
}

/* Pairs until there are so many label rows; a reader that went away ends it early. */
static enum lattn_status pairs_print(struct lattn_task *task, enum lattn_format format,
                                     uint64_t pairs)
{
    const uint64_t total = pairs;
    enum lattn_status status;
    struct lattn_item item;
    struct lattn_text text;

    lattn_text_init(&text);
    status = names_write(&text, format, &lattn_task_truth(task)->names);
    while (pairs > 0 && status == LATTN_OK && !ferror(stdout)) {
        lattn_task_next(task, &item);
        if ((uint64_t)lattn_item_rows(&item) > pairs)
            item.n = (int32_t)pairs;
        pairs -= (uint64_t)lattn_item_rows(&item);
        status = lattn_write_pair(&text, format, &item, NULL, NULL, 0);
        if (text.length >= OUT_BYTES || pairs == 0) {
            fwrite(text.data, 1, text.length, stdout);
            text.length = 0;
            progress_show(total - pairs, NULL);
        }
    }
    lattn_text_done(&text);
    return status;
}

enum verb_exit gen_run(int argc, char **argv)
{
    struct gen gen = {
        .wish = {.noise = -1, .mix = -1, .seed = 1},
        .pairs = 1000,
        .format_word = "ndjson",
    };
    enum options_outcome outcome = wish_read(argc, argv, &gen);
    struct lattn_complaint complaint = {""};
    struct lattn_task *task = NULL;
    enum lattn_status status;
    const char *object;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    if (output_check(argv[0], &gen) != VERB_DONE)
        return VERB_REFUSED;
    object = gen.kind->name;
    status = gen.kind->open(&gen.wish, &task, &complaint);
    if (status == LATTN_OK && gen.truth != NULL) {
        status = truth_save(gen.truth, lattn_task_truth(task));
        object = gen.truth;
    }
    if (status == LATTN_OK) {
        progress_begin(argv[0], "pairs", -1, gen.pairs, PROGRESS_ALL_ALONG);
        status = pairs_print(task, gen.format, gen.pairs);
        progress_end();
    }
    if (complaint.text[0] != '\0')
        talk(argv[0], object, "%s", complaint.text);
    else if (status != LATTN_OK)
        talk(argv[0], object, "%s",
             status == LATTN_INPUT_OUTPUT ? strerror(errno) : lattn_status_text(status));
    lattn_task_close(&task);
    return status == LATTN_OK ? VERB_DONE : VERB_REFUSED;
}
