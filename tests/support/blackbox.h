#ifndef SUPPORT_BLACKBOX_H
#define SUPPORT_BLACKBOX_H

#include "base/random.h"

#include <lattn/query.h>

#include <stdint.h>

/*
 * An oracle with known insides, written apart from what is tested: plain loops, shared with nobody.
 *
 *     softmax   sum_h V_h sum_i alpha_hi x_i
 *     network   w . ReLU(A' sum_h sum_i alpha_hi x_i + c) + q
 *     linear    sum_h V_h X'X Q_h x_n,  Q_h in W
 *
 * What makes it another architecture, or less exact, is 0 or NULL until a test sets it.
 */
struct blackbox {
    struct lattn_oracle oracle; /* ask by this */
    int32_t d;
    int32_t m;
    int32_t heads;
    int is_linear;
    double *W; /* heads x d x d */
    double *V; /* heads x m x d */

    int32_t width; /* of the network; 0: none */
    double *A;     /* d x width: neuron k is column k */
    double *c;     /* width */
    double *w;     /* width */
    double q;

    int is_label;
    double threshold;
    double bias;          /* added to the answer */
    double *residual;     /* d: residual . x_n is added to the answer */
    double *score_bias;   /* d: added to x_n in the scores of the keys: score_bias . x_i */
    double *places;       /* LATTN_QUESTION_TOKENS_MAX x d, added to the tokens */
    int is_normed;        /* tokens go through a layer norm first */
    int is_float;         /* arithmetic in float */
    int32_t decimals;     /* answers are rounded to so many; -1: not */
    double noise;         /* standard deviation added to an answer */
    double norm_max;      /* larger tokens are refused; 0: none */
    int32_t length_max;   /* longer questions are refused; 0: none */
    uint64_t fails_after; /* questions, then LATTN_CLOSED; 0: never */
    uint64_t nan_after;   /* questions, then NaN; 0: never */

    struct random random; /* of the noise */
    uint64_t asked;       /* questions */
    double norm;          /* largest norm seen */
};

/*
 * A softmax oracle of one answer: entries of W have standard deviation 1/sqrt d, of V 1.
 *
 * What cannot be allocated fails the running test.
 */
void blackbox_init(struct blackbox *box, int32_t d, int32_t m, int32_t heads,
                   struct random *random);
void blackbox_done(struct blackbox *box);

/* Make every W_h a product of d x rank and rank x d, with entries of the same size. */
void blackbox_lower(struct blackbox *box, int32_t rank, struct random *random);

/* Put a network of `width` behind: A with standard deviation 1/sqrt d, w with 1; c = 0, q = 0. */
void blackbox_network(struct blackbox *box, int32_t width, struct random *random);

/* `count` zeroed numbers that blackbox_done releases where they are put into residual and so on. */
double *blackbox_numbers(size_t count);

/* The callback; also without a probe. */
enum lattn_status blackbox_ask(void *arg, size_t count, struct lattn_question *questions,
                               struct lattn_complaint *complaint);

/* Frobenius norm of a - b over that of b. */
double blackbox_distance(size_t count, const double *a, const double *b);

#endif
