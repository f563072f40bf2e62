#include "tape.h"

#include <stdio.h>
#include <string.h>

static const struct lattn_block *block_find(const struct lattn_names *names, const char *name)
{
    for (int32_t i = 0; i < names->blocks_count; i++)
        if (strcmp(names->blocks[i].name, name) == 0)
            return &names->blocks[i];
    return NULL;
}

enum lattn_status tape_init(struct tape *tape, const struct lattn_model *model)
{
    *tape = (struct tape){
        .key = block_find(&model->names, "key"),
        .write = block_find(&model->names, "write"),
        .head = block_find(&model->names, "head"),
        .cell = block_find(&model->names, "cell"),
        .bias = model->bias,
    };
    for (int32_t i = 0; i < LATTN_DIM_MAX; i++)
        tape->symbols[i] = -1;
    if (tape->key == NULL || tape->write == NULL || tape->head == NULL || tape->cell == NULL)
        return LATTN_NAME;
    return tape->key->size % tape->write->size == 0 && tape->cell->size == 2 * tape->head->size
               ? LATTN_OK
               : LATTN_NAME;
}

/* Which of a block's coordinates is 1; -1 for none. */
static int32_t symbol_of(const struct tape *tape, const struct lattn_block *block,
                         const double *token)
{
    for (int32_t i = 0; i < block->size; i++)
        if (block->start + i >= tape->bias && token[block->start + i - tape->bias] == 1)
            return i;
    return -1;
}

static void row_print(struct tape *tape, int32_t state, int32_t head)
{
    printf("%6d  q%-4d", tape->rows++, state);
    for (int32_t cell = 0; cell < tape->head->size; cell++) {
        int is_last = cell + 1 == tape->head->size;

        printf(" %c", cell == head ? '[' : ' ');
        if (tape->symbols[cell] < 0)
            printf("?");
        else
            printf("%d", tape->symbols[cell]);
        printf("%s", cell == head ? "]" : is_last ? "" : " ");
    }
    printf("\n");
}

void tape_take(struct tape *tape, const double *token)
{
    int32_t key = symbol_of(tape, tape->key, token);
    int32_t write = symbol_of(tape, tape->write, token);
    int32_t head = symbol_of(tape, tape->head, token);
    int32_t cell = symbol_of(tape, tape->cell, token);

    if (cell >= 0 && write >= 0)
        tape->symbols[cell % tape->head->size] = write;
    if (key >= 0 && head >= 0)
        row_print(tape, key / tape->write->size, head);
}
