/*
 * The spectrum of a learner.
 */
#include "base/memory.h"
#include "core/learner.h"

void lattn_spectrum_done(struct lattn_spectrum *spectrum)
{
    if (spectrum == NULL)
        return;
    memory_release(spectrum->largest);
    memory_release(spectrum->heads);
    *spectrum = (struct lattn_spectrum){0};
}
