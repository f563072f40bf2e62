#ifndef CORE_CERTIFICATE_H
#define CORE_CERTIFICATE_H

#include "core/factor.h"

#include <lattn/certificate.h>
#include <lattn/status.h>

/* What is asked for: singular values too, or ranks only, which often need not be found anew. */
enum certificate_need { CERTIFICATE_RANKS, CERTIFICATE_SPECTRUM };

/*
 * Decide the rank of every component with one cut for all,
 *
 *     cut = threshold sigma_max,   threshold = 10 max(tau, precision),
 *     tau = u (p + n_max + U / 50),
 *
 * so that weights, rank, verdict and determined speak of the same solution. Results are kept in the
 * components for the factor's generation; asking again costs nothing.
 *
 * precision  in   relative precision of the tokens, 0 for exact doubles
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE. Source: README.md, section 3.
 */
enum lattn_status certificate_ranks(struct factor *factor, double precision,
                                    enum certificate_need need);

/* Relative rounding of a Gram matrix of what was learned, u (p + n_max). */
double certificate_rounding(const struct factor *factor);

/* tau after so many updates of the component that had most, and the threshold above a tau. */
double certificate_tau_after(const struct factor *factor, uint64_t updates);
double certificate_threshold_above(double tau, double precision);

/*
 * What rank, rho, tau, p and features seen amount to, with what the factor knows of its pairs.
 *
 * is_cut  in  directions were left out that the information form cannot tell from rounding
 */
enum lattn_verdict certificate_verdict(const struct factor *factor,
                                       const struct lattn_certificate *certificate, int is_cut);

/* The threshold that certificate_ranks goes by. */
double certificate_threshold(const struct factor *factor, double precision);

/*
 * The rank cut of one component by itself, relative to its own sigma_max, for what is made between
 * two evaluations: weights at hand and the row space behind them.
 */
double certificate_cut(const struct factor *factor, const struct component *component);

/*
 * No rank is decided by a larger cut: as if all features had been seen, none of them ever less
 * often than now, and each pair had been an update. O(1).
 */
double certificate_cut_most(const struct factor *factor);

/*
 * Evaluate the certificate; identifying_since and lost_at are left to the caller's memory of
 * earlier evaluations and set to LATTN_NEVER. Returns as certificate_ranks.
 */
enum lattn_status certificate_evaluate(struct factor *factor, double precision,
                                       struct lattn_certificate *ret_certificate);

/* Sum of the ranks of all components; after certificate_ranks. */
int64_t certificate_rank(const struct factor *factor);

#endif
