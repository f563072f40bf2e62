#ifndef QUERY_LOOKOUT_H
#define QUERY_LOOKOUT_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/copies.h"
#include "query/oracle.h"
#include "query/poles.h"

#include <stdint.h>

/*
 * Where to begin with several heads: random pairs of directions, and a size of the last token at
 * which scores are about 1, so that heads can be told apart.
 */

enum { LOOKOUTS = 24 };

/*
 * copies     sizes are set; value is borrowed
 * u, b       LOOKOUTS x d, of length one, float32
 * points     what they answer
 * is_capped  the norm of tokens kept scores below what was aimed at
 * size       of the largest point
 * slack      what rounding and noise may leave of a point, root mean square
 */
struct lookouts {
    struct copies copies;
    double *u;
    double *b;
    struct poles_points points[LOOKOUTS];
    int is_capped;
    double size;
    double slack;
};

/* One pair, and what `poles.count` heads say there. */
struct lookout {
    int32_t index;
    struct poles poles;
    double residual;
    double sharpness;
};

/* What rounding, and noise of so many deviations, may do to an answer of this size. */
double lookout_slack(const struct conditions *conditions, double deviations, double answer);

/*
 * Find the size, ask the pairs; all questions are trials.
 *
 * copies  in  ratios and value are set; value is borrowed as long as the lookouts are
 *
 * Returns as oracle_ask, or LATTN_NO_MEMORY; to be released whatever it returns.
 */
enum lattn_status lookouts_ask(struct lookouts *lookouts, const struct copies *copies,
                               struct oracle *oracle, const struct conditions *conditions,
                               struct random *random);
void lookouts_done(struct lookouts *lookouts);

/* Is every point zero as far as can be told: no head says anything? */
int lookouts_are_silent(const struct lookouts *lookouts);

/*
 * Fit so many heads to each pair.
 *
 * ret_fits      out  LOOKOUTS, the sharpest first among those that fit, those that do not last
 * ret_residual  out  what they leave of the third that they explain best
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status lookouts_fit(const struct lookouts *lookouts, int32_t heads,
                               struct lookout *ret_fits, double *ret_residual);

#endif
