#include "serve/pace.h"

#include <criterion/criterion.h>
#include <math.h>

static struct lattn_certificate look(uint64_t pairs, int64_t rank)
{
    return (struct lattn_certificate){.pairs = pairs, .rank = rank, .p = 288};
}

static void note(struct pace *pace, uint64_t pairs, int64_t rank)
{
    struct lattn_certificate certificate = look(pairs, rank);

    pace_note(pace, &certificate);
}

static double to_go(const struct pace *pace, uint64_t pairs, int64_t rank)
{
    struct lattn_certificate certificate = look(pairs, rank);

    return pace_pairs_to_go(pace, &certificate);
}

Test(pace, begins_with_nothing_learned)
{
    struct pace pace;

    pace_init(&pace, 0);
    cr_expect(isnan(to_go(&pace, 0, 0)), "before the first pair");
    cr_expect_eq(to_go(&pace, 212, 212), 76);
    cr_expect_eq(to_go(&pace, 200, 144), 200, "every direction takes 200/144 pairs");
    cr_expect(isnan(to_go(&pace, 300, 288)), "nothing is missing");
}

Test(pace, of_what_was_learned_before_is_known_from_the_second_look_on)
{
    struct pace pace;

    pace_init(&pace, 1000000);
    cr_expect(isnan(to_go(&pace, 1000000, 100)));
    note(&pace, 1000000, 100);
    cr_expect(isnan(to_go(&pace, 1000000, 100)), "no pair since");
    cr_expect_eq(to_go(&pace, 1000094, 194), 94);
}

Test(pace, goes_by_the_last_looks)
{
    struct pace pace;

    pace_init(&pace, 0);
    for (int64_t i = 1; i <= 100; i++)
        note(&pace, (uint64_t)i, i);
    /* From now on a direction takes ten pairs. */
    for (int64_t i = 1; i <= PACE_LOOKS; i++)
        note(&pace, (uint64_t)(100 + 10 * i), 100 + i);
    cr_expect_eq(to_go(&pace, 180, 108), 1800);
}

Test(pace, is_unknown_while_the_rank_does_not_grow)
{
    struct pace pace;

    pace_init(&pace, 0);
    for (uint64_t i = 1; i <= PACE_LOOKS; i++)
        note(&pace, 100 * i, 100);
    cr_expect(isnan(to_go(&pace, 1000, 100)), "it stands");
    cr_expect(isnan(to_go(&pace, 1000, 90)), "it falls");
    cr_expect_eq(to_go(&pace, 1000, 101), 187 * 900);
}

Test(pace, takes_a_second_look_at_the_same_pairs_for_the_same)
{
    struct pace pace;

    pace_init(&pace, 0);
    for (int i = 0; i < 2 * PACE_LOOKS; i++)
        note(&pace, 100, 100);
    cr_expect_eq(to_go(&pace, 100, 100), 188);
}

Test(pace, forgets_the_looks_at_another_learner)
{
    struct pace pace;

    pace_init(&pace, 0);
    note(&pace, 200, 200);
    note(&pace, 50, 10);
    cr_expect(isnan(to_go(&pace, 50, 10)));
    cr_expect_eq(to_go(&pace, 60, 20), 268);
}
