/*
 * A universal Turing machine of linear attention: the table of a machine and its tape stand in the
 * context, and the sequence goes on by itself, two tokens for each step of the machine.
 *
 * Blocks of coordinates, for Q states, S symbols and a circular tape of n cells:
 *
 *     one    1     a constant 1, in the first token only
 *     key    Q S   a state and the symbol under the head
 *     next   Q     the state that follows
 *     write  S     the symbol that is written, or stands in a cell at first
 *     old    S     the symbol that it replaces
 *     move   2     left, right
 *     head   n     the cell under the head
 *     cell   2 n   a move from a cell (m, p); (0, c) in the token of cell c of the first tape
 *
 * d = 3 + QS + Q + 2S + 3n whatever the number of steps. Tokens:
 *
 *     (one)                          once
 *     (key, next, write, move)       the table, one per key
 *     (write, cell)                  the tape, one per cell
 *     A = (key, head)                before a step;  outputs B
 *     B = (next, write, old, cell)   the step;       outputs the next A
 *
 * Two ideas keep it small. What is written is a difference, + write - old, so a sum over all tokens
 * of a cell is its symbol, whatever the number of steps. And the largest entry of a sum of two
 * one-hot vectors, each spread over a product block, is their pair, which rounding by blocks finds.
 *
 * Source: arXiv 2410.10101, Lemma B.1 and appendix F, with fewer coordinates; README.md.
 */
#include <lattn/tasks.h>

#include "tasks/sequence.h"
#include "tasks/task.h"
#include "tasks/truth.h"

#include <string.h>

/* Where each block begins. */
struct layout {
    int32_t one;
    int32_t key;
    int32_t next;
    int32_t write;
    int32_t old;
    int32_t move;
    int32_t head;
    int32_t cell;
    int32_t d;
};

/* An entry of a machine's table. */
struct rule {
    int32_t next;
    int32_t write;
    int32_t move; /* 0 left, 1 right */
};

/*
 * tape, state, head  before the step to come, or under way
 * row                of the history, the next to be given: A where it is even, B where it is odd;
 *                    2 length before the first machine
 */
struct turing {
    struct lattn_task task;
    struct lattn_turing_settings settings;
    struct layout layout;
    struct sequence sequence;
    struct rule rules[LATTN_DIM_MAX];
    int32_t tape[LATTN_DIM_MAX];
    double *y;
    int32_t state;
    int32_t head;
    int32_t row;
};

struct lattn_turing_settings lattn_turing_settings_default(void)
{
    return (struct lattn_turing_settings){
        .states = 2,
        .symbols = 2,
        .cells = 3,
        .length = 24,
        .seed = 1,
    };
}

static struct layout layout_of(const struct lattn_turing_settings *settings)
{
    struct layout layout = {.key = 1};

    layout.next = layout.key + settings->states * settings->symbols;
    layout.write = layout.next + settings->states;
    layout.old = layout.write + settings->symbols;
    layout.move = layout.old + settings->symbols;
    layout.head = layout.move + 2;
    layout.cell = layout.head + settings->cells;
    layout.d = layout.cell + 2 * settings->cells;
    return layout;
}

int32_t lattn_turing_dim(const struct lattn_turing_settings *settings)
{
    return layout_of(settings).d;
}

static int is_within(int32_t number, int32_t max)
{
    return number >= 1 && number <= max;
}

static int settings_are_valid(const struct lattn_turing_settings *settings)
{
    return is_within(settings->states, LATTN_DIM_MAX) &&
           is_within(settings->symbols, LATTN_DIM_MAX) &&
           is_within(settings->cells, LATTN_DIM_MAX) &&
           is_within(settings->length, LATTN_TURING_LENGTH_MAX) &&
           lattn_turing_dim(settings) <= LATTN_DIM_MAX;
}

/* ---- histories ----------------------------------------------------------------------------- */

static void table_draw(struct turing *turing)
{
    const struct lattn_turing_settings *settings = &turing->settings;
    const struct layout *layout = &turing->layout;
    struct random *random = &turing->task.random;

    for (int32_t key = 0; key < settings->states * settings->symbols; key++) {
        struct rule *rule = &turing->rules[key];

        rule->next = (int32_t)random_below(random, (uint32_t)settings->states);
        rule->write = (int32_t)random_below(random, (uint32_t)settings->symbols);
        rule->move = (int32_t)random_below(random, 2);
        sequence_add(&turing->sequence, 4,
                     (int32_t[4]){layout->key + key, layout->next + rule->next,
                                  layout->write + rule->write, layout->move + rule->move});
    }
}

static void machine_draw(struct turing *turing)
{
    const struct lattn_turing_settings *settings = &turing->settings;
    const struct layout *layout = &turing->layout;

    turing->sequence.n = 0;
    turing->sequence.used = 0;
    sequence_add(&turing->sequence, 1, (int32_t[4]){layout->one});
    table_draw(turing);
    for (int32_t cell = 0; cell < settings->cells; cell++) {
        turing->tape[cell] =
            (int32_t)random_below(&turing->task.random, (uint32_t)settings->symbols);
        sequence_add(&turing->sequence, 2,
                     (int32_t[4]){layout->write + turing->tape[cell], layout->cell + cell});
    }
    turing->state = 0;
    turing->head = 0;
    turing->row = 0;
}

static int32_t key_now(const struct turing *turing)
{
    return turing->state * turing->settings.symbols + turing->tape[turing->head];
}

/* The cell that a move from a cell leads to. */
static int32_t cell_after(int32_t move, int32_t cell, int32_t cells)
{
    return (cell + 2 * move - 1 + cells) % cells;
}

/* Token A; its label is token B, the move spread over all cells and the cell over both moves. */
static void step_begin(struct turing *turing)
{
    const struct layout *layout = &turing->layout;
    int32_t cells = turing->settings.cells;
    int32_t key = key_now(turing);
    const struct rule *rule = &turing->rules[key];

    sequence_add(&turing->sequence, 2,
                 (int32_t[4]){layout->key + key, layout->head + turing->head});
    turing->y[layout->next + rule->next] = 1;
    turing->y[layout->write + rule->write] = 1;
    turing->y[layout->old + turing->tape[turing->head]] = 1;
    for (int32_t cell = 0; cell < cells; cell++)
        turing->y[layout->cell + rule->move * cells + cell] += 1;
    for (int32_t move = 0; move < 2; move++)
        turing->y[layout->cell + move * cells + turing->head] += 1;
}

/* Token B; its label is the next token A, state and symbol spread over the keys. */
static void step_end(struct turing *turing)
{
    const struct layout *layout = &turing->layout;
    int32_t cells = turing->settings.cells;
    int32_t symbols = turing->settings.symbols;
    struct rule rule = turing->rules[key_now(turing)];

    sequence_add(&turing->sequence, 4,
                 (int32_t[4]){layout->next + rule.next, layout->write + rule.write,
                              layout->old + turing->tape[turing->head],
                              layout->cell + rule.move * cells + turing->head});
    turing->tape[turing->head] = rule.write;
    turing->state = rule.next;
    turing->head = cell_after(rule.move, turing->head, cells);
    turing->y[layout->head + turing->head] = 1;
    for (int32_t symbol = 0; symbol < symbols; symbol++)
        turing->y[layout->key + turing->state * symbols + symbol] += 1;
    for (int32_t state = 0; state < turing->settings.states; state++)
        turing->y[layout->key + state * symbols + turing->tape[turing->head]] += 1;
}

static void turing_next(struct lattn_task *task, struct lattn_item *ret_item)
{
    struct turing *turing = (struct turing *)task;

    if (turing->row == 2 * turing->settings.length)
        machine_draw(turing);
    memset(turing->y, 0, (size_t)turing->layout.d * sizeof *turing->y);
    if (turing->row % 2 == 0)
        step_begin(turing);
    else
        step_end(turing);
    turing->row++;
    *ret_item = (struct lattn_item){
        .z = turing->sequence.z,
        .y = turing->y,
        .weight = 1,
        .n = turing->sequence.n,
        .d = turing->layout.d,
        .m = turing->layout.d,
        .labels = LATTN_LABELS_LAST,
        .tokens = LATTN_TOKENS_ONES,
    };
}

/* ---- truth --------------------------------------------------------------------------------- */

enum { HEAD_TABLE, HEAD_TAPE, HEAD_COPIES };

/* A: the entry of the table under the key. */
static void table_head(struct lattn_model *model, const struct layout *layout, int32_t cells)
{
    for (int32_t key = layout->key; key < layout->next; key++)
        truth_score(model, HEAD_TABLE, key, key, 1);
    for (int32_t i = layout->next; i < layout->old; i++)
        truth_value(model, HEAD_TABLE, i, i, 1);
    for (int32_t move = 0; move < 2; move++)
        for (int32_t cell = 0; cell < cells; cell++)
            truth_value(model, HEAD_TABLE, layout->cell + move * cells + cell, layout->move + move,
                        1);
}

/* B: what the cell that the move leads to holds now. */
static void tape_head(struct lattn_model *model, const struct layout *layout,
                      const struct lattn_turing_settings *settings)
{
    int32_t cells = settings->cells;

    for (int32_t key = 0; key < settings->states * settings->symbols; key++) {
        int32_t symbol = key % settings->symbols;

        truth_value(model, HEAD_TAPE, layout->key + key, layout->write + symbol, 1);
        truth_value(model, HEAD_TAPE, layout->key + key, layout->old + symbol, -1);
    }
    for (int32_t from = 0; from < 2 * cells; from++) {
        int32_t cell = cell_after(from / cells, from % cells, cells);

        truth_score(model, HEAD_TAPE, layout->cell + cell, layout->cell + from, 1);
        truth_score(model, HEAD_TAPE, layout->cell + cells + cell, layout->cell + from, 1);
    }
}

/*
 * Heads that copy through the token (one): output `to` of the head under way is 1 where the query
 * has a 1 at one of the coordinates `from`.
 */
struct copies {
    struct lattn_model *model;
    const struct layout *layout;
    int32_t head;
};

static void copy_begin(struct copies *copies, int32_t to)
{
    truth_value(copies->model, copies->head, to, copies->layout->one, 1);
}

static void copy_from(struct copies *copies, int32_t from)
{
    truth_score(copies->model, copies->head, copies->layout->one, from, 1);
}

/* A: the cell under the head, for each move; the symbol under it. */
static void copies_of_a(struct copies *copies, const struct lattn_turing_settings *settings)
{
    const struct layout *layout = copies->layout;

    for (int32_t from = 0; from < 2 * settings->cells; from++, copies->head++) {
        copy_begin(copies, layout->cell + from);
        copy_from(copies, layout->head + from % settings->cells);
    }
    for (int32_t symbol = 0; symbol < settings->symbols; symbol++, copies->head++) {
        copy_begin(copies, layout->old + symbol);
        for (int32_t state = 0; state < settings->states; state++)
            copy_from(copies, layout->key + state * settings->symbols + symbol);
    }
}

/* B: the cell that the move leads to; the next state, for each symbol. */
static void copies_of_b(struct copies *copies, const struct lattn_turing_settings *settings)
{
    const struct layout *layout = copies->layout;
    int32_t cells = settings->cells;

    for (int32_t cell = 0; cell < cells; cell++, copies->head++) {
        copy_begin(copies, layout->head + cell);
        for (int32_t from = 0; from < 2 * cells; from++)
            if (cell_after(from / cells, from % cells, cells) == cell)
                copy_from(copies, layout->cell + from);
    }
    for (int32_t key = layout->key; key < layout->next; key++, copies->head++) {
        copy_begin(copies, key);
        copy_from(copies, layout->next + (key - layout->key) / settings->symbols);
    }
}

static void names_coordinates(struct lattn_model *model, const struct layout *layout,
                              const struct lattn_turing_settings *settings)
{
    truth_name_coordinate(model, layout->one, "one");
    for (int32_t key = 0; key < settings->states * settings->symbols; key++)
        truth_name_coordinate(model, layout->key + key, "q%d,%d", key / settings->symbols,
                              key % settings->symbols);
    for (int32_t state = 0; state < settings->states; state++)
        truth_name_coordinate(model, layout->next + state, "to q%d", state);
    for (int32_t symbol = 0; symbol < settings->symbols; symbol++) {
        truth_name_coordinate(model, layout->write + symbol, "write %d", symbol);
        truth_name_coordinate(model, layout->old + symbol, "over %d", symbol);
    }
    truth_name_coordinate(model, layout->move, "left");
    truth_name_coordinate(model, layout->move + 1, "right");
    for (int32_t cell = 0; cell < settings->cells; cell++) {
        truth_name_coordinate(model, layout->head + cell, "at %d", cell);
        truth_name_coordinate(model, layout->cell + cell, "left from %d", cell);
        truth_name_coordinate(model, layout->cell + settings->cells + cell, "right from %d", cell);
    }
    truth_name_outputs(model);
}

static enum lattn_status names_make(struct lattn_model *model, const struct layout *layout,
                                    const struct lattn_turing_settings *settings)
{
    const struct truth_block blocks[] = {
        {"one", layout->one, 1},
        {"key", layout->key, settings->states * settings->symbols},
        {"next", layout->next, settings->states},
        {"write", layout->write, settings->symbols},
        {"old", layout->old, settings->symbols},
        {"move", layout->move, 2},
        {"head", layout->head, settings->cells},
        {"cell", layout->cell, 2 * settings->cells},
    };

    names_coordinates(model, layout, settings);
    return truth_name_blocks(model, blocks, sizeof blocks / sizeof blocks[0]);
}

static enum lattn_status truth_make(struct turing *turing)
{
    const struct lattn_turing_settings *settings = &turing->settings;
    const struct layout *layout = &turing->layout;
    int32_t heads = HEAD_COPIES + 3 * settings->cells + settings->symbols +
                    settings->states * settings->symbols;
    struct copies copies = {.layout = layout, .head = HEAD_COPIES};
    enum lattn_status status = truth_open(&turing->task.truth, layout->d, layout->d, heads);

    if (status != LATTN_OK)
        return status;
    copies.model = turing->task.truth;
    table_head(copies.model, layout, settings->cells);
    tape_head(copies.model, layout, settings);
    copies_of_a(&copies, settings);
    copies_of_b(&copies, settings);
    truth_order(copies.model);
    return names_make(copies.model, layout, settings);
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum lattn_status numbers_carve(struct turing *turing)
{
    const struct lattn_turing_settings *settings = &turing->settings;
    size_t tokens = 1 + (size_t)(settings->states * settings->symbols) + (size_t)settings->cells +
                    2 * (size_t)settings->length;
    enum lattn_status status =
        task_reserve(&turing->task, tokens * SEQUENCE_TOKEN_MAX + (size_t)turing->layout.d);

    if (status != LATTN_OK)
        return status;
    turing->sequence.z = turing->task.numbers;
    turing->y = turing->task.numbers + tokens * SEQUENCE_TOKEN_MAX;
    return LATTN_OK;
}

enum lattn_status lattn_turing_open(struct lattn_task **ret_task,
                                    const struct lattn_turing_settings *settings)
{
    struct turing *turing;
    struct lattn_task *task;
    enum lattn_status status;

    if (!settings_are_valid(settings))
        return LATTN_RANGE;
    status = task_open(&task, sizeof *turing, turing_next, settings->seed);
    if (status != LATTN_OK)
        return status;
    turing = (struct turing *)task;
    turing->settings = *settings;
    turing->layout = layout_of(settings);
    turing->row = 2 * settings->length;
    status = numbers_carve(turing);
    if (status == LATTN_OK)
        status = truth_make(turing);
    return task_finish(task, status, ret_task);
}
