#include "tasks/contexts.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct context *find(struct contexts *contexts, const char *key)
{
    struct context *context = NULL;

    cr_assert_eq(contexts_find(contexts, key, &context), LATTN_OK);
    return context;
}

Test(contexts, finds_what_was_made)
{
    struct contexts contexts;
    char key[32];

    cr_assert_eq(contexts_init(&contexts, 2, 100000), LATTN_OK);
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof key, "key %d", i);
        contexts_push(&contexts, find(&contexts, key), i);
    }
    for (int i = 0; i < 10000; i++) {
        const struct context *context;

        snprintf(key, sizeof key, "key %d", i);
        context = find(&contexts, key);
        cr_assert_eq(context->count, 1);
        cr_assert_eq(context->symbols[0], i);
    }
    cr_expect_eq(contexts.count, 10000);
    contexts_done(&contexts);
}

Test(contexts, keeps_the_last_symbols_oldest_first)
{
    struct contexts contexts;
    struct context *context;

    cr_assert_eq(contexts_init(&contexts, 3, 10), LATTN_OK);
    context = find(&contexts, "a");
    for (int32_t symbol = 0; symbol < 5; symbol++)
        contexts_push(&contexts, context, symbol);
    cr_assert_eq(context->count, 3);
    for (int32_t t = 0; t < 3; t++)
        cr_expect_eq(context->symbols[t], t + 2);
    contexts_done(&contexts);
}

Test(contexts, forgets_the_key_idle_longest)
{
    struct contexts contexts;

    cr_assert_eq(contexts_init(&contexts, 1, 3), LATTN_OK);
    contexts_push(&contexts, find(&contexts, "a"), 1);
    contexts_push(&contexts, find(&contexts, "b"), 2);
    contexts_push(&contexts, find(&contexts, "c"), 3);
    (void)find(&contexts, "a"); /* now b is the one */
    contexts_push(&contexts, find(&contexts, "d"), 4);
    cr_expect_eq(contexts.count, 3);
    cr_expect_eq(find(&contexts, "a")->symbols[0], 1);
    cr_expect_eq(find(&contexts, "c")->symbols[0], 3);
    cr_expect_eq(find(&contexts, "d")->symbols[0], 4);
    cr_expect_eq(find(&contexts, "b")->count, 0);
    contexts_done(&contexts);
}

Test(contexts, holds_one_key_where_only_one_fits)
{
    struct contexts contexts;
    char key[32];

    cr_assert_eq(contexts_init(&contexts, 1, 1), LATTN_OK);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key %d", i);
        cr_assert_eq(find(&contexts, key)->count, 0);
        cr_assert_eq(contexts.count, 1);
    }
    contexts_done(&contexts);
}

Test(contexts, is_as_before_where_memory_ran_out)
{
    struct contexts contexts;
    struct context *context;
    char key[32];
    uint64_t failures = 0;

    cr_assert_eq(contexts_init(&contexts, 1, 1000), LATTN_OK);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key %d", i);
        for (uint64_t k = 1;; k++) {
            size_t count = contexts.count;

            memory_fail(k, 0);
            if (contexts_find(&contexts, key, &context) == LATTN_OK)
                break;
            cr_assert_eq(contexts.count, count);
            failures++;
        }
        memory_fail(0, 0);
    }
    cr_expect_eq(contexts.count, 1000);
    cr_expect_geq(failures, 1000);
    contexts_done(&contexts);
}
