#include "support/machine.h"

#include <criterion/criterion.h>
#include <string.h>

enum { TOKENS_MAX = 512, DIM_MAX = 128 };

/* Which of `count` coordinates from `start` is 1; fails where it is not exactly one. */
static int32_t the_one(const double *token, int32_t start, int32_t count)
{
    int32_t found = -1;

    for (int32_t i = 0; i < count; i++) {
        if (token[start + i] == 0)
            continue;
        cr_assert_eq(token[start + i], 1);
        cr_assert_eq(found, -1, "coordinates %d and %d", start + found, start + i);
        found = i;
    }
    cr_assert_neq(found, -1, "none of %d .. %d", start, start + count - 1);
    return found;
}

static void tokens_expand(const struct lattn_item *item, double tokens[TOKENS_MAX * DIM_MAX])
{
    cr_assert_leq(item->n, TOKENS_MAX);
    cr_assert_leq(item->d, DIM_MAX);
    lattn_item_expand(item, item->d, tokens);
}

void machine_read_automaton(struct machine *machine, int32_t states, int32_t symbols,
                            const struct lattn_item *item)
{
    static double tokens[TOKENS_MAX * DIM_MAX];
    int32_t keys = states * symbols;

    tokens_expand(item, tokens);
    *machine = (struct machine){.states = states, .symbols = symbols};
    for (int32_t key = 0; key < keys; key++) {
        cr_assert_eq(the_one(tokens + key * item->d, 0, keys), key);
        machine->next[key] = the_one(tokens + key * item->d, keys, states);
    }
}

void machine_read_turing(struct machine *machine, int32_t states, int32_t symbols, int32_t cells,
                         const struct lattn_item *item)
{
    static double tokens[TOKENS_MAX * DIM_MAX];
    int32_t keys = states * symbols;
    int32_t next = 1 + keys, write = next + states, move = write + 2 * symbols;
    int32_t cell = move + 2 + cells;
    const double *token = tokens;

    tokens_expand(item, tokens);
    *machine = (struct machine){.states = states, .symbols = symbols, .cells = cells};
    cr_assert_eq(item->d, machine_dim(machine));
    cr_assert_eq(item->n, 1 + keys + cells + 1);
    cr_assert_eq(the_one(token, 0, item->d), 0);
    for (int32_t key = 0; key < keys; key++) {
        token += item->d;
        cr_assert_eq(the_one(token, 1, keys), key);
        machine->next[key] = the_one(token, next, states);
        machine->write[key] = the_one(token, write, symbols);
        machine->move[key] = 2 * the_one(token, move, 2) - 1;
    }
    for (int32_t c = 0; c < cells; c++) {
        token += item->d;
        cr_assert_eq(the_one(token, cell, 2 * cells), c);
        machine->tape[c] = the_one(token, write, symbols);
    }
}

int32_t machine_key(const struct machine *machine)
{
    return machine->state * machine->symbols + machine->tape[machine->head];
}

void machine_step(struct machine *machine)
{
    int32_t key = machine_key(machine);

    machine->tape[machine->head] = machine->write[key];
    machine->state = machine->next[key];
    machine->head += machine->move[key];
    if (machine->head < 0)
        machine->head = machine->cells - 1;
    if (machine->head == machine->cells)
        machine->head = 0;
}

int32_t machine_dim(const struct machine *machine)
{
    return 3 + machine->states * machine->symbols + machine->states + 2 * machine->symbols +
           3 * machine->cells;
}

void machine_before(const struct machine *machine, double *ret_token)
{
    int32_t keys = machine->states * machine->symbols;
    int32_t head = 1 + keys + machine->states + 2 * machine->symbols + 2;

    memset(ret_token, 0, (size_t)machine_dim(machine) * sizeof *ret_token);
    ret_token[1 + machine_key(machine)] = 1;
    ret_token[head + machine->head] = 1;
}

void machine_during(const struct machine *machine, double *ret_token)
{
    int32_t key = machine_key(machine);
    int32_t next = 1 + machine->states * machine->symbols;
    int32_t write = next + machine->states;
    int32_t old = write + machine->symbols;
    int32_t cell = old + machine->symbols + 2 + machine->cells;

    memset(ret_token, 0, (size_t)machine_dim(machine) * sizeof *ret_token);
    ret_token[next + machine->next[key]] = 1;
    ret_token[write + machine->write[key]] = 1;
    ret_token[old + machine->tape[machine->head]] = 1;
    ret_token[cell + (machine->move[key] > 0 ? machine->cells : 0) + machine->head] = 1;
}
