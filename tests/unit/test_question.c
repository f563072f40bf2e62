#include "question.h"

#include "base/memory.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <string.h>

static const double tokens[] = {1, 0.1, -2e-300, 0};
static const struct lattn_oracle last = {.d = 2, .m = 2};
static const struct lattn_oracle positions = {.d = 2, .m = 2, .answers = LATTN_ANSWERS_POSITIONS};

#define TOKENS "[[1,0.10000000000000001],[-2.0000000000000001e-300,0]]"

Test(question, is_a_line)
{
    struct lattn_question question = {.n = 2, .x = tokens};
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(question_write(&text, &last, 17, &question), LATTN_OK);
    cr_expect_str_eq(text.data, "{\"id\":17,\"z\":" TOKENS "}\n");
    text.length = 0;
    cr_assert_eq(question_write_request(&text, &last, 17, &question), LATTN_OK);
    cr_expect_str_eq(text.data,
                     "{\"id\":17,\"method\":\"predict\",\"params\":{\"z\":" TOKENS "}}\n");
    lattn_text_done(&text);
}

Test(question, is_kept_with_its_answer)
{
    double y[] = {1, 2, 3, 4};
    struct lattn_question question = {.n = 2, .x = tokens, .y = y};
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(question_write_answered(&text, &last, 1, &question, ""), LATTN_OK);
    cr_expect_str_eq(text.data, "{\"id\":1,\"z\":" TOKENS ",\"y\":[1,2]}\n");
    text.length = 0;
    cr_assert_eq(question_write_answered(&text, &positions, 1, &question, ""), LATTN_OK);
    cr_expect_str_eq(text.data,
                     "{\"id\":1,\"z\":" TOKENS ",\"y\":[[1,2],[3,4]],\"causal\":false}\n");
    text.length = 0;
    question.is_refused = 1;
    cr_assert_eq(question_write_answered(&text, &last, 1, &question, "at most \"1\""), LATTN_OK);
    cr_expect_str_eq(text.data, "{\"id\":1,\"z\":" TOKENS ",\"error\":{\"code\":\"refused\","
                                "\"message\":\"at most \\\"1\\\"\"}}\n");
    lattn_text_done(&text);
}

Test(question, is_written_whole_or_not_at_all)
{
    struct lattn_question question = {.n = 2, .x = tokens, .is_refused = 1};
    struct lattn_text text;

    for (uint64_t call = 1;; call++) {
        enum lattn_status status;

        lattn_text_init(&text);
        memory_fail(call, 0);
        status = question_write_answered(&text, &last, 1, &question, "at most 1");
        if (!memory_failed())
            break;
        cr_expect_eq(status, LATTN_NO_MEMORY);
        cr_expect_eq(text.length, 0);
        lattn_text_done(&text);
    }
    memory_fail(0, 0);
    cr_expect_gt(text.length, 0);
    lattn_text_done(&text);
    cr_expect_eq(leaks(), 0);
}

Test(question, takes_answers_of_its_form_only)
{
    static const double numbers[] = {1, 2, 3, 4};
    static const struct {
        const struct lattn_oracle *oracle;
        struct lattn_response response;
        const char *words; /* NULL: it is of the form */
    } cases[] = {
        {&last, {.columns = 2}, NULL},
        {&last, {.columns = 1}, "y is 1 number, 2 numbers are expected"},
        {&last, {.columns = 3}, "y is 3 numbers, 2 numbers are expected"},
        {&last, {.rows = 2, .columns = 2}, "y is 2 rows of 2 numbers, 2 numbers are expected"},
        {&positions, {.rows = 2, .columns = 2}, NULL},
        {&positions, {.columns = 2}, "y is 2 numbers, 2 rows of 2 numbers are expected"},
        {&positions, {.rows = 1, .columns = 2}, "1 row of 2 numbers, 2 rows"},
        {&positions, {.rows = 2, .columns = 1}, "2 rows of 1 number, 2 rows"},
        {&positions, {.is_refused = 1}, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double y[4] = {0};
        struct lattn_question question = {.n = 2, .x = tokens, .y = y};
        struct lattn_complaint complaint = {""};
        enum lattn_status status =
            question_take(cases[i].oracle, &question, &cases[i].response, numbers, &complaint);
        size_t count = cases[i].oracle == &last ? 2 : 4;

        cr_expect_eq(status, cases[i].words == NULL ? LATTN_OK : LATTN_SHAPE);
        cr_expect_eq(question.is_refused, cases[i].response.is_refused);
        if (cases[i].words != NULL)
            cr_expect(strstr(complaint.text, cases[i].words) != NULL, "%s", complaint.text);
        else if (!question.is_refused)
            cr_expect_arr_eq(y, numbers, count * sizeof *y);
    }
}
