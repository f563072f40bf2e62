#ifndef CORE_SPECTRUM_H
#define CORE_SPECTRUM_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Extreme singular values of a triangle with scaled columns, A = R diag(scale).
 *
 * r      n x n upper, row-major, ldr; entries below the diagonal are not read
 * scale  n factors > 0, or NULL for A = R
 *
 * By Lanczos iteration on A'A or its inverse with full reorthogonalisation, stopped when the
 * eigenvalue's estimated error falls below 1e-11 of it, or after 240 steps; small triangles by a
 * full decomposition. The value lies inside the spectrum; where other singular values are within
 * 1e-9 of it, the estimate can be a few times too small. O(n^2) per step, some tens of steps.
 * Deterministic: the start vector is fixed.
 *
 * Each returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 * Source: Golub, Van Loan, Matrix Computations 4e, 10.1; bound: Parlett, The Symmetric Eigenvalue
 * Problem, 11.7 (Kato-Temple).
 */
enum lattn_status spectrum_largest(int32_t n, const double *r, size_t ldr, const double *scale,
                                   double *ret_sigma);

/* The smallest; every diagonal entry must be nonzero and its square a normal double. */
enum lattn_status spectrum_smallest(int32_t n, const double *r, size_t ldr, const double *scale,
                                    double *ret_sigma);

/*
 * Both ends of R to about a percent, for decisions that leave a factor: stopped when the residual
 * falls below that. Either result may be NULL; for the smallest the diagonal must be as above.
 */
enum lattn_status spectrum_glance(int32_t n, const double *r, size_t ldr, double *ret_largest,
                                  double *ret_smallest);

/*
 * The largest eigenvalues of some maps that are symmetric and positive definite, for those who have
 * no triangle: a map that lies on many machines. All iterations go step by step together, so that
 * what the maps share passes through memory once for all of them.
 *
 * maps      1 ... SPECTRUM_MAPS_MAX
 * map       x = map x for `count` of the maps at once: column i, of n numbers, through map which[i]
 * accuracy  aimed at: a relative error of 1e-6, enough to be told, or of 1e-11 as above
 */
enum { SPECTRUM_MAPS_MAX = 3 };
enum spectrum_accuracy { SPECTRUM_TOLD, SPECTRUM_EXACT };
typedef void (*spectrum_maps_fn)(void *arg, int32_t count, const int32_t *which, double *x);

enum lattn_status spectrum_of_maps(int32_t n, int32_t maps, spectrum_maps_fn map, void *arg,
                                   enum spectrum_accuracy accuracy, double *ret_eigenvalues);

/* All singular values, decreasing: for triangles in which no gap shows. O(n^3). */
enum lattn_status spectrum_all(int32_t n, const double *r, size_t ldr, const double *scale,
                               double *ret_sigma);

#endif
