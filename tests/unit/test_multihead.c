#include "query/multihead.h"

#include "base/memory.h"
#include "query/copies.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct conditions exact = {.norm = 1024, .length = 32, .epsilon = 0x1p-53};

/* Two heads of three coordinates, asked under the conditions, with a budget; 0: none. */
static enum lattn_status box_learn(struct blackbox *box, const struct conditions *conditions,
                                   int32_t heads, uint64_t budget,
                                   struct lattn_attention **ret_layer, char *ret_text)
{
    struct lattn_probe_settings settings = {.budget = budget};
    struct random random = {.state = 21};
    enum lattn_status status;
    struct oracle oracle;

    status = oracle_init(&oracle, &box->oracle, &settings);
    if (status == LATTN_OK)
        status = multihead_learn(&oracle, conditions, &random, heads, ret_layer);
    memcpy(ret_text, oracle.complaint.text, sizeof oracle.complaint.text);
    oracle_done(&oracle);
    return status;
}

static void box_init(struct blackbox *box)
{
    struct random random = {.state = 20};

    blackbox_init(box, 3, 1, 2, &random);
}

static void expect_refusal(struct blackbox *box, const struct conditions *conditions, int32_t heads,
                           uint64_t budget, enum lattn_status wanted, const char *words)
{
    struct lattn_attention *layer = NULL;
    char text[sizeof(struct lattn_complaint)];

    cr_expect_eq(box_learn(box, conditions, heads, budget, &layer, text), wanted, "%s", text);
    cr_expect_not_null(strstr(text, words), "%s", text);
    cr_expect_null(layer);
}

Test(multihead, short_sequences_are_refused_by_their_cap)
{
    struct conditions conditions = exact;
    struct blackbox box;

    box_init(&box);
    conditions.length = 3;
    expect_refusal(&box, &conditions, 2, 0, LATTN_REFUSED,
                   "2 heads need sequences of 4 tokens, the cap is 3");
    conditions.length = 5;
    expect_refusal(&box, &conditions, 4, 0, LATTN_REFUSED,
                   "4 heads need sequences of 6 tokens, the cap is 5");
    cr_expect_eq(box.asked, 0);
    blackbox_done(&box);
}

Test(multihead, shortest_sequences_are_enough)
{
    for (int32_t heads = 1; heads <= 4; heads++) {
        struct random random = {.state = 22};
        struct conditions conditions = exact;
        struct lattn_attention *layer = NULL;
        char text[sizeof(struct lattn_complaint)];
        struct blackbox box;

        blackbox_init(&box, 3, 1, heads, &random);
        conditions.length = heads < 3 ? 4 : copies_length(heads);
        box.length_max = conditions.length;
        cr_expect_eq(box_learn(&box, &conditions, heads, 0, &layer, text), LATTN_OK, "%d heads: %s",
                     heads, text);
        lattn_attention_close(&layer);
        blackbox_done(&box);
    }
}

Test(multihead, small_tokens_are_named)
{
    struct conditions conditions = exact;
    struct blackbox box;

    box_init(&box);
    conditions.norm = 1e-4;
    expect_refusal(&box, &conditions, 2, 0, LATTN_REFUSED, "tokens of norm up to 0.0001");
    blackbox_done(&box);
}

Test(multihead, large_dimensions_are_refused_before_a_question)
{
    struct random random = {.state = 23};
    struct blackbox box;

    blackbox_init(&box, 128, 1, 4, &random);
    expect_refusal(&box, &exact, 4, 0, LATTN_REFUSED, "4 heads of 128 coordinates are too many");
    cr_expect_eq(box.asked, 0);
    blackbox_done(&box);
}

Test(multihead, what_the_oracle_says_is_handed_on)
{
    struct blackbox box;

    box_init(&box);
    expect_refusal(&box, &exact, 2, 150, LATTN_BUDGET, "budget");
    box.fails_after = box.asked + 170;
    expect_refusal(&box, &exact, 2, 0, LATTN_CLOSED, "the box is shut");
    box.fails_after = 0;
    box.nan_after = box.asked + 100;
    expect_refusal(&box, &exact, 2, 0, LATTN_NOT_FINITE, "not finite");
    box.nan_after = 0;
    box.norm_max = 100;
    expect_refusal(&box, &exact, 2, 0, LATTN_REFUSED, "does not take");
    blackbox_done(&box);
}

/* The first allocations one by one, later ones in growing strides: there are thousands. */
Test(multihead, any_allocation_may_fail)
{
    enum lattn_status status = LATTN_NO_MEMORY;
    struct blackbox box;

    box_init(&box);
    for (uint64_t k = 1; status != LATTN_OK; k += 1 + k / 8) {
        struct lattn_attention *layer = NULL;
        char text[sizeof(struct lattn_complaint)];

        memory_fail(k, 0);
        status = box_learn(&box, &exact, 2, 0, &layer, text);
        cr_assert_eq(status, memory_failed() ? LATTN_NO_MEMORY : LATTN_OK, "k = %d: %s", (int)k,
                     text);
        cr_assert_eq(layer != NULL, status == LATTN_OK);
        memory_fail(0, 0);
        lattn_attention_close(&layer);
    }
    blackbox_done(&box);
}
