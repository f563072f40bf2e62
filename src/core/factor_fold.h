#ifndef CORE_FACTOR_FOLD_H
#define CORE_FACTOR_FOLD_H

#include "core/component.h"
#include "core/factor.h"
#include "core/moment.h"
#include "core/update.h"

#include <lattn/batch.h>

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

/* Who helps to learn the rows of a component, or NULL. */
static inline struct team *factor_helpers(const struct factor *factor,
                                          const struct component *component)
{
    return component->capacity < COMPONENT_SHARED_MIN ? NULL : factor->team;
}

/* Count a squared innovation, weight included. One beyond all doubles cannot be averaged. */
void factor_loss_take(struct factor *factor, double weight, double square);

/* Account for a label row as such, before its features are looked at. */
void factor_row_count(struct factor *factor, const struct lattn_item *item, const double *y);

/* Account for an item, after its rows. */
void factor_item_count(struct factor *factor, const struct lattn_item *item);

/* Do labels at every position share S, since no mask makes a difference? Then they are one row. */
int factor_labels_share(const struct factor *factor, const struct lattn_item *item);

/*
 * Write a label row in square-root form into place `place` of those that wait; factor_row_wait lets
 * it wait there.
 *
 * count  in  features that are listed, where the component is not the one of all features
 */
void factor_row_write(const struct factor *factor, const struct component *component, int32_t place,
                      const struct lattn_item *item, const struct feature_view *view,
                      int32_t count);

/* Let the row wait that was counted last. */
void factor_row_wait(const struct factor *factor, struct component *component, double weight);

/*
 * Fold the waiting rows of a component, count how well they were predicted, and bring what is at
 * hand up to them.
 */
void factor_component_fold(struct factor *factor, struct component *component);

#endif
