/*
 * How many threads learn. It is no part of the state: what is learned is the same to the bit.
 */
#include "serve/threads.h"

#include "serve/log.h"

#include <sched.h>

enum { SHARE = 2, THREADS_ENOUGH = 4 };

/* Those this process may run on: a service or a container may have been given a few of them. */
static int32_t cores_count(void)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

int32_t threads_for(int32_t cores)
{
    int32_t threads = cores / SHARE;

    return threads < 1 ? 1 : threads > THREADS_ENOUGH ? THREADS_ENOUGH : threads;
}

int32_t threads_wanted(int32_t threads)
{
    return threads > 0 ? threads : threads_for(cores_count());
}

void threads_start(struct lattn_learner *learner, int32_t threads)
{
    int32_t wanted = threads_wanted(threads);
    enum lattn_status status = lattn_learner_threads_set(learner, wanted);
    int32_t there = lattn_learner_threads_get(learner);

    if (status != LATTN_OK || there < wanted)
        log_event(LOG_LEVEL_WARN, "fewer threads learn than should",
                  LOG_FIELDS(log_count("threads", there), log_count("wanted", wanted)));
}
