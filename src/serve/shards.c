/*
 * Nothing is added here and nothing taken away: a state takes the place of an earlier one of the
 * same shard, so what is held does not depend on the order in which states came.
 *
 * A state with fewer pairs than an earlier one is taken as well, since it says what its worker
 * knows now: a copy of its directory was restored, or a new worker begins again. That is named
 * until it has more than ever before.
 */
#include "serve/shards.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/learner.h"
#include "serve/log.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define NEVER UINT64_MAX

/*
 * Why an offer was refused.
 *
 * worker   whose it was; "": of no worker in particular
 * time_ns  of the last time
 */
struct refusal_note {
    char worker[LATTN_PRODUCER_MAX];
    struct lattn_complaint complaint;
    uint64_t time_ns;
};

/*
 * holding     NULL: none was ever seen, and only the refusal counts
 * heard_ns    when its worker was heard of last
 * lag          as its worker told last: it may know before its state does
 * lost, rolled_back       the most that its worker or a state of its has told
 * pairs_most, mark_most   of all states that were taken
 */
struct place {
    struct holding *holding;
    uint64_t heard_ns;
    uint64_t lag;
    uint64_t lost;
    uint64_t rolled_back;
    uint64_t pairs_most;
    uint64_t mark_most;
    struct refusal_note refusal;
};

/*
 * epoch    0: not known yet
 * refusal  of what is of no shard of ours
 * error    why the states could not be added up
 * reading  what status says, with room for all shards
 * has_news something has changed since shards_look
 */
struct shards {
    struct shards_settings settings;
    uint64_t epoch;
    struct place *places;
    struct refusal_note refusal;
    char error[256];
    struct lattn_aggregate reading;
    int has_news;
};

/* ---- opening and closing ---- */

enum lattn_status shards_open(struct shards **ret_shards, const struct shards_settings *settings)
{
    struct shards *shards = memory_zeroed(1, sizeof *shards);

    if (shards == NULL)
        return LATTN_NO_MEMORY;
    shards->settings = *settings;
    shards->epoch = settings->epoch;
    shards->places = memory_zeroed(settings->expect, sizeof *shards->places);
    shards->reading.shards = memory_zeroed(settings->expect, sizeof *shards->reading.shards);
    if (shards->places == NULL || shards->reading.shards == NULL) {
        shards_close(&shards);
        return LATTN_NO_MEMORY;
    }
    shards->reading.expect = settings->expect;
    *ret_shards = shards;
    return LATTN_OK;
}

void shards_close(struct shards **shards)
{
    struct shards *old = *shards;

    if (old == NULL)
        return;
    for (uint64_t i = 0; old->places != NULL && i < old->settings.expect; i++)
        holding_release(&old->places[i].holding);
    memory_release(old->places);
    memory_release(old->reading.shards);
    memory_release(old);
    *shards = NULL;
}

/* ---- refusals ---- */

/* Say it in the log where it is new. */
static void refusal_note(struct shards *shards, struct refusal_note *note, const char *worker,
                         uint64_t now_ns, const struct lattn_complaint *why)
{
    int is_new = strcmp(note->complaint.text, why->text) != 0;

    note->complaint = *why;
    note->time_ns = now_ns;
    (void)snprintf(note->worker, sizeof note->worker, "%s", worker);
    if (!is_new)
        return;
    shards->has_news = 1;
    log_event(LOG_LEVEL_WARN, "a shard is refused",
              LOG_FIELDS(log_text("worker", worker), log_text("error", why->text)));
}

void shards_refuse(struct shards *shards, uint64_t shard, const char *worker, uint64_t now_ns,
                   const struct lattn_complaint *why)
{
    refusal_note(
        shards, shard < shards->settings.expect ? &shards->places[shard].refusal : &shards->refusal,
        worker, now_ns, why);
}

static void refusal_forget(struct shards *shards, struct refusal_note *note)
{
    if (note->complaint.text[0] == '\0')
        return;
    *note = (struct refusal_note){.time_ns = 0};
    shards->has_news = 1;
}

void shards_note(struct shards *shards, const char *error)
{
    if (strcmp(shards->error, error) == 0)
        return;
    shards->has_news = 1;
    (void)snprintf(shards->error, sizeof shards->error, "%s", error);
    if (error[0] != '\0')
        log_event(LOG_LEVEL_ERROR, "the shards are not added up",
                  LOG_FIELDS(log_text("error", error)));
}

/* ---- who may speak ---- */

static int is_alive(const struct shards *shards, const struct place *place, uint64_t now_ns)
{
    return place->holding != NULL && now_ns - place->heard_ns <= shards->settings.max_age_ns;
}

static enum lattn_status origin_check(const struct shards *shards, uint64_t shard, uint64_t parts,
                                      uint64_t epoch, const char *worker, uint64_t now_ns,
                                      struct lattn_complaint *complaint)
{
    const struct place *place;
    const char *holder;

    if (parts != shards->settings.expect)
        return complain(complaint, LATTN_CONFLICT,
                        "mixed: worker %.40s has shard %" PRIu64 " of %" PRIu64 ", %" PRIu64
                        " are expected",
                        worker, shard, parts, shards->settings.expect);
    if (shard >= shards->settings.expect)
        return complain(complaint, LATTN_RANGE,
                        "worker %.40s has shard %" PRIu64 ", they count from 0 to %" PRIu64, worker,
                        shard, shards->settings.expect - 1);
    if (shards->epoch != 0 && epoch != shards->epoch)
        return complain(complaint, LATTN_CONFLICT,
                        "mixed: worker %.40s has shard %" PRIu64 " of epoch %" PRIu64
                        ", the others are of epoch %" PRIu64,
                        worker, shard, epoch, shards->epoch);
    place = &shards->places[shard];
    holder = place->holding == NULL ? worker : place->holding->state.origin.worker;
    if (strcmp(holder, worker) != 0 && is_alive(shards, place, now_ns))
        return complain(complaint, LATTN_CONFLICT,
                        "duplicate shard %" PRIu64 ": workers %.40s and %.40s", shard, holder,
                        worker);
    return LATTN_OK;
}

enum lattn_status shards_greet(struct shards *shards, const struct lattn_offer *offer,
                               uint64_t now_ns, struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    int is_ours = offer->shards == shards->settings.expect;
    enum lattn_status status = origin_check(shards, offer->shard, offer->shards, offer->epoch,
                                            offer->worker, now_ns, &why);

    if (status == LATTN_OK)
        return status;
    shards_refuse(shards, is_ours ? offer->shard : NEVER, offer->worker, now_ns, &why);
    return complain(complaint, status, "%s", why.text);
}

/* A daemon that was started again may know less than before until it has seen its streams. */
static void losses_note(struct shards *shards, struct place *place, uint64_t lost,
                        uint64_t rolled_back)
{
    if (lost > place->lost) {
        place->lost = lost;
        shards->has_news = 1;
    }
    if (rolled_back > place->rolled_back) {
        place->rolled_back = rolled_back;
        shards->has_news = 1;
    }
}

int shards_hear(struct shards *shards, const struct lattn_offer *offer, uint64_t now_ns)
{
    struct place *place = &shards->places[offer->shard];
    const struct state *state;

    if (place->holding == NULL)
        return 0;
    state = &place->holding->state;
    if (strcmp(state->origin.worker, offer->worker) != 0)
        return 0;
    place->heard_ns = now_ns;
    place->lag = offer->lag;
    losses_note(shards, place, offer->lost, offer->rolled_back);
    return lattn_learner_pairs(state->learner) == offer->pairs;
}

void shards_touch(struct shards *shards, uint64_t shard, uint64_t now_ns)
{
    if (shards->places[shard].holding != NULL)
        shards->places[shard].heard_ns = now_ns;
}

/* ---- taking ---- */

/* What a state itself says of its streams, and its worker with it. */
static void streams_note(struct shards *shards, struct place *place, const struct lattn_offer *told)
{
    const struct arrivals_mark total = arrivals_total(place->holding->state.arrivals);

    place->lag = told != NULL ? told->lag : total.known - total.seq;
    losses_note(shards, place, total.lost, total.rolled_back);
    if (told != NULL)
        losses_note(shards, place, told->lost, told->rolled_back);
}

/* Another worker begins anew: what was lost to the one before it may have come to this one. */
static void worker_change(struct place *place, const char *worker)
{
    if (place->holding == NULL || strcmp(place->holding->state.origin.worker, worker) == 0)
        return;
    place->lost = 0;
    place->rolled_back = 0;
}

static enum lattn_status others_agree(const struct shards *shards, const struct state *state,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    for (uint64_t i = 0; status == LATTN_OK && i < shards->settings.expect; i++) {
        const struct holding *other = shards->places[i].holding;
        struct lattn_complaint why = {""};

        if (other == NULL || (int64_t)i == state->origin.shard)
            continue;
        status = state_merge_check(&other->state, state, &why);
        if (status != LATTN_OK)
            return complain(complaint, status, "shard %d, beside shard %" PRIu64 ": %.150s",
                            state->origin.shard, i,
                            why.text[0] == '\0' ? lattn_status_text(status) : why.text);
    }
    return status;
}

static int is_rolled_back(const struct place *place)
{
    const struct state *state = &place->holding->state;

    return lattn_learner_pairs(state->learner) < place->pairs_most ||
           arrivals_total(state->arrivals).seq < place->mark_most;
}

static void rollback_log(const struct place *place)
{
    const struct state *state = &place->holding->state;

    log_event(LOG_LEVEL_WARN, "a shard is rolled back",
              LOG_FIELDS(log_count("shard", state->origin.shard),
                         log_text("worker", state->origin.worker),
                         log_count("pairs", (int64_t)lattn_learner_pairs(state->learner)),
                         log_count("had", (int64_t)place->pairs_most)));
}

static void place_fill(struct shards *shards, struct place *place, struct holding *holding,
                       const struct lattn_offer *told, uint64_t now_ns)
{
    uint64_t pairs = lattn_learner_pairs(holding->state.learner);
    uint64_t mark = arrivals_total(holding->state.arrivals).seq;
    int was_rolled_back = place->holding != NULL && is_rolled_back(place);

    shards->has_news |= place->holding == NULL;
    worker_change(place, holding->state.origin.worker);
    holding_release(&place->holding);
    place->holding = holding;
    place->heard_ns = now_ns;
    streams_note(shards, place, told);
    if (is_rolled_back(place) && !was_rolled_back)
        rollback_log(place);
    shards->has_news |= is_rolled_back(place) != was_rolled_back;
    place->pairs_most = pairs > place->pairs_most ? pairs : place->pairs_most;
    place->mark_most = mark > place->mark_most ? mark : place->mark_most;
}

enum lattn_status shards_take(struct shards *shards, struct state *state,
                              const struct lattn_offer *told, uint64_t now_ns,
                              struct lattn_complaint *complaint)
{
    const struct origin *origin = &state->origin;
    struct holding *holding;
    struct place *place;
    enum lattn_status status =
        origin_check(shards, (uint64_t)origin->shard, (uint64_t)origin->shards, origin->epoch,
                     origin->worker, now_ns, complaint);

    if (status == LATTN_OK)
        status = others_agree(shards, state, complaint);
    if (status != LATTN_OK)
        return status;
    status = holding_open(&holding, state);
    if (status != LATTN_OK)
        return status;
    place = &shards->places[holding->state.origin.shard];
    shards->epoch = holding->state.origin.epoch;
    if (strcmp(place->refusal.worker, holding->state.origin.worker) == 0)
        refusal_forget(shards, &place->refusal);
    place_fill(shards, place, holding, told, now_ns);
    return LATTN_OK;
}

struct holding *shards_holding(const struct shards *shards, uint64_t shard)
{
    return shards->places[shard].holding;
}

int shards_are_complete(const struct shards *shards)
{
    for (uint64_t i = 0; i < shards->settings.expect; i++)
        if (shards->places[i].holding == NULL)
            return 0;
    return 1;
}

/* ---- time ---- */

static void refusal_age(struct shards *shards, struct refusal_note *note, uint64_t now_ns)
{
    if (note->complaint.text[0] != '\0' && now_ns - note->time_ns > shards->settings.max_age_ns)
        refusal_forget(shards, note);
}

/* Has the worker not been heard of for too long? Told when it comes to be, and when it ends. */
static void staleness_look(struct shards *shards, uint64_t shard, uint64_t now_ns)
{
    const struct place *place = &shards->places[shard];
    struct lattn_shard *reading = &shards->reading.shards[shard];
    int is_stale = place->holding != NULL && !is_alive(shards, place, now_ns);

    if (is_stale == reading->is_stale)
        return;
    reading->is_stale = is_stale;
    shards->has_news = 1;
    log_event(is_stale ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
              is_stale ? "a shard is stale" : "a shard is heard of again",
              LOG_FIELDS(log_count("shard", (int64_t)shard),
                         log_text("worker", place->holding->state.origin.worker)));
}

int shards_look(struct shards *shards, uint64_t now_ns)
{
    int has_news;

    refusal_age(shards, &shards->refusal, now_ns);
    for (uint64_t i = 0; i < shards->settings.expect; i++) {
        refusal_age(shards, &shards->places[i].refusal, now_ns);
        staleness_look(shards, i, now_ns);
    }
    has_news = shards->has_news;
    shards->has_news = 0;
    return has_news;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t shards_due(const struct shards *shards)
{
    uint64_t start_ns = shards->refusal.complaint.text[0] == '\0' ? NEVER : shards->refusal.time_ns;

    for (uint64_t i = 0; i < shards->settings.expect; i++) {
        const struct place *place = &shards->places[i];

        if (place->holding != NULL && !shards->reading.shards[i].is_stale)
            start_ns = sooner(start_ns, place->heard_ns);
        if (place->refusal.complaint.text[0] != '\0')
            start_ns = sooner(start_ns, place->refusal.time_ns);
    }
    if (shards->has_news)
        return 0;
    return start_ns == NEVER ? NEVER : start_ns + shards->settings.max_age_ns + 1;
}

/* ---- what status says ---- */

static void place_describe(const struct place *place, uint64_t now_ns, struct lattn_shard *reading)
{
    int32_t is_stale = reading->is_stale;

    *reading = (struct lattn_shard){.age_s = LATTN_NEVER, .is_stale = is_stale};
    (void)snprintf(reading->error, sizeof reading->error, "%s", place->refusal.complaint.text);
    if (place->holding == NULL)
        return;
    (void)snprintf(reading->worker, sizeof reading->worker, "%s",
                   place->holding->state.origin.worker);
    reading->pairs = lattn_learner_pairs(place->holding->state.learner);
    reading->age_s = (int64_t)((now_ns - place->heard_ns) / UINT64_C(1000000000));
    reading->lag = place->lag;
    reading->lost = place->lost;
    reading->is_rolled_back = is_rolled_back(place) || place->rolled_back > 0;
}

const struct lattn_aggregate *shards_describe(struct shards *shards, uint64_t now_ns)
{
    struct lattn_aggregate *reading = &shards->reading;
    const char *refusal = shards->refusal.complaint.text;

    reading->epoch = shards->epoch;
    reading->complete = shards_are_complete(shards);
    (void)snprintf(reading->error, sizeof reading->error, "%s",
                   shards->error[0] != '\0' ? shards->error : refusal);
    for (uint64_t i = 0; i < shards->settings.expect; i++)
        place_describe(&shards->places[i], now_ns, &reading->shards[i]);
    return reading;
}

struct lattn_aggregate *shards_copy_out(const struct lattn_aggregate *aggregate)
{
    size_t bytes = aggregate == NULL ? 0 : aggregate->expect * sizeof *aggregate->shards;
    struct lattn_aggregate *copy = aggregate == NULL ? NULL : memory_raw(1, sizeof *copy + bytes);

    if (copy == NULL)
        return NULL;
    *copy = *aggregate;
    copy->shards = (struct lattn_shard *)(copy + 1);
    memcpy(copy->shards, aggregate->shards, bytes);
    return copy;
}
