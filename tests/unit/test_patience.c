#include "serve/patience.h"

#include <criterion/criterion.h>

enum { LIMIT_MS = 30 };

static uv_loop_t loop;
static struct patience patience;
static int ends;
static uint64_t end_ms;

static void over(void *arg)
{
    (void)arg;
    ends++;
    end_ms = uv_now(&loop);
}

static void begin(void)
{
    cr_assert_eq(uv_loop_init(&loop), 0);
    patience_init(&patience, &loop, LIMIT_MS, over, NULL);
}

static void end(void)
{
    patience_close(&patience, NULL);
    cr_assert_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

/* Let time pass without letting the loop act on it. */
static void pass(uint64_t ms)
{
    uv_sleep((unsigned)ms);
    uv_update_time(&loop);
}

Test(patience, ends_once_after_its_time, .init = begin, .fini = end)
{
    uint64_t start_ms = uv_now(&loop);

    patience_start(&patience);
    patience_start(&patience);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(ends, 1);
    cr_assert_geq(end_ms - start_ms, LIMIT_MS);
    patience_start(&patience);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(ends, 1, "it begins anew only when renewed");
    patience_renew(&patience);
    patience_start(&patience);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(ends, 2);
}

Test(patience, does_not_count_while_stopped, .init = begin, .fini = end)
{
    uint64_t start_ms;

    patience_start(&patience);
    patience_stop(&patience);
    pass(2 * LIMIT_MS);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(ends, 0, "a stopped one keeps no loop alive and does not end");
    start_ms = uv_now(&loop);
    patience_start(&patience);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(ends, 1);
    cr_assert_geq(end_ms - start_ms, LIMIT_MS, "nor is the pause counted afterwards");
}

Test(patience, begins_at_zero_when_renewed, .init = begin, .fini = end)
{
    uint64_t start_ms;

    patience_start(&patience);
    pass(2 * LIMIT_MS);
    start_ms = uv_now(&loop);
    patience_renew(&patience);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(ends, 1);
    cr_assert_geq(end_ms - start_ms, LIMIT_MS, "the timer that fires too early is set again");
}
