/*
 * run: apply a saved model, or what a probe found, to inputs, without a daemon.
 */
#include "files.h"
#include "input_line.h"
#include "numbers.h"
#include "options.h"
#include "progress.h"
#include "reader.h"
#include "run_steps.h"
#include "talk.h"
#include "tape.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
    const char *verb;
    struct files_layer layer;
    int32_t width; /* coordinates of a token as inputs have it */
    int32_t m;
    struct reader input;
    struct numbers numbers;
    struct numbers tokens;  /* of an input that tells them by their ones */
    double *y;              /* m */
    struct run_steps steps; /* count 0: say what follows each input, and do not go on from it */
    enum verb_exit code;
};

static void line_refuse(struct run *run, const char *reason)
{
    talk(run->verb, NULL, "line %llu: %s", (unsigned long long)run->input.number, reason);
    run->code = VERB_REFUSED;
}

/* The tokens of an input as the model takes them; LATTN_SHAPE where they are not as wide. */
static enum lattn_status tokens_widen(struct run *run, const struct lattn_item *item,
                                      const double **ret_z, struct lattn_complaint *complaint)
{
    int32_t width = run->width;
    int is_dense = item->tokens == LATTN_TOKENS_DENSE;

    if (item->d > width || (is_dense && item->d < width)) {
        snprintf(complaint->text, sizeof complaint->text,
                 "a token has %d coordinates, the model takes %d", item->d, width);
        return LATTN_SHAPE;
    }
    *ret_z = item->z;
    if (is_dense)
        return LATTN_OK;
    if (numbers_reserve(&run->tokens, (size_t)item->n * (size_t)width) != LATTN_OK)
        return LATTN_NO_MEMORY;
    lattn_item_expand(item, width, run->tokens.data);
    *ret_z = run->tokens.data;
    return LATTN_OK;
}

/* What comes out for n tokens; of labels 1 or 0, as the oracle had them. */
static void layer_apply(const struct run *run, const double *z, int32_t n)
{
    const struct lattn_attention *attention = run->layer.attention;

    if (attention == NULL)
        lattn_model_apply(run->layer.model, z, n, run->y);
    else
        lattn_attention_apply(attention, z, n, run->y);
    if (run->layer.architecture == LATTN_ARCHITECTURE_LABEL)
        run->y[0] = run->y[0] >= attention->threshold;
}

static enum lattn_status line_apply(struct run *run, const char *text, size_t length)
{
    struct lattn_complaint complaint = {""};
    struct lattn_item item;
    const double *z;
    size_t used;
    enum lattn_status status =
        input_line_read(&run->numbers, text, length, &used, &item, &complaint);

    if (status == LATTN_MORE)
        return LATTN_OK;
    if (status == LATTN_OK)
        status = lattn_item_check(&item, &complaint);
    if (status == LATTN_OK)
        status = tokens_widen(run, &item, &z, &complaint);
    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK) {
        line_refuse(run, complaint.text[0] ? complaint.text : lattn_status_text(status));
        return LATTN_OK;
    }
    if (run->steps.count > 0)
        return run_steps(&run->steps, z, item.n);
    layer_apply(run, z, item.n);
    run_steps_values(run->y, run->m);
    return LATTN_OK;
}

/* All lines, wrong ones left out; what ends it early is said here. */
static void lines_apply(struct run *run)
{
    enum lattn_status status;
    size_t length;
    char *text;

    while ((status = reader_read(&run->input, &text, &length)) == LATTN_OK ||
           status == LATTN_TOO_BIG) {
        if (status == LATTN_TOO_BIG)
            line_refuse(run, READER_TOO_LONG);
        else if (!reader_is_blank(text, length) && line_apply(run, text, length) != LATTN_OK)
            break;
        progress_show(run->input.number, NULL);
    }
    if (status == LATTN_MORE && run->input.error == 0)
        return;
    talk(run->verb, "standard input", "%s",
         run->input.error != 0 ? strerror(run->input.error) : lattn_status_text(LATTN_NO_MEMORY));
    run->code = VERB_REFUSED;
}

struct run_wish {
    const char *path;
    uint64_t steps;
    int json;
    int tape;
};

static enum options_outcome wish_read(int argc, char **argv, struct run_wish *wish)
{
    const struct option_row rows[] = {
        {"--autoregressive", "STEPS", OPTION_WHOLE, &wish->steps, 1, LATTN_TOKENS_MAX,
         "append what comes next, rounded by blocks, and go on from there"},
        {"--json", NULL, OPTION_FLAG, &wish->json, 0, 0,
         "autoregressive: print {\"y\": [...]} for each step, not the names"},
        {"--tape", NULL, OPTION_FLAG, &wish->tape, 0, 0,
         "autoregressive: print state, tape and head of a machine of gen turing"},
    };
    const struct options options = {
        .usage = "run MODEL [--autoregressive STEPS [--json | --tape]] < inputs",
        .about =
            "Apply the model in the file MODEL, JSON or safetensors, or what probe wrote, to each\n"
            "line {\"z\": [[token], ...]} or {\"t\": [[i, ...], ...]}, and print {\"y\": [...]} "
            "for it.\n"
            "A line that is no input is said on stderr and left out.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &wish->path);

    if (outcome != OPTIONS_READ)
        return outcome;
    if (wish->steps == 0 && (wish->json || wish->tape))
        talk(argv[0], wish->json ? "--json" : "--tape", "goes with --autoregressive STEPS only");
    else if (wish->json && wish->tape)
        talk(argv[0], "--tape", "does not go with --json");
    else
        return OPTIONS_READ;
    return OPTIONS_MISUSED;
}

/* Can the model go on by itself, and show what is asked for? */
static enum verb_exit steps_check(const char *verb, const struct run_wish *wish,
                                  const struct run *run)
{
    const struct lattn_model *model = run->layer.model;
    int32_t width = run->width;
    struct tape tape;

    if (wish->steps > 0 && model == NULL)
        talk(verb, wish->path, "is softmax attention: --autoregressive goes with models alone");
    else if (wish->steps > 0 && model->m != width)
        talk(verb, wish->path, "its outputs are no tokens: %d outputs, a token has %d coordinates",
             model->m, width);
    else if (wish->tape && tape_init(&tape, model) != LATTN_OK)
        talk(verb, wish->path, "its names have no tape: blocks key, write, head and cell");
    else
        return VERB_DONE;
    return VERB_REFUSED;
}

static void model_run_on(struct run *run)
{
    run->y = calloc((size_t)run->m, sizeof *run->y);
    reader_init(&run->input, STDIN_FILENO, READER_LINES, READER_BYTES_MAX);
    progress_begin(run->verb, "lines", STDIN_FILENO, 0, PROGRESS_ALL_ALONG);
    if (run->y != NULL)
        lines_apply(run);
    else
        run->code = VERB_REFUSED;
    progress_end();
    reader_done(&run->input);
    numbers_done(&run->numbers);
    numbers_done(&run->tokens);
    run_steps_done(&run->steps);
    free(run->y);
}

/* How wide tokens and answers are. */
static void sizes_take(struct run *run)
{
    const struct lattn_model *model = run->layer.model;
    const struct lattn_attention *attention = run->layer.attention;

    run->width = model != NULL ? model->d - model->bias : attention->d;
    run->m = model != NULL ? model->m : attention->m;
}

enum verb_exit run_run(int argc, char **argv)
{
    struct run_wish wish = {0};
    enum options_outcome outcome = wish_read(argc, argv, &wish);
    struct run run = {.verb = argv[0], .code = VERB_DONE};

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    if (files_read_layer(argv[0], wish.path, &run.layer) != LATTN_OK)
        return VERB_REFUSED;
    sizes_take(&run);
    run.steps = (struct run_steps){
        .model = run.layer.model,
        .count = wish.steps,
        .show = wish.json   ? RUN_SHOW_JSON
                : wish.tape ? RUN_SHOW_TAPE
                            : RUN_SHOW_NAMES,
    };
    run.code = steps_check(argv[0], &wish, &run);
    if (run.code == VERB_DONE)
        model_run_on(&run);
    files_layer_done(&run.layer);
    return run.code;
}
