#include "query/recipe.h"

#include <criterion/criterion.h>

static const struct lattn_oracle one = {.d = 8, .m = 1};
static const struct lattn_oracle three = {.d = 8, .m = 3};
static const struct lattn_oracle all = {.d = 8, .m = 3, .answers = LATTN_ANSWERS_POSITIONS};

Test(recipe, follows_the_answers)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    enum lattn_architecture softmax = LATTN_ARCHITECTURE_SOFTMAX;

    cr_expect_eq(recipe_choose(&one, &settings, softmax, 0), RECIPE_SOFTMAX);
    cr_expect_eq(recipe_choose(&one, &settings, softmax, 1), RECIPE_NOISY);
    cr_expect_eq(recipe_choose(&three, &settings, softmax, 0), RECIPE_VECTOR);
    cr_expect_eq(recipe_choose(&all, &settings, softmax, 0), RECIPE_POSITIONS);
    cr_expect_eq(recipe_choose(&one, &settings, LATTN_ARCHITECTURE_LABEL, 0), RECIPE_LABEL);
    cr_expect_eq(recipe_choose(&one, &settings, LATTN_ARCHITECTURE_TRANSFORMER, 0),
                 RECIPE_TRANSFORMER);
    cr_expect_eq(recipe_choose(&three, &settings, LATTN_ARCHITECTURE_LINEAR, 0), RECIPE_LINEAR);
}

Test(recipe, follows_the_settings)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    enum lattn_architecture softmax = LATTN_ARCHITECTURE_SOFTMAX;

    settings.rank = LATTN_RANK_FIND;
    cr_expect_eq(recipe_choose(&one, &settings, softmax, 1), RECIPE_CROSSING);
    cr_expect_eq(recipe_choose(&one, &settings, LATTN_ARCHITECTURE_LINEAR, 0), RECIPE_SLICES);
    settings.rank = 2;
    settings.in_batch = 1;
    cr_expect_eq(recipe_choose(&one, &settings, softmax, 0), RECIPE_RANKONE);
    settings = lattn_probe_settings_default();
    settings.heads = 2;
    cr_expect_eq(recipe_choose(&one, &settings, softmax, 0), RECIPE_MULTIHEAD);
}

Test(recipe, asks_as_long_sequences_as_it_can_use)
{
    const struct lattn_oracle wide = {.d = 64, .m = 40};

    cr_expect_eq(recipe_length(RECIPE_SOFTMAX, &wide), 8);
    cr_expect_eq(recipe_length(RECIPE_VECTOR, &wide), 41);
    cr_expect_eq(recipe_length(RECIPE_VECTOR, &three), 8);
    cr_expect_eq(recipe_length(RECIPE_POSITIONS, &wide), 65);
    cr_expect_eq(recipe_length(RECIPE_MULTIHEAD, &one), LATTN_QUESTION_TOKENS_MAX);
}

/* d = 8: numbers of v and W, of W of rank 2, of linear attention. */
Test(recipe, knows_the_count_of_the_theory)
{
    cr_expect_eq(recipe_theory(RECIPE_SOFTMAX, &one, 8), 8 + 64);
    cr_expect_eq(recipe_theory(RECIPE_CROSSING, &one, 2), 8 + 2 * (16 - 2));
    cr_expect_eq(recipe_theory(RECIPE_VECTOR, &three, 0), 8 + 8 * 3);
    cr_expect_eq(recipe_theory(RECIPE_LINEAR, &one, 0), 8 * 8 * 9 / 2);
    cr_expect_eq(recipe_theory(RECIPE_TRANSFORMER, &one, 0), 0);
}
