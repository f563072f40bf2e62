/*
 * The tasks of gen: which options each has, and its settings made of them.
 */
#include "gen.h"

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

static enum lattn_status random_open(const struct gen_wish *wish, struct lattn_task **ret_task)
{
    struct lattn_random_settings settings = lattn_random_settings_default();

    whole_take(wish->dim, &settings.dim);
    whole_take(wish->heads, &settings.heads);
    whole_take(wish->outputs, &settings.outputs);
    whole_take(wish->length, &settings.length);
    real_take(wish->noise, &settings.noise);
    settings.labels = wish->last_label ? LATTN_LABELS_LAST : LATTN_LABELS_CAUSAL;
    settings.seed = wish->seed;
    return lattn_random_open(ret_task, &settings);
}

static enum lattn_status memory_open(const struct gen_wish *wish, struct lattn_task **ret_task)
{
    struct lattn_memory_settings settings = lattn_memory_settings_default();

    whole_take(wish->dim, &settings.dim);
    real_take(wish->mix, &settings.mix);
    real_take(wish->noise, &settings.noise);
    settings.seed = wish->seed;
    return lattn_memory_open(ret_task, &settings);
}

static enum lattn_status automaton_open(const struct gen_wish *wish, struct lattn_task **ret_task)
{
    struct lattn_automaton_settings settings = lattn_automaton_settings_default();

    whole_take(wish->states, &settings.states);
    whole_take(wish->symbols, &settings.symbols);
    whole_take(wish->length, &settings.length);
    settings.query = wish->whole_word ? LATTN_AUTOMATON_WORD : LATTN_AUTOMATON_STEP;
    settings.seed = wish->seed;
    return lattn_automaton_open(ret_task, &settings);
}

static enum lattn_status turing_open(const struct gen_wish *wish, struct lattn_task **ret_task)
{
    struct lattn_turing_settings settings = lattn_turing_settings_default();

    whole_take(wish->states, &settings.states);
    whole_take(wish->symbols, &settings.symbols);
    whole_take(wish->cells, &settings.cells);
    whole_take(wish->length, &settings.length);
    settings.seed = wish->seed;
    return lattn_turing_open(ret_task, &settings);
}

static enum lattn_status regression_open(const struct gen_wish *wish, struct lattn_task **ret_task)
{
    struct lattn_regression_settings settings = lattn_regression_settings_default();

    whole_take(wish->dim, &settings.dim);
    whole_take(wish->length, &settings.length);
    real_take(wish->noise, &settings.noise);
    settings.seed = wish->seed;
    return lattn_regression_open(ret_task, &settings);
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
