/* Every allocation of the learners of one head fails once, and from then on. */
#include "base/memory.h"
#include "core/dense.h"
#include "query/positions.h"
#include "query/softmax.h"
#include "query/vector.h"
#include "support/asking.h"
#include "support/leaks.h"

#include <criterion/criterion.h>

TestSuite(query_heads, .init = dense_threads_one);

enum { D = 5 };

typedef enum lattn_status (*learn_fn)(struct oracle *oracle, const struct conditions *conditions,
                                      struct random *random, struct lattn_attention **ret_found);

/* Does the k-th allocation exist? Where it fails it is said so, and nothing is given. */
static int failure_survived(learn_fn learn, int32_t m, uint64_t k, int from_then_on)
{
    struct random random = {.state = 1};
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;
    enum lattn_status status;
    int has_failed;

    blackbox_init(&box, D, m, 1, &random);
    box.oracle.answers = learn == positions_learn ? LATTN_ANSWERS_POSITIONS : LATTN_ANSWERS_LAST;
    asking_init(&asking, &box);
    memory_fail(k, from_then_on);
    status = learn(&asking.oracle, &asking.conditions, &asking.random, &found);
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

static void assert_survived(learn_fn learn, int32_t m)
{
    for (int from_then_on = 0; from_then_on <= 1; from_then_on++) {
        uint64_t k = 1;

        while (failure_survived(learn, m, k, from_then_on))
            k++;
        cr_assert_gt(k, 10, "it allocates");
    }
}

Test(query_heads, softmax)
{
    assert_survived(softmax_learn, 1);
}

Test(query_heads, vector)
{
    assert_survived(vector_learn, 3);
}

Test(query_heads, positions)
{
    assert_survived(positions_learn, D);
    assert_survived(positions_learn, D - 1);
}
