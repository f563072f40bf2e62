#include "serve/looks.h"

#include <criterion/criterion.h>
#include <math.h>

static struct lattn_stream stream_of(uint64_t tested, uint64_t undetermined)
{
    return (struct lattn_stream){.checked =
                                     tested < LATTN_STREAM_WINDOW ? tested : LATTN_STREAM_WINDOW,
                                 .undetermined = undetermined,
                                 .tested = tested};
}

Test(looks, wait_until_the_first_can_succeed)
{
    struct looks looks = {.share_max = 0.05};
    struct lattn_stream stream = stream_of(71, 0);

    cr_assert_not(looks_take(&looks, &stream));
    cr_assert_eq(looks.taken, 0);
    stream = stream_of(72, 0); /* log(.025) / log(.95) = 71.9 */
    cr_assert(looks_take(&looks, &stream));
    cr_assert_eq(looks.taken, 1);
}

Test(looks, ask_for_more_each_time)
{
    struct looks looks = {.share_max = 0.05, .taken = 9, .tested_last = 100};
    struct lattn_stream stream = stream_of(149, 0);
    uint64_t enough = (uint64_t)ceil(log(0.05 / 110) / log(0.95));

    cr_assert_not(looks_take(&looks, &stream));
    cr_assert_eq(looks.taken, 9, "it was not yet time");
    stream = stream_of(150, 0);
    cr_assert_lt(stream.tested, enough);
    cr_assert_not(looks_take(&looks, &stream), "look 10 asks for %lu", enough);
    cr_assert_eq(looks.taken, 10);
    stream = stream_of(226, 0);
    cr_assert(looks_take(&looks, &stream));
}

Test(looks, spend_no_more_than_alpha)
{
    double spent = 0;

    for (int n = 1; n <= 100000; n++)
        spent += 0.05 / ((double)n * (n + 1));
    cr_assert_leq(spent, 0.05);
}

Test(looks, look_once_more_at_the_end)
{
    struct looks looks = {.share_max = 0.1};
    struct lattn_stream stream = stream_of(100, 20);

    cr_assert_not(looks_take(&looks, &stream));
    cr_assert_not(looks_take_last(&looks, &stream), "the same tests say no more");
    cr_assert_eq(looks.taken, 1);
    stream = stream_of(101, 0);
    cr_assert_not(looks_take(&looks, &stream));
    cr_assert(looks_take_last(&looks, &stream));
    cr_assert(looks_take_last(&looks, &stream), "what held holds");
}

Test(looks, begin_anew_where_all_was_forgotten)
{
    struct looks looks = {.share_max = 0.05, .taken = 3, .tested_last = 5000};
    struct lattn_stream stream = stream_of(400, 0);

    cr_assert(looks_take(&looks, &stream));
    cr_assert_eq(looks.taken, 4, "but a look is a look");
}

Test(looks, know_what_a_window_can_show)
{
    cr_assert_float_eq(looks_share_least(), 1 - pow(0.025, 1e-3), 1e-12);
}
