#include <lattn/certificate.h>
#include <lattn/status.h>

#include <criterion/criterion.h>
#include <string.h>

static const enum lattn_status all[] = {
#define STATUS_ENTRY(name, number, word, sentence) LATTN_##name,
    LATTN_STATUS_TABLE(STATUS_ENTRY)
#undef STATUS_ENTRY
};

enum { COUNT = sizeof all / sizeof all[0] };

Test(status, has_one_number_and_one_word_per_cause)
{
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < i; j++) {
            cr_expect_neq(all[i], all[j]);
            cr_expect_str_neq(lattn_status_word(all[i]), lattn_status_word(all[j]));
            cr_expect_str_neq(lattn_status_text(all[i]), lattn_status_text(all[j]));
        }
    }
}

Test(status, is_positive_only_for_caveats)
{
    for (int i = 0; i < COUNT; i++)
        cr_expect_eq(all[i] > 0,
                     all[i] == LATTN_MORE || all[i] == LATTN_DUPLICATE || all[i] == LATTN_RANK,
                     "%s", lattn_status_word(all[i]));
}

Test(status, keeps_the_numbers_that_travel)
{
    cr_expect_eq(LATTN_OK, 0);
    cr_expect_eq(LATTN_NO_MEMORY, -1);
    cr_expect_eq(LATTN_SHAPE, -3);
    cr_expect_eq(LATTN_NOT_FINITE, -5);
    cr_expect_eq(LATTN_NO_DATA, -13);
    cr_expect_eq(LATTN_BUSY, -21);
    cr_expect_eq(LATTN_TIMEOUT, -27);
    cr_expect_eq(LATTN_BUDGET, -28);
    cr_expect_eq(LATTN_REFUSED, -29);
    cr_expect_eq(LATTN_READ_ONLY, -30);
}

Test(status, words_are_identifiers)
{
    for (int i = 0; i < COUNT; i++) {
        const char *word = lattn_status_word(all[i]);

        cr_expect_gt(strlen(word), 0);
        cr_expect_eq(strspn(word, "abcdefghijklmnopqrstuvwxyz_"), strlen(word), "%s", word);
    }
}

Test(status, sentences_start_small_and_have_no_full_stop)
{
    for (int i = 0; i < COUNT; i++) {
        const char *text = lattn_status_text(all[i]);

        cr_expect(text[0] >= 'a' && text[0] <= 'z', "%s", text);
        cr_expect_neq(text[strlen(text) - 1], '.', "%s", text);
    }
}

Test(status, names_a_number_it_does_not_know)
{
    cr_expect_str_eq(lattn_status_word((enum lattn_status)99), "unknown");
    cr_expect_str_eq(lattn_status_text((enum lattn_status)99), "unknown status");
}

Test(status, spells_the_verdicts)
{
    cr_expect_str_eq(lattn_verdict_text(LATTN_IDENTIFYING), "identifying");
    cr_expect_str_eq(lattn_verdict_text(LATTN_NOT_IDENTIFYING), "not identifying");
    cr_expect_str_eq(lattn_verdict_text(LATTN_CANNOT_TELL), "cannot tell");
}
