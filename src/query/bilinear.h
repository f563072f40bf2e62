#ifndef QUERY_BILINEAR_H
#define QUERY_BILINEAR_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The two-token question. To the sequence [u + t b ; t b] one softmax head with value v answers
 *
 *     y = t b.v + alpha u.v,    logit(alpha) = t u'W b
 *
 * so that with v known each answer is one entry u'W b of the bilinear form W. u is as large as
 * tokens may be and t b small: the noise of an answer is divided by |u|, and what t b does to its
 * own score cancels.
 *
 *     value_learn -> bilinear_init -> bilinear_scale -> bilinear_stretch -> bilinear_ask
 */

/*
 * An entry of the form.
 *
 * u      a row that bilinear_stretch made, u.v away from 0 (frame_anchor, frame_lean); borrowed
 * b      length one at most, rounded to float32 (frame_round); borrowed
 * value  out: u'W b, of these very rows
 * error  out: one standard deviation of what noise and rounding do to it
 */
struct bilinear_form {
    const double *u;
    const double *b;
    double value;
    double error;
};

/*
 * v, v_error  d, of value_learn; borrowed until bilinear_done
 * reach       length of the rows u
 * step        t, a power of two, with which each entry is asked first
 */
struct bilinear {
    struct oracle *oracle;
    const struct conditions *conditions;
    const double *v;
    const double *v_error;
    double reach;
    double step;
    double *x;       /* questions of one call */
    double *y;       /* their answers */
    double *steps;   /* t of each */
    size_t *pending; /* which of the forms they ask */
};

/* oracle has m = 1. Returns LATTN_OK or LATTN_NO_MEMORY; bilinear_done is due in both cases. */
enum lattn_status bilinear_init(struct bilinear *bilinear, struct oracle *oracle,
                                const struct conditions *conditions, const double *v,
                                const double *v_error);
void bilinear_done(struct bilinear *bilinear);

/*
 * Choose step and reach, so that most entries with |b| = 1 have logits near 1. Where
 * conditions->scale is told it asks nothing and the logit of a unit vector e_j is 3 at most;
 * otherwise 6 trials at random, 6 more each time their scale is far off.
 *
 * Returns LATTN_OK; LATTN_NO_CONVERGENCE as bilinear_ask; or what oracle_ask returned.
 */
enum lattn_status bilinear_scale(struct bilinear *bilinear, struct random *random);

/*
 * Make rows of length one as long as tokens may be, and round them to float32.
 *
 * rows  in/out  count x d
 */
void bilinear_stretch(const struct bilinear *bilinear, int32_t count, double *rows);

/*
 * Ask entries, each in one question of this purpose. Those whose alpha comes out near 0 or 1 are
 * asked again with a smaller t, as trials.
 *
 * Returns LATTN_OK; LATTN_NO_CONVERGENCE where an alpha is none that one softmax head can have
 * (the oracle's complaint says so); or what oracle_ask returned. Allocates nothing itself.
 */
enum lattn_status bilinear_ask(struct bilinear *bilinear, enum oracle_purpose purpose, size_t count,
                               struct bilinear_form *forms);

#endif
