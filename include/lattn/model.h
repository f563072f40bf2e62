#ifndef LATTN_MODEL_H
#define LATTN_MODEL_H

#include <lattn/certificate.h>
#include <lattn/names.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/* How the heads of a model were read from the weights. */
enum lattn_decomposition {
    LATTN_DECOMPOSITION_NONE, /* not read from weights, or no heads were asked for */
    LATTN_DECOMPOSITION_SVD,
    LATTN_DECOMPOSITION_FEWEST
};

/* "svd" or "fewest"; NULL for LATTN_DECOMPOSITION_NONE. Static. */
LATTN_API const char *lattn_decomposition_text(enum lattn_decomposition decomposition);

/* Is it proved that no model of fewer heads computes the same? */
enum lattn_certified {
    LATTN_CERTIFIED_UNKNOWN, /* nobody looked for the fewest */
    LATTN_CERTIFIED_NOT,     /* fewer were tried and not found, or labels carry noise */
    LATTN_CERTIFIED_MINIMAL
};

/*
 * One layer of multi-head linear attention,
 *
 *     yhat = sum_h V_h Z Z' Q_h z,        V_h: m x d,  Q_h: d x d,  z the last token of Z (d x n)
 *
 * Source: arXiv 2410.10101, eq. (5).
 *
 * V           heads x m x d, row-major
 * Q           heads x d x d, row-major
 * sigma       heads, decreasing: the size of each head
 * decomposition, certified  of heads that were read from weights
 * bias        coordinate 0 is the constant 1 that inputs do not carry
 * residual    norm of coef(heads) - W over the norm of W, W the solution they were read from
 * certificate NULL for a model that was not learned here
 *
 * Everything is owned by the model.
 */
struct lattn_model {
    int32_t d;
    int32_t m;
    int32_t heads;
    int32_t bias;
    enum lattn_decomposition decomposition;
    enum lattn_certified certified;
    double *V;
    double *Q;
    double *sigma;
    double residual;
    uint64_t pairs;
    uint64_t generation;
    struct lattn_certificate *certificate;
    struct lattn_names names;
};

/* Number of cubic features of d coordinates, d^2 (d+1) / 2; 0 for d outside 1..LATTN_DIM_MAX. */
LATTN_API int64_t lattn_features(int32_t d);

/* The most heads that a model of these sizes needs, min(m d, d^2); 0 where one is not yet known. */
LATTN_API int32_t lattn_heads_max(int32_t d, int32_t m);

/*
 * Make a model with all entries zero and no certificate.
 *
 * heads >= 0, 1 <= d <= LATTN_DIM_MAX, 1 <= m <= LATTN_OUTPUTS_MAX
 *
 * Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_model is given to the caller.
 */
LATTN_API enum lattn_status lattn_model_open(struct lattn_model **ret_model, int32_t d, int32_t m,
                                             int32_t heads);

/* Release a model and set the pointer to NULL; accepts NULL. */
LATTN_API void lattn_model_close(struct lattn_model **model);

/*
 * Compute what the model says about a sequence.
 *
 * z      in   n x k, row-major, k = d without and d - 1 with bias
 * ret_y  out  m
 *
 * O(heads (n + m + d) d) flops; allocates nothing. Every entry of z must be finite.
 */
LATTN_API void lattn_model_apply(const struct lattn_model *model, const double *z, int32_t n,
                                 double *ret_y);

/*
 * Append a token to a sequence and compute what the model says then: lattn_model_apply at a cost
 * that does not grow with the sequence.
 *
 * token   in      one row of z
 * sums    in/out  d x d, Z Z' of the tokens before, 0 where there were none
 * ret_y   out     m, apart from token; NULL where nothing is asked yet
 *
 * O(heads (d + m) d) flops, O(d^2) without ret_y; allocates nothing.
 */
LATTN_API void lattn_model_step(const struct lattn_model *model, const double *token, double *sums,
                                double *ret_y);

/*
 * Round what a model says to the token that it stands for, block by block: 1 at the first of the
 * largest entries and 0 elsewhere, or all 0 where none reaches 0.5 (arXiv 2410.10101, Definition
 * C.1). Outputs in no block stay as they are.
 *
 * y  in/out  m = d without and d - 1 with bias; output a is coordinate a, a + 1 with bias
 */
LATTN_API void lattn_model_round(const struct lattn_model *model, double *y);

/*
 * The coefficients of a model in its cubic features: two models compute the same function exactly
 * when these are equal (arXiv 2410.10101, eq. (41), (42)).
 *
 * ret_coef  out  m x p row-major, p = lattn_features(d); column pair(j,k) * d + l for j <= k, pairs
 *                counted along the rows of the upper triangle: (0,0), (0,1) ... (1,1) ...
 */
LATTN_API void lattn_model_coef(const struct lattn_model *model, double *ret_coef);

/*
 * Frobenius distance of the coefficients of two models, and the same over the norm of the first.
 *
 * Returns LATTN_OK, LATTN_SHAPE or LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_model_distance(const struct lattn_model *a,
                                                 const struct lattn_model *b, double *ret_absolute,
                                                 double *ret_relative);

LATTN_END

#endif
