#include "serve/adder.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/learner.h"
#include "serve/worker.h"

#include <assert.h>
#include <inttypes.h>

/*
 * terms  of shard 0, 1 ...; NULL where none is held. They are taken and let go on the learner
 *        thread, and only read on the other
 */
struct adder {
    struct worker *worker;
    uint64_t shards;
    struct holding **terms;
    int is_complete;
    enum lattn_status status;
    struct lattn_complaint complaint;
    struct state sum;
    int has_result;
};

/* ---- the thread ---- */

static enum lattn_status term_add(struct adder *adder, uint64_t shard)
{
    const struct state *term = &adder->terms[shard]->state;
    struct lattn_complaint why = {""};
    enum lattn_status status;

    if (adder->sum.learner == NULL)
        return state_copy(term, &adder->sum);
    status = state_merge(&adder->sum, term, &why);
    if (status != LATTN_OK)
        return complain(&adder->complaint, status, "shard %" PRIu64 ": %.200s", shard,
                        why.text[0] == '\0' ? lattn_status_text(status) : why.text);
    return LATTN_OK;
}

static void adder_work(void *arg)
{
    struct adder *adder = arg;
    enum lattn_status status = LATTN_OK;

    adder->complaint.text[0] = '\0';
    for (uint64_t i = 0; status == LATTN_OK && i < adder->shards; i++)
        if (adder->terms[i] != NULL)
            status = term_add(adder, i);
    if (status != LATTN_OK) {
        state_done(&adder->sum);
    } else {
        adder->sum.origin = (struct origin){0};
        adder->sum.learner->is_withheld = !adder->is_complete;
    }
    adder->status = status;
    adder->has_result = 1;
}

/* ---- opening and closing ---- */

enum lattn_status adder_open(struct adder **ret_adder, uint64_t shards, void (*done)(void *arg),
                             void *arg)
{
    struct adder *adder = memory_zeroed(1, sizeof *adder);
    const struct worker_settings worker = {adder_work, adder, done, arg};
    enum lattn_status status = LATTN_NO_MEMORY;

    if (adder == NULL)
        return status;
    adder->shards = shards;
    adder->terms = memory_zeroed(shards, sizeof *adder->terms);
    if (adder->terms != NULL)
        status = worker_open(&adder->worker, &worker);
    if (status != LATTN_OK) {
        memory_release(adder->terms);
        memory_release(adder);
        return status;
    }
    *ret_adder = adder;
    return LATTN_OK;
}

static void terms_release(struct adder *adder)
{
    for (uint64_t i = 0; i < adder->shards; i++)
        holding_release(&adder->terms[i]);
}

void adder_close(struct adder **adder)
{
    struct adder *old = *adder;

    if (old == NULL)
        return;
    worker_close(&old->worker);
    terms_release(old);
    state_done(&old->sum);
    memory_release(old->terms);
    memory_release(old);
    *adder = NULL;
}

/* ---- the learner's side ---- */

int adder_is_idle(struct adder *adder)
{
    return worker_is_idle(adder->worker) && !adder->has_result;
}

void adder_start(struct adder *adder, const struct shards *shards)
{
    assert(adder_is_idle(adder));
    for (uint64_t i = 0; i < adder->shards; i++) {
        struct holding *holding = shards_holding(shards, i);

        adder->terms[i] = holding == NULL ? NULL : holding_hold(holding);
    }
    adder->is_complete = shards_are_complete(shards);
    worker_start(adder->worker);
}

enum lattn_status adder_result(struct adder *adder, enum lattn_status *ret_status,
                               struct state *ret_state, struct lattn_complaint *complaint)
{
    if (!worker_is_idle(adder->worker) || !adder->has_result)
        return LATTN_MORE;
    terms_release(adder);
    *ret_status = adder->status;
    *ret_state = adder->sum;
    *complaint = adder->complaint;
    adder->sum = (struct state){0};
    adder->has_result = 0;
    return LATTN_OK;
}
