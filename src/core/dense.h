#ifndef CORE_DENSE_H
#define CORE_DENSE_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Dense linear algebra: the only file that calls BLAS and LAPACK.
 *
 * Matrices are row-major unless a name says otherwise; (a, lda) is a matrix and the doubles between
 * its rows. Nothing here looks for NaN: finiteness is checked where data comes in.
 */

/*
 * Let BLAS use the calling thread only, or so many threads. To be called before any other thread
 * starts.
 */
void dense_threads_one(void);
void dense_threads_set(int32_t threads);

enum dense_side { DENSE_PLAIN, DENSE_TRANSPOSED };

/* Norm and inner product of vectors. */
double dense_norm(int32_t n, const double *x);
double dense_dot(int32_t n, const double *x, const double *y);

/* y += alpha x */
void dense_add(int32_t n, double alpha, const double *x, double *y);

/* C = alpha op(A) B + beta C;  op(A) is m x k, B is k x n, C is m x n. */
void dense_multiply(enum dense_side side, int32_t m, int32_t n, int32_t k, double alpha,
                    const double *a, size_t lda, const double *b, size_t ldb, double beta,
                    double *c, size_t ldc);

/* C = alpha A B' + beta C;  A is m x k, B is n x k, C is m x n. */
void dense_multiply_rows(int32_t m, int32_t n, int32_t k, double alpha, const double *a, size_t lda,
                         const double *b, size_t ldb, double beta, double *c, size_t ldc);

/* y = alpha op(A) x + beta y;  A is m x n. */
void dense_multiply_vector(enum dense_side side, int32_t m, int32_t n, double alpha,
                           const double *a, size_t lda, const double *x, double beta, double *y);

/* Upper triangle R, n x n, X n x columns: x = op(R) x, X = op(R) X. */
void dense_triangle_multiply(enum dense_side side, int32_t n, const double *r, size_t ldr,
                             double *x);
void dense_triangle_multiply_many(enum dense_side side, int32_t n, int32_t columns, const double *r,
                                  size_t ldr, double *x, size_t ldx);

/* Rows times a triangle T, n x n:  X = X op(T),  X is rows x n. */
enum dense_half { DENSE_UPPER, DENSE_LOWER };
void dense_triangle_multiply_rows(enum dense_half half, enum dense_side side, int32_t rows,
                                  int32_t n, const double *t, size_t ldt, double *x, size_t ldx);

/* The same with a nonzero diagonal: x = op(R)^-1 x, X = op(R)^-1 X. */
void dense_triangle_solve(enum dense_side side, int32_t n, const double *r, size_t ldr, double *x);
void dense_triangle_solve_many(enum dense_side side, int32_t n, int32_t columns, const double *r,
                               size_t ldr, double *x, size_t ldx);

/*
 * Cholesky factorisation,  A = R'R.
 *
 * a  in/out  n x n symmetric, lda; nothing below the diagonal is touched
 *
 * Returns LATTN_OK, or LATTN_RANK where A is not positive definite: then a has no meaning.
 */
enum lattn_status dense_cholesky(int32_t n, double *a, size_t lda);

/*
 * Cholesky factorisation with pivoting of a semidefinite matrix,  P'A P = R'R + a rest.
 *
 * a       in/out  n x n symmetric, lda; on return the first ret_rank rows are those of R, from the
 *                 diagonal on; other entries have no meaning
 * least   in      stop where no diagonal entry of the rest is above this
 * pivot   out     n: column pivot[i] of A is column i of A P
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status dense_pivoted_cholesky(int32_t n, double *a, size_t lda, double least,
                                         int32_t *pivot, int32_t *ret_rank);

/*
 * Make k <= n rows a triangle from the left,  Q'A = [R; 0].
 *
 * rows  in/out  k x n, ld; on return R on and above the diagonal, below it no meaning
 *
 * Allocates workspace. Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status dense_triangularise(int32_t k, int32_t n, double *rows, size_t ld);

/*
 * Eigenvalues and eigenvectors of a symmetric matrix.
 *
 * a       in/out  n x n; on return row i is the eigenvector of value i, of length one
 * values  out     n, increasing
 *
 * Allocates workspace. Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status dense_symmetric(int32_t n, double *a, double *values);

/*
 * Thin QR of k vectors of length n >= k,  A = Q R.
 *
 * rows  in/out  k x n: the vectors as rows; on return the orthonormal ones
 * r     out     k x k upper, zeros below: vector j is sum_i r_ij q_i
 *
 * Allocates workspace. Returns LATTN_OK, or LATTN_NO_MEMORY: then both may be lost.
 */
enum lattn_status dense_orthonormalise(int32_t n, int32_t k, double *rows, double *r);

/*
 * QR with column pivoting,  A P = Q R.
 *
 * columns    in/out  n x n, COLUMN-major, leading dimension n; on return R above the diagonal and
 *                    the reflectors below
 * pivot      out     n: column pivot[i] of A is column i of A P
 * tau        out     n
 * q, side            q columns of B (n x q, COLUMN-major, leading dimension n) become Q'B
 *
 * Allocates workspace. Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status dense_pivoted_qr(int32_t n, double *columns, int32_t *pivot, double *tau,
                                   int32_t q, double *b);

/*
 * LU with partial pivoting,  A = P L U, and what it solves.
 *
 * a      in/out  n x n row-major; on return the factors
 * pivot  out     n
 * b      in/out  q x n row-major: row j becomes A^-1 times that row
 *
 * dense_lu returns LATTN_OK, or LATTN_RANK where A is singular to the last bit: then the factors
 * solve nothing.
 */
enum lattn_status dense_lu(int32_t n, double *a, int32_t *pivot);
void dense_lu_solve(int32_t n, const double *a, const int32_t *pivot, int32_t q, double *b);

/*
 * Least squares of smallest norm, min |A X - B|, by QR with column pivoting.
 *
 * a       in, lost  m x n COLUMN-major, leading dimension m
 * b       in/out    q columns, COLUMN-major, leading dimension max(m, n): m numbers of each on
 *                   entry, n on return
 * cutoff  in        relative: directions below it times the largest count as none
 *
 * Allocates workspace. Returns LATTN_OK or LATTN_NO_MEMORY; ret_rank may be NULL.
 */
enum lattn_status dense_least_squares(int32_t m, int32_t n, double *a, int32_t q, double *b,
                                      double cutoff, int32_t *ret_rank);

/*
 * Eigenvalues of a matrix without symmetry, in no order; complex ones in pairs.
 *
 * a  in, lost  n x n
 *
 * Allocates workspace. Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status dense_eigenvalues(int32_t n, double *a, double *ret_real, double *ret_imaginary);

/*
 * Minimum-norm solution of A X = B for A of full row rank.
 *
 * transposed  in, lost  A' as n x r COLUMN-major, leading dimension n, r <= n
 * x           in/out    n x q COLUMN-major, leading dimension n; rows 0..r-1 hold B on entry
 *
 * Allocates workspace. Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status dense_minimum_norm(int32_t n, int32_t r, double *transposed, int32_t q,
                                     double *x);

/*
 * Singular values and, where u and vt are not NULL, singular vectors,  A = U diag(s) V'.
 *
 * a    in, lost  m x n COLUMN-major, leading dimension m
 * s    out       min(m, n), decreasing
 * u    out       m x min(m, n) COLUMN-major;   vt  out  min(m, n) x n COLUMN-major
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status dense_svd(int32_t m, int32_t n, double *a, double *s, double *u, double *vt);

/*
 * Eigenvalues of a symmetric tridiagonal matrix.
 *
 * diagonal     in/out  n; on return the eigenvalues, increasing
 * offdiagonal  in, lost  n - 1
 *
 * Returns LATTN_OK or LATTN_NO_CONVERGENCE.
 */
enum lattn_status dense_tridiagonal(int32_t n, double *diagonal, double *offdiagonal);

#endif
