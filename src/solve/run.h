#ifndef SOLVE_RUN_H
#define SOLVE_RUN_H

#include "solve/wish.h"

#include <stdint.h>

/* How lattn-solve ends, the same on all ranks. Where it is not RUN_DONE no model was made. */
enum run_exit {
    RUN_DONE = 0,
    RUN_REFUSED = 1, /* misused; or the machine does not suffice */
    RUN_OPEN = 2,    /* the data does not determine the function */
    RUN_SHARDS = 3   /* a state is missing, damaged, there twice, or of another stream */
};

/*
 * Do what is asked for; rank 0 speaks. Called by all ranks together.
 *
 * merged_max  in  PLAN_MERGED_MAX, or what a test says
 */
enum run_exit run_solve(const struct wish *wish, int32_t merged_max);

#endif
