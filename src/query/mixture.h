#ifndef QUERY_MIXTURE_H
#define QUERY_MIXTURE_H

#include "query/conditions.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * The weights of several tokens in one answer of m numbers. With the value matrix V of rank k
 * known,
 *
 *     y = V t b + sum_i alpha_i V u_i,    logit_i = log(alpha_i / alpha_0),  alpha_0 = 1 - sum
 * alpha_i
 *
 * has up to k weights in it: the tokens are u_i + t b, and t b itself with weight alpha_0.
 *
 * The rows u_i lean into the weak directions of V. In its singular vectors, V = A S B',
 *
 *     u_i = sum_j q_ij g_j^(1/2) b_j,    i < k,   g_j = s_j^-power,
 *
 * with q the cosine transform, so that all have about the same length: the error of an answer,
 * divided by s_j g_j, is about the same in all directions instead of large where s_j is small. The
 * other d - k rows are such a row, shortened, plus a vector that V does not see (frame_anchor is
 * the case k = 1).
 */

/*
 * rank        k of V
 * width       rows u of one question: k, or what length leaves
 * directions  d x d: rows u of length one at most
 * tokens      d x d: the same as they are asked
 * images      d x m: V u_i
 * inverse     d x m: alpha_i = inverse_i . (y - V t b)
 */
struct mixture {
    int32_t d;
    int32_t m;
    const struct conditions *conditions;
    const double *V;
    const double *V_error;
    int32_t rank;
    int32_t width;
    double *range; /* rank x m: an orthonormal basis of the range of V */
    double *directions;
    double *tokens;
    double *images;
    double *inverse;
};

/*
 * What one answer says.
 *
 * least     of the weights, alpha_0 among them
 * blur      the largest standard deviation of a weight
 * largest   of the magnitudes of the logits; infinite where a weight is not positive
 * stray     what of the answer V cannot give, in standard deviations
 */
struct mixture_reading {
    double least;
    double blur;
    double largest;
    double stray;
};

/*
 * conditions, V, V_error  borrowed until mixture_done; V is m x d and not zero
 * power                   how much rows lean into weak directions: 0 to 1
 *
 * Singular values below 10^-6 of the largest, or that errors of V explain, count as none.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE; mixture_done is due in all cases.
 */
enum lattn_status mixture_init(struct mixture *mixture, int32_t d, int32_t m,
                               const struct conditions *conditions, const double *V,
                               const double *V_error, double power);
void mixture_done(struct mixture *mixture);

/*
 * Make tokens of the directions, `reach` long at most and rounded to float32, and what reads their
 * weights: rows first .. first + width - 1 are asked together, for first = 0, width, 2 width, ...
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status mixture_stretch(struct mixture *mixture, double reach);

/*
 * Read the answer to rows first .. first + count - 1 and a last token z = t b.
 *
 * z           in   d
 * y           in   m
 * ret_logits  out  count; 0 where a weight is not positive
 * ret_errors  out  count: their standard deviations
 */
void mixture_read(const struct mixture *mixture, int32_t first, int32_t count, const double *z,
                  const double *y, double *ret_logits, double *ret_errors,
                  struct mixture_reading *ret_reading);

/* No softmax has such weights, whatever noise and rounding did. */
int mixture_is_possible(const struct mixture_reading *reading);
/* A weight is so small that its logit has lost a digit, or is none. */
int mixture_is_saturated(const struct mixture_reading *reading);
/* The weights tell the size of the logits, if no more. */
int mixture_is_rough(const struct mixture_reading *reading);

#endif
