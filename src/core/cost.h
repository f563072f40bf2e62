#ifndef CORE_COST_H
#define CORE_COST_H

#include <lattn/learner.h>

#include <stddef.h>
#include <stdint.h>

/*
 * What a learner of these sizes takes with tokens that have no zeros, from the sizes alone. With
 * LATTN_ENGINE_GRAM the state is that in information form, q = d (d + 1) / 2.
 *
 * features         p = q d
 * learner_bytes    the learner itself, without any array
 * tables_bytes     places and scales of all p features, whether they occur or not
 * factor_bytes     what holds all p: R, C, weights and waiting rows of one component, or M in the
 *                  place of R
 * state_bytes      the three together: what lattn_learner_memory says once every feature occurred
 *                  in one row, and with gram R has gone over; features that come row by row may
 *                  leave room of another quarter
 * first_bytes      the same with what it begins with: gram keeps R until that has full rank, except
 *                  where R would have too many columns
 * most_bytes       the same in the larger form: gram goes back to R where features come later
 * limited_bytes    of first_bytes and state_bytes the larger, as far as memory_max limits it
 * turning_bytes    beside first_bytes while gram goes over: M, and two arrays to derive R from it
 * shown_bytes      R and C that are derived while somebody looks: always with gram, and with rls
 *                  where the past fades
 * judging_bytes    scratch of one evaluation while the rank is deficient: two p x p arrays
 * token_flops      to form the features, for each token of a sequence
 * update_flops     to learn one label row: 2 p^2 + 4 p m, or q^2 (q + 1) + 2 q^2 + 4 p m; labels at
 *                  every position of a sequence without a mask are one row with gram
 * settled_flops    one evaluation at full rank: some 80 p^2 for the ends of the spectrum and
 *                  2 p^2 m for weights; with gram R is derived first, p^3 / 3 + p^2 q
 * judging_flops    one evaluation while the rank is deficient, 4/3 p^3: a pivoted QR of R
 */
struct cost {
    int64_t features;
    size_t learner_bytes;
    size_t tables_bytes;
    size_t factor_bytes;
    size_t state_bytes;
    size_t first_bytes;
    size_t most_bytes;
    size_t limited_bytes;
    size_t turning_bytes;
    size_t shown_bytes;
    size_t judging_bytes;
    double token_flops;
    double update_flops;
    double settled_flops;
    double judging_flops;
};

/*
 * How limited_bytes grows, in words; static. Where both forms are held one after the other it is
 * that of R, the larger one.
 */
const char *cost_formula(int32_t d, enum lattn_engine engine);

/* d with the bias, 1 <= d <= LATTN_DIM_MAX; 1 <= m <= LATTN_OUTPUTS_MAX. Allocates nothing. */
struct cost cost_of(int32_t d, int32_t m, enum lattn_engine engine);

#endif
