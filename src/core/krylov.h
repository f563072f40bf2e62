#ifndef CORE_KRYLOV_H
#define CORE_KRYLOV_H

#include <lattn/status.h>

#include <stdint.h>

/* Vectors that the map is applied to together, so that a matrix behind it is read once for all. */
enum { KRYLOV_BLOCK = 8 };

/*
 * A symmetric positive semidefinite map of n dimensions.
 *
 * apply  block, n x KRYLOV_BLOCK row-major, becomes its image
 */
struct krylov_map {
    int32_t n;
    void (*apply)(void *arg, double *block);
    void *arg;
};

/*
 * The largest eigenvalues of a map, outside a subspace that is left out.
 *
 * Block Krylov iteration with full reorthogonalisation and Rayleigh-Ritz values, until each has a
 * residual below 1e-7 of it, which is a bound on its error, or the basis has KRYLOV_BASIS_MAX
 * vectors: then values are a little inside the spectrum. Of values that span many orders of
 * magnitude rounding of the largest would hide the others; so only those within eight of them are
 * taken in one round, and their vectors left out in the next.
 *
 * left_out_count, left_out  in   so many orthonormal rows of n; the map, followed by the projection
 *                                off them, must be symmetric
 * count                     in   count + left_out_count + KRYLOV_BASIS_MAX < n
 * ret_values                out  count, decreasing
 *
 * A value that occurs more than KRYLOV_BLOCK times may be found less often. Deterministic. Returns
 * LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 * Source: Golub, Van Loan, Matrix Computations 4e, 10.3.6; residual bound: Parlett, The Symmetric
 * Eigenvalue Problem, 4.5.
 */
enum { KRYLOV_BASIS_MAX = 384 };
enum lattn_status krylov_largest(const struct krylov_map *map, int32_t left_out_count,
                                 const double *left_out, int32_t count, double *ret_values);

#endif
