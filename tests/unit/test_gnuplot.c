#include "gnuplot.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum lattn_status draw(const char *words, struct lattn_text *figure,
                              struct lattn_complaint *complaint)
{
    struct lattn_text script;
    enum lattn_status status;

    lattn_text_init(&script);
    lattn_text_init(figure);
    cr_assert_eq(lattn_text_add(&script, words, strlen(words)), LATTN_OK);
    status = gnuplot_draw(&script, figure, complaint);
    lattn_text_done(&script);
    return status;
}

static void need_gnuplot(void)
{
    if (access("/usr/bin/gnuplot", X_OK) != 0)
        cr_skip_test("gnuplot is not installed");
}

Test(gnuplot, gives_what_a_script_prints)
{
    struct lattn_complaint complaint = {""};
    struct lattn_text figure;

    need_gnuplot();
    cr_assert_eq(draw("set print '-'\nprint 6 * 7\n", &figure, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_expect_str_eq(figure.data, "42\n");
    lattn_text_done(&figure);
}

/* More than a pipe would hold, either way. */
Test(gnuplot, is_given_and_gives_any_number_of_bytes)
{
    enum { LINES = 20000 };
    static char words[14 + LINES * 10 + 1] = "set print '-'\n";
    struct lattn_complaint complaint = {""};
    struct lattn_text figure;

    need_gnuplot();
    for (int i = 0; i < LINES; i++)
        memcpy(words + 14 + 10 * i, "print 111\n", 10);
    cr_assert_eq(draw(words, &figure, &complaint), LATTN_OK, "%s", complaint.text);
    cr_expect_eq(figure.length, LINES * 4);
    lattn_text_done(&figure);
}

Test(gnuplot, tells_why_a_script_is_refused)
{
    struct lattn_complaint complaint = {""};
    struct lattn_text figure;

    need_gnuplot();
    cr_expect_eq(draw("set terminal chisel\n", &figure, &complaint), LATTN_INPUT_OUTPUT);
    cr_expect(strstr(complaint.text, "gnuplot refuses: unknown") == complaint.text, "%s",
              complaint.text);
    cr_expect_eq(draw("x = 1\n", &figure, &complaint), LATTN_INPUT_OUTPUT);
    cr_expect_str_eq(complaint.text, "gnuplot drew nothing");
    cr_expect_eq(figure.length, 0);
    lattn_text_done(&figure);
}

Test(gnuplot, names_the_package_where_it_is_missing)
{
    struct lattn_complaint complaint = {""};
    struct lattn_text figure;

    cr_assert_eq(setenv("PATH", "/nowhere", 1), 0);
    cr_expect_eq(draw("x = 1\n", &figure, &complaint), LATTN_INPUT_OUTPUT);
    cr_expect_not_null(strstr(complaint.text, "gnuplot-nox"), "%s", complaint.text);
    lattn_text_done(&figure);
}
