/* The verdict as one sentence. */
#include <lattn/certificate.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

static const struct lattn_certificate learning = {
    .pairs = 212, .p = 288, .rank = 212, .identifying_since = LATTN_NEVER, .lost_at = LATTN_NEVER};

static void assert_says(const struct lattn_certificate *certificate, double pairs_to_go,
                        const char *expected)
{
    char sentence[LATTN_SENTENCE_MAX];

    lattn_verdict_sentence(certificate, pairs_to_go, sentence);
    cr_expect_str_eq(sentence, expected);
}

Test(verdict_sentence, tells_each_verdict)
{
    struct lattn_certificate certificate = {.pairs = 0};

    assert_says(&certificate, NAN, "nothing has been learned yet");
    certificate = learning;
    assert_says(&certificate, NAN, "not yet identifying: 212 of 288 directions seen");
    certificate.verdict = LATTN_CANNOT_TELL;
    assert_says(&certificate, NAN,
                "cannot tell: 212 of 288 directions seen, some of them too weakly");
    certificate.verdict = LATTN_IDENTIFYING;
    certificate.identifying_since = 1234;
    assert_says(&certificate, 80, "identifying since pair 1 234");
    certificate.verdict = LATTN_NOT_IDENTIFYING;
    certificate.lost_at = 1234567;
    assert_says(
        &certificate, 7,
        "no longer identifying since pair 1 234 567: 212 of 288 directions seen; about 7 more "
        "pairs at this rate");
}

Test(verdict_sentence, says_that_pairs_are_missing_where_no_direction_is)
{
    struct lattn_certificate certificate = learning;

    certificate.rank = certificate.p;
    assert_says(&certificate, NAN,
                "not yet identifying: 288 of 288 directions seen, by fewer effective pairs");
    certificate.lost_at = 1234;
    assert_says(&certificate, NAN,
                "no longer identifying since pair 1 234: 288 of 288 directions seen, by fewer "
                "effective pairs");
    certificate.verdict = LATTN_CANNOT_TELL;
    assert_says(&certificate, NAN,
                "cannot tell: 288 of 288 directions seen, some of them too weakly");
}

Test(verdict_sentence, rounds_what_is_only_about_so_much)
{
    static const struct {
        double pairs;
        const char *said;
    } cases[] = {
        {76, "; about 80 more pairs at this rate"},
        {1, "; about 1 more pair at this rate"},
        {0.2, "; about 1 more pair at this rate"},
        {9, "; about 9 more pairs at this rate"},
        {14, "; about 10 more pairs at this rate"},
        {99, "; about 100 more pairs at this rate"},
        {1249, "; about 1 200 more pairs at this rate"},
        {996, "; about 1 000 more pairs at this rate"},
        {1234567, "; about 1 200 000 more pairs at this rate"},
        {0, ""},
        {-5, ""},
        {INFINITY, ""},
        {1e300, ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[LATTN_SENTENCE_MAX];

        snprintf(expected, sizeof expected, "not yet identifying: 212 of 288 directions seen%s",
                 cases[i].said);
        assert_says(&learning, cases[i].pairs, expected);
    }
}

Test(verdict_sentence, holds_the_largest_numbers)
{
    const struct lattn_certificate certificate = {
        .pairs = UINT64_MAX, .p = INT64_MAX, .rank = INT64_MAX - 1, .lost_at = INT64_MAX};

    assert_says(&certificate, 1e15,
                "no longer identifying since pair 9 223 372 036 854 775 807: 9 223 372 036 854 "
                "775 806 of 9 223 372 036 854 775 807 directions seen; about 1 000 000 000 000 "
                "000 more pairs at this rate");
}
