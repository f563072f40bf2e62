#include "serve/worker.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <uv.h>

enum { JOBS = 100 };

/*
 * Owner of a worker: the job is to square a number. No lock guards these, so under the thread
 * sanitizer this tests that none is needed.
 */
struct squares {
    struct worker *worker;
    int number;
    int square;
    int jobs;
    int is_held; /* each job waits for `may` first */
    uv_sem_t may;
    uv_sem_t done;
};

static void square(void *arg)
{
    struct squares *squares = arg;

    if (squares->is_held)
        uv_sem_wait(&squares->may);
    squares->square = squares->number * squares->number;
    squares->jobs++;
}

static void post(void *arg)
{
    uv_sem_post(arg);
}

static void squares_open(struct squares *squares)
{
    const struct worker_settings settings = {square, squares, post, &squares->done};

    *squares = (struct squares){.jobs = 0};
    cr_assert_eq(uv_sem_init(&squares->may, 0), 0);
    cr_assert_eq(uv_sem_init(&squares->done, 0), 0);
    cr_assert_eq(worker_open(&squares->worker, &settings), LATTN_OK);
}

static void squares_close(struct squares *squares)
{
    worker_close(&squares->worker);
    cr_assert_null(squares->worker);
    uv_sem_destroy(&squares->may);
    uv_sem_destroy(&squares->done);
}

Test(worker, does_one_job_after_the_other)
{
    struct squares squares;

    squares_open(&squares);
    cr_assert(worker_is_idle(squares.worker));
    worker_wait(squares.worker);
    for (int i = 0; i < JOBS; i++) {
        squares.number = i;
        worker_start(squares.worker);
        worker_wait(squares.worker);
        cr_assert(worker_is_idle(squares.worker));
        cr_assert_eq(squares.square, i * i);
    }
    cr_expect_eq(squares.jobs, JOBS);
    squares_close(&squares);
}

Test(worker, says_when_it_is_done)
{
    struct squares squares;

    squares_open(&squares);
    squares.number = 7;
    worker_start(squares.worker);
    uv_sem_wait(&squares.done);
    cr_assert(worker_is_idle(squares.worker), "before it says so");
    cr_expect_eq(squares.square, 49);
    cr_expect_neq(uv_sem_trywait(&squares.done), 0, "once");
    squares_close(&squares);
}

Test(worker, is_not_idle_while_at_work)
{
    struct squares squares;

    squares_open(&squares);
    squares.is_held = 1;
    worker_start(squares.worker);
    cr_expect_not(worker_is_idle(squares.worker));
    uv_sem_post(&squares.may);
    worker_wait(squares.worker);
    cr_expect_eq(squares.jobs, 1);
    squares_close(&squares);
}

Test(worker, finishes_what_is_under_way_when_it_is_closed)
{
    struct squares squares;

    squares_open(&squares);
    squares.is_held = 1;
    worker_start(squares.worker);
    uv_sem_post(&squares.may);
    worker_close(&squares.worker);
    cr_expect_eq(squares.jobs, 1);
    cr_expect_eq(uv_sem_trywait(&squares.done), 0, "and has said so");
    squares_close(&squares);
}

Test(worker, opens_or_refuses_without_memory)
{
    const struct worker_settings settings = {square, NULL, post, NULL};
    struct worker *worker = NULL;

    memory_fail(1, 0);
    cr_expect_eq(worker_open(&worker, &settings), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_expect_null(worker);
    worker_close(&worker);
}
