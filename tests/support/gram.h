#ifndef SUPPORT_GRAM_H
#define SUPPORT_GRAM_H

#include <lattn/batch.h>
#include <lattn/learner.h>

#include <stdint.h>

/*
 * The oracle: least squares in long double by the plainest formulas, one pair at a time.
 *
 *     G = sum lambda^(N-i) w phi phi'    B = sum lambda^(N-i) w phi y'    features literal, in full
 *
 * G    p x p, B    p x m, yy    m: sum lambda^(N-i) w y^2
 * D2   p: a-priori scales squared, never faded
 * weight, weight2   N_w and N_w2
 */
struct gram {
    int32_t d; /* with the bias */
    int32_t m;
    int32_t p;
    int32_t bias;
    long double *G;
    long double *B;
    long double *yy;
    long double *D2;
    long double weight;
    long double weight2;
};

void gram_init(struct gram *gram, int32_t d, int32_t m, int32_t bias);
void gram_done(struct gram *gram);

/* phi of the sequence with query token `query`, which sees the tokens 0 .. seen - 1. */
void gram_features(const struct lattn_item *item, int32_t bias, int32_t seen, int32_t query,
                   long double *ret_phi);

/* Learn all label rows of an item. */
void gram_add(struct gram *gram, const struct lattn_item *item, double forget);

/* R'R and R'C of a learner, in the order of features; the counts are its own. */
void gram_of_learner(struct gram *gram, struct lattn_learner *learner);

/*
 * Condition of the learner's factor with scaled columns, on the rank it decided: sigma_max over the
 * last pivot kept, which is within a modest factor of the least singular value kept.
 */
double gram_condition(struct lattn_learner *learner);

/* Largest |G_jk - H_jk| / sqrt(H_jj H_kk), over B with sqrt(H_jj yy_a) likewise. */
long double gram_distance(const struct gram *gram, const struct gram *want);

/*
 * Solve G W = B by Cholesky.
 *
 * ret_w  out  m x p
 *
 * Returns 0 where G is not positive definite.
 */
int gram_solve(const struct gram *gram, long double *ret_w);

/* phi' G^-1 phi; G must be positive definite. */
long double gram_leverage(const struct gram *gram, const long double *phi);

#endif
