#ifndef QUERY_POLISH_H
#define QUERY_POLISH_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <stdint.h>

/*
 * Gauss-Newton on all parameters of a layer of several heads, from answers to random sequences.
 *
 * Sequences that share their last token b_j depend on V and on the keys W_h b_j alone: the problem
 * is an arrow, d columns of heads d unknowns, coupled by V. A step factors one column at a time.
 *
 *     [ A_1           B_1 ]   A_j = Q_j R_j,  T_j = Q_j'B_j,  M_j = B_j - Q_j T_j
 *     [      A_2      B_2 ]   dV from the M_j,  then  R_j dk_j = Q_j'r_j - T_j dV
 *     [           ..  ..  ]
 *
 * unknowns   of one column, heads d
 * rows       questions of one column
 * seed       of their tokens, which are drawn again at every pass
 * radius     norm of the first tokens
 * last       d x d, row j is b_j
 * keys       d x heads x d, [j][h] is W_h b_j
 * values     heads x d
 * answers    d x rows
 * residual   root mean square of what is left of the answers; size: of the answers themselves
 * the rest   scratch of one step, as drawn above: basis and moves are columns of A_j and B_j as
 *            rows; information and gradient are those of dV
 */
struct polish {
    double *numbers; /* all that follows */
    int32_t d;
    int32_t heads;
    int32_t unknowns;
    int32_t rows;
    uint64_t seed;
    double radius;
    double *last;
    double *keys;
    double *values;
    double *answers;
    double residual;
    double size;
    double *basis;
    double *moves;
    double *rest;
    double *triangles;
    double *couplings;
    double *targets;
    double *information;
    double *gradient;
    double *tried_keys;
    double *tried_values;
};

enum {
    /* Doubles in the factors of all columns, 2 d (heads d)^2: 256 MiB; d = 161 of two heads. */
    POLISH_NUMBERS_MAX = 1 << 25
};

/* Questions: 1.6 for every unknown. */
uint64_t polish_count(int32_t d, int32_t heads);

/* Does a layer of these sizes stay within POLISH_NUMBERS_MAX? */
int32_t polish_fits(int32_t d, int32_t heads);

/* Returns LATTN_OK, or LATTN_NO_MEMORY with nothing to release. */
enum lattn_status polish_open(struct polish **ret_polish, int32_t d, int32_t heads);
/* Release and set to NULL; accepts NULL. */
void polish_close(struct polish **polish);

/*
 * Begin at a layer, and ask: last tokens of random directions, of a size that moves the weights of
 * the head with the largest scores; two to four tokens in all.
 *
 * W, V  in  heads x d x d, heads x d
 *
 * Returns as oracle_ask, or LATTN_NO_MEMORY.
 */
enum lattn_status polish_ask(struct polish *polish, struct oracle *oracle,
                             enum oracle_purpose purpose, const struct conditions *conditions,
                             struct random *random, const double *W, const double *V);

/*
 * Step until nothing more is gained.
 *
 * Returns LATTN_OK, whatever the residual is; LATTN_NO_CONVERGENCE where the answers leave
 * parameters open; LATTN_NO_MEMORY.
 */
enum lattn_status polish_run(struct polish *polish);

/*
 * Write the layer, and the errors of its entries for answers that are off by sigma.
 *
 * attention  out  d, m = 1 and heads as here
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY, or LATTN_NO_CONVERGENCE where last tokens coincide.
 */
enum lattn_status polish_layer(const struct polish *polish, double sigma,
                               struct lattn_attention *attention);

#endif
