#include "screen.h"

#include <assert.h>
#include <stdlib.h>

static void cells_clear(struct cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cells[i] = (struct cell){' ', INK_PLAIN};
}

static size_t cells_count(const struct screen *screen)
{
    return (size_t)screen->rows * (size_t)screen->columns;
}

enum lattn_status screen_resize(struct screen *screen, int32_t rows, int32_t columns)
{
    struct cell *cells;

    assert(rows > 0 && columns > 0);
    cells = calloc((size_t)rows * (size_t)columns, sizeof *cells);
    if (cells == NULL)
        return LATTN_NO_MEMORY;
    free(screen->cells);
    *screen = (struct screen){.rows = rows, .columns = columns, .cells = cells};
    screen_clear(screen);
    return LATTN_OK;
}

void screen_clear(struct screen *screen)
{
    cells_clear(screen->cells, cells_count(screen));
}

void screen_done(struct screen *screen)
{
    free(screen->cells);
    *screen = (struct screen){0};
}

static struct cell *cell_at(const struct screen *screen, int32_t row, int32_t column)
{
    if (row < 0 || row >= screen->rows || column < 0 || column >= screen->columns)
        return NULL;
    return &screen->cells[(size_t)row * (size_t)screen->columns + (size_t)column];
}

struct cell screen_cell(const struct screen *screen, int32_t row, int32_t column)
{
    const struct cell *cell = cell_at(screen, row, column);

    assert(cell != NULL);
    return *cell;
}

void screen_glyph(struct screen *screen, int32_t row, int32_t column, uint32_t glyph, enum ink ink)
{
    struct cell *cell = cell_at(screen, row, column);

    if (cell != NULL)
        *cell = (struct cell){glyph, ink};
}

/* Bytes 0x80 to 0xbf go on with a character of UTF-8 that has its question mark already. */
static int goes_on(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

int32_t screen_text(struct screen *screen, int32_t row, int32_t column, int32_t columns,
                    enum ink ink, const char *text)
{
    int32_t end = column + columns;

    for (; *text != '\0' && column < end; text++) {
        if (goes_on(*text))
            continue;
        screen_glyph(screen, row, column, *text >= ' ' && *text <= '~' ? (uint32_t)*text : '?',
                     ink);
        column++;
    }
    return column;
}

/* ---- dots ------------------------------------------------------------------------------------ */

/* The bit of a dot in its pattern, by row from the top and by column. */
static const uint8_t dot_bits[SCREEN_DOTS_HIGH][SCREEN_DOTS_WIDE] = {
    {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

static int is_braille(uint32_t glyph)
{
    return glyph >= GLYPH_BRAILLE && glyph <= GLYPH_BRAILLE_END;
}

void screen_dot(struct screen *screen, const struct area *area, int32_t x, int32_t y, enum ink ink)
{
    int32_t depth = area->rows * SCREEN_DOTS_HIGH - 1 - y; /* below the top */
    struct cell *cell;

    if (x < 0 || x >= area->columns * SCREEN_DOTS_WIDE || y < 0 || depth < 0)
        return;
    cell =
        cell_at(screen, area->row + depth / SCREEN_DOTS_HIGH, area->column + x / SCREEN_DOTS_WIDE);
    if (cell == NULL)
        return;
    if (!is_braille(cell->glyph))
        cell->glyph = GLYPH_BRAILLE;
    cell->glyph |= dot_bits[depth % SCREEN_DOTS_HIGH][x % SCREEN_DOTS_WIDE];
    cell->ink = ink;
}

/* Bresenham 1965: the error of a step in the one direction decides on one in the other. */
void screen_line(struct screen *screen, const struct area *area, const int32_t from[2],
                 const int32_t to[2], enum ink ink, int32_t dash)
{
    int32_t wide = abs(to[0] - from[0]);
    int32_t high = abs(to[1] - from[1]);
    int32_t step_x = from[0] < to[0] ? 1 : -1;
    int32_t step_y = from[1] < to[1] ? 1 : -1;
    int32_t error = wide - high;
    int32_t x = from[0];
    int32_t y = from[1];

    for (;;) {
        int32_t twice = 2 * error;

        if (dash == 0 || x % (2 * dash) < dash)
            screen_dot(screen, area, x, y, ink);
        if (x == to[0] && y == to[1])
            return;
        if (twice > -high) {
            error -= high;
            x += step_x;
        }
        if (twice < wide) {
            error += wide;
            y += step_y;
        }
    }
}

/* ---- without Unicode ------------------------------------------------------------------------- */

/* Where in the cell the dots are is all that a letter can tell. */
static uint32_t braille_reduce(uint32_t glyph)
{
    enum { UPPER = 0x01 | 0x08 | 0x02 | 0x10, LOWER = 0x04 | 0x20 | 0x40 | 0x80 };
    uint32_t dots = glyph - GLYPH_BRAILLE;

    if ((dots & UPPER) && (dots & LOWER))
        return ':';
    if (dots & UPPER)
        return '\'';
    return dots & LOWER ? '.' : ' ';
}

static uint32_t glyph_reduce(uint32_t glyph)
{
    if (glyph < 0x80)
        return glyph;
    if (is_braille(glyph))
        return braille_reduce(glyph);
    switch ((enum glyph)glyph) {
    case GLYPH_UPRIGHT:
        return '|';
    case GLYPH_LEVEL:
        return '-';
    case GLYPH_DASH:
        return '~';
    default:
        return '+';
    }
}

void screen_reduce(struct screen *screen)
{
    for (size_t i = 0; i < cells_count(screen); i++)
        screen->cells[i].glyph = glyph_reduce(screen->cells[i].glyph);
}
