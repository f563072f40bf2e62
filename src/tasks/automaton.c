/*
 * Executing a finite automaton that is given as its table.
 *
 * A key is a state and a symbol, K of them. The table is one token per key, e_key + e_next(key).
 * Two ways to ask:
 *
 *     per step     the query is e_key, the label is the next state: d = K + states, m = states.
 *                  One head looks the key up: V takes the next state, Q compares keys.
 *     whole word   the word stands in the context, e_symbol + e_place for each place, and the query
 *                  e_key + e_place is a token of the sequence that goes on by itself:
 *                  d = m = K + states + symbols + length. One head finds the next state and adds 1
 *                  to each key of that state, the other finds the next symbol and adds 1 to each
 *                  key of that symbol: the key where both meet is the largest, so rounding by
 *                  blocks finds it.
 *
 * Draws per machine: the next state of each key, then the word. It starts in state 0.
 */
#include <lattn/tasks.h>

#include "tasks/sequence.h"
#include "tasks/task.h"
#include "tasks/truth.h"

#include <string.h>

/* Where the blocks of coordinates begin; symbols and places are there for whole words only. */
struct layout {
    int32_t next; /* keys, from 0 on, come first */
    int32_t symbols;
    int32_t places;
    int32_t d;
    int32_t m;
};

/*
 * context   the sequence of the machine without queries
 * sequence  the one that is given
 * next      per key the next state
 * word      of a whole word its symbols; a step draws its own, which comes to the same
 * state     before the step to come
 * step      to come; settings.length before the first machine
 */
struct automaton {
    struct lattn_task task;
    struct lattn_automaton_settings settings;
    struct layout layout;
    struct sequence context;
    struct sequence sequence;
    int32_t next[LATTN_DIM_MAX];
    int32_t word[LATTN_DIM_MAX];
    double *y;
    int32_t state;
    int32_t step;
};

struct lattn_automaton_settings lattn_automaton_settings_default(void)
{
    return (struct lattn_automaton_settings){
        .states = 2,
        .symbols = 2,
        .length = 8,
        .query = LATTN_AUTOMATON_STEP,
        .seed = 1,
    };
}

static struct layout layout_of(const struct lattn_automaton_settings *settings)
{
    struct layout layout = {.next = settings->states * settings->symbols};

    layout.symbols = layout.next + settings->states;
    layout.places = layout.symbols + settings->symbols;
    if (settings->query == LATTN_AUTOMATON_WORD) {
        layout.d = layout.places + settings->length;
        layout.m = layout.d;
    } else {
        layout.d = layout.symbols;
        layout.m = settings->states;
    }
    return layout;
}

int32_t lattn_automaton_dim(const struct lattn_automaton_settings *settings)
{
    return layout_of(settings).d;
}

static int is_within(int32_t number, int32_t max)
{
    return number >= 1 && number <= max;
}

static int settings_are_valid(const struct lattn_automaton_settings *settings)
{
    return is_within(settings->states, LATTN_DIM_MAX) &&
           is_within(settings->symbols, LATTN_DIM_MAX) &&
           is_within(settings->length, LATTN_TOKENS_MAX) &&
           lattn_automaton_dim(settings) <= LATTN_DIM_MAX;
}

/* ---- sequences ----------------------------------------------------------------------------- */

static void machine_draw(struct automaton *automaton)
{
    const struct lattn_automaton_settings *settings = &automaton->settings;
    const struct layout *layout = &automaton->layout;
    struct random *random = &automaton->task.random;
    struct sequence *context = &automaton->context;

    context->n = 0;
    context->used = 0;
    for (int32_t key = 0; key < layout->next; key++) {
        automaton->next[key] = (int32_t)random_below(random, (uint32_t)settings->states);
        sequence_add(context, 2, (int32_t[4]){key, layout->next + automaton->next[key]});
    }
    for (int32_t t = 0; settings->query == LATTN_AUTOMATON_WORD && t < settings->length; t++) {
        automaton->word[t] = (int32_t)random_below(random, (uint32_t)settings->symbols);
        sequence_add(context, 2,
                     (int32_t[4]){layout->symbols + automaton->word[t], layout->places + t});
    }
    automaton->sequence = *context;
    automaton->state = 0;
    automaton->step = 0;
}

/* What is added up for the next query: all keys of the next state, all of the next symbol. */
static void label_query(struct automaton *automaton)
{
    const struct lattn_automaton_settings *settings = &automaton->settings;
    int32_t step = automaton->step;

    for (int32_t symbol = 0; symbol < settings->symbols; symbol++)
        automaton->y[automaton->state * settings->symbols + symbol] += 1;
    if (step == settings->length)
        return;
    for (int32_t state = 0; state < settings->states; state++)
        automaton->y[state * settings->symbols + automaton->word[step]] += 1;
    automaton->y[automaton->layout.places + step] = 1;
}

static void step_ask(struct automaton *automaton)
{
    const struct lattn_automaton_settings *settings = &automaton->settings;
    int32_t symbol = (int32_t)random_below(&automaton->task.random, (uint32_t)settings->symbols);
    int32_t key = automaton->state * settings->symbols + symbol;

    automaton->sequence = automaton->context;
    sequence_add(&automaton->sequence, 1, (int32_t[4]){key});
    automaton->state = automaton->next[key];
    automaton->step++;
    automaton->y[automaton->state] = 1;
}

static void word_ask(struct automaton *automaton)
{
    int32_t symbol = automaton->word[automaton->step];
    int32_t key = automaton->state * automaton->settings.symbols + symbol;

    sequence_add(&automaton->sequence, 2,
                 (int32_t[4]){key, automaton->layout.places + automaton->step});
    automaton->state = automaton->next[key];
    automaton->step++;
    label_query(automaton);
}

static void automaton_next(struct lattn_task *task, struct lattn_item *ret_item)
{
    struct automaton *automaton = (struct automaton *)task;

    if (automaton->step == automaton->settings.length)
        machine_draw(automaton);
    memset(automaton->y, 0, (size_t)automaton->layout.m * sizeof *automaton->y);
    if (automaton->settings.query == LATTN_AUTOMATON_WORD)
        word_ask(automaton);
    else
        step_ask(automaton);
    *ret_item = (struct lattn_item){
        .z = automaton->sequence.z,
        .y = automaton->y,
        .weight = 1,
        .n = automaton->sequence.n,
        .d = automaton->layout.d,
        .m = automaton->layout.m,
        .labels = LATTN_LABELS_LAST,
        .tokens = LATTN_TOKENS_ONES,
    };
}

/* ---- truth --------------------------------------------------------------------------------- */

static enum lattn_status names_make(struct lattn_model *model,
                                    const struct lattn_automaton_settings *settings,
                                    const struct layout *layout)
{
    int32_t is_word = settings->query == LATTN_AUTOMATON_WORD;
    const struct truth_block blocks[] = {
        {"key", 0, layout->next},
        {"next", layout->next, settings->states},
        {"symbol", layout->symbols, settings->symbols},
        {"place", layout->places, settings->length},
    };

    for (int32_t key = 0; key < layout->next; key++)
        truth_name_coordinate(model, key, "q%d,%d", key / settings->symbols,
                              key % settings->symbols);
    for (int32_t state = 0; state < settings->states; state++)
        truth_name_coordinate(model, layout->next + state, "to q%d", state);
    for (int32_t symbol = 0; is_word && symbol < settings->symbols; symbol++)
        truth_name_coordinate(model, layout->symbols + symbol, "symbol %d", symbol);
    for (int32_t t = 0; is_word && t < settings->length; t++)
        truth_name_coordinate(model, layout->places + t, "at %d", t);
    if (is_word)
        truth_name_outputs(model);
    for (int32_t state = 0; !is_word && state < settings->states; state++)
        truth_name_output(model, state, "q%d", state);
    return truth_name_blocks(model, blocks, is_word ? 4 : 2);
}

/* The one head that answers a step. */
static void step_head(struct lattn_model *model, const struct layout *layout)
{
    for (int32_t state = 0; state < model->m; state++)
        truth_value(model, 0, state, layout->next + state, 1);
    for (int32_t key = 0; key < layout->next; key++)
        truth_score(model, 0, key, key, 1);
}

/* The two heads that find the next query of a word. */
static void word_heads(struct lattn_model *model, const struct lattn_automaton_settings *settings,
                       const struct layout *layout)
{
    for (int32_t key = 0; key < layout->next; key++) {
        truth_score(model, 0, key, key, 1);
        truth_value(model, 0, key, layout->next + key / settings->symbols, 1);
        truth_value(model, 1, key, layout->symbols + key % settings->symbols, 1);
    }
    for (int32_t place = layout->places; place < layout->d; place++)
        truth_value(model, 1, place, place, 1);
    for (int32_t place = layout->places; place + 1 < layout->d; place++)
        truth_score(model, 1, place + 1, place, 1);
}

static enum lattn_status truth_make(struct automaton *automaton)
{
    const struct layout *layout = &automaton->layout;
    int is_word = automaton->settings.query == LATTN_AUTOMATON_WORD;
    struct lattn_model *model;
    enum lattn_status status =
        truth_open(&automaton->task.truth, layout->d, layout->m, is_word ? 2 : 1);

    if (status != LATTN_OK)
        return status;
    model = automaton->task.truth;
    if (is_word)
        word_heads(model, &automaton->settings, layout);
    else
        step_head(model, layout);
    truth_order(model);
    return names_make(model, &automaton->settings, layout);
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum lattn_status numbers_carve(struct automaton *automaton)
{
    const struct layout *layout = &automaton->layout;
    /* Table and query; of a whole word its places, and a query for each. */
    size_t words = automaton->settings.query == LATTN_AUTOMATON_WORD
                       ? 2 * (size_t)automaton->settings.length
                       : 1;
    size_t numbers = ((size_t)layout->next + words) * SEQUENCE_TOKEN_MAX;
    enum lattn_status status = task_reserve(&automaton->task, numbers + (size_t)layout->m);

    if (status != LATTN_OK)
        return status;
    automaton->context.z = automaton->task.numbers;
    automaton->y = automaton->task.numbers + numbers;
    return LATTN_OK;
}

enum lattn_status lattn_automaton_open(struct lattn_task **ret_task,
                                       const struct lattn_automaton_settings *settings)
{
    struct automaton *automaton;
    struct lattn_task *task;
    enum lattn_status status;

    if (!settings_are_valid(settings))
        return LATTN_RANGE;
    status = task_open(&task, sizeof *automaton, automaton_next, settings->seed);
    if (status != LATTN_OK)
        return status;
    automaton = (struct automaton *)task;
    automaton->settings = *settings;
    automaton->layout = layout_of(settings);
    automaton->step = settings->length;
    status = numbers_carve(automaton);
    if (status == LATTN_OK)
        status = truth_make(automaton);
    return task_finish(task, status, ret_task);
}
