#ifndef QUERY_NETWORK_H
#define QUERY_NETWORK_H

#include "query/terrain.h"

#include <stdint.h>

/*
 * The network behind attention, from sequences of one token: there the attended token is the token
 * itself, and the oracle a piecewise linear function of it.
 */

/*
 * terrain      as surveyed
 * error        standard deviation of an entry of a gradient, wherever it is taken
 * tolerance    relative: held-out answers had to agree so well
 * residual     relative: how well they agree
 * is_oriented  p is zero and every neuron stands as it is in the oracle; otherwise the network is
 *              an equivalent one
 */
struct network_info {
    struct terrain terrain;
    double error;
    double tolerance;
    double residual;
    int is_oriented;
};

/*
 * Learn it.
 *
 * ret_attention  out  given: a layer with the network, and W zero
 *
 * The kinks on a random chord are its neurons, the jumps of the gradient there their weights. What
 * does not agree with 16 held-out points is looked for again on another chord, up to six.
 *
 * Returns LATTN_OK; LATTN_NO_CONVERGENCE where no chord leads to a network that does, or answers
 * are not piecewise linear: oracle->complaint tells which; LATTN_NO_MEMORY; or as oracle_ask.
 */
enum lattn_status network_learn(struct oracle *oracle, const struct conditions *conditions,
                                struct random *random, struct lattn_attention **ret_attention,
                                struct network_info *ret_info);

/* About so many questions to learn a network of this width, where one chord suffices. */
uint64_t network_count(int32_t d, int32_t width);

/*
 * The linear piece in which a point lies: its gradient there, d numbers.
 *
 * Returns the distance of the nearest kink: the radius of a ball inside the piece.
 */
double network_piece(const struct lattn_attention *attention, const double *x,
                     double *ret_gradient);

#endif
