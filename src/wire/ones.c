#include "wire/ones.h"

#include "base/complaint.h"

#include <inttypes.h>
#include <string.h>

enum lattn_status ones_add_token(struct ones *ones, struct lattn_complaint *complaint)
{
    if (ones->n == LATTN_TOKENS_MAX)
        return complain(complaint, LATTN_RANGE, "t has more than %d tokens", LATTN_TOKENS_MAX);
    ones->n++;
    ones->count = &ones->numbers[ones->used++];
    *ones->count = 0;
    memset(ones->seen, 0, sizeof ones->seen);
    return LATTN_OK;
}

enum lattn_status ones_add_index(struct ones *ones, uint64_t index,
                                 struct lattn_complaint *complaint)
{
    if (index >= LATTN_DIM_MAX)
        return complain(complaint, LATTN_RANGE, "t[%d][%d] is %" PRIu64 ", at most %d is accepted",
                        ones->n - 1, (int)*ones->count, index, LATTN_DIM_MAX - 1);
    if ((ones->seen[index / 64] >> index % 64 & 1) != 0)
        return complain(complaint, LATTN_RANGE, "t[%d] names coordinate %d twice", ones->n - 1,
                        (int)index);
    ones->seen[index / 64] |= UINT64_C(1) << index % 64;
    ones->numbers[ones->used++] = (double)index;
    *ones->count += 1;
    if (ones->d <= (int32_t)index)
        ones->d = (int32_t)index + 1;
    return LATTN_OK;
}

void ones_name_token(const struct ones *ones, char ret_name[ONES_NAME_MAX])
{
    (void)snprintf(ret_name, ONES_NAME_MAX, "t[%d]", ones->n);
}

void ones_name_index(const struct ones *ones, char ret_name[ONES_NAME_MAX])
{
    (void)snprintf(ret_name, ONES_NAME_MAX, "t[%d][%d]", ones->n - 1, (int)*ones->count);
}

enum lattn_status ones_finish(const struct ones *ones, struct lattn_item *item,
                              struct lattn_complaint *complaint)
{
    if (ones->n == 0)
        return complain(complaint, LATTN_EMPTY, "t has no token");
    item->z = ones->numbers;
    item->n = ones->n;
    item->d = ones->d;
    item->tokens = LATTN_TOKENS_ONES;
    return LATTN_OK;
}
