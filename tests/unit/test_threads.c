#include "serve/threads.h"

#include <criterion/criterion.h>
#include <sched.h>

static struct lattn_learner *learner_new(void)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    return learner;
}

Test(threads, leave_half_of_the_cores_to_others)
{
    cr_assert_eq(threads_for(1), 1);
    cr_assert_eq(threads_for(2), 1);
    cr_assert_eq(threads_for(3), 1);
    cr_assert_eq(threads_for(4), 2);
    cr_assert_eq(threads_for(8), 4);
    cr_assert_eq(threads_for(256), 4);
}

Test(threads, are_as_many_as_somebody_wants)
{
    struct lattn_learner *learner = learner_new();

    threads_start(learner, 3);
    cr_assert_eq(lattn_learner_threads_get(learner), 3);
    lattn_learner_close(&learner);
}

/* A process that may run on one core of many has one. */
Test(threads, go_by_the_cores_that_they_may_run_on)
{
    struct lattn_learner *learner = learner_new();
    cpu_set_t all, one;
    size_t core = 0;

    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    while (!CPU_ISSET(core, &all))
        core++;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    cr_assert_eq(threads_wanted(0), 1);
    cr_assert_eq(threads_wanted(3), 3);
    threads_start(learner, 0);
    cr_assert_eq(lattn_learner_threads_get(learner), 1);
    cr_assert_eq(sched_setaffinity(0, sizeof all, &all), 0);
    threads_start(learner, 0);
    cr_assert_eq(lattn_learner_threads_get(learner), threads_for(CPU_COUNT(&all)));
    lattn_learner_close(&learner);
}
