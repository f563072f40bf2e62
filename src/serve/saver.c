/*
 * The worker's thread does the job; the result waits until it is taken. The snapshot outlives its
 * job, for the next one is copied faster into memory that has been touched.
 */
#include "serve/saver.h"

#include "base/memory.h"
#include "serve/worker.h"
#include "store/snapshot.h"

#include <assert.h>
#include <uv.h>

/*
 * All but the worker belongs to whom the worker says.
 *
 * snapshot  of the job under way; between two jobs what the next copy can use
 */
struct saver {
    struct store *store;
    struct worker *worker;
    enum saver_job job;
    struct state snapshot;
    uint64_t position;
    struct saver_result result;
    int has_result;
};

/* ---- the thread ---- */

static enum lattn_status job_do(struct saver *saver, struct saver_result *result)
{
    switch (saver->job) {
    case SAVER_CHECKPOINT:
        return store_checkpoint(saver->store, &saver->snapshot, saver->position,
                                &result->complaint);
    case SAVER_RENEW:
        return store_renew(saver->store, &saver->snapshot, 0, &result->complaint);
    case SAVER_IMAGE:
        return snapshot_make(&saver->snapshot, &result->image);
    }
    return LATTN_RANGE;
}

/* Do what was asked for; afterwards of the snapshot only its memory is left. */
static void saver_work(void *arg)
{
    struct saver *saver = arg;
    struct saver_result result = {
        .job = saver->job,
        .position = saver->position,
        .pairs = lattn_learner_pairs(saver->snapshot.learner),
        .bytes = state_bytes(&saver->snapshot),
    };

    result.status = job_do(saver, &result);
    state_strip(&saver->snapshot);
    result.end_ns = uv_hrtime();
    saver->result = result;
    saver->has_result = 1;
}

/* ---- opening and closing ---- */

enum lattn_status saver_open(struct saver **ret_saver, struct store *store, void (*done)(void *arg),
                             void *arg)
{
    struct saver *saver = memory_zeroed(1, sizeof *saver);
    const struct worker_settings settings = {saver_work, saver, done, arg};
    enum lattn_status status;

    if (saver == NULL)
        return LATTN_NO_MEMORY;
    saver->store = store;
    status = worker_open(&saver->worker, &settings);
    if (status != LATTN_OK) {
        memory_release(saver);
        return status;
    }
    *ret_saver = saver;
    return LATTN_OK;
}

void saver_close(struct saver **saver)
{
    struct saver *old = *saver;

    if (old == NULL)
        return;
    worker_close(&old->worker);
    state_done(&old->snapshot);
    memory_release(old->result.image);
    memory_release(old);
    *saver = NULL;
}

/* ---- the learner's side ---- */

enum lattn_status saver_start(struct saver *saver, enum saver_job job, const struct state *state,
                              uint64_t position)
{
    enum lattn_status status;

    assert(job == SAVER_IMAGE || saver->store != NULL);
    assert(worker_is_idle(saver->worker) && !saver->has_result);
    status = state_copy_over(state, &saver->snapshot);
    if (status != LATTN_OK)
        return status;
    saver->job = job;
    saver->position = position;
    worker_start(saver->worker);
    return LATTN_OK;
}

int saver_is_idle(struct saver *saver)
{
    return worker_is_idle(saver->worker);
}

void saver_wait(struct saver *saver)
{
    worker_wait(saver->worker);
}

enum lattn_status saver_result(struct saver *saver, struct saver_result *ret_result)
{
    if (!worker_is_idle(saver->worker) || !saver->has_result)
        return LATTN_MORE;
    *ret_result = saver->result;
    saver->result.image = NULL;
    saver->has_result = 0;
    return LATTN_OK;
}
