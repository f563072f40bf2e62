#ifndef CORE_MOMENT_ROOT_H
#define CORE_MOMENT_ROOT_H

#include "core/moment.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * From the information form to R and C, and back.
 *
 * rank      of R; below p where the form cannot hold more
 * rho       sigma_min / sigma_max of R in even coordinates, columns scaled by their a-priori scales
 *           there, to about a percent; of the part that was kept
 * is_cut    directions were left out: their singular values lie below what the form can tell from
 *           its own rounding, sqrt(10 tau) of the largest, and may be zero or not
 */
struct moment_root {
    int64_t rank;
    double rho;
    int is_cut;
};

/*
 * R and C in plain coordinates; waiting rows do not count.
 *
 * tau           in   relative error of G, at least u (p + n_max)
 * ret_triangle  out  p x (p + m) row-major, ld: R on and above the diagonal, then C; below the
 *                    diagonal anything. At rank r rows r .. p-1 are zero to rounding.
 * ret_residual  out  m: sum w y^2 - |C|^2, not below 0; it is right to u times sum w y^2
 *
 * By Cholesky where lambda_min / lambda_max > 10 tau, about p^3 / 3 flops in place; else by a
 * pivoted one that stops there, and a QR factorisation. Fading is taken into account.
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status moment_triangle(const struct moment *moment, double tau, double *ret_triangle,
                                  size_t ld, double *ret_residual, struct moment_root *ret_root);

/* Squares of the a-priori scales in even coordinates, not faded: q e of them. */
void moment_scales(const struct moment *moment, double *ret_squares);

/*
 * Add R'R, R'C and C'C of a triangle in plain coordinates, of the same features and outputs; what
 * C does not tell of the labels (the residual) is added to energy by the caller.
 *
 * triangle  in  p x (p + m), ld; nothing below the diagonal is read
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status moment_add_triangle(struct moment *moment, const double *triangle, size_t ld);

#endif
