#include "serve/judge.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/worker.h"
#include "store/snapshot.h"

#include <assert.h>
#include <math.h>

/* All but the worker belongs to whom the worker says. */
struct judge {
    struct judge_settings settings;
    struct worker *worker;
    struct drop *drop;
    int is_look;
    struct drop_find find; /* what is read, handed in or found */
    struct judge_result result;
    int has_result;
};

/* ---- the thread ---- */

/* Settings of a worker that are not part of what it learned are ours, but for its precision. */
static enum lattn_status state_adjust(const struct judge *judge, struct state *state)
{
    struct lattn_learner_settings settings = judge->settings.learner;

    settings.precision =
        fmax(settings.precision, lattn_learner_settings_get(state->learner).precision);
    return lattn_learner_adjust(state->learner, &settings);
}

static enum lattn_status bytes_judge(const struct judge *judge, struct judge_result *result)
{
    const struct lattn_text *bytes = &judge->find.bytes;
    struct lattn_complaint why = {""};
    enum lattn_status status = snapshot_read(bytes->data, bytes->length, &result->state, &why);

    if (status == LATTN_OK)
        status = state_adjust(judge, &result->state);
    if (status != LATTN_OK) {
        state_done(&result->state);
        return complain(&result->complaint, status, "%s",
                        why.text[0] == '\0' ? lattn_status_text(status) : why.text);
    }
    result->has_state = 1;
    return LATTN_OK;
}

static void judge_work(void *arg)
{
    struct judge *judge = arg;
    struct judge_result result = {.status = LATTN_OK};

    if (judge->is_look)
        result.status = drop_look(judge->drop, &judge->find, &result.complaint);
    result.shard = judge->find.shard;
    result.age_ns = judge->find.age_ns;
    if (result.status == LATTN_OK && judge->find.is_other)
        result.status = bytes_judge(judge, &result);
    lattn_text_done(&judge->find.bytes);
    judge->result = result;
    judge->has_result = 1;
}

/* ---- opening and closing ---- */

enum lattn_status judge_open(struct judge **ret_judge, const struct judge_settings *settings)
{
    struct judge *judge = memory_zeroed(1, sizeof *judge);
    const struct worker_settings worker = {judge_work, judge, settings->done, settings->arg};
    enum lattn_status status = LATTN_OK;

    if (judge == NULL)
        return LATTN_NO_MEMORY;
    judge->settings = *settings;
    if (settings->directory != NULL)
        status = drop_open(&judge->drop, settings->directory, settings->shards,
                           settings->learner.memory_max);
    if (status == LATTN_OK)
        status = worker_open(&judge->worker, &worker);
    if (status != LATTN_OK) {
        drop_close(&judge->drop);
        memory_release(judge);
        return status;
    }
    *ret_judge = judge;
    return LATTN_OK;
}

void judge_close(struct judge **judge)
{
    struct judge *old = *judge;

    if (old == NULL)
        return;
    worker_close(&old->worker);
    drop_close(&old->drop);
    lattn_text_done(&old->find.bytes);
    state_done(&old->result.state);
    memory_release(old);
    *judge = NULL;
}

/* ---- the learner's side ---- */

int judge_is_idle(struct judge *judge)
{
    return worker_is_idle(judge->worker) && !judge->has_result;
}

void judge_read(struct judge *judge, uint64_t shard, struct lattn_text *bytes)
{
    assert(judge_is_idle(judge) && bytes->length > 0);
    judge->is_look = 0;
    judge->find = (struct drop_find){.shard = shard, .is_other = 1, .bytes = *bytes};
    lattn_text_init(bytes);
    worker_start(judge->worker);
}

void judge_look(struct judge *judge)
{
    assert(judge_is_idle(judge) && judge->drop != NULL);
    judge->is_look = 1;
    worker_start(judge->worker);
}

void judge_refuse(struct judge *judge, uint64_t shard)
{
    assert(judge_is_idle(judge));
    drop_refuse(judge->drop, shard);
}

enum lattn_status judge_result(struct judge *judge, struct judge_result *ret_result)
{
    if (!worker_is_idle(judge->worker) || !judge->has_result)
        return LATTN_MORE;
    *ret_result = judge->result;
    judge->result = (struct judge_result){.status = LATTN_OK};
    judge->has_result = 0;
    return LATTN_OK;
}
