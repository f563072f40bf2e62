#ifndef CSV_H
#define CSV_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Comma-separated values as RFC 4180 has them: records end with LF or CRLF, cells are apart by
 * commas, and a cell in quotes may hold commas, line ends and, doubled, quotes.
 */

/* Where in a record a scan stands. */
enum csv_place {
    CSV_CELL_BEGIN,
    CSV_PLAIN,  /* in a cell without quotes */
    CSV_QUOTED, /* in a cell with quotes */
    CSV_CLOSING /* behind a quote of one: it ended the cell, or was the first of two */
};

/* A look for the end of a record whose bytes may come in pieces. Zeroed is before a record. */
struct csv_scan {
    enum csv_place place;
    uint64_t lines; /* that ended, the last one of the record included */
};

/*
 * Look at the next bytes of a record.
 *
 * Returns where the LF is that ends it, with the scan before the next record but for its lines; or
 * NULL where all bytes belong to it.
 */
const char *csv_scan(struct csv_scan *scan, const char *bytes, size_t length);

/* The cells of a record: texts that end with a zero byte and lie where it was. Zeroed is empty. */
struct csv_cells {
    char **texts; /* owned, what they point to is not */
    size_t count;
    size_t capacity;
};

/*
 * Cut a record into cells and undo its quotes.
 *
 * record  in, lost  length bytes without the line's end, and one more that may be written to
 *
 * Returns LATTN_OK; LATTN_SYNTAX with a complaint; or LATTN_NO_MEMORY.
 */
enum lattn_status csv_cells_cut(struct csv_cells *cells, char *record, size_t length,
                                struct lattn_complaint *complaint);

void csv_cells_done(struct csv_cells *cells);

/*
 * Read a cell as a decimal number; blanks around it do not count.
 *
 * Returns LATTN_OK; LATTN_EMPTY: there is nothing in it; LATTN_SYNTAX: it is no number;
 * LATTN_NOT_FINITE: it is too large for a double.
 */
enum lattn_status csv_number_read(const char *cell, double *ret_number);

#endif
