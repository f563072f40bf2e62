#include "tasks/sequence.h"

#include <assert.h>

void sequence_add(struct sequence *sequence, int32_t count,
                  const int32_t coordinates[SEQUENCE_ONES_MAX])
{
    double *list = sequence->z + sequence->used;

    assert(count >= 1 && count <= SEQUENCE_ONES_MAX);
    list[0] = count;
    for (int32_t i = 0; i < count; i++)
        list[1 + i] = coordinates[i];
    sequence->used += 1 + count;
    sequence->n++;
}
