/*
 * The disk fails in two ways. It is full: an append was refused and left nothing behind, so the
 * next one may work. Or it fails: nobody knows what is there, so all of it is written anew before
 * anything else is. Either way the daemon lives on, refuses what it cannot keep and says so.
 */
#include "serve/keeper.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/bounds.h"
#include "serve/log.h"
#include "serve/wish.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define NEVER UINT64_MAX

/* A full disk is tried again after this: what waits to be sent again waits no longer than that. */
#define SPACE_RETRY_NS UINT64_C(1000000000)

/* A failing disk is written anew after this: it takes a copy of all that was learned. */
#define RENEW_RETRY_NS UINT64_C(5000000000)

/* A checkpoint that failed is tried again after this: the journal holds everything meanwhile. */
#define CHECKPOINT_RETRY_NS UINT64_C(10000000000)

enum { ERRANDS_COUNT = 2 };

/* What can be asked for, and what became of the last that ended: its image is not there. */
struct errand {
    struct wish wish;
    struct saver_result result;
};

/*
 * Why nothing can be kept at the moment.
 *
 * status    LATTN_OK: all is well
 * is_grave  the store has to be written anew
 * retry_ns  not tried before this
 */
struct outage {
    enum lattn_status status;
    int is_grave;
    uint64_t retry_ns;
    struct lattn_complaint complaint;
};

/*
 * position            of the last record
 * checkpoint          the newest; its bytes are 0 where another process made it
 * checkpoint_pairs    of it, or LATTN_NEVER
 * begin_ns            of the job under way
 * failure             of the last checkpoint; LATTN_OK: it is whole
 * tally               but for is_changed and refuses_until_ns
 */
struct keeper {
    struct keeper_settings settings;
    struct saver *saver;
    struct errand errands[ERRANDS_COUNT];
    struct outage outage;

    uint64_t position;
    uint64_t checkpoint;
    uint64_t checkpoint_bytes;
    int64_t checkpoint_pairs;
    uint64_t begin_ns;
    struct outage failure;
    struct keeper_tally tally;

    struct lattn_image image;
    char *image_bytes;
    uint64_t images_made;
};

/* ---- opening and closing ---- */

static void checkpoint_find(struct keeper *keeper, const struct state *state)
{
    uint64_t positions[2] = {0, 0};

    keeper->position = store_position(keeper->settings.store);
    if (store_checkpoints(keeper->settings.store, positions) > 0)
        keeper->checkpoint = positions[0];
    if (keeper->checkpoint == keeper->position)
        keeper->checkpoint_pairs = (int64_t)lattn_learner_pairs(state->learner);
    else
        keeper->tally.changed_ns = uv_hrtime();
}

enum lattn_status keeper_open(struct keeper **ret_keeper, const struct keeper_settings *settings,
                              const struct state *state)
{
    struct keeper *keeper = memory_zeroed(1, sizeof *keeper);
    enum lattn_status status;

    assert(settings->part_bytes_max > 0);
    if (keeper == NULL)
        return LATTN_NO_MEMORY;
    keeper->settings = *settings;
    keeper->checkpoint_pairs = LATTN_NEVER;
    if (settings->store != NULL)
        checkpoint_find(keeper, state);
    status = saver_open(&keeper->saver, settings->store, settings->done, settings->arg);
    if (status != LATTN_OK) {
        memory_release(keeper);
        return status;
    }
    *ret_keeper = keeper;
    return LATTN_OK;
}

void keeper_close(struct keeper **keeper)
{
    struct keeper *old = *keeper;

    if (old == NULL)
        return;
    saver_close(&old->saver);
    memory_release(old->image_bytes);
    memory_release(old);
    *keeper = NULL;
}

/* ---- the journal ---- */

/* In the words of the store, or in ours where it has none. */
static void outage_explain(const struct keeper *keeper, struct outage *outage,
                           enum lattn_status status, const struct lattn_complaint *why)
{
    outage->status = status;
    if (why->text[0] != '\0')
        outage->complaint = *why;
    else
        (void)complain(&outage->complaint, status, "state %.120s: %s", keeper->settings.directory,
                       lattn_status_text(status));
}

static void outage_enter(struct keeper *keeper, enum lattn_status status, int is_grave,
                         const struct lattn_complaint *why)
{
    struct outage *outage = &keeper->outage;
    uint64_t pause_ns = is_grave ? RENEW_RETRY_NS : SPACE_RETRY_NS;
    int is_new = outage->status == LATTN_OK || (is_grave && !outage->is_grave);

    outage_explain(keeper, outage, status, why);
    outage->is_grave = is_grave;
    outage->retry_ns = uv_hrtime() + pause_ns;
    if (is_new)
        log_event(LOG_LEVEL_ERROR, "nothing can be kept: what comes is refused",
                  LOG_FIELDS(log_text("error", outage->complaint.text)));
}

static void outage_leave(struct keeper *keeper)
{
    if (keeper->outage.status == LATTN_OK)
        return;
    keeper->outage = (struct outage){.status = LATTN_OK};
    keeper->failure.retry_ns = 0; /* there is room for a checkpoint, and the journal takes it */
    log_event(LOG_LEVEL_INFO, "what comes is kept again",
              LOG_FIELDS(log_text("state", keeper->settings.directory)));
}

static enum lattn_status commit_try(struct keeper *keeper, const struct record *record,
                                    struct lattn_complaint *complaint)
{
    const struct outage *outage = &keeper->outage;
    struct lattn_complaint why = {""};
    enum lattn_status status;

    if (outage->status != LATTN_OK && (outage->is_grave || uv_hrtime() < outage->retry_ns))
        return complain(complaint, outage->status, "%s", outage->complaint.text);
    status = store_append(keeper->settings.store, record, &why);
    if (status == LATTN_NO_MEMORY)
        return complain(complaint, status, "%s", why.text);
    if (status != LATTN_OK) {
        outage_enter(keeper, status, status != LATTN_NO_SPACE, &why);
        return complain(complaint, status, "%s", outage->complaint.text);
    }
    outage_leave(keeper);
    if (keeper->position == keeper->checkpoint)
        keeper->tally.changed_ns = uv_hrtime();
    keeper->position++;
    return LATTN_OK;
}

static enum lattn_status keeper_commit(void *arg, const struct record *record,
                                       struct lattn_complaint *complaint)
{
    struct keeper *keeper = arg;
    uint64_t begin_ns = uv_hrtime();
    enum lattn_status status = commit_try(keeper, record, complaint);

    if (status == LATTN_OK)
        histogram_add(&keeper->tally.commits, uv_hrtime() - begin_ns);
    else
        keeper->tally.commits_failed++;
    return status;
}

/* What cannot be taken back would be found again at the next start: then all is written anew. */
static void keeper_retract(void *arg)
{
    struct keeper *keeper = arg;
    struct lattn_complaint why = {""};
    enum lattn_status status = store_retract(keeper->settings.store, &why);

    if (status == LATTN_OK)
        keeper->position--;
    else
        outage_enter(keeper, status, 1, &why);
}

struct fold_journal keeper_journal(struct keeper *keeper)
{
    if (keeper->settings.store == NULL)
        return (struct fold_journal){.commit = NULL};
    return (struct fold_journal){keeper_commit, keeper_retract, keeper};
}

/* ---- what has been done ---- */

static void checkpoint_fail(struct keeper *keeper, const struct saver_result *result)
{
    struct outage *failure = &keeper->failure;
    int is_new = failure->status == LATTN_OK;

    keeper->tally.checkpoints_failed++;
    outage_explain(keeper, failure, result->status, &result->complaint);
    failure->retry_ns = result->end_ns + CHECKPOINT_RETRY_NS;
    if (is_new)
        log_event(LOG_LEVEL_ERROR, "no checkpoint; the journal goes on",
                  LOG_FIELDS(log_text("error", failure->complaint.text)));
    if (result->status == LATTN_INPUT_OUTPUT)
        outage_enter(keeper, result->status, 1, &result->complaint);
}

static void checkpoint_done(struct keeper *keeper, const struct saver_result *result)
{
    if (!keeper->outage.is_grave)
        outage_leave(keeper);
    keeper->failure = (struct outage){.status = LATTN_OK};
    keeper->checkpoint = result->position;
    keeper->checkpoint_bytes = result->bytes;
    keeper->checkpoint_pairs = (int64_t)result->pairs;
    keeper->tally.checkpoints++;
    keeper->tally.checkpoint_end_ns = result->end_ns;
    keeper->tally.changed_ns = keeper->begin_ns;
    log_event(
        LOG_LEVEL_DEBUG, "checkpoint",
        LOG_FIELDS(
            log_count("position", (int64_t)result->position),
            log_count("pairs", (int64_t)result->pairs), log_count("bytes", (int64_t)result->bytes),
            log_count("ms", (int64_t)((result->end_ns - keeper->begin_ns) / UINT64_C(1000000)))));
}

static void renew_take(struct keeper *keeper, const struct saver_result *result)
{
    if (result->status != LATTN_OK) {
        keeper->tally.checkpoints_failed++;
        outage_enter(keeper, result->status, 1, &result->complaint);
        return;
    }
    outage_leave(keeper);
    checkpoint_done(keeper, result);
}

static void image_take(struct keeper *keeper, struct saver_result *result)
{
    uint64_t part = keeper->settings.part_bytes_max;

    if (result->status != LATTN_OK)
        return;
    keeper->image = (struct lattn_image){
        .id = ++keeper->images_made,
        .bytes = result->bytes,
        .parts = (result->bytes + part - 1) / part,
        .pairs = result->pairs,
    };
    keeper->image_bytes = result->image;
    result->image = NULL;
}

/* Those who asked before it was begun have what they asked for, or the reason why not. */
static void errand_end(struct keeper *keeper, enum keeper_wish wish,
                       const struct saver_result *result)
{
    (void)wish_end(&keeper->errands[wish].wish); /* a result is news, whoever waits for it */
    keeper->errands[wish].result = *result;
}

static void result_take(struct keeper *keeper, struct saver_result *result)
{
    switch (result->job) {
    case SAVER_CHECKPOINT:
        if (result->status == LATTN_OK)
            checkpoint_done(keeper, result);
        else
            checkpoint_fail(keeper, result);
        errand_end(keeper, KEEPER_CHECKPOINT, result);
        return;
    case SAVER_RENEW:
        renew_take(keeper, result);
        return;
    case SAVER_IMAGE:
        image_take(keeper, result);
        errand_end(keeper, KEEPER_IMAGE, result);
        return;
    }
}

/* ---- what is to be done ---- */

static int is_wished(const struct keeper *keeper, enum keeper_wish wish)
{
    return wish_is_open(&keeper->errands[wish].wish);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t after(uint64_t start_ns, uint64_t ns)
{
    uint64_t time_ns;

    return __builtin_add_overflow(start_ns, ns, &time_ns) ? NEVER : time_ns;
}

/* Bytes of journal that call for a checkpoint. */
static uint64_t journal_enough(const struct keeper *keeper)
{
    uint64_t enough = later(JOURNAL_BYTES_ENOUGH, 2 * keeper->checkpoint_bytes);
    uint64_t few = later(JOURNAL_BYTES_FEW, keeper->checkpoint_bytes);
    uint64_t share = later(few, store_spare_bytes(keeper->settings.store) / JOURNAL_SPARE_SHARE);

    return share < enough ? share : enough;
}

static uint64_t checkpoint_due(const struct keeper *keeper)
{
    if (keeper->settings.store == NULL || keeper->position == keeper->checkpoint)
        return NEVER;
    if (keeper->failure.status != LATTN_OK)
        return keeper->failure.retry_ns;
    if (store_journal_bytes(keeper->settings.store) > journal_enough(keeper))
        return 0;
    return after(keeper->tally.changed_ns, keeper->settings.checkpoint_every_ns);
}

uint64_t keeper_due(struct keeper *keeper)
{
    if (!saver_is_idle(keeper->saver))
        return NEVER;
    if (is_wished(keeper, KEEPER_CHECKPOINT) || is_wished(keeper, KEEPER_IMAGE))
        return 0;
    if (keeper->outage.is_grave)
        return keeper->outage.retry_ns;
    return checkpoint_due(keeper);
}

/*
 * Begin a job with a snapshot of the state; without memory for that it has failed already. Returns
 * 1 if so.
 */
static int job_start(struct keeper *keeper, enum saver_job job, const struct state *state,
                     uint64_t now_ns)
{
    struct saver_result result = {.job = job, .end_ns = now_ns};

    if (job != SAVER_RENEW) {
        enum keeper_wish wish = job == SAVER_IMAGE ? KEEPER_IMAGE : KEEPER_CHECKPOINT;

        wish_begin(&keeper->errands[wish].wish);
    }
    if (job == SAVER_IMAGE)
        keeper_image_close(keeper);
    keeper->begin_ns = now_ns;
    result.status = saver_start(keeper->saver, job, state, keeper->position);
    if (result.status != LATTN_OK)
        result_take(keeper, &result);
    return result.status != LATTN_OK;
}

/* A checkpoint that is asked for and cannot be made, or is there already. Returns 1 if so. */
static int checkpoint_answer(struct keeper *keeper, const struct state *state)
{
    struct saver_result result = {.job = SAVER_CHECKPOINT,
                                  .position = keeper->position,
                                  .pairs = lattn_learner_pairs(state->learner)};

    if (!is_wished(keeper, KEEPER_CHECKPOINT))
        return 0;
    if (keeper->outage.is_grave) {
        result.status = keeper->outage.status;
        result.complaint = keeper->outage.complaint;
    } else if (keeper->position == keeper->checkpoint) {
        result.bytes = state_bytes(state);
    } else {
        return 0;
    }
    wish_begin(&keeper->errands[KEEPER_CHECKPOINT].wish);
    errand_end(keeper, KEEPER_CHECKPOINT, &result);
    return 1;
}

int keeper_tend(struct keeper *keeper, const struct state *state, uint64_t now_ns)
{
    /* Asked first: a result that is ready while the saver is idle is then taken below. */
    int is_idle = saver_is_idle(keeper->saver);
    struct saver_result result;
    int is_news = saver_result(keeper->saver, &result) == LATTN_OK;

    if (is_news)
        result_take(keeper, &result);
    if (!is_idle)
        return is_news;
    is_news |= checkpoint_answer(keeper, state);
    if (keeper->outage.is_grave && now_ns >= keeper->outage.retry_ns)
        is_news |= job_start(keeper, SAVER_RENEW, state, now_ns);
    else if (!keeper->outage.is_grave &&
             (is_wished(keeper, KEEPER_CHECKPOINT) || checkpoint_due(keeper) <= now_ns))
        is_news |= job_start(keeper, SAVER_CHECKPOINT, state, now_ns);
    else if (is_wished(keeper, KEEPER_IMAGE))
        is_news |= job_start(keeper, SAVER_IMAGE, state, now_ns);
    return is_news;
}

/* Begin what is due, and wait for its end. */
static void job_await(struct keeper *keeper, const struct state *state)
{
    (void)keeper_tend(keeper, state, uv_hrtime());
    saver_wait(keeper->saver);
}

void keeper_finish(struct keeper *keeper, const struct state *state)
{
    saver_wait(keeper->saver);
    if (keeper->settings.store != NULL)
        (void)keeper_ask(keeper, KEEPER_CHECKPOINT);
    while (is_wished(keeper, KEEPER_CHECKPOINT) || !saver_is_idle(keeper->saver))
        job_await(keeper, state);
    (void)keeper_tend(keeper, state, uv_hrtime());
    if (!keeper->outage.is_grave)
        return;
    keeper->outage.retry_ns = 0; /* there is no later */
    job_await(keeper, state);
    (void)keeper_tend(keeper, state, uv_hrtime());
}

/* ---- what can be asked for ---- */

uint64_t keeper_ask(struct keeper *keeper, enum keeper_wish wish)
{
    return wish_ask(&keeper->errands[wish].wish);
}

enum lattn_status keeper_outcome(const struct keeper *keeper, enum keeper_wish wish,
                                 uint64_t ticket, struct saver_result *ret_result,
                                 struct lattn_complaint *complaint)
{
    const struct errand *errand = &keeper->errands[wish];
    const struct saver_result *result = &errand->result;

    if (!wish_has_ended(&errand->wish, ticket))
        return LATTN_MORE;
    if (result->status != LATTN_OK)
        return complain(complaint, result->status, "%s", result->complaint.text);
    *ret_result = *result;
    return LATTN_OK;
}

const struct lattn_image *keeper_image(const struct keeper *keeper)
{
    return keeper->image_bytes != NULL ? &keeper->image : NULL;
}

enum lattn_status keeper_part(const struct keeper *keeper, uint64_t id, uint64_t part,
                              const char **ret_bytes, size_t *ret_length,
                              struct lattn_complaint *complaint)
{
    const struct lattn_image *image = &keeper->image;
    uint64_t size = keeper->settings.part_bytes_max;

    if (keeper->image_bytes == NULL || id != image->id)
        return complain(complaint, LATTN_RANGE, "image %ju is not here (any more)", (uintmax_t)id);
    if (part >= image->parts)
        return complain(complaint, LATTN_RANGE, "part is %ju, image %ju has %ju parts",
                        (uintmax_t)part, (uintmax_t)id, (uintmax_t)image->parts);
    *ret_bytes = keeper->image_bytes + part * size;
    *ret_length = (size_t)(part + 1 < image->parts ? size : image->bytes - part * size);
    return LATTN_OK;
}

void keeper_image_close(struct keeper *keeper)
{
    memory_release(keeper->image_bytes);
    keeper->image_bytes = NULL;
}

struct keeper_tally keeper_tally(const struct keeper *keeper)
{
    struct keeper_tally tally = keeper->tally;

    tally.is_changed = keeper->position != keeper->checkpoint;
    if (keeper->outage.status != LATTN_OK)
        tally.refuses_until_ns = keeper->outage.is_grave ? NEVER : keeper->outage.retry_ns;
    return tally;
}

void keeper_describe(const struct keeper *keeper, uint64_t now_ns, struct lattn_kept *ret_kept)
{
    const struct outage *outage =
        keeper->outage.status != LATTN_OK ? &keeper->outage : &keeper->failure;

    *ret_kept = (struct lattn_kept){.is_kept = keeper->settings.store != NULL,
                                    .position = keeper->position,
                                    .checkpoint_pairs = keeper->checkpoint_pairs,
                                    .checkpoint_age_s = LATTN_NEVER};
    if (!ret_kept->is_kept)
        return;
    if (keeper->tally.checkpoint_end_ns > 0)
        ret_kept->checkpoint_age_s =
            (int64_t)((now_ns - keeper->tally.checkpoint_end_ns) / UINT64_C(1000000000));
    ret_kept->journal_bytes = store_journal_bytes(keeper->settings.store);
    if (outage->status != LATTN_OK)
        snprintf(ret_kept->error, sizeof ret_kept->error, "%s%.200s",
                 outage == &keeper->failure ? "no checkpoint, the journal goes on: " : "",
                 outage->complaint.text);
}
