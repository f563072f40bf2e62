#include "serve/lines.h"

#include <lattn/limits.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lines lines;

/* Add text in pieces of the given size and write down what comes out, one letter each way. */
static void cut(const char *text, size_t piece, char *ret_story, size_t story_size)
{
    size_t length = strlen(text);
    const char *line;
    size_t line_length;
    size_t used = 0;

    for (size_t at = 0; at < length; at += piece) {
        enum lattn_status status;

        cr_assert_eq(lines_add(&lines, text + at, length - at < piece ? length - at : piece),
                     LATTN_OK);
        while ((status = lines_next(&lines, &line, &line_length)) != LATTN_MORE) {
            if (status == LATTN_TOO_BIG)
                used +=
                    (size_t)snprintf(ret_story + used, story_size - used, "%d!", (int)lines.number);
            else
                used += (size_t)snprintf(ret_story + used, story_size - used, "%d:%.*s;",
                                         (int)lines.number, (int)line_length, line);
        }
    }
    if (lines_last(&lines, &line, &line_length) == LATTN_OK)
        snprintf(ret_story + used, story_size - used, "%d=%.*s", (int)lines.number,
                 (int)line_length, line);
}

Test(lines, cuts_the_same_whatever_the_pieces)
{
    static const char text[] = "one\n\nthree\nabcdefghijkl\nfive\nabcdefghijklmnopqrstuvwxyz\nlast";

    for (size_t piece = 1; piece <= sizeof text; piece++) {
        char story[256] = "";

        lines_init(&lines, 10);
        cut(text, piece, story, sizeof story);
        cr_expect_str_eq(story, "1:one;2:;3:three;4!5:five;6!7=last", "pieces of %zu: %s", piece,
                         story);
        lines_done(&lines);
    }
}

Test(lines, takes_a_line_of_exactly_the_limit)
{
    char story[64] = "";

    lines_init(&lines, 4);
    cut("1234\n12345\n1234", 3, story, sizeof story);
    cr_assert_str_eq(story, "1:1234;2!3=1234");
    lines_done(&lines);
}

Test(lines, keeps_nothing_of_an_endless_line)
{
    static char piece[4096];
    const char *line;
    size_t length;
    int refusals = 0;

    memset(piece, 'x', sizeof piece);
    lines_init(&lines, 10000);
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(lines_add(&lines, piece, sizeof piece), LATTN_OK);
        refusals += lines_next(&lines, &line, &length) == LATTN_TOO_BIG;
    }
    cr_assert_eq(refusals, 1, "said once, not %d times", refusals);
    cr_assert_leq(lines.capacity, (size_t)128 << 10);
    cr_assert_eq(lines_last(&lines, &line, &length), LATTN_MORE);
    lines_done(&lines);
}

Test(lines, costs_no_memory_when_idle)
{
    const char *line;
    size_t length;

    lines_init(&lines, 100);
    cr_assert_eq(lines_add(&lines, "a\nb", 3), LATTN_OK);
    cr_assert_eq(lines_next(&lines, &line, &length), LATTN_OK);
    lines_trim(&lines);
    cr_assert_not_null(lines.data, "a piece of a line is still there");
    cr_assert_eq(lines_add(&lines, "\n", 1), LATTN_OK);
    cr_assert_eq(lines_next(&lines, &line, &length), LATTN_OK);
    lines_trim(&lines);
    cr_assert_null(lines.data);
    lines_done(&lines);
}

Test(lines, refuses_bytes_there_is_no_memory_for)
{
    const char *line;
    size_t length;

    lines_init(&lines, 100);
    cr_assert_eq(lines_add(&lines, "a\n", 2), LATTN_OK);
    static char big[100000];

    memory_fail(1, 0);
    cr_assert_eq(lines_add(&lines, big, sizeof big), LATTN_NO_MEMORY);
    cr_assert_eq(lines_next(&lines, &line, &length), LATTN_OK);
    cr_assert_eq(length, 1);
    lines_done(&lines);
}
