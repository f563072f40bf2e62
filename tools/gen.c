/*
 * gen: pairs of a task whose answer is known, as lines of JSON or as maps of MessagePack.
 */
#include "files.h"
#include "options.h"
#include "talk.h"
#include "verbs.h"

#include <lattn/tasks.h>
#include <lattn/wire.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Options as they are read; the numbers fit into the settings by their bounds. */
struct gen_wish {
    uint64_t dim;
    uint64_t heads;
    uint64_t outputs;
    uint64_t length;
    uint64_t pairs;
    uint64_t seed;
    double noise;
    int last_label;
    const char *format_word;
    enum lattn_format format;
    const char *truth;
};

enum { OUT_BYTES = 64 << 10 };

static enum options_outcome wish_check(const char *verb, const char *task, struct gen_wish *wish)
{
    if (strcmp(task, "random") != 0) {
        talk(verb, task, "there is no such task, random is one");
        return OPTIONS_MISUSED;
    }
    if (strcmp(wish->format_word, "msgpack") == 0) {
        wish->format = LATTN_FORMAT_MSGPACK;
    } else if (strcmp(wish->format_word, "ndjson") != 0) {
        talk(verb, "--format", "\"%s\" is not a format, ndjson and msgpack are", wish->format_word);
        return OPTIONS_MISUSED;
    }
    return OPTIONS_READ;
}

static enum options_outcome wish_read(int argc, char **argv, struct gen_wish *wish)
{
    const struct option_row rows[] = {
        {"--dim", "D", OPTION_WHOLE, &wish->dim, 1, LATTN_DIM_MAX,
         "coordinates of a token, default 4"},
        {"--heads", "H", OPTION_WHOLE, &wish->heads, 1, INT32_MAX, "of the layer, default 1"},
        {"--outputs", "M", OPTION_WHOLE, &wish->outputs, 1, LATTN_OUTPUTS_MAX,
         "numbers in a label, default 1"},
        {"--length", "N", OPTION_WHOLE, &wish->length, 1, LATTN_TOKENS_MAX,
         "tokens of a sequence, default 100"},
        {"--pairs", "N", OPTION_WHOLE, &wish->pairs, 1, UINT64_MAX,
         "label rows in all, default 1000; the last sequence is cut short"},
        {"--noise", "S", OPTION_REAL, &wish->noise, 0, 0,
         "standard deviation added to each label, default 0"},
        {"--last-label", NULL, OPTION_FLAG, &wish->last_label, 0, 0,
         "label whole sequences only, not every prefix"},
        {"--seed", "S", OPTION_WHOLE, &wish->seed, 0, UINT64_MAX, "default 1"},
        {"--format", "FORMAT", OPTION_TEXT, &wish->format_word, 0, 0,
         "ndjson (the default), or msgpack as feed --from msgpack takes it"},
        {"--truth", "FILE", OPTION_TEXT, &wish->truth, 0, 0, "write the layer itself as a model"},
    };
    const struct options options = {
        .usage = "gen random [options] > pairs",
        .about = "random: tokens are random, labels come from a random layer of linear attention.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
    };
    const char *task;
    enum options_outcome outcome = options_read(&options, argc, argv, &task);

    return outcome == OPTIONS_READ ? wish_check(argv[0], task, wish) : outcome;
}

static struct lattn_random_settings wish_settings(const struct gen_wish *wish)
{
    return (struct lattn_random_settings){
        .dim = (int32_t)wish->dim,
        .heads = (int32_t)wish->heads,
        .outputs = (int32_t)wish->outputs,
        .length = (int32_t)wish->length,
        .noise = wish->noise,
        .labels = wish->last_label ? LATTN_LABELS_LAST : LATTN_LABELS_CAUSAL,
        .seed = wish->seed,
    };
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
static enum verb_exit output_check(const char *verb, const struct gen_wish *wish)
{
    if (wish->format == LATTN_FORMAT_JSON || !isatty(STDOUT_FILENO))
        return VERB_DONE;
    talk(verb, "standard output", "a terminal does not show msgpack; a pipe or a file takes it");
    return VERB_REFUSED;
}

/* Pairs until there are so many label rows; a reader that went away ends it early. */
static enum lattn_status pairs_print(struct lattn_task *task, enum lattn_format format,
                                     uint64_t pairs)
{
    enum lattn_status status = LATTN_OK;
    struct lattn_item item;
    struct lattn_text text;

    lattn_text_init(&text);
    while (pairs > 0 && status == LATTN_OK && !ferror(stdout)) {
        lattn_task_next(task, &item);
        if ((uint64_t)lattn_item_rows(&item) > pairs)
            item.n = (int32_t)pairs;
        pairs -= (uint64_t)lattn_item_rows(&item);
        status = lattn_write_pair(&text, format, &item, NULL, NULL, 0);
        if (text.length >= OUT_BYTES || pairs == 0) {
            fwrite(text.data, 1, text.length, stdout);
            text.length = 0;
        }
    }
    lattn_text_done(&text);
    return status;
}

enum verb_exit gen_run(int argc, char **argv)
{
    struct gen_wish wish = {
        .dim = 4,
        .heads = 1,
        .outputs = 1,
        .length = 100,
        .pairs = 1000,
        .seed = 1,
        .format_word = "ndjson",
    };
    enum options_outcome outcome = wish_read(argc, argv, &wish);
    struct lattn_random_settings settings = wish_settings(&wish);
    struct lattn_task *task = NULL;
    const char *object = "random";
    enum lattn_status status;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    if (output_check(argv[0], &wish) != VERB_DONE)
        return VERB_REFUSED;
    status = lattn_random_open(&task, &settings);
    if (status == LATTN_OK && wish.truth != NULL) {
        status = truth_save(wish.truth, lattn_task_truth(task));
        object = wish.truth;
    }
    if (status == LATTN_OK)
        status = pairs_print(task, wish.format, wish.pairs);
    if (status != LATTN_OK)
        talk(argv[0], object, "%s",
             status == LATTN_INPUT_OUTPUT ? strerror(errno) : lattn_status_text(status));
    lattn_task_close(&task);
    return status == LATTN_OK ? VERB_DONE : VERB_REFUSED;
}
