#ifndef QUERY_LINEAR_H
#define QUERY_LINEAR_H

#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/model.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * Linear attention from exactly as many questions as it has coefficients (README.md, linear
 * attention). For a last token z the answer to [x ; z] is a quadratic form of x, up to the answer
 * to [z]: a slice, q = d (d+1) / 2 coefficients from q questions,
 *
 *     [z],   [gamma x_i ; z]  (x_i != z),   [x_i + x_j ; z]  (i < j),      gamma = d^(1/4),
 *
 * which balances the two kinds: the condition number of the design is about 2.1 sqrt d.
 */

/* gamma. */
double linear_gamma(int32_t d);

/* Questions of linear_learn: d^2 (d+1) / 2, one for each coefficient. */
uint64_t linear_count(int32_t d);

/*
 * Ask `count` whole slices, from `first` on, count q questions in all.
 *
 * basis         in   d x d orthonormal rows: the tokens x_i, and z of slice k; NULL for the
 *                    coordinates themselves
 * ret_slices    out  count x q x m: coefficient (i, j) of slice k and output a multiplies
 *                    (x_i.x)(x_j.x)(x_k.z); pairs as in core/feature.h
 * ret_variance  out  count: mean variance of the coefficients of a slice
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY, or as oracle_ask.
 */
enum lattn_status linear_slices(struct oracle *oracle, const struct conditions *conditions,
                                const double *basis, int32_t first, int32_t count,
                                double *ret_slices, double *ret_variance);

/*
 * Turn all d slices into heads, by singular values (core/heads.h).
 *
 * slices     in   d x q x m
 * ret_model  out  given
 *
 * Returns LATTN_OK, LATTN_MEMORY_LIMIT, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status linear_model(int32_t d, int32_t m, const double *slices,
                               struct lattn_model **ret_model);

/*
 * What reading heads from these slices cost: root mean square over the coefficients, from
 * model->residual.
 */
double linear_misfit(const double *slices, const struct lattn_model *model);

/*
 * Learn a linear attention oracle from linear_count questions.
 *
 * ret_model  out  given; zero heads where every answer was zero
 * ret_error  out  how far each coefficient may be off, one standard deviation over all of them
 *
 * Returns LATTN_OK; LATTN_MEMORY_LIMIT with nothing asked where the heads of so many coefficients
 * cannot be read; LATTN_NO_MEMORY, LATTN_NO_CONVERGENCE, or as oracle_ask. Nothing is given then.
 */
enum lattn_status linear_learn(struct oracle *oracle, const struct conditions *conditions,
                               struct lattn_model **ret_model, double *ret_error);

#endif
