#ifndef QUERY_READING_H
#define QUERY_READING_H

#include <lattn/model.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * Heads from the slices of linear attention (linear.h): the fewest that have these coefficients,
 * to rounding, where they are exact and few enough to look; those of the singular value
 * decomposition otherwise.
 *
 * slices     in   d x q x m
 * error      in   standard deviation of a coefficient
 * ret_model  out  given; zero heads where all are zero
 *
 * Returns LATTN_OK, LATTN_MEMORY_LIMIT (core/heads.h), LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status reading_make(int32_t d, int32_t m, const double *slices, double error,
                               struct lattn_model **ret_model);

/* What reading heads cost: root mean square over the coefficients, from model->residual. */
double reading_misfit(const double *slices, const struct lattn_model *model);

#endif
