#include "serve/pace.h"

#include <math.h>
#include <string.h>

void pace_init(struct pace *pace, uint64_t pairs)
{
    *pace = (struct pace){.looks_count = pairs == 0};
}

void pace_note(struct pace *pace, const struct lattn_certificate *certificate)
{
    int32_t last = pace->looks_count - 1;

    /* Fewer pairs than before are those of another learner. */
    if (last >= 0 && certificate->pairs < pace->looks[last].pairs)
        pace->looks_count = 0;
    else if (last >= 0 && certificate->pairs == pace->looks[last].pairs)
        pace->looks_count--;
    if (pace->looks_count == PACE_LOOKS)
        memmove(pace->looks, pace->looks + 1, (size_t)--pace->looks_count * sizeof *pace->looks);
    pace->looks[pace->looks_count].pairs = certificate->pairs;
    pace->looks[pace->looks_count].rank = certificate->rank;
    pace->looks_count++;
}

double pace_pairs_to_go(const struct pace *pace, const struct lattn_certificate *certificate)
{
    double missing = (double)(certificate->p - certificate->rank);
    double pairs, growth;

    if (pace->looks_count == 0 || certificate->pairs <= pace->looks[0].pairs)
        return NAN;
    pairs = (double)(certificate->pairs - pace->looks[0].pairs);
    growth = (double)(certificate->rank - pace->looks[0].rank);
    if (!(missing > 0) || !(growth > 0))
        return NAN;
    return ceil(missing * pairs / growth);
}
