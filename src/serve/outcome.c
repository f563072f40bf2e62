#include "serve/outcome.h"

void outcome_count(const struct outcome *outcome, struct tally *tally)
{
    uint64_t count = outcome->entry->count;

    switch (outcome->fate) {
    case FATE_LEARNED:
        tally->accepted += count - outcome->known;
        tally->duplicates += outcome->known;
        break;
    case FATE_DUPLICATE:
        tally->duplicates += count;
        break;
    case FATE_REFUSED:
        tally->rejected += count - outcome->known;
        tally->duplicates += outcome->known;
        break;
    case FATE_UNKEPT:
        tally->unkept += count - outcome->known;
        tally->duplicates += outcome->known;
        break;
    }
}

struct arrival *outcome_arrival(const struct outcome *outcome)
{
    return chunk_arrival(outcome->chunk, outcome->entry);
}

void outcome_tell(const struct outcome *outcome, const struct arrivals *arrivals)
{
    struct arrival *arrival = outcome_arrival(outcome);

    if (arrival == NULL)
        return;
    arrival->given_up = arrivals_given_up(arrivals, arrival->mark.stream);
    switch (outcome->fate) {
    case FATE_LEARNED:
    case FATE_REFUSED:
        arrival->fate = ARRIVAL_PASSED;
        break;
    case FATE_DUPLICATE:
        arrival->fate = ARRIVAL_DUPLICATE;
        break;
    case FATE_UNKEPT:
        arrival->fate = ARRIVAL_UNKEPT;
        break;
    }
}
