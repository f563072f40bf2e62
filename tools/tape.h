#ifndef TAPE_H
#define TAPE_H

#include <lattn/model.h>

#include <stdint.h>

/*
 * The tape of a machine, read off the tokens of gen turing by the blocks that they are made of.
 *
 * key, write, head, cell  blocks of the model's names, borrowed from it
 * symbols                 per cell, -1 where none was written yet
 * rows                    printed
 */
struct tape {
    const struct lattn_block *key;
    const struct lattn_block *write;
    const struct lattn_block *head;
    const struct lattn_block *cell;
    int32_t bias;
    int32_t symbols[LATTN_DIM_MAX];
    int32_t rows;
};

/* Returns LATTN_OK, or LATTN_NAME where the model lacks such blocks. */
enum lattn_status tape_init(struct tape *tape, const struct lattn_model *model);

/*
 * Take the next token; where it has a key and a head, a step begins: print step, state and tape.
 *
 * token  in  the coordinates of the model without its bias
 */
void tape_take(struct tape *tape, const double *token);

#endif
