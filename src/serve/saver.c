/*
 * One job at a time: IDLE -> WORK (saver_start) -> IDLE (the thread). The snapshot belongs to
 * whoever the phase says; the result waits under the mutex until it is taken.
 */
#include "serve/saver.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <uv.h>

enum phase { PHASE_IDLE, PHASE_WORK, PHASE_END };

struct saver {
    struct store *store;
    void (*done)(void *arg);
    void *arg;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;

    enum phase phase;
    enum saver_job job;
    struct state snapshot;
    uint64_t position;

    struct saver_result result;
    int has_result;
};

/* ---- an image ---- */

struct canvas {
    char *bytes;
    uint64_t length;
    uint64_t capacity;
};

static enum lattn_status canvas_add(void *arg, const void *bytes, size_t length)
{
    struct canvas *canvas = arg;

    assert(length <= canvas->capacity - canvas->length);
    memcpy(canvas->bytes + canvas->length, bytes, length);
    canvas->length += length;
    return LATTN_OK;
}

static enum lattn_status image_make(const struct state *state, char **ret_image)
{
    struct canvas canvas = {.capacity = state_bytes(state)};
    enum lattn_status status;

    canvas.bytes = memory_raw(canvas.capacity, 1);
    if (canvas.bytes == NULL)
        return LATTN_NO_MEMORY;
    status = state_save(state, canvas_add, &canvas);
    assert(status == LATTN_OK && canvas.length == canvas.capacity); /* the canvas refuses nothing */
    *ret_image = canvas.bytes;
    return LATTN_OK;
}

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
        return image_make(&saver->snapshot, &result->image);
    }
    return LATTN_RANGE;
}

/* Do what was asked for; afterwards the snapshot is gone. */
static struct saver_result saver_work(struct saver *saver)
{
    struct saver_result result = {
        .job = saver->job,
        .position = saver->position,
        .pairs = lattn_learner_pairs(saver->snapshot.learner),
        .bytes = state_bytes(&saver->snapshot),
    };

    result.status = job_do(saver, &result);
    state_done(&saver->snapshot);
    result.end_ns = uv_hrtime();
    return result;
}

static void saver_finish(struct saver *saver, const struct saver_result *result)
{
    uv_mutex_lock(&saver->mutex);
    assert(!saver->has_result);
    saver->result = *result;
    saver->has_result = 1;
    saver->phase = PHASE_IDLE;
    uv_cond_broadcast(&saver->changed);
    uv_mutex_unlock(&saver->mutex);
    saver->done(saver->arg);
}

static enum phase await_work(struct saver *saver)
{
    enum phase phase;

    uv_mutex_lock(&saver->mutex);
    while (saver->phase == PHASE_IDLE)
        uv_cond_wait(&saver->changed, &saver->mutex);
    phase = saver->phase;
    uv_mutex_unlock(&saver->mutex);
    return phase;
}

static void saver_run(void *arg)
{
    struct saver *saver = arg;

    while (await_work(saver) == PHASE_WORK) {
        struct saver_result result = saver_work(saver);

        saver_finish(saver, &result);
    }
}

/* ---- opening and closing ---- */

static enum lattn_status thread_start(struct saver *saver)
{
    if (uv_mutex_init(&saver->mutex) != 0)
        return LATTN_NO_MEMORY;
    if (uv_cond_init(&saver->changed) != 0) {
        uv_mutex_destroy(&saver->mutex);
        return LATTN_NO_MEMORY;
    }
    if (uv_thread_create(&saver->thread, saver_run, saver) != 0) {
        uv_cond_destroy(&saver->changed);
        uv_mutex_destroy(&saver->mutex);
        return LATTN_NO_MEMORY;
    }
    return LATTN_OK;
}

enum lattn_status saver_open(struct saver **ret_saver, struct store *store, void (*done)(void *arg),
                             void *arg)
{
    struct saver *saver = memory_zeroed(1, sizeof *saver);
    enum lattn_status status;

    if (saver == NULL)
        return LATTN_NO_MEMORY;
    saver->store = store;
    saver->done = done;
    saver->arg = arg;
    status = thread_start(saver);
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
    saver_wait(old);
    uv_mutex_lock(&old->mutex);
    old->phase = PHASE_END;
    uv_cond_broadcast(&old->changed);
    uv_mutex_unlock(&old->mutex);
    uv_thread_join(&old->thread);
    uv_cond_destroy(&old->changed);
    uv_mutex_destroy(&old->mutex);
    memory_release(old->result.image);
    memory_release(old);
    *saver = NULL;
}

/* ---- the learner's side ---- */

void saver_start(struct saver *saver, enum saver_job job, struct state *snapshot, uint64_t position)
{
    assert(job == SAVER_IMAGE || saver->store != NULL);
    uv_mutex_lock(&saver->mutex);
    assert(saver->phase == PHASE_IDLE && !saver->has_result);
    saver->job = job;
    saver->snapshot = *snapshot;
    saver->position = position;
    saver->phase = PHASE_WORK;
    uv_cond_broadcast(&saver->changed);
    uv_mutex_unlock(&saver->mutex);
    *snapshot = (struct state){0};
}

int saver_is_idle(struct saver *saver)
{
    int idle;

    uv_mutex_lock(&saver->mutex);
    idle = saver->phase == PHASE_IDLE;
    uv_mutex_unlock(&saver->mutex);
    return idle;
}

void saver_wait(struct saver *saver)
{
    uv_mutex_lock(&saver->mutex);
    while (saver->phase == PHASE_WORK)
        uv_cond_wait(&saver->changed, &saver->mutex);
    uv_mutex_unlock(&saver->mutex);
}

enum lattn_status saver_result(struct saver *saver, struct saver_result *ret_result)
{
    enum lattn_status status = LATTN_MORE;

    uv_mutex_lock(&saver->mutex);
    if (saver->has_result) {
        *ret_result = saver->result;
        saver->result.image = NULL;
        saver->has_result = 0;
        status = LATTN_OK;
    }
    uv_mutex_unlock(&saver->mutex);
    return status;
}
