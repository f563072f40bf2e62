/*
 * Who helps a learner: a team of its own, which its folds share their work out to.
 */
#include "core/learner.h"

#include "base/team.h"

#include <assert.h>

static_assert((int)LATTN_THREADS_MAX <= (int)TEAM_THREADS_MAX, "a team may be that large");

static void team_take(struct lattn_learner *learner, struct team *team)
{
    team_close(&learner->team);
    learner->team = team;
    learner->factor.team = team;
}

void learner_threads_give(struct lattn_learner *learner, struct lattn_learner *copy)
{
    team_take(copy, learner->team);
    learner->team = NULL;
    learner->factor.team = NULL;
}

enum lattn_status lattn_learner_threads_set(struct lattn_learner *learner, int32_t threads)
{
    struct team *team = NULL;
    enum lattn_status status = LATTN_OK;

    if (threads < 1 || threads > LATTN_THREADS_MAX)
        return LATTN_RANGE;
    if (threads > 1)
        status = team_open(&team, threads);
    if (status != LATTN_OK)
        return status;
    team_take(learner, team);
    return LATTN_OK;
}

int32_t lattn_learner_threads_get(const struct lattn_learner *learner)
{
    return team_threads(learner->team);
}
