#include "serve/ration.h"

int ration_allows(const struct ration *ration, uint64_t now_ns)
{
    return now_ns >= ration->next_ns;
}

void ration_spend(struct ration *ration, uint64_t begin_ns, uint64_t end_ns)
{
    ration->next_ns = end_ns + (RATION_SHARE - 1) * (end_ns - begin_ns);
}
