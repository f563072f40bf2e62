/*
 * The phase alone is shared. Whoever sees it change under the lock sees what was written before.
 */
#include "serve/worker.h"

#include "base/memory.h"

#include <assert.h>
#include <uv.h>

enum phase { PHASE_IDLE, PHASE_WORK, PHASE_END };

struct worker {
    struct worker_settings settings;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;
    enum phase phase;
};

/* ---- the phase ---- */

static void phase_set(struct worker *worker, enum phase from, enum phase to)
{
    uv_mutex_lock(&worker->mutex);
    assert(worker->phase == from);
    worker->phase = to;
    uv_cond_broadcast(&worker->changed);
    uv_mutex_unlock(&worker->mutex);
}

/* Wait until it is another one, and return that. */
static enum phase phase_outlast(struct worker *worker, enum phase old)
{
    enum phase phase;

    uv_mutex_lock(&worker->mutex);
    while (worker->phase == old)
        uv_cond_wait(&worker->changed, &worker->mutex);
    phase = worker->phase;
    uv_mutex_unlock(&worker->mutex);
    return phase;
}

static void worker_run(void *arg)
{
    struct worker *worker = arg;

    while (phase_outlast(worker, PHASE_IDLE) == PHASE_WORK) {
        worker->settings.work(worker->settings.work_arg);
        phase_set(worker, PHASE_WORK, PHASE_IDLE);
        worker->settings.done(worker->settings.done_arg);
    }
}

/* ---- opening and closing ---- */

static enum lattn_status thread_start(struct worker *worker)
{
    if (uv_mutex_init(&worker->mutex) != 0)
        return LATTN_NO_MEMORY;
    if (uv_cond_init(&worker->changed) != 0) {
        uv_mutex_destroy(&worker->mutex);
        return LATTN_NO_MEMORY;
    }
    if (uv_thread_create(&worker->thread, worker_run, worker) != 0) {
        uv_cond_destroy(&worker->changed);
        uv_mutex_destroy(&worker->mutex);
        return LATTN_NO_MEMORY;
    }
    return LATTN_OK;
}

enum lattn_status worker_open(struct worker **ret_worker, const struct worker_settings *settings)
{
    struct worker *worker = memory_zeroed(1, sizeof *worker);
    enum lattn_status status;

    if (worker == NULL)
        return LATTN_NO_MEMORY;
    worker->settings = *settings;
    status = thread_start(worker);
    if (status != LATTN_OK) {
        memory_release(worker);
        return status;
    }
    *ret_worker = worker;
    return LATTN_OK;
}

void worker_close(struct worker **worker)
{
    struct worker *old = *worker;

    if (old == NULL)
        return;
    worker_wait(old);
    phase_set(old, PHASE_IDLE, PHASE_END);
    uv_thread_join(&old->thread);
    uv_cond_destroy(&old->changed);
    uv_mutex_destroy(&old->mutex);
    memory_release(old);
    *worker = NULL;
}

/* ---- the owner's side ---- */

void worker_start(struct worker *worker)
{
    phase_set(worker, PHASE_IDLE, PHASE_WORK);
}

int worker_is_idle(struct worker *worker)
{
    int is_idle;

    uv_mutex_lock(&worker->mutex);
    is_idle = worker->phase == PHASE_IDLE;
    uv_mutex_unlock(&worker->mutex);
    return is_idle;
}

void worker_wait(struct worker *worker)
{
    (void)phase_outlast(worker, PHASE_WORK); /* it is idle then: only worker_close ends it */
}
