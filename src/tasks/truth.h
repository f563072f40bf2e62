#ifndef TASKS_TRUTH_H
#define TASKS_TRUTH_H

#include <lattn/model.h>

#include <stdint.h>

/*
 * Make a truth with room for the names of all coordinates and outputs, which are empty at first.
 *
 * Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_model is given.
 */
enum lattn_status truth_open(struct lattn_model **ret_model, int32_t d, int32_t m, int32_t heads);

/* V_h[a, j] = value and Q_h[j, k] = value. */
void truth_value(struct lattn_model *model, int32_t head, int32_t a, int32_t j, double value);
void truth_score(struct lattn_model *model, int32_t head, int32_t j, int32_t k, double value);

/* Name a coordinate or an output, at most LATTN_NAME_MAX - 1 bytes of what the format makes. */
__attribute__((format(printf, 3, 4))) void
truth_name_coordinate(struct lattn_model *model, int32_t coordinate, const char *format, ...);
__attribute__((format(printf, 3, 4))) void
truth_name_output(struct lattn_model *model, int32_t output, const char *format, ...);

/* Of a model whose outputs are the next token: let each output have its coordinate's name. */
void truth_name_outputs(struct lattn_model *model);

/* A run of coordinates that holds one symbol. */
struct truth_block {
    const char *name;
    int32_t start;
    int32_t size;
};

/* Let the names have these blocks. Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY. */
enum lattn_status truth_name_blocks(struct lattn_model *model, const struct truth_block *blocks,
                                    int32_t count);

/*
 * Size the heads and bring the largest to the front, as a model promises; the function that a model
 * computes does not depend on their order.
 */
void truth_order(struct lattn_model *model);

#endif
