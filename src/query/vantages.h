#ifndef QUERY_VANTAGES_H
#define QUERY_VANTAGES_H

#include "query/network.h"

#include <stdint.h>

/*
 * Tokens b deep inside linear pieces of a known network: what attention does near b the network
 * hands on as it is,  f([b + u ; b]) = f(b) + alpha g.u  with |u| < reach, g the gradient there and
 * logit(alpha) = u'W b.
 *
 * count     chosen until now; row i of the matrices belongs to vantage i
 * b         d x d, of any length, rows well independent
 * gradient  d x d
 * reach     d: length of u
 */
struct vantages {
    const struct lattn_attention *attention;
    const struct network_info *info;
    const struct conditions *conditions;
    int32_t count;
    double *b;
    double *gradient;
    double *reach;
    double *basis; /* count x d orthonormal: what the b span */
};

/*
 * attention, info, conditions  in  kept; info is of network_learn, and W is not looked at
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY; vantages_close is due in both cases.
 */
enum lattn_status vantages_open(struct vantages *vantages, const struct lattn_attention *attention,
                                const struct network_info *info,
                                const struct conditions *conditions);
/* Release; accepts zeros. */
void vantages_close(struct vantages *vantages);

/*
 * Add the best of some at random: that at which noise disturbs u'W b least.
 *
 * scale  in  typical |W b| / |b|: logits are to be about 1 at most; 0: not known
 *
 * Returns LATTN_OK; LATTN_RANK where the network is flat at all of them, and nothing is added.
 */
enum lattn_status vantages_add(struct vantages *vantages, struct random *random, double scale);

#endif
