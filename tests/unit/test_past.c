#include "past.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct past *find(struct pasts *pasts, const char *key)
{
    struct past *past = NULL;

    cr_assert_eq(pasts_find(pasts, key, &past), LATTN_OK);
    return past;
}

static void push(struct pasts *pasts, const char *key, double number)
{
    const double row[] = {number, -number};

    cr_assert_eq(pasts_push(pasts, find(pasts, key), row), LATTN_OK);
}

Test(past, keeps_the_last_rows_oldest_first)
{
    for (int32_t window = 1; window < 9; window++) {
        struct pasts pasts;

        pasts_init(&pasts, window, 2, 10, SIZE_MAX);
        for (int32_t i = 0; i < 20; i++) {
            const struct past *past = find(&pasts, "k");
            int32_t count = i < window ? i : window;

            cr_assert_eq(past->count, count);
            for (int32_t t = 0; t < count; t++) {
                cr_expect_eq(past->rows[2 * t], i - count + t);
                cr_expect_eq(past->rows[2 * t + 1], -(i - count + t));
            }
            push(&pasts, "k", i);
        }
        pasts_done(&pasts);
    }
}

Test(past, tells_keys_apart)
{
    struct pasts pasts;
    char key[16];

    pasts_init(&pasts, 3, 2, 1000, SIZE_MAX);
    for (int32_t i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "key %d", i % 500);
        push(&pasts, key, i);
    }
    for (int32_t i = 0; i < 500; i++) {
        const struct past *past;

        snprintf(key, sizeof key, "key %d", i);
        past = find(&pasts, key);
        cr_assert_eq(past->count, 3);
        cr_expect_eq(past->rows[0], 500 + i);
        cr_expect_eq(past->rows[4], 1500 + i);
    }
    cr_expect_eq(pasts.count, 500);
    pasts_done(&pasts);
}

Test(past, forgets_the_key_idle_longest_where_there_are_too_many)
{
    struct pasts pasts;

    pasts_init(&pasts, 4, 2, 3, SIZE_MAX);
    push(&pasts, "a", 1);
    push(&pasts, "b", 2);
    push(&pasts, "c", 3);
    push(&pasts, "a", 4);
    push(&pasts, "d", 5);
    cr_expect_eq(pasts.count, 3);
    cr_expect_eq(find(&pasts, "a")->count, 2);
    cr_expect_eq(find(&pasts, "c")->count, 1);
    cr_expect_eq(find(&pasts, "b")->count, 0, "b was idle longest and begins anew");
    cr_expect_eq(find(&pasts, "d")->count, 0, "and took the place of d");
    pasts_done(&pasts);
}

Test(past, forgets_others_where_there_are_too_many_bytes)
{
    struct pasts pasts;

    pasts_init(&pasts, 1, 2, 1000, 10 * 2 * sizeof(double));
    for (int32_t i = 0; i < 100; i++) {
        char key[16];

        snprintf(key, sizeof key, "%d", i);
        push(&pasts, key, i);
        cr_expect_leq(pasts.count, 11);
        cr_expect_leq(pasts.bytes, 10 * 2 * sizeof(double));
    }
    cr_expect_eq(find(&pasts, "99")->count, 1);
    cr_expect_eq(find(&pasts, "90")->count, 1);
    cr_expect_eq(find(&pasts, "89")->count, 0);
    pasts_done(&pasts);
}

Test(past, is_released_twice_without_harm)
{
    struct pasts pasts = {0};

    pasts_done(&pasts);
    pasts_done(&pasts);
}
