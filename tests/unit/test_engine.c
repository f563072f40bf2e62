#include <lattn/learner.h>

#include <criterion/criterion.h>

Test(engine, has_the_word_that_options_take)
{
    cr_expect_str_eq(lattn_engine_text(LATTN_ENGINE_RLS), "rls");
    cr_expect_str_eq(lattn_engine_text(LATTN_ENGINE_GRAM), "gram");
}
