#ifndef CORE_PRODUCT_H
#define CORE_PRODUCT_H

#include "core/feature.h"

#include <stdint.h>

/*
 * Features that are a product: those of all pairs j <= k of d coordinates with all l of e
 * coordinates, in that order. Dense tokens bring all of them at once, queries that lack a
 * coordinate all but those.
 */

/* Are these features, in their order, such a product? Its sizes are set where they are. */
int product_find(const struct feature *features, int32_t count, int32_t *ret_d, int32_t *ret_e);

/* The order of feature_index; for qsort. */
int product_compare(const void *a, const void *b);

/*
 * S and z of a label row at the coordinates of a product of `count` features.
 *
 * width   in   coordinates of the view
 * ret_s   out  count / e;   ret_z  out  e
 */
void product_gather(const struct feature *features, int32_t count, int32_t e, int32_t width,
                    const struct feature_view *view, double *ret_s, double *ret_z);

#endif
