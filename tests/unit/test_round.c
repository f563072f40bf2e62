#include "round.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { QUESTIONS = 5, FIRST_ID = 9 };

static struct lattn_question questions[QUESTIONS];

/* With ids 9, 11, 13, ..., of which `asked` are under way. */
static void round_make(struct round *round, size_t asked)
{
    round_init(round);
    for (uint64_t i = 0; i < QUESTIONS; i++)
        round_add(round, FIRST_ID + 2 * i, &questions[i]);
    for (size_t i = 0; i < asked; i++)
        round_ask(round);
}

/* The question that an answer is to, -1 where it is refused. */
static int answer(struct round *round, const char *id, struct lattn_complaint *complaint)
{
    const struct round_entry *entry;

    if (round_answer(round, id, &entry, complaint) != LATTN_OK)
        return -1;
    return (int)(entry->question - questions);
}

Test(round, takes_answers_in_order_without_ids)
{
    struct lattn_complaint complaint;
    struct round round;

    round_make(&round, QUESTIONS);
    for (int i = 0; i < QUESTIONS; i++) {
        cr_expect_not(round_is_over(&round));
        cr_expect_eq(answer(&round, "", &complaint), i);
    }
    cr_expect(round_is_over(&round));
}

Test(round, takes_answers_in_any_order_by_id)
{
    static const char *const ids[] = {"13", "9", "17", "15", "11"};
    static const int expected[] = {2, 0, 4, 3, 1};
    struct lattn_complaint complaint;
    struct round round;

    round_make(&round, QUESTIONS);
    for (int i = 0; i < QUESTIONS; i++)
        cr_expect_eq(answer(&round, ids[i], &complaint), expected[i]);
    cr_expect(round_is_over(&round));
}

Test(round, refuses_answers_to_nothing)
{
    static const struct {
        const char *id;
        const char *words;
    } cases[] = {
        {"10", "no such question"},     {"15", "no such question"},  {"9", "twice"},
        {"\"11\"", "no such question"}, {"011", "no such question"}, {"11.0", "no such question"},
        {"-11", "no such question"},    {"", "has no id"},
    };
    struct lattn_complaint complaint;
    struct round round;

    round_make(&round, 3);
    cr_assert_eq(answer(&round, "9", &complaint), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(answer(&round, cases[i].id, &complaint), -1, "%s", cases[i].id);
        cr_expect(strstr(complaint.text, cases[i].words) != NULL, "%s", complaint.text);
    }
    cr_expect_eq(round.asked, 2);
    cr_expect_eq(round.answered, 1);
}

Test(round, refuses_more_answers_than_questions)
{
    struct lattn_complaint complaint;
    struct round round;

    round_make(&round, 1);
    cr_assert_eq(answer(&round, "", &complaint), 0);
    cr_expect_eq(answer(&round, "", &complaint), -1);
    cr_expect(strstr(complaint.text, "more answers") != NULL);
}

Test(round, takes_one_without_id_where_one_is_under_way)
{
    struct lattn_complaint complaint;
    struct round round;

    round_make(&round, 2);
    cr_assert_eq(answer(&round, "11", &complaint), 1);
    cr_expect_eq(answer(&round, "", &complaint), 0);
}

Test(round, asks_again_what_was_not_answered)
{
    struct lattn_complaint complaint;
    struct round round;

    round_make(&round, 4);
    cr_assert_eq(answer(&round, "11", &complaint), 1);
    cr_assert_eq(answer(&round, "15", &complaint), 3);
    round_again(&round);
    cr_expect_null(round_oldest(&round));
    for (int expected = 0; expected < QUESTIONS; expected += 2) {
        cr_expect_eq(round_next(&round)->question - questions, expected);
        round_ask(&round);
    }
    cr_expect_null(round_next(&round));
    cr_expect_eq(round_oldest(&round)->id, FIRST_ID);
    for (int expected = 0; expected < QUESTIONS; expected += 2)
        cr_expect_eq(answer(&round, "", &complaint), expected);
    cr_expect(round_is_over(&round));
}
