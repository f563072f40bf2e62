#include "screen.h"

#include <criterion/criterion.h>

static struct screen screen_of(int32_t rows, int32_t columns)
{
    struct screen screen = {0};

    cr_assert_eq(screen_resize(&screen, rows, columns), LATTN_OK);
    return screen;
}

static uint32_t glyph_at(const struct screen *screen, int32_t row, int32_t column)
{
    return screen_cell(screen, row, column).glyph;
}

/* A row as a text of ASCII. */
static const char *row_text(const struct screen *screen, int32_t row)
{
    static char text[256];

    for (int32_t i = 0; i < screen->columns; i++)
        text[i] = (char)glyph_at(screen, row, i);
    text[screen->columns] = '\0';
    return text;
}

Test(screen, is_blank_at_first_and_after_each_resize)
{
    struct screen screen = screen_of(2, 3);

    cr_expect_str_eq(row_text(&screen, 1), "   ");
    screen_text(&screen, 1, 0, 3, INK_BAD, "abc");
    cr_expect_str_eq(row_text(&screen, 1), "abc");
    cr_assert_eq(screen_resize(&screen, 3, 5), LATTN_OK);
    cr_expect_str_eq(row_text(&screen, 1), "     ");
    cr_expect_eq(screen_cell(&screen, 1, 0).ink, INK_PLAIN);
    screen_done(&screen);
}

Test(screen, draws_nothing_outside)
{
    struct screen screen = screen_of(2, 4);
    const struct area area = {0, 0, 2, 4};

    screen_text(&screen, 0, 2, 10, INK_PLAIN, "abcdef");
    screen_text(&screen, -1, 0, 4, INK_PLAIN, "x");
    screen_text(&screen, 2, 0, 4, INK_PLAIN, "x");
    screen_glyph(&screen, 0, -1, 'x', INK_PLAIN);
    for (int32_t x = -3; x < 12; x++)
        for (int32_t y = -3; y < 12; y++)
            if (x < 0 || y < 0 || x >= 8 || y >= 8)
                screen_dot(&screen, &area, x, y, INK_FIRST);
    cr_expect_str_eq(row_text(&screen, 0), "  ab");
    cr_expect_str_eq(row_text(&screen, 1), "    ");
    screen_done(&screen);
}

Test(screen, keeps_texts_to_their_columns)
{
    struct screen screen = screen_of(1, 8);

    cr_expect_eq(screen_text(&screen, 0, 1, 3, INK_STRONG, "abcdef"), 4);
    cr_expect_str_eq(row_text(&screen, 0), " abc    ");
    cr_expect_eq(screen_cell(&screen, 0, 1).ink, INK_STRONG);
    screen_done(&screen);
}

/* Addresses and what a daemon says come from elsewhere. */
Test(screen, shows_no_byte_that_a_terminal_could_obey)
{
    struct screen screen = screen_of(1, 8);

    screen_text(&screen, 0, 0, 8, INK_PLAIN, "a\033[2J\xc3\xa9z\x7f");
    cr_expect_str_eq(row_text(&screen, 0), "a?[2J?z?");
    screen_done(&screen);
}

/* The standard numbers the dots 1, 2, 3, 7 down the left and 4, 5, 6, 8 down the right. */
Test(screen, sets_each_dot_of_a_pattern)
{
    static const uint32_t bits[4][2] = {{0x40, 0x80}, {0x04, 0x20}, {0x02, 0x10}, {0x01, 0x08}};
    struct screen screen = screen_of(3, 3);
    const struct area area = {1, 1, 1, 1};

    for (int32_t y = 0; y < 4; y++)
        for (int32_t x = 0; x < 2; x++) {
            screen_clear(&screen);
            screen_dot(&screen, &area, x, y, INK_FIRST);
            cr_expect_eq(glyph_at(&screen, 1, 1), 0x2800 + bits[y][x], "%d %d", x, y);
        }
    screen_clear(&screen);
    for (int32_t i = 0; i < 8; i++)
        screen_dot(&screen, &area, i % 2, i / 2, INK_FIRST);
    cr_expect_eq(glyph_at(&screen, 1, 1), 0x28ff);
    screen_done(&screen);
}

/* How many dots are set in all. */
static int dots_count(const struct screen *screen)
{
    int count = 0;

    for (int32_t row = 0; row < screen->rows; row++)
        for (int32_t column = 0; column < screen->columns; column++)
            if (glyph_at(screen, row, column) >= 0x2800)
                count += __builtin_popcount(glyph_at(screen, row, column) - 0x2800);
    return count;
}

/* A line has one dot for each step of its longer side, both ends among them. */
Test(screen, draws_lines_in_all_directions)
{
    struct screen screen = screen_of(5, 10);
    const struct area area = {0, 0, 5, 10};

    for (int32_t x = 0; x < 20; x++)
        for (int32_t y = 0; y < 20; y++) {
            int wide = abs(x - 7);
            int high = abs(y - 9);

            screen_clear(&screen);
            screen_line(&screen, &area, (const int32_t[]){7, 9}, (const int32_t[]){x, y}, INK_FIRST,
                        0);
            cr_expect_eq(dots_count(&screen), 1 + (wide > high ? wide : high), "%d %d", x, y);
        }
    screen_done(&screen);
}

Test(screen, leaves_gaps_in_dashes)
{
    struct screen screen = screen_of(1, 6);
    const struct area area = {0, 0, 1, 6};

    screen_line(&screen, &area, (const int32_t[]){0, 0}, (const int32_t[]){11, 0}, INK_LIMIT, 2);
    cr_expect_eq(dots_count(&screen), 6);
    cr_expect_eq(glyph_at(&screen, 0, 0), 0x28c0);
    cr_expect_eq(glyph_at(&screen, 0, 1), ' ');
    screen_done(&screen);
}

Test(screen, does_without_unicode)
{
    struct screen screen = screen_of(1, 8);
    const struct area upper = {0, 0, 1, 1};
    const struct area lower = {0, 1, 1, 1};
    const struct area both = {0, 2, 1, 1};

    screen_dot(&screen, &upper, 0, 3, INK_FIRST);
    screen_dot(&screen, &lower, 1, 0, INK_FIRST);
    screen_dot(&screen, &both, 0, 0, INK_FIRST);
    screen_dot(&screen, &both, 1, 3, INK_FIRST);
    screen_glyph(&screen, 0, 3, GLYPH_UPRIGHT, INK_FAINT);
    screen_glyph(&screen, 0, 4, GLYPH_LEVEL, INK_FAINT);
    screen_glyph(&screen, 0, 5, GLYPH_CORNER, INK_FAINT);
    screen_glyph(&screen, 0, 6, 'x', INK_FAINT);
    screen_reduce(&screen);
    cr_expect_str_eq(row_text(&screen, 0), "'.:|-+x ");
    screen_done(&screen);
}
