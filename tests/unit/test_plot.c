#include "plot.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ROWS = 12, COLUMNS = 60 };

static struct screen screen_make(void)
{
    struct screen screen = {0};

    cr_assert_eq(screen_resize(&screen, ROWS, COLUMNS), LATTN_OK);
    return screen;
}

/* A row, dots and lines as letters of ASCII. */
static const char *row_text(const struct screen *screen, int32_t row)
{
    static char texts[4][COLUMNS + 1];
    static int turn;
    char *text = texts[turn++ % 4];
    struct screen copy = *screen;
    struct cell cells[ROWS * COLUMNS];

    memcpy(cells, screen->cells, sizeof cells);
    copy.cells = cells;
    screen_reduce(&copy);
    for (int32_t i = 0; i < COLUMNS; i++)
        text[i] = (char)screen_cell(&copy, row, i).glyph;
    text[COLUMNS] = '\0';
    return text;
}

static int has_dots(struct cell cell)
{
    return cell.glyph > GLYPH_BRAILLE && cell.glyph <= GLYPH_BRAILLE_END;
}

/* The row of the topmost dots of a column; -1: it has none. */
static int32_t curve_row(const struct screen *screen, int32_t column)
{
    for (int32_t row = 0; row < screen->rows; row++)
        if (has_dots(screen_cell(screen, row, column)))
            return row;
    return -1;
}

static struct plot plot_of(const double *x, const double *y, size_t count, int is_log)
{
    return (struct plot){
        .title = "title",
        .nothing = "nothing there",
        .across = "across",
        .is_log = is_log,
        .series =
            {{.name = "curve", .ink = INK_FIRST, .x = x, .y = y, .stride = 1, .count = count}},
        .series_count = 1,
    };
}

static const struct area whole = {0, 0, ROWS, COLUMNS};

Test(plot, draws_a_curve_between_its_axes)
{
    const double x[] = {0, 1000};
    const double y[] = {0, 100};
    const struct plot plot = plot_of(x, y, 2, 0);
    struct screen screen = screen_make();

    plot_draw(&plot, &screen, &whole);
    cr_expect_eq(strncmp(row_text(&screen, 0), "title  -curve 100", 17), 0, "%s",
                 row_text(&screen, 0));
    cr_expect_not_null(strstr(row_text(&screen, 1), "100+"), "%s", row_text(&screen, 1));
    cr_expect_not_null(strstr(row_text(&screen, ROWS - 3), " 0+"));
    cr_expect_not_null(strstr(row_text(&screen, ROWS - 1), "0 "));
    cr_expect_not_null(strstr(row_text(&screen, ROWS - 1), "across"));
    cr_expect_not_null(strstr(row_text(&screen, ROWS - 1), "1 000"));
    cr_expect_eq(curve_row(&screen, 8), ROWS - 3, "it begins at the bottom");
    cr_expect_eq(curve_row(&screen, COLUMNS - 2), 1, "and ends at the top");
    for (int32_t column = 9; column < COLUMNS - 1; column++)
        cr_expect_leq(curve_row(&screen, column), curve_row(&screen, column - 1));
    screen_done(&screen);
}

Test(plot, has_powers_of_ten_at_even_distances)
{
    const double x[] = {1, 2, 3, 4, 5};
    const double y[] = {1, 1e-2, 1e-4, 1e-6, 0};
    const struct plot plot = plot_of(x, y, 5, 1);
    struct screen screen = screen_make();

    plot_draw(&plot, &screen, &whole);
    cr_expect_not_null(strstr(row_text(&screen, 1), "1e0+"), "%s", row_text(&screen, 1));
    cr_expect_not_null(strstr(row_text(&screen, ROWS - 3), "1e-6+"));
    cr_expect_eq(curve_row(&screen, 8), 1);
    cr_expect_eq(curve_row(&screen, COLUMNS - 2), ROWS - 3, "0 stands at the bottom");
    screen_done(&screen);
}

Test(plot, leaves_a_gap_where_a_number_is_missing)
{
    const double x[] = {0, 1, 2, 3, 4};
    const double y[] = {1, 1, NAN, 1, 1};
    const struct plot plot = plot_of(x, y, 5, 0);
    struct screen screen = screen_make();
    int32_t wide = COLUMNS - 9;

    plot_draw(&plot, &screen, &whole);
    cr_expect_geq(curve_row(&screen, 8 + wide / 8), 0);
    cr_expect_lt(curve_row(&screen, 8 + wide / 2), 0);
    cr_expect_geq(curve_row(&screen, 8 + wide * 7 / 8), 0);
    screen_done(&screen);
}

Test(plot, has_room_beside_a_single_point)
{
    const double x[] = {0, 100};
    const double y[] = {5, 5};
    const struct plot first = plot_of(x, y, 1, 0);
    const struct plot later = plot_of(x + 1, y + 1, 1, 0);
    struct screen screen = screen_make();

    plot_draw(&first, &screen, &whole);
    cr_expect_geq(curve_row(&screen, 8), 0, "0 is at the left");
    screen_clear(&screen);
    plot_draw(&later, &screen, &whole);
    cr_expect_geq(curve_row(&screen, COLUMNS - 2), 0, "what was learned before lies left of it");
    cr_expect_not_null(strstr(row_text(&screen, ROWS - 1), "        0 "));
    screen_done(&screen);
}

Test(plot, says_that_there_is_nothing)
{
    const double x[] = {0, 1};
    const double y[] = {NAN, NAN};
    const struct plot lacking = plot_of(x, y, 2, 1);
    const struct plot empty = plot_of(NULL, NULL, 0, 1);
    struct screen screen = screen_make();

    plot_draw(&lacking, &screen, &whole);
    cr_expect_not_null(strstr(row_text(&screen, 2), "nothing there"));
    screen_clear(&screen);
    plot_draw(&empty, &screen, &whole);
    cr_expect_not_null(strstr(row_text(&screen, 2), "nothing there"));
    screen_done(&screen);
}

Test(plot, draws_bars_side_by_side)
{
    const double x[] = {1, 2, 3};
    const double y[] = {3, 1, 2};
    struct plot plot = plot_of(x, y, 3, 0);
    struct screen screen = screen_make();
    int32_t wide = COLUMNS - 9;
    int32_t rows[3];

    plot.series[0].form = PLOT_BARS;
    plot_draw(&plot, &screen, &whole);
    for (int32_t i = 0; i < 3; i++)
        rows[i] = curve_row(&screen, 8 + wide * (2 * i + 1) / 6);
    cr_expect_eq(rows[0], 1);
    cr_expect(rows[1] > rows[2] && rows[2] > rows[0]);
    cr_expect(has_dots(screen_cell(&screen, ROWS - 3, 8)), "a bar reaches the axis");
    screen_done(&screen);
}

Test(plot, stays_within_its_area_whatever_it_shows)
{
    const double x[] = {1e17, 2e17, NAN, 3e17, 4e17};
    const double y[] = {1e-300, -1e300, 3, 1e300, 0};
    const struct area part = {2, 10, PLOT_ROWS_MIN, PLOT_COLUMNS_MIN};
    struct screen screen = screen_make();

    for (int kind = 0; kind < 4; kind++) {
        struct plot plot = plot_of(x, y, 5, kind % 2);

        plot.title = "a title that is longer than there is room for it";
        plot.series[0].form = kind / 2 ? PLOT_BARS : PLOT_CURVE;
        screen_clear(&screen);
        plot_draw(&plot, &screen, &part);
        for (int32_t row = 0; row < ROWS; row++)
            for (int32_t column = 0; column < COLUMNS; column++)
                if (row < part.row || row >= part.row + part.rows || column < part.column ||
                    column >= part.column + part.columns)
                    cr_expect_eq(screen_cell(&screen, row, column).glyph, ' ', "%d: %d %d", kind,
                                 row, column);
    }
    screen_done(&screen);
}

Test(plot, leaves_a_blank_before_what_stands_beside_it)
{
    const double x[] = {0, 1};
    const double y[] = {1.25, 3.5};
    struct plot plot = plot_of(x, y, 2, 0);
    struct screen screen = screen_make();

    for (int32_t columns = PLOT_COLUMNS_MIN; columns < COLUMNS; columns++) {
        const struct area left = {0, 0, ROWS, columns};

        screen_clear(&screen);
        plot.title = columns % 2 ? "title" : "a title that is too long for any such plot here";
        plot_draw(&plot, &screen, &left);
        cr_expect_eq(screen_cell(&screen, 0, columns - 1).glyph, ' ', "%d", columns);
    }
    screen_done(&screen);
}

Test(plot, leaves_out_of_the_legend_what_has_no_room)
{
    const double x[] = {0, 1};
    const double y[] = {1.25, 3.5};
    struct plot plot = plot_of(x, y, 2, 0);
    struct screen screen = screen_make();
    const struct area narrow = {0, 0, ROWS, PLOT_COLUMNS_MIN};

    plot.series[1] = plot.series[0];
    plot.series[1].name = "two";
    plot.series_count = 2;
    plot_draw(&plot, &screen, &narrow);
    cr_expect_eq(strncmp(row_text(&screen, 0), "title  -curve 3.5  -two ", 24), 0, "%s",
                 row_text(&screen, 0));
    screen_done(&screen);
}
