#ifndef CORE_UPDATE_H
#define CORE_UPDATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Orthogonal updates of a triangular factor: the arithmetic heart of the learner.
 *
 *     Q' [ R  C ]  =  [ R+  C+ ]          R: p x p upper,  C: p x q      in one array, p x (p + q)
 *        [ X  Y ]     [ 0   E  ]          X: k x p,        Y: k x q      in one array, k x (p + q)
 *
 * Both arrays are row-major; the factor's entries below the diagonal are neither read nor written.
 * Leading dimensions are in doubles and at least p + q. All entries must be finite. A column of X
 * whose part still to be eliminated has a norm below UPDATE_PIVOT_MIN is taken as zero and left:
 * otherwise the residue of a rank-deficient block would shrink by 2^-53 per column until it is
 * denormal and 1/norm overflows.
 *
 * The functions run the version for the longest vectors that the processor has; all versions agree
 * to rounding with update_*_portable. Same input, same machine, same version: same bits.
 */

/* Square of the smallest pivot that is eliminated is still a normal double. */
#define UPDATE_PIVOT_MIN 1e-150

/* Doubles of workspace that update_block needs for blocks of at most k rows. */
size_t update_workspace(int32_t k);

/*
 * Fold k rows into the factor.
 *
 * factor  in/out     p x (p + q), ldf
 * rows    in, lost   k x (p + q), ldr; on return columns p .. p+q-1 hold the residual E
 * work    scratch    update_workspace(k) doubles, aligned to 64 bytes
 *
 * About 2 k p^2 + 4 k p q flops. Allocates nothing.
 * Source: Golub, Van Loan, Matrix Computations 4e, 5.2.3 and 6.5; Elmroth, Gustavson 2000
 * (recursive panels).
 */
void update_block(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                  size_t ldr, double *work);

/*
 * Fold one row into the factor by Givens rotations; the classical square-root RLS step.
 *
 * row  in, lost   p + q; on return entries p .. p+q-1 hold the residual
 *
 * With the extra right-hand side C = 0, Y = 1 the new C is R+^-T x, the gain before its last solve.
 */
void update_row(int32_t p, int32_t q, double *factor, size_t ldf, double *row);

/* Plain C, for other versions to be tested against. */
void update_block_portable(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf,
                           double *rows, size_t ldr, double *work);
void update_row_portable(int32_t p, int32_t q, double *factor, size_t ldf, double *row);

#endif
