/*
 * The end of a record is found first, by a scan that bytes may reach in any pieces; then the whole
 * record is cut in place. What has no quotes, nearly all there is, is left to memchr.
 */
#include "csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where the scan stands behind one more byte that does not end the record. A quote that RFC 4180
 * has no place for opens nothing: a record that is refused shall not take its neighbours along.
 */
static enum csv_place step(enum csv_place place, char byte)
{
    switch (place) {
    case CSV_QUOTED:
        return byte == '"' ? CSV_CLOSING : CSV_QUOTED;
    case CSV_CLOSING:
        if (byte == '"')
            return CSV_QUOTED;
        break;
    case CSV_CELL_BEGIN:
        if (byte == '"')
            return CSV_QUOTED;
        break;
    case CSV_PLAIN:
        break;
    }
    return byte == ',' ? CSV_CELL_BEGIN : CSV_PLAIN;
}

const char *csv_scan(struct csv_scan *scan, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    const char *at = bytes;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;

        if (scan->place != CSV_QUOTED && scan->place != CSV_CLOSING &&
            memchr(at, '"', (size_t)(stop - at)) == NULL)
            scan->place = stop > at && stop[-1] != ',' ? CSV_PLAIN : CSV_CELL_BEGIN;
        else
            for (; at < stop; at++)
                scan->place = step(scan->place, *at);
        if (newline == NULL)
            return NULL;
        scan->lines++;
        if (scan->place != CSV_QUOTED) {
            scan->place = CSV_CELL_BEGIN;
            return newline;
        }
        at = newline + 1;
    }
    return NULL;
}

static enum lattn_status cells_reserve(struct csv_cells *cells)
{
    size_t capacity = 2 * cells->capacity + 16;
    char **texts;

    if (cells->count < cells->capacity)
        return LATTN_OK;
    texts = realloc(cells->texts, capacity * sizeof *texts);
    if (texts == NULL)
        return LATTN_NO_MEMORY;
    cells->texts = texts;
    cells->capacity = capacity;
    return LATTN_OK;
}

/* Cut a cell without quotes; *at moves to the comma that ends it, or to the end. */
static const char *plain_cut(char **at, char *end)
{
    char *comma = memchr(*at, ',', (size_t)(end - *at));
    char *stop = comma != NULL ? comma : end;

    if (memchr(*at, '"', (size_t)(stop - *at)) != NULL)
        return "a quote within a cell that does not begin with one";
    *stop = '\0';
    *at = stop;
    return NULL;
}

/* The same of a cell with quotes, which are undone in place. */
static const char *quoted_cut(char **at, char *end)
{
    char *to = *at;
    char *from = *at + 1;

    for (;;) {
        char *quote = memchr(from, '"', (size_t)(end - from));
        size_t length;

        if (quote == NULL)
            return "its quote is not closed";
        length = (size_t)(quote - from);
        memmove(to, from, length);
        to += length;
        from = quote + 1;
        if (from == end || *from == ',')
            break;
        if (*from != '"')
            return "there is something behind its closing quote";
        *to++ = *from++;
    }
    *to = '\0';
    *at = from;
    return NULL;
}

enum lattn_status csv_cells_cut(struct csv_cells *cells, char *record, size_t length,
                                struct lattn_complaint *complaint)
{
    char *at = record;
    char *end;

    cells->count = 0;
    if (memchr(record, '\0', length) != NULL) {
        snprintf(complaint->text, sizeof complaint->text, "there is a zero byte in it");
        return LATTN_SYNTAX;
    }
    end = record + length - (length > 0 && record[length - 1] == '\r');
    for (;;) {
        char *text = at;
        const char *fault;

        if (cells_reserve(cells) != LATTN_OK)
            return LATTN_NO_MEMORY;
        fault = at < end && *at == '"' ? quoted_cut(&at, end) : plain_cut(&at, end);
        if (fault != NULL) {
            snprintf(complaint->text, sizeof complaint->text, "cell %zu: %s", cells->count + 1,
                     fault);
            return LATTN_SYNTAX;
        }
        cells->texts[cells->count++] = text;
        if (at == end)
            return LATTN_OK;
        at++;
    }
}

void csv_cells_done(struct csv_cells *cells)
{
    free(cells->texts);
    *cells = (struct csv_cells){0};
}

static const char *digits_skip(const char *at)
{
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Behind the decimal number at the beginning of the text; NULL if there is none. */
static const char *decimal_skip(const char *at)
{
    const char *whole;
    const char *rest;

    at += *at == '-' || *at == '+';
    whole = digits_skip(at);
    rest = *whole == '.' ? digits_skip(whole + 1) : whole;
    if (whole == at && rest <= whole + 1)
        return NULL;
    if (*rest != 'e' && *rest != 'E')
        return rest;
    at = rest + 1;
    at += *at == '-' || *at == '+';
    rest = digits_skip(at);
    return rest == at ? NULL : rest;
}

enum lattn_status csv_number_read(const char *cell, double *ret_number)
{
    static const char blanks[] = " \t";
    const char *start = cell + strspn(cell, blanks);
    const char *stop;
    double number;

    if (*start == '\0')
        return LATTN_EMPTY;
    stop = decimal_skip(start);
    if (stop == NULL || stop[strspn(stop, blanks)] != '\0')
        return LATTN_SYNTAX;
    number = strtod(start, NULL);
    if (!isfinite(number))
        return LATTN_NOT_FINITE;
    *ret_number = number;
    return LATTN_OK;
}
