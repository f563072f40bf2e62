/* Every allocation of learners under noise and of low rank fails once, and from then on. */
#include "base/memory.h"
#include "core/dense.h"
#include "query/crossing.h"
#include "query/noisy.h"
#include "query/rankone.h"
#include "support/asking.h"
#include "support/leaks.h"

#include <criterion/criterion.h>

TestSuite(query_lowrank, .init = dense_threads_one);

enum { D = 16 };

typedef enum lattn_status (*learn_fn)(struct asking *asking, struct lattn_attention **ret_found);

static enum lattn_status learn_noisy(struct asking *asking, struct lattn_attention **ret_found)
{
    return noisy_learn(&asking->oracle, &asking->conditions, &asking->random, ret_found);
}

static enum lattn_status learn_crossing(struct asking *asking, struct lattn_attention **ret_found)
{
    int32_t rank;

    return crossing_learn(&asking->oracle, &asking->conditions, &asking->random, D, &rank,
                          ret_found);
}

static enum lattn_status learn_rankone(struct asking *asking, struct lattn_attention **ret_found)
{
    return rankone_learn(&asking->oracle, &asking->conditions, &asking->random, 2, ret_found);
}

/* Does the k-th allocation exist? Where it fails it is said so, and nothing is given. */
static int failure_survived(learn_fn learn, uint64_t k, int from_then_on)
{
    struct random random = {1};
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;
    enum lattn_status status;
    int has_failed;

    blackbox_init(&box, D, 1, 1, &random);
    blackbox_lower(&box, 2, &random);
    box.noise = 1e-6;
    asking_init(&asking, &box);
    memory_fail(k, from_then_on);
    status = learn(&asking, &found);
    has_failed = memory_failed();
    memory_fail(0, 0);
    cr_assert_eq(status, has_failed ? LATTN_NO_MEMORY : LATTN_OK, "allocation %d", (int)k);
    cr_assert_eq(found == NULL, has_failed);
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
    cr_assert_eq(leaks(), 0, "allocation %d", (int)k);
    return has_failed;
}

static void assert_survived(learn_fn learn)
{
    for (int from_then_on = 0; from_then_on <= 1; from_then_on++) {
        uint64_t k = 1;

        while (failure_survived(learn, k, from_then_on))
            k++;
        cr_assert_gt(k, 5, "it allocates");
    }
}

Test(query_lowrank, noisy)
{
    assert_survived(learn_noisy);
}

Test(query_lowrank, crossing)
{
    assert_survived(learn_crossing);
}

Test(query_lowrank, rankone)
{
    assert_survived(learn_rankone);
}
