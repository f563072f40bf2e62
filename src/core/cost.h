#ifndef CORE_COST_H
#define CORE_COST_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a learner of these sizes takes, from the sizes alone.
 *
 * features         p = d^2 (d+1) / 2
 * learner_bytes    the learner itself, without any array
 * tables_bytes     places and scales of all p features, whether they occur or not
 * factor_bytes     R, C, weights and waiting rows of one component that holds all p
 * state_bytes      the three together: what lattn_learner_memory says once every feature occurred
 *                  in one row; features that come row by row may leave room of another quarter
 * limited_bytes    the part that memory_max limits
 * judging_bytes    scratch of one evaluation while the rank is deficient: two p x p arrays
 * token_flops      to form the features, for each token of a sequence
 * update_flops     to learn one label row, 2 p^2 + 4 p m
 * judging_flops    one evaluation while the rank is deficient, 4/3 p^3: a pivoted QR of R
 */
struct cost {
    int64_t features;
    size_t learner_bytes;
    size_t tables_bytes;
    size_t factor_bytes;
    size_t state_bytes;
    size_t limited_bytes;
    size_t judging_bytes;
    double token_flops;
    double update_flops;
    double judging_flops;
};

/* d with the bias, 1 <= d <= LATTN_DIM_MAX; 1 <= m <= LATTN_OUTPUTS_MAX. Allocates nothing. */
struct cost cost_of(int32_t d, int32_t m);

#endif
