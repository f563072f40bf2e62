/*
 * The tasks of gen: which options each has, and its settings made of them.
 */
#include "gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void whole_take(uint64_t given, int32_t *setting)
{
    if (given != 0)
        *setting = (int32_t)given;
}

static void real_take(double given, double *setting)
{
    if (given >= 0)
        *setting = given;
}

/* Say why a task was refused, where its sizes are the reason. */
__attribute__((format(printf, 3, 4))) static enum lattn_status
range_explain(enum lattn_status status, struct lattn_complaint *complaint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (status == LATTN_RANGE)
        vsnprintf(complaint->text, sizeof complaint->text, format, arguments);
    va_end(arguments);
    return status;
}

static enum lattn_status random_open(const struct gen_wish *wish, struct lattn_task **ret_task,
                                     struct lattn_complaint *complaint)
{
    struct lattn_random_settings settings = lattn_random_settings_default();

    (void)complaint; /* what the options admit goes together */

    whole_take(wish->dim, &settings.dim);
    whole_take(wish->heads, &settings.heads);
    whole_take(wish->outputs, &settings.outputs);
    whole_take(wish->length, &settings.length);
    real_take(wish->noise, &settings.noise);
    settings.labels = wish->last_label ? LATTN_LABELS_LAST : LATTN_LABELS_CAUSAL;
    settings.seed = wish->seed;
    return lattn_random_open(ret_task, &settings);
}

static enum lattn_status memory_open(const struct gen_wish *wish, struct lattn_task **ret_task,
                                     struct lattn_complaint *complaint)
{
    struct lattn_memory_settings settings = lattn_memory_settings_default();

    whole_take(wish->dim, &settings.dim);
    real_take(wish->mix, &settings.mix);
    real_take(wish->noise, &settings.noise);
    settings.seed = wish->seed;
    return range_explain(lattn_memory_open(ret_task, &settings), complaint,
                         "a token is half key, half value: %d coordinates are not even",
                         settings.dim);
}

static enum lattn_status automaton_open(const struct gen_wish *wish, struct lattn_task **ret_task,
                                        struct lattn_complaint *complaint)
{
    struct lattn_automaton_settings settings = lattn_automaton_settings_default();

    whole_take(wish->states, &settings.states);
    whole_take(wish->symbols, &settings.symbols);
    whole_take(wish->length, &settings.length);
    settings.query = wish->whole_word ? LATTN_AUTOMATON_WORD : LATTN_AUTOMATON_STEP;
    settings.seed = wish->seed;
    return range_explain(lattn_automaton_open(ret_task, &settings), complaint,
                         "a token would have %d coordinates, it may have %d states=%d symbols=%d "
                         "length=%d",
                         lattn_automaton_dim(&settings), LATTN_DIM_MAX, settings.states,
                         settings.symbols, settings.length);
}

static enum lattn_status turing_open(const struct gen_wish *wish, struct lattn_task **ret_task,
                                     struct lattn_complaint *complaint)
{
    struct lattn_turing_settings settings = lattn_turing_settings_default();

    whole_take(wish->states, &settings.states);
    whole_take(wish->symbols, &settings.symbols);
    whole_take(wish->cells, &settings.cells);
    whole_take(wish->length, &settings.length);
    settings.seed = wish->seed;
    if (settings.length > LATTN_TURING_LENGTH_MAX)
        return range_explain(LATTN_RANGE, complaint, "a machine makes %d steps, it may make %d",
                             settings.length, LATTN_TURING_LENGTH_MAX);
    return range_explain(lattn_turing_open(ret_task, &settings), complaint,
                         "a token would have %d coordinates, it may have %d states=%d symbols=%d "
                         "cells=%d",
                         lattn_turing_dim(&settings), LATTN_DIM_MAX, settings.states,
                         settings.symbols, settings.cells);
}

static enum lattn_status regression_open(const struct gen_wish *wish, struct lattn_task **ret_task,
                                         struct lattn_complaint *complaint)
{
    struct lattn_regression_settings settings = lattn_regression_settings_default();

    whole_take(wish->dim, &settings.dim);
    whole_take(wish->length, &settings.length);
    real_take(wish->noise, &settings.noise);
    settings.seed = wish->seed;
    return range_explain(lattn_regression_open(ret_task, &settings), complaint,
                         "a token has a label beside at least one x, and a sequence at most %d "
                         "tokens dim=%d length=%d",
                         LATTN_TOKENS_MAX, settings.dim, settings.length);
}

static const struct gen_task tasks[] = {
    {"random", random_open}, {"memory", memory_open},         {"automaton", automaton_open},
    {"turing", turing_open}, {"regression", regression_open},
};

const struct gen_task *gen_task_find(const char *name)
{
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
        if (strcmp(tasks[i].name, name) == 0)
            return &tasks[i];
    return NULL;
}

const char *gen_task_stray(const struct gen_task *task, const struct gen_wish *wish)
{
    const struct {
        const char *option;
        int is_given;
        const char *owners;
    } rows[] = {
        {"--dim", wish->dim != 0, "random memory regression"},
        {"--heads", wish->heads != 0, "random"},
        {"--outputs", wish->outputs != 0, "random"},
        {"--length", wish->length != 0, "random automaton turing regression"},
        {"--noise", wish->noise >= 0, "random memory regression"},
        {"--last-label", wish->last_label, "random"},
        {"--mix", wish->mix >= 0, "memory"},
        {"--states", wish->states != 0, "automaton turing"},
        {"--symbols", wish->symbols != 0, "automaton turing"},
        {"--whole-word", wish->whole_word, "automaton"},
        {"--cells", wish->cells != 0, "turing"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].is_given && strstr(rows[i].owners, task->name) == NULL)
            return rows[i].option;
    return NULL;
}
