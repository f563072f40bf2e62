#include "serve/holding.h"

#include "base/memory.h"

enum lattn_status holding_open(struct holding **ret_holding, struct state *state)
{
    struct holding *holding = memory_zeroed(1, sizeof *holding);

    if (holding == NULL)
        return LATTN_NO_MEMORY;
    holding->holders = 1;
    holding->state = *state;
    *state = (struct state){0};
    *ret_holding = holding;
    return LATTN_OK;
}

struct holding *holding_hold(struct holding *holding)
{
    holding->holders++;
    return holding;
}

void holding_release(struct holding **holding)
{
    struct holding *old = *holding;

    *holding = NULL;
    if (old == NULL || --old->holders > 0)
        return;
    state_done(&old->state);
    memory_release(old);
}
