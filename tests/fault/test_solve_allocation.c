/*
 * Every allocation of a solve fails once, and from then on: it ends as a machine does that does not
 * suffice, with one line, and leaves no model.
 */
#include "solve/run.h"

#include "base/memory.h"
#include "core/dense.h"
#include "support/corpus.h"
#include "support/leaks.h"
#include "support/solve_shards.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <unistd.h>

enum { D = 3, PAIRS = 80, IN_PIECES = 0, MERGED = 1200 };

static void streams_take(void)
{
    dense_threads_one();
    cr_redirect_stdout();
    cr_redirect_stderr();
}

TestSuite(solve_allocation, .init = streams_take);

/* Let allocation k fail; returns 0 when a solve needs fewer. */
static int solve_try(const struct wish *wish, int32_t merged_max, uint64_t k, int from_then_on)
{
    enum run_exit code;
    int failed, is_there;

    memory_fail(k, from_then_on);
    code = run_solve(wish, merged_max);
    failed = memory_failed();
    memory_fail(0, 0);
    is_there = access(wish->model_path, F_OK) == 0;
    cr_expect_eq(is_there, code == RUN_DONE, "allocation %d", (int)k);
    if (failed)
        cr_expect_eq(code, RUN_REFUSED, "allocation %d ends with %d", (int)k, (int)code);
    else
        cr_expect_eq(code, RUN_DONE);
    if (is_there)
        cr_assert_eq(unlink(wish->model_path), 0);
    return failed;
}

static void solve_all(int is_turned, int32_t merged_max)
{
    struct solve_shards files;
    struct wish wish = {.outcome = {LATTN_HEADS_FEWEST, 0}, .is_json = 1};

    solve_shards_make(&files, D, PAIRS, is_turned);
    wish.shards = solve_shards_wish(&files);
    wish.model_path = folder_file(&files.folder, "model.json");
    for (int from_then_on = 0; from_then_on <= 1; from_then_on++)
        for (uint64_t k = 1; solve_try(&wish, merged_max, k, from_then_on);)
            k++;
    solve_shards_done(&files);
    cr_expect_eq(leaks(), 0);
}

Test(solve_allocation, each_failure_of_a_sum_in_pieces_refuses, .timeout = 600)
{
    solve_all(1, IN_PIECES);
}

Test(solve_allocation, each_failure_of_a_merged_sum_refuses, .timeout = 600)
{
    solve_all(0, MERGED);
}
