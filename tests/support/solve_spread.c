/* lattn-solve as it is, but that no sum is so small that one rank would do: for tests of pieces. */
#include "core/dense.h"
#include "solve/ranks.h"
#include "solve/run.h"

int main(int argc, char **argv)
{
    struct wish wish;
    int code = RUN_REFUSED;

    dense_threads_one();
    ranks_begin(&argc, &argv);
    if (wish_read(argc, argv, ranks_mine() != 0, &wish) == WISH_READ)
        code = run_solve(&wish, 0);
    ranks_end();
    return code;
}
