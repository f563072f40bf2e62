#include "query/heldout.h"

#include "core/dense.h"
#include "query/frame.h"
#include "support/asking.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(heldout, .init = dense_threads_one);

enum { D = 5, COUNT = 4 };

/* Do held-out entries agree with the true W, one entry of it off by so much, known to `error`? */
static int agrees(double off, double error)
{
    struct random random = {3};
    struct blackbox box;
    struct asking asking;
    struct bilinear bilinear;
    struct lattn_attention *found;
    double u[D * D];
    int agree = -1;

    blackbox_init(&box, D, 1, 1, &random);
    asking_init(&asking, &box);
    cr_assert_eq(lattn_attention_open(&found, D, 1, 1), LATTN_OK);
    memcpy(found->V, box.V, D * sizeof *box.V);
    memcpy(found->W, box.W, D * D * sizeof *box.W);
    found->W[7] += off;
    for (int i = 0; i < D * D; i++)
        found->W_error[i] = error;
    cr_assert_eq(
        bilinear_init(&bilinear, &asking.oracle, &asking.conditions, found->V, found->V_error),
        LATTN_OK);
    cr_assert_eq(bilinear_scale(&bilinear, &asking.random), LATTN_OK);
    frame_anchor(D, found->V, u);
    bilinear_stretch(&bilinear, D, u);
    cr_assert_eq(heldout_ask(&bilinear, ORACLE_VERIFY, COUNT, u, found, &asking.random, &agree),
                 LATTN_OK);
    cr_expect_eq(asking.oracle.counts.verify, COUNT);
    bilinear_done(&bilinear);
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
    return agree;
}

Test(heldout, agrees_with_the_truth)
{
    cr_expect_eq(agrees(0, 0), 1);
}

Test(heldout, finds_an_entry_that_is_off)
{
    cr_expect_eq(agrees(1e-9, 0), 0);
    cr_expect_eq(agrees(1e-3, 1e-9), 0);
}

Test(heldout, believes_error_bars)
{
    cr_expect_eq(agrees(1e-9, 1e-9), 1);
    cr_expect_eq(agrees(1e-3, 1e-3), 1);
}
