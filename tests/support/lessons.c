#include "support/lessons.h"

#include <criterion/criterion.h>

struct lattn_learner *learner_make(struct lattn_learner_settings settings)
{
    struct lattn_learner *learner = NULL;

    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    return learner;
}

struct lattn_learner *learner_default(void)
{
    return learner_make(lattn_learner_settings_default());
}

struct lattn_item item_make(const double *z, int32_t n, int32_t d, const double *y, int32_t m)
{
    return (struct lattn_item){
        .z = z, .y = y, .weight = 1, .n = n, .d = d, .m = m, .labels = LATTN_LABELS_LAST};
}

enum lattn_status admit(struct lattn_learner *learner, struct lattn_item item)
{
    return lattn_learner_admit(learner, &item, NULL);
}

void absorb(struct lattn_learner *learner, struct lattn_item item)
{
    lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
}

void teach(struct lattn_learner *learner, struct lattn_item item)
{
    cr_assert_eq(admit(learner, item), LATTN_OK);
    absorb(learner, item);
}
