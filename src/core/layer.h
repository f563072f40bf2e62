#ifndef CORE_LAYER_H
#define CORE_LAYER_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Heads in the form in which the search for the fewest works on them (README.md, section 4).
 *
 *     T[b,a,c,e] = sum_h P_h[b,a] Q_h[c,e],      P_h = V_h'
 *     sym(T)     = (T[b,a,c,e] + T[c,a,b,e]) / 2
 *
 * P    heads x d x m, then Q  heads x d x d, row-major, side by side: a layer is one vector
 *
 * A tensor is d x m x d x d, row-major. Two layers compute the same function exactly when their
 * sym(T) agree.
 */
struct layer {
    int32_t d;
    int32_t m;
    int32_t heads;
    double *P;
    double *Q;
};

/* Numbers of one head, of a layer, and of a tensor. */
int32_t layer_head_length(const struct layer *layer);
int32_t layer_length(const struct layer *layer);
int32_t layer_tensor_length(int32_t d, int32_t m);

/* Returns LATTN_OK or LATTN_NO_MEMORY; the numbers are undefined. */
enum lattn_status layer_init(struct layer *layer, int32_t d, int32_t m, int32_t heads);
void layer_done(struct layer *layer);

/* The layer of the same sizes whose numbers are at `numbers`; borrowed. */
struct layer layer_view(const struct layer *layer, double *numbers);

/* tensor = alpha T + beta tensor */
void layer_multiply(const struct layer *layer, double alpha, double beta, double *tensor);

/* With a tensor seen as A, (d m) x (d d): ret_P = A Q, ret_Q = A'P. */
void layer_contract_P(const struct layer *layer, const double *tensor, double *ret_P);
void layer_contract_Q(const struct layer *layer, const double *tensor, double *ret_Q);

/* tensor = sym(tensor) */
void layer_symmetrise(int32_t d, int32_t m, double *tensor);

/*
 * How a change of one factor moves the gradient of |sym(T)|^2 / 2: with F, G two of the factors,
 * heads x d x width,
 *
 *     M(F,G)[(h,i),(k,j)] = ( delta_ij <F_h, G_k> + sum_e F_h[j,e] G_k[i,e] ) / 2
 *
 * The Gauss-Newton matrix at (P, Q) then maps a change (X, Y) to
 *
 *     ( M(Q,Q) X + M(Q,Y) P,   M(P,P) Y + M(P,X) Q )
 *
 * without a tensor; M(Q,Q) and M(P,P) are its diagonal blocks, the same for every column.
 *
 * ret_M  out  n x n, n = heads d;   gram  scratch, n x n
 */
void layer_couple(int32_t d, int32_t heads, int32_t width, const double *F, const double *G,
                  double *ret_M, double *gram);

/*
 * Split T evenly: P and Q become orthogonal vectors, each pair with norm sqrt(sigma_h); T stays.
 *
 * sigma  out  heads, decreasing; may be NULL
 *
 * heads <= min(m d, d^2). Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status layer_balance(struct layer *layer, double *sigma);

/* About how many flops that takes. */
double layer_balance_flops(const struct layer *layer);

/* P_h = A'P_h, Q_h = A'Q_h A for a d x d matrix A: the heads in coordinates Z = A Z~. */
enum lattn_status layer_transform(struct layer *layer, const double *A);

/* The same of a tensor that is symmetric or not: every mode b, c, e is multiplied by A'. */
enum lattn_status layer_tensor_transform(int32_t d, int32_t m, const double *A, double *tensor);

#endif
