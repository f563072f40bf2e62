/* States that belong together, each once. */
#include "solve/shards.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/learner.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- does it belong to those before it? ------------------------------------------------------ */

static enum lattn_status repetition_refuse(const struct shards *shards, const struct shard *shard,
                                           struct lattn_complaint *complaint)
{
    for (const struct shard *other = shards->list; other < shard; other++) {
        if (shard->origin.shards > 0 && other->origin.shard == shard->origin.shard)
            return complain(complaint, LATTN_CONFLICT,
                            "state %.90s: it is shard %d/%d, as is %.90s: its pairs would count "
                            "twice",
                            shard->path, shard->origin.shard, shard->origin.shards, other->path);
        if (shard_has_data(shard) && other->bytes == shard->bytes && other->mark == shard->mark)
            return complain(complaint, LATTN_CONFLICT,
                            "state %.100s: it is that of %.100s: its pairs would count twice",
                            shard->path, other->path);
    }
    return LATTN_OK;
}

static enum lattn_status origin_refuse(const struct shards *shards, const struct shard *shard,
                                       struct lattn_complaint *complaint)
{
    const struct origin *first = &shards->list[0].origin, *origin = &shard->origin;
    const char *path = shard->path;

    if ((first->shards == 0) != (origin->shards == 0))
        return complain(complaint, LATTN_CONFLICT,
                        "state %.120s: one of no shard stands beside one of a shard", path);
    if (first->shards != origin->shards)
        return complain(complaint, LATTN_CONFLICT,
                        "state %.120s: it is of %d shards, those before it of %d", path,
                        origin->shards, first->shards);
    if (first->epoch != origin->epoch)
        return complain(complaint, LATTN_CONFLICT,
                        "state %.120s: it is of epoch %" PRIu64 ", those before it of %" PRIu64,
                        path, origin->epoch, first->epoch);
    return LATTN_OK;
}

/* ": 1 3", as far as there is room, or "" where states are of no shard. */
static const char *missing_list(const struct shards *shards, char *ret_text, size_t room)
{
    size_t used = 0;

    ret_text[0] = '\0';
    for (int32_t k = 0; k < shards->list[0].origin.shards && used + 8 < room; k++) {
        int is_there = 0;

        for (int32_t i = 0; i < shards->count; i++)
            is_there |= shards->list[i].origin.shard == k;
        if (!is_there)
            used += (size_t)snprintf(ret_text + used, room - used, "%s %d", used > 0 ? "" : ":", k);
    }
    return ret_text;
}

/* How many there should be, once all that are there are known. */
static enum lattn_status number_check(struct shards *shards, const struct shards_wish *wish,
                                      struct lattn_complaint *complaint)
{
    const struct origin *first = &shards->list[0].origin;
    char numbers[80];

    shards->expected = wish->expect > 0 ? wish->expect : first->shards;
    if (first->shards > 0 && shards->expected != first->shards)
        return complain(complaint, LATTN_CONFLICT, "--expect %d: the states are of %d shards",
                        wish->expect, first->shards);
    if (shards->expected == 0)
        shards->expected = wish->count;
    if (shards->count > shards->expected)
        return complain(complaint, LATTN_CONFLICT, "--expect %d: there are %d states",
                        shards->expected, shards->count);
    if (shards->count < shards->expected && !wish->allow_missing)
        return complain(complaint, LATTN_NO_DATA, "%d of %d shards are missing%s",
                        shards->expected - shards->count, shards->expected,
                        missing_list(shards, numbers, sizeof numbers));
    return LATTN_OK;
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void moment_note(struct shards *shards, const struct shard *shard)
{
    const struct image_moment *moment = &shard->moment;

    shards->is_spread &= !shard->is_whole;
    shards->updates = moment->updates > shards->updates ? moment->updates : shards->updates;
    shards->noise = fmax(shards->noise, moment->noise);
    shards->is_cut |= moment->is_cut;
}

/* Take the next one in; the first is where all others go. */
static enum lattn_status shard_take(struct shards *shards, struct lattn_complaint *complaint)
{
    struct shard *shard = &shards->list[shards->count];
    struct lattn_complaint said = {""};
    enum lattn_status status = repetition_refuse(shards, shard, complaint);

    if (status == LATTN_OK)
        status = origin_refuse(shards, shard, complaint);
    if (status != LATTN_OK)
        return status;
    if (shards->count == 0) {
        shards->whole = shard->state;
        shard->state = (struct state){0};
        shards->whole.origin = (struct origin){0}; /* a sum is of no shard */
    } else {
        status = state_merge(&shards->whole, &shard->state, &said);
        if (status != LATTN_OK)
            return complain(complaint, status, "state %.100s: %.140s", shard->path,
                            said.text[0] != '\0' ? said.text : lattn_status_text(status));
        state_done(&shard->state);
    }
    moment_note(shards, shard);
    shards->count++;
    return LATTN_OK;
}

/* A ridge is no data, and the daemons' limits are not ours. */
static enum lattn_status settings_clear(struct shards *shards)
{
    struct lattn_learner_settings settings = lattn_learner_settings_get(shards->whole.learner);

    settings.ridge = 0;
    settings.memory_max = 0;
    return lattn_learner_adjust(shards->whole.learner, &settings);
}

enum lattn_status shards_open(struct shards *shards, const struct shards_wish *wish,
                              struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    *shards = (struct shards){.is_spread = 1};
    shards->list = memory_zeroed((size_t)wish->count, sizeof *shards->list);
    if (shards->list == NULL)
        return complain(complaint, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
    for (int32_t i = 0; status == LATTN_OK && i < wish->count; i++) {
        status = shard_open(&shards->list[shards->count], wish->paths[i], complaint);
        if (status == LATTN_OK)
            status = shard_take(shards, complaint);
        if (status != LATTN_OK)
            shard_close(&shards->list[shards->count]);
        if (status == LATTN_NO_DATA && wish->allow_missing)
            status = LATTN_OK;
    }
    if (status == LATTN_OK && shards->count == 0)
        status = complain(complaint, LATTN_NO_DATA, "all %d states are missing", wish->count);
    if (status == LATTN_OK)
        status = number_check(shards, wish, complaint);
    return status == LATTN_OK ? settings_clear(shards) : status;
}

void shards_close(struct shards *shards)
{
    for (int32_t i = 0; i < shards->count; i++)
        shard_close(&shards->list[i]);
    memory_release(shards->list);
    state_done(&shards->whole);
    *shards = (struct shards){0};
}
