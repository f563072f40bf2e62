#ifndef CORE_SIGHT_H
#define CORE_SIGHT_H

#include "core/factor.h"

#include <lattn/batch.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * What a block of inputs has outside the row space of the data (README.md, section 3): features
 * that were never seen, and what the null directions of each component see of the others. With
 * x = phi / D pivoted as rows of X = [X1 X2], these are two products for a component and a block,
 *
 *     X2 - X1 T    and    |X2| + |X1| |T|
 *
 * instead of a walk through T for every input.
 */

/* A feature that was never nonzero in what was learned, and the input's value of it. */
struct sight_feature {
    int32_t feature;
    double value;
};

/*
 * What a component of deficient rank sees of an input that meets it.
 *
 * component  index in the factor
 * sees       anything at all
 * rounding   how long all of it may be by rounding
 * seen       columns - rank: x2 - T'x1, 0 where it is rounding
 */
struct sight_part {
    int32_t component;
    int32_t sees;
    double rounding;
    const double *seen;
};

/* Of one input: features by increasing index, components in the order in which it meets them. */
struct sight_input {
    const struct sight_feature *unseen;
    const struct sight_part *parts;
    int32_t unseen_count;
    int32_t parts_count;
};

/*
 * inputs_max  of a block
 * inputs      of the last block
 * panels      of components with deficient rank; panel_of: by component, -1 for others
 * unseen, parts, rows, places, part_of_row  behind inputs and panels
 * norms       inputs_max: |x| of the rows of a panel
 * magnitudes  inputs_max x the most columns of a panel
 * tail        scratch for rows of |T|
 */
struct sight {
    struct factor *factor;
    int32_t inputs_max;
    struct sight_input *inputs;
    struct sight_panel *panels;
    int32_t panels_count;
    int32_t *panel_of;
    struct sight_feature *unseen;
    struct sight_part *parts;
    double *rows;
    int32_t *places;
    int32_t *part_of_row;
    double *norms;
    double *magnitudes;
    double *tail;
};

/*
 * Make room for blocks of inputs.
 *
 * factor  kept until sight_done; its ranks are decided, and nothing is learned meanwhile
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY; in either case sight_done releases what is there.
 */
enum lattn_status sight_init(struct sight *sight, struct factor *factor);
void sight_done(struct sight *sight);

/* How many of so many inputs go into the next block? */
size_t sight_count(const struct sight *sight, size_t inputs);

/*
 * Look at inputs that were checked (learner_item_check), at most inputs_max: sight->inputs[i] tells
 * of items[i] until the next look.
 *
 * About 4 rank (columns - rank) flops for each input and component that is met. Returns LATTN_OK or
 * LATTN_NO_MEMORY.
 */
enum lattn_status sight_look(struct sight *sight, const struct lattn_item *items, int32_t count);

/* Is the input determined, by what solution_determines says of each component? */
int sight_determines(const struct sight_input *input);

#endif
