#ifndef CORE_SCALES_H
#define CORE_SCALES_H

#include "core/feature.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Add a row's part of the a-priori scales: D^2_{jk,l} += weight S_jj S_kk z_l^2. One that remains 0
 * belongs to a feature whose entries in R, weight included, are below 2^-511: zero for update.
 *
 * scales  in/out  p
 */
void scales_add(int32_t d, const struct feature_view *view, double weight, double *scales);

/*
 * A row may be added by scales_add_rows if none of its S_jj, |z_l| and its weight is less: then all
 * their products are normal numbers.
 */
static const double scales_plain_least = 0x1p-100;

/* Numbers of a row of squares: d in whole strips. */
static inline size_t scales_ld(int32_t d)
{
    return ((size_t)d + 7) / 8 * 8;
}

/*
 * Add rows that are plain to the scales of the pairs (j, k), k >= j: the same bits as scales_add of
 * one after the other.
 *
 * diagonal  in      rows x d: S_jj
 * squares   in      rows x scales_ld(d), zeros behind d: weight z_l^2
 * scales    in/out  p
 */
void scales_add_rows(int32_t d, int32_t j, int32_t rows, const double *diagonal,
                     const double *squares, double *scales);

/* Plain C, for the version for longer vectors to be tested against: they agree to the bit. */
void scales_add_portable(int32_t d, const struct feature_view *view, double weight, double *scales);

#endif
