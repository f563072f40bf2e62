#include <lattn/batch.h>
#include <lattn/limits.h>

#include "base/complaint.h"

#include <math.h>

int32_t lattn_item_rows(const struct lattn_item *item)
{
    return item->labels == LATTN_LABELS_LAST ? 1 : item->n;
}

static enum lattn_status check_sizes(const struct lattn_item *item,
                                     struct lattn_complaint *complaint)
{
    if (item->n == 0)
        return complain(complaint, LATTN_EMPTY, "z has no token");
    if (item->n < 0 || item->n > LATTN_TOKENS_MAX)
        return complain(complaint, LATTN_RANGE, "z has %d tokens, at most %d are accepted", item->n,
                        LATTN_TOKENS_MAX);
    if (item->d < 0 || item->d > LATTN_DIM_MAX)
        return complain(complaint, LATTN_RANGE,
                        "a token has %d coordinates, at most %d are accepted", item->d,
                        LATTN_DIM_MAX);
    if (item->y != NULL && (item->m < 1 || item->m > LATTN_OUTPUTS_MAX))
        return complain(complaint, LATTN_RANGE, "y has %d outputs, 1 to %d are accepted", item->m,
                        LATTN_OUTPUTS_MAX);
    return LATTN_OK;
}

/* Finiteness of all at once: inf - inf and nan - nan are not 0. The culprit is sought afterwards.
 */
static int64_t first_not_finite(const double *numbers, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += numbers[i] - numbers[i];
    if (sum == 0)
        return -1;
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(numbers[i]))
            return i;
    return -1;
}

enum lattn_status lattn_item_check(const struct lattn_item *item, struct lattn_complaint *complaint)
{
    enum lattn_status status = check_sizes(item, complaint);
    int64_t bad;

    if (status != LATTN_OK)
        return status;
    if (item->y != NULL && !(item->weight >= LATTN_WEIGHT_MIN && item->weight <= LATTN_WEIGHT_MAX))
        return complain(complaint, LATTN_RANGE, "the weight is %g, %g to %g are accepted",
                        item->weight, LATTN_WEIGHT_MIN, LATTN_WEIGHT_MAX);
    bad = first_not_finite(item->z, (int64_t)item->n * item->d);
    if (bad >= 0)
        return complain(complaint, LATTN_NOT_FINITE, "z[%d][%d] is not finite",
                        (int)(bad / item->d), (int)(bad % item->d));
    if (item->y == NULL)
        return LATTN_OK;
    bad = first_not_finite(item->y, (int64_t)lattn_item_rows(item) * item->m);
    if (bad >= 0)
        return complain(complaint, LATTN_NOT_FINITE, "y[%d][%d] is not finite",
                        (int)(bad / item->m), (int)(bad % item->m));
    return LATTN_OK;
}
