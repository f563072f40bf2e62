#include "outlook.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void value_add(struct outlook_values *values, double x, double y)
{
    assert(values->count < OUTLOOK_SINGULAR_MAX);
    values->x[values->count] = x;
    values->y[values->count] = y;
    values->count++;
}

/* Of two ends the places between them are left out: one stands for all of them. */
static void singular_take(struct outlook *outlook, const struct lattn_spectrum *spectrum)
{
    struct outlook_values *singular = &outlook->singular;
    int32_t places = OUTLOOK_SINGULAR_MAX - 1;

    singular->count = 0;
    outlook->seen = (uint64_t)spectrum->seen;
    for (int32_t i = 0; i < spectrum->largest_count && places > 0; i++, places--)
        value_add(singular, i + 1, spectrum->largest[i]);
    if (spectrum->smallest_count > 0)
        value_add(singular, spectrum->largest_count + 1, NAN);
    for (int32_t i = 0; i < spectrum->smallest_count && places > 0; i++, places--)
        value_add(singular, spectrum->largest_count + 2 + i, spectrum->smallest[i]);
}

static void heads_take(struct outlook *outlook, const struct lattn_spectrum *spectrum)
{
    outlook->heads.count = 0;
    for (int32_t i = 0; i < spectrum->heads_count && i < OUTLOOK_HEADS_MAX; i++)
        value_add(&outlook->heads, i + 1, spectrum->heads[i]);
}

void outlook_take(struct outlook *outlook, const struct lattn_state_of_service *state,
                  const struct lattn_spectrum *spectrum)
{
    const struct history_point point = history_point(state);

    history_add(&outlook->history, &point);
    outlook->certificate = state->report.certificate;
    outlook->pairs = state->report.pairs;
    outlook->loss_recent = state->report.loss_recent;
    outlook->service = state->service;
    memcpy(outlook->headline, state->headline, sizeof outlook->headline);
    if (outlook->headline[0] == '\0')
        lattn_verdict_sentence(&state->report.certificate, state->service.pairs_to_go,
                               outlook->headline);
    if (spectrum == NULL)
        return;
    singular_take(outlook, spectrum);
    heads_take(outlook, spectrum);
}
