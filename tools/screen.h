#ifndef SCREEN_H
#define SCREEN_H

#include <lattn/status.h>

#include <stdint.h>

/* What a cell is drawn with; a terminal without colour tells fewer of them apart. */
enum ink {
    INK_PLAIN,
    INK_FAINT, /* axes, labels, what is always the same */
    INK_STRONG,
    INK_FIRST, /* curves */
    INK_SECOND,
    INK_LIMIT, /* what a curve has to reach */
    INK_GOOD,
    INK_BAD,
    INKS_COUNT
};

/* One character of a screen: a code point that takes one column. */
struct cell {
    uint32_t glyph;
    enum ink ink;
};

/* A part of a screen. */
struct area {
    int32_t row;
    int32_t column;
    int32_t rows;
    int32_t columns;
};

/*
 * A picture made of characters, apart from any terminal. What lies outside is not drawn. Below the
 * characters lies a raster of dots, two in a column and four in a row, drawn as Braille patterns
 * (U+2800 to U+28FF); a dot replaces a character that is none.
 *
 * cells  rows x columns, row by row; owned
 */
struct screen {
    int32_t rows;
    int32_t columns;
    struct cell *cells;
};

enum { SCREEN_DOTS_WIDE = 2, SCREEN_DOTS_HIGH = 4 };

/* Of other glyphs that pictures use. */
enum glyph {
    GLYPH_UPRIGHT = 0x2502, /* a line from top to bottom */
    GLYPH_LEVEL = 0x2500,   /* one from left to right */
    GLYPH_CORNER = 0x2514,  /* of an axis upwards and one to the right */
    GLYPH_TICK = 0x2524,    /* of an axis upwards, to the left */
    GLYPH_DASH = 0x2504,    /* a level line with gaps, in legends */
    GLYPH_BRAILLE = 0x2800, /* no dot */
    GLYPH_BRAILLE_END = 0x28ff
};

/*
 * Make it of this size, and empty. Zeroed is none yet. Returns LATTN_OK, or LATTN_NO_MEMORY with
 * the screen as it was.
 */
enum lattn_status screen_resize(struct screen *screen, int32_t rows, int32_t columns);
void screen_clear(struct screen *screen);
void screen_done(struct screen *screen);

/* The cell at a place, which must be inside. */
struct cell screen_cell(const struct screen *screen, int32_t row, int32_t column);

void screen_glyph(struct screen *screen, int32_t row, int32_t column, uint32_t glyph, enum ink ink);

/*
 * Write a text from a place on, at most `columns` of it. It may come from anywhere: what is not
 * printable ASCII is a question mark. Returns the column behind it.
 */
int32_t screen_text(struct screen *screen, int32_t row, int32_t column, int32_t columns,
                    enum ink ink, const char *text);

/*
 * Draw a dot, or a line between two; x counts from the left of an area and y from its bottom up,
 * in dots. What lies outside of the area is not drawn.
 *
 * dash  0: all dots; otherwise that many are drawn and that many left out, by x
 */
void screen_dot(struct screen *screen, const struct area *area, int32_t x, int32_t y, enum ink ink);
void screen_line(struct screen *screen, const struct area *area, const int32_t from[2],
                 const int32_t to[2], enum ink ink, int32_t dash);

/* Write the picture with the letters of ASCII alone, as well as that can be. */
void screen_reduce(struct screen *screen);

#endif
