/*
 * lattn-solve: states of many shards into one model, by all ranks that mpirun started.
 */
#include "core/dense.h"
#include "solve/plan.h"
#include "solve/ranks.h"
#include "solve/run.h"

int main(int argc, char **argv)
{
    struct wish wish;
    int code = RUN_REFUSED;

    dense_threads_one();
    ranks_begin(&argc, &argv);
    switch (wish_read(argc, argv, ranks_mine() != 0, &wish)) {
    case WISH_READ:
        code = run_solve(&wish, PLAN_MERGED_MAX);
        break;
    case WISH_DONE:
        code = RUN_DONE;
        break;
    case WISH_MISUSED:
        break;
    }
    ranks_end();
    return code;
}
