#include "serve/holding.h"

#include "core/learner.h"
#include "support/sharing.h"

#include <criterion/criterion.h>

Test(holding, lives_as_long_as_somebody_holds_it)
{
    struct state state = sharing_state(&(struct sharing){SHARING_A, 0, 1, .pairs = 3});
    struct holding *holding;
    struct holding *another;

    cr_assert_eq(holding_open(&holding, &state), LATTN_OK);
    cr_expect_null(state.learner, "it was given");
    another = holding_hold(holding);
    holding_release(&holding);
    cr_expect_null(holding);
    cr_expect_eq(lattn_learner_pairs(another->state.learner), 3);
    holding_release(&another);
    cr_expect_null(another);
    holding_release(&another);
}
