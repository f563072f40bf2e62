#ifndef CORE_FACTOR_FOLD_H
#define CORE_FACTOR_FOLD_H

#include "core/component.h"
#include "core/factor.h"
#include "core/moment.h"
#include "core/update.h"

#include <stddef.h>
#include <stdint.h>

/* What taking label rows and folding them share. */

/* Where the parts of a fold's scratch lie; the block update wants the aligned start. */
struct scratch {
    double *update;
    double *errors;  /* rows x m: innovations */
    double *gain;    /* columns */
    double *inverse; /* columns: 1 / D */
};

/* Rows of a fold, in whichever form the component is. */
static inline int32_t scratch_rows(int32_t capacity)
{
    int32_t rows = component_rows_max(capacity);

    return rows > MOMENT_ROWS ? rows : MOMENT_ROWS;
}

static inline size_t factor_scratch_room(int32_t capacity, int32_t m)
{
    int32_t rows = scratch_rows(capacity);

    return update_workspace(rows) + (size_t)rows * (size_t)m + 2 * (size_t)capacity;
}

static inline struct scratch factor_scratch(const struct factor *factor,
                                            const struct component *component)
{
    int32_t rows = scratch_rows(component->capacity);
    size_t update = update_workspace(rows);
    size_t errors = (size_t)rows * (size_t)component->m;
    size_t columns = (size_t)component->capacity;

    return (struct scratch){
        .update = factor->work,
        .errors = factor->work + update,
        .gain = factor->work + update + errors,
        .inverse = factor->work + update + errors + columns,
    };
}

/* Count a squared innovation, weight included. One beyond all doubles cannot be averaged. */
void factor_loss_take(struct factor *factor, double weight, double square);

/*
 * Fold the waiting rows of a component, count how well they were predicted, and bring what is at
 * hand up to them.
 */
void factor_component_fold(struct factor *factor, struct component *component);

#endif
