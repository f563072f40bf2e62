#ifndef SUPPORT_MACHINE_H
#define SUPPORT_MACHINE_H

#include <lattn/batch.h>

#include <stdint.h>

/*
 * Machines as a textbook runs them, read off the first sequence that a task gives of them. Nothing
 * is shared with src/tasks but the layout of tokens that its README.md tells.
 *
 * next, write, move  per key state * symbols + symbol; move is -1 or 1
 */
struct machine {
    int32_t states;
    int32_t symbols;
    int32_t cells; /* 0: a finite automaton, which writes nothing */
    int32_t next[256];
    int32_t write[256];
    int32_t move[256];
    int32_t tape[256];
    int32_t state;
    int32_t head;
};

/* Read the table, the first tokens of the item; the machine is in state 0. */
void machine_read_automaton(struct machine *machine, int32_t states, int32_t symbols,
                            const struct lattn_item *item);
void machine_read_turing(struct machine *machine, int32_t states, int32_t symbols, int32_t cells,
                         const struct lattn_item *item);

/* The key under the head, and one step of a Turing machine. */
int32_t machine_key(const struct machine *machine);
void machine_step(struct machine *machine);

/* Coordinates of a token of gen turing for these sizes. */
int32_t machine_dim(const struct machine *machine);

/* The tokens before a step, (key, head), and of a step, (next, write, old, cell); d numbers. */
void machine_before(const struct machine *machine, double *ret_token);
void machine_during(const struct machine *machine, double *ret_token);

#endif
