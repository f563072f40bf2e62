#ifndef CORE_ENDS_H
#define CORE_ENDS_H

#include "core/component.h"

#include <lattn/spectrum.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * The two ends of a spectrum that is gathered value by value: the largest values, decreasing, and
 * the smallest, increasing.
 */
struct ends {
    double largest[LATTN_SPECTRUM_END];
    double smallest[LATTN_SPECTRUM_END];
    int32_t largest_count;
    int32_t smallest_count;
};

/*
 * Add the singular values of R/D of a component, its columns seen only; the rank must be decided.
 *
 * All of them, by a full decomposition, of up to 512 columns or directions seen; of more, those of
 * its ends that may be among the ends of all. What the rank does not count is then known by an
 * upper bound each: that of the null space which the rank leaves. About 100 products with the
 * triangle for each end, and 2 n 400^2 flops to keep vectors apart.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status ends_add(struct ends *ends, const struct component *component);

#endif
