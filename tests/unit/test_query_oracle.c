#include "query/oracle.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { D = 2, M = 2, MANY = 2500 };

/* Answers the sum of the tokens and a factor of it; one question may be refused or be NaN. */
struct teller {
    struct lattn_oracle oracle;
    size_t calls;
    size_t most; /* questions in one call */
    double refused;
    double nan;
    enum lattn_status status;
};

static enum lattn_status tell(void *arg, size_t count, struct lattn_question *questions,
                              struct lattn_complaint *complaint)
{
    struct teller *teller = arg;

    teller->calls++;
    teller->most = count > teller->most ? count : teller->most;
    if (teller->status != LATTN_OK)
        snprintf(complaint->text, sizeof complaint->text, "no more");
    for (size_t i = 0; i < count; i++) {
        struct lattn_question *question = &questions[i];
        int is_all = teller->oracle.answers == LATTN_ANSWERS_POSITIONS;
        double sum = 0;

        for (int32_t j = 0; j < question->n * D; j++)
            sum += question->x[j];
        question->is_refused = sum == teller->refused;
        for (int32_t t = 0; t < (is_all ? question->n : 1); t++)
            for (int32_t a = 0; a < M; a++)
                question->y[t * M + a] =
                    sum == teller->nan ? NAN : sum * (a + 1) + (is_all ? 1000 * t : 0);
    }
    return teller->status;
}

static void teller_init(struct teller *teller, struct oracle *oracle, uint64_t budget)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();

    *teller = (struct teller){
        .oracle = {.d = D, .m = M, .ask = tell, .arg = teller}, .refused = NAN, .nan = NAN};
    settings.budget = budget;
    cr_assert_eq(oracle_init(oracle, &teller->oracle, &settings), LATTN_OK);
}

Test(query_oracle, asks_in_calls_and_keeps_the_order)
{
    static double x[MANY * D], y[MANY * M];
    struct teller teller;
    struct oracle oracle;

    teller_init(&teller, &oracle, 0);
    for (int i = 0; i < MANY; i++)
        x[i * D] = i;
    cr_assert_eq(oracle_ask(&oracle, ORACLE_LEARN, MANY, 1, x, y), LATTN_OK);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(y[i * M], i);
        cr_assert_eq(y[i * M + 1], 2 * i);
    }
    cr_expect_eq(teller.calls, 3);
    cr_expect_eq(teller.most, LATTN_QUESTIONS_MAX);
    oracle_done(&oracle);
}

Test(query_oracle, takes_the_last_position_or_all)
{
    double x[3 * D] = {1, 0, 0, 1, 0, 1}, y[3 * M];
    struct teller teller;
    struct oracle oracle;

    teller_init(&teller, &oracle, 0);
    teller.oracle.answers = LATTN_ANSWERS_POSITIONS;
    cr_assert_eq(oracle_ask(&oracle, ORACLE_LEARN, 1, 3, x, y), LATTN_OK);
    cr_expect_eq(y[0], 2003);
    cr_expect_eq(y[1], 2006);
    cr_assert_eq(oracle_ask_positions(&oracle, ORACLE_LEARN, 1, 3, x, y), LATTN_OK);
    cr_expect_eq(y[0], 3);
    cr_expect_eq(y[2 * M + 1], 2006);
    oracle_done(&oracle);
}

Test(query_oracle, counts_by_purpose_and_keeps_to_the_budget)
{
    double x[4 * D] = {0}, y[4 * M];
    struct teller teller;
    struct oracle oracle;

    teller_init(&teller, &oracle, 6);
    cr_assert_eq(oracle_ask(&oracle, ORACLE_TRIAL, 1, 1, x, y), LATTN_OK);
    cr_assert_eq(oracle_ask(&oracle, ORACLE_LEARN, 2, 2, x, y), LATTN_OK);
    cr_expect_eq(oracle_ask(&oracle, ORACLE_VERIFY, 4, 1, x, y), LATTN_BUDGET);
    cr_expect_eq(teller.calls, 2, "nothing is asked beyond it");
    cr_expect_str_not_empty(oracle.complaint.text);
    cr_assert_eq(oracle_ask(&oracle, ORACLE_VERIFY, 3, 1, x, y), LATTN_OK);
    cr_expect_eq(oracle.counts.trial, 1);
    cr_expect_eq(oracle.counts.learn, 2);
    cr_expect_eq(oracle.counts.verify, 3);
    cr_expect_eq(oracle_count(&oracle), 6);
    oracle_done(&oracle);
}

Test(query_oracle, tells_what_was_refused_and_what_was_taken)
{
    double x[2 * D] = {3, 4, 0, 1}, y[2 * M];
    double large[D] = {30, 40};
    struct teller teller;
    struct oracle oracle;

    teller_init(&teller, &oracle, 0);
    teller.refused = 70;
    cr_assert_eq(oracle_ask(&oracle, ORACLE_TRIAL, 1, 2, x, y), LATTN_OK);
    cr_assert_eq(oracle_ask(&oracle, ORACLE_TRIAL, 1, 1, large, y), LATTN_REFUSED);
    cr_expect_eq(oracle.refused_norm, 50);
    cr_expect_eq(oracle.refused_length, 1);
    cr_expect_eq(oracle.norm, 5);
    cr_expect_eq(oracle.length, 2);
    cr_expect_eq(oracle.counts.trial, 2, "a refusal is a question");
    oracle_done(&oracle);
}

Test(query_oracle, refuses_answers_that_are_not_finite)
{
    double x[D] = {7, 0}, y[M];
    struct teller teller;
    struct oracle oracle;

    teller_init(&teller, &oracle, 0);
    teller.nan = 7;
    cr_expect_eq(oracle_ask(&oracle, ORACLE_TRIAL, 1, 1, x, y), LATTN_NOT_FINITE);
    cr_expect_str_not_empty(oracle.complaint.text);
    oracle_done(&oracle);
}

Test(query_oracle, hands_on_what_the_callback_returns)
{
    double x[D] = {0}, y[M];
    struct teller teller;
    struct oracle oracle;

    teller_init(&teller, &oracle, 0);
    teller.status = LATTN_CLOSED;
    cr_expect_eq(oracle_ask(&oracle, ORACLE_TRIAL, 1, 1, x, y), LATTN_CLOSED);
    cr_expect_str_eq(oracle.complaint.text, "no more");
    oracle_done(&oracle);
}

static void progress_note(void *arg, const struct lattn_probe_progress *progress)
{
    *(struct lattn_probe_progress *)arg = *progress;
}

Test(query_oracle, tells_how_far_it_is)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_probe_progress progress = {0};
    double x[2 * D] = {0}, y[2 * M];
    struct teller teller;
    struct oracle oracle;

    teller_init(&teller, &oracle, 0);
    oracle_done(&oracle);
    settings.progress = progress_note;
    settings.progress_arg = &progress;
    cr_assert_eq(oracle_init(&oracle, &teller.oracle, &settings), LATTN_OK);
    oracle_phase(&oracle, "learning", 20);
    cr_assert_eq(oracle_ask(&oracle, ORACLE_LEARN, 2, 1, x, y), LATTN_OK);
    cr_expect_str_eq(progress.phase, "learning");
    cr_expect_eq(progress.asked, 2);
    cr_expect_eq(progress.total, 20);
    oracle_phase(&oracle, "learning v", 4);
    cr_expect_eq(progress.total, 20, "a part of the way is not the whole");
    oracle_aim(&oracle, 3);
    cr_assert_eq(oracle_ask(&oracle, ORACLE_LEARN, 2, 1, x, y), LATTN_OK);
    cr_expect_eq(progress.total, 0, "it was wrong");
    oracle_done(&oracle);
}
