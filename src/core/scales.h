#ifndef CORE_SCALES_H
#define CORE_SCALES_H

#include "core/feature.h"

#include <stdint.h>

/*
 * Add a row's part of the a-priori scales: D^2_{jk,l} += weight S_jj S_kk z_l^2. One that remains 0
 * belongs to a feature whose entries in R, weight included, are below 2^-511: zero for update.
 *
 * scales  in/out  p
 */
void scales_add(int32_t d, const struct feature_view *view, double weight, double *scales);

/* Plain C, for the version for longer vectors to be tested against: they agree to the bit. */
void scales_add_portable(int32_t d, const struct feature_view *view, double weight, double *scales);

#endif
