/*
 * Every allocation of a probe fails once, and from then on: it is said so, nothing is given, and
 * nothing leaks.
 */
#include <lattn/query.h>

#include "base/memory.h"
#include "core/dense.h"
#include "support/blackbox.h"
#include "support/leaks.h"

#include <criterion/criterion.h>

TestSuite(query_probe, .init = dense_threads_one);

/* What an oracle is made into. */
typedef void (*make_fn)(struct blackbox *box, struct lattn_probe_settings *settings);

static void make_head(struct blackbox *box, struct lattn_probe_settings *settings)
{
    (void)box;
    (void)settings;
}

static void make_noisy(struct blackbox *box, struct lattn_probe_settings *settings)
{
    (void)settings;
    box->noise = 1e-5;
}

static void make_biased(struct blackbox *box, struct lattn_probe_settings *settings)
{
    (void)settings;
    box->bias = 1;
}

static void make_residual(struct blackbox *box, struct lattn_probe_settings *settings)
{
    (void)settings;
    box->residual = blackbox_numbers((size_t)box->d);
    box->residual[0] = 1;
}

static void make_silent(struct blackbox *box, struct lattn_probe_settings *settings)
{
    (void)settings;
    for (int32_t j = 0; j < box->d; j++)
        box->V[j] = 0;
}

static void make_linear(struct blackbox *box, struct lattn_probe_settings *settings)
{
    (void)settings;
    box->is_linear = 1;
}

static void make_label(struct blackbox *box, struct lattn_probe_settings *settings)
{
    (void)settings;
    box->is_label = 1;
}

static void make_low(struct blackbox *box, struct lattn_probe_settings *settings)
{
    (void)box;
    settings->rank = LATTN_RANK_FIND;
}

/* Does the k-th allocation exist? */
static int failure_survived(make_fn make, uint64_t k, int from_then_on)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_complaint complaint = {""};
    struct lattn_finding *finding = NULL;
    struct random random = {1};
    enum lattn_status status;
    struct blackbox box;
    int has_failed;

    blackbox_init(&box, 3, 1, 1, &random);
    make(&box, &settings);
    memory_fail(k, from_then_on);
    status = lattn_probe(&box.oracle, &settings, &finding, &complaint);
    has_failed = memory_failed();
    memory_fail(0, 0);
    cr_assert_eq(status, has_failed ? LATTN_NO_MEMORY : LATTN_OK, "allocation %d: %s", (int)k,
                 complaint.text);
    cr_assert_eq(finding == NULL, has_failed);
    cr_assert_eq(complaint.text[0] != '\0', has_failed);
    lattn_finding_close(&finding);
    blackbox_done(&box);
    cr_assert_eq(leaks(), 0, "allocation %d", (int)k);
    return has_failed;
}

static void assert_survived(make_fn make)
{
    for (int from_then_on = 0; from_then_on <= 1; from_then_on++) {
        uint64_t k = 1;

        while (failure_survived(make, k, from_then_on))
            k++;
        cr_assert_gt(k, 8, "it allocates");
    }
}

Test(query_probe, of_one_head)
{
    assert_survived(make_head);
    assert_survived(make_noisy);
    assert_survived(make_low);
}

Test(query_probe, of_layers_that_are_refused)
{
    assert_survived(make_biased);
    assert_survived(make_residual);
    assert_survived(make_silent);
}

Test(query_probe, of_other_architectures)
{
    assert_survived(make_linear);
    assert_survived(make_label);
}
