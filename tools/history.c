#include "history.h"

#include <assert.h>
#include <math.h>

static double unsaved(const struct lattn_state_of_service *state)
{
    const struct lattn_kept *kept = &state->service.kept;

    if (!kept->is_kept || kept->checkpoint_pairs == LATTN_NEVER)
        return NAN;
    return fmax(0, (double)state->report.pairs - (double)kept->checkpoint_pairs);
}

struct history_point history_point(const struct lattn_state_of_service *state)
{
    const struct lattn_report *report = &state->report;
    const struct lattn_certificate *certificate = &report->certificate;

    return (struct history_point){{
        [HISTORY_PAIRS] = (double)report->pairs,
        [HISTORY_LOSS_PROGRESSIVE] = report->loss_progressive,
        [HISTORY_LOSS_RECENT] = report->loss_recent,
        [HISTORY_RANK] = (double)certificate->rank,
        [HISTORY_FEATURES] = certificate->p > 0 ? (double)certificate->p : (double)NAN,
        [HISTORY_RHO] = certificate->rho,
        [HISTORY_RHO_SEEN] = certificate->rho_seen,
        [HISTORY_THRESHOLD] = certificate->threshold,
        [HISTORY_LAMBDA_MIN] = certificate->lambda_min,
        [HISTORY_PAIRS_PER_S] = state->service.pairs_per_s,
        [HISTORY_QUEUE_BYTES] = (double)state->service.queue_bytes,
        [HISTORY_REJECTED] = (double)state->service.rejected,
        [HISTORY_UNSAVED] = unsaved(state),
    }};
}

/* Every second point, and from now on only half as many. */
static void thin(struct history *history)
{
    size_t kept = 0;

    for (size_t i = 0; i < history->count; i += 2)
        history->points[kept++] = history->points[i];
    history->count = kept;
    history->stride *= 2;
}

/* Does the last point stand at a place of its own, or only for the newest emission? */
static int last_is_kept(const struct history *history)
{
    return (history->emissions - 1) % history->stride == 0;
}

void history_add(struct history *history, const struct history_point *point)
{
    if (history->count > 0 &&
        point->values[HISTORY_PAIRS] < history->points[history->count - 1].values[HISTORY_PAIRS])
        history->count = 0;
    if (history->count == 0) {
        history->emissions = 0;
        history->stride = 1;
    }
    if (history->count > 0 && !last_is_kept(history))
        history->count--;
    else if (history->count == HISTORY_POINTS_MAX)
        thin(history);
    history->points[history->count++] = *point;
    history->emissions++;
    assert(history->count <= HISTORY_POINTS_MAX);
}
