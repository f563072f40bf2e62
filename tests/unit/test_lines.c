#include "serve/lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct buffer buffer;
static struct lines lines;
static struct letter letter;
static struct lattn_complaint complaint;

static enum lattn_status next(void)
{
    return lines_next(&lines, &buffer, &letter, &complaint);
}

static void open_lines(size_t bytes_max)
{
    buffer_init(&buffer);
    lines_init(&lines, bytes_max);
}

/* Add text in pieces of the given size and write down what comes out, one letter each way. */
static void cut(const char *text, size_t piece, char *ret_story, size_t story_size)
{
    size_t length = strlen(text);
    size_t used = 0;

    for (size_t at = 0; at < length; at += piece) {
        enum lattn_status status;

        cr_assert_eq(buffer_add(&buffer, text + at, length - at < piece ? length - at : piece),
                     LATTN_OK);
        while ((status = next()) != LATTN_MORE) {
            if (status == LATTN_TOO_BIG)
                used += (size_t)snprintf(ret_story + used, story_size - used, "%d!",
                                         (int)letter.number);
            else
                used += (size_t)snprintf(ret_story + used, story_size - used, "%d:%.*s;",
                                         (int)letter.number, (int)letter.length, letter.bytes);
        }
    }
    if (lines_last(&lines, &buffer, &letter) == LATTN_OK)
        snprintf(ret_story + used, story_size - used, "%d=%.*s", (int)letter.number,
                 (int)letter.length, letter.bytes);
}

Test(lines, cuts_the_same_whatever_the_pieces)
{
    static const char text[] = "one\n\nthree\nabcdefghijkl\nfive\nabcdefghijklmnopqrstuvwxyz\nlast";

    for (size_t piece = 1; piece <= sizeof text; piece++) {
        char story[256] = "";

        open_lines(10);
        cut(text, piece, story, sizeof story);
        cr_expect_str_eq(story, "1:one;2:;3:three;4!5:five;6!7=last", "pieces of %zu: %s", piece,
                         story);
        buffer_done(&buffer);
    }
}

Test(lines, takes_a_line_of_exactly_the_limit)
{
    char story[64] = "";

    open_lines(4);
    cut("1234\n12345\n1234", 3, story, sizeof story);
    cr_assert_str_eq(story, "1:1234;2!3=1234");
    cr_assert_str_eq(complaint.text, "the line is longer than 4 bytes");
    buffer_done(&buffer);
}

Test(lines, keeps_nothing_of_an_endless_line)
{
    static char piece[4096];
    int refusals = 0;

    memset(piece, 'x', sizeof piece);
    open_lines(10000);
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(buffer_add(&buffer, piece, sizeof piece), LATTN_OK);
        refusals += next() == LATTN_TOO_BIG;
    }
    cr_assert_eq(refusals, 1, "said once, not %d times", refusals);
    cr_assert_leq(buffer.capacity, (size_t)128 << 10);
    cr_assert_eq(lines_last(&lines, &buffer, &letter), LATTN_MORE);
    buffer_done(&buffer);
}

Test(lines, leaves_room_for_as_many_numbers_as_a_line_may_hold)
{
    open_lines(100);
    cr_assert_eq(buffer_add(&buffer, "[1,2,3,4]\n", 10), LATTN_OK);
    cr_assert_eq(next(), LATTN_OK);
    cr_assert_geq(letter.numbers, letter.length / 2 + 2);
    buffer_done(&buffer);
}
