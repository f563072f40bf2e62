/* States that one process holds with ease are merged and judged as a daemon does it. */
#include "solve/outcome.h"

#include "base/complaint.h"
#include "core/learner.h"

#include <math.h>

static enum lattn_status states_merge(const struct shards *shards, struct state *whole,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status = shard_load(&shards->list[0], whole, complaint);

    whole->origin = (struct origin){0};
    for (int32_t i = 1; status == LATTN_OK && i < shards->count; i++) {
        struct lattn_complaint said = {""};
        struct state next = {0};

        status = shard_load(&shards->list[i], &next, complaint);
        if (status != LATTN_OK)
            break;
        status = state_merge(whole, &next, &said);
        state_done(&next);
        if (status != LATTN_OK)
            return complain(complaint, status, "state %.100s: %.140s", shards->list[i].path,
                            said.text[0] != '\0' ? said.text : lattn_status_text(status));
    }
    return status;
}

/* The settings of the sum: no ridge, no limit. */
static enum lattn_status learner_judge(struct lattn_learner *learner,
                                       const struct lattn_learner_settings *settings,
                                       const struct outcome_wish *wish, struct outcome *outcome)
{
    enum lattn_status status = lattn_learner_adjust(learner, settings);

    if (status == LATTN_OK)
        status = lattn_learner_report(learner, &outcome->report);
    if (status == LATTN_OK && outcome->report.certificate.verdict == LATTN_IDENTIFYING)
        status = lattn_learner_model(learner, wish->heads, wish->count, &outcome->model);
    return status;
}

enum lattn_status outcome_find_merged(const struct shards *shards, const struct outcome_wish *wish,
                                      struct outcome *ret_outcome,
                                      struct lattn_complaint *complaint)
{
    struct lattn_learner_settings settings = lattn_learner_settings_get(shards->whole.learner);
    struct outcome outcome = {.condition = NAN};
    struct state whole = {0};
    enum lattn_status status = states_merge(shards, &whole, complaint);

    if (status == LATTN_OK) {
        status = learner_judge(whole.learner, &settings, wish, &outcome);
        if (status != LATTN_OK)
            status = complain(complaint, status, "the sum of %d states: %s", shards->count,
                              lattn_status_text(status));
    }
    state_done(&whole);
    if (status != LATTN_OK) {
        outcome_done(&outcome);
        return status;
    }
    *ret_outcome = outcome;
    return LATTN_OK;
}
