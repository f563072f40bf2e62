#ifndef WIRE_SCAN_H
#define WIRE_SCAN_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * A cursor over the text of one JSON object (RFC 8259, README.md for where we are stricter).
 *
 * Text is read in one pass and in place: every call takes one value at `at` and moves behind it. A
 * copy of a cursor remembers a place to come back to. Nothing is allocated.
 *
 * Calls return LATTN_OK, or LATTN_SYNTAX, LATTN_FIELD or what else they name, with the cursor where
 * it was wrong and the complaint set. A `name` in them is what complaints call the value.
 */
struct scan {
    const char *start;
    const char *at;
    const char *end; /* end[-1] is '}', so no number or word reaches the end */
    int32_t depth;
    struct lattn_complaint *complaint; /* may be NULL */
};

/* Bytes of an excerpt with its closing zero: enough to recognise what was written. */
enum { SCAN_EXCERPT_MAX = 48 };

/* Stand at the object that is the whole text, but for white space around it; else LATTN_SYNTAX. */
enum lattn_status scan_begin(struct scan *scan, const char *text, size_t length,
                             struct lattn_complaint *complaint);

/* LATTN_SYNTAX where anything but white space is left. */
enum lattn_status scan_finish(struct scan *scan);

/* The next byte behind white space, 0 at the end; the cursor stands at it. */
char scan_peek(struct scan *scan);

/* Does a digit come next? */
int scan_is_digit(struct scan *scan);

/* Take the byte if it is the next one behind white space; 1 if so. */
int scan_take(struct scan *scan, char byte);

/* Take a whole word (null, true, false); 1 if so. */
int scan_take_word(struct scan *scan, const char *word);

/* Refuse what stands here: LATTN_SYNTAX, "byte 7: ',' expected, found x". */
enum lattn_status scan_refuse(struct scan *scan, const char *expected);

/* Refuse the value here as LATTN_FIELD, "z is true, a row is expected"; LATTN_SYNTAX if it is none.
 */
enum lattn_status scan_mismatch(struct scan *scan, const char *name, const char *expected);

/* What stands here, for a complaint: bounded, in printable ASCII. */
void scan_excerpt(struct scan *scan, char ret_excerpt[SCAN_EXCERPT_MAX]);

/* ---- objects and arrays -------------------------------------------------------------------- */

/* Take the value of a field, or of an element, that stands at the cursor. */
typedef enum lattn_status (*scan_field_fn)(struct scan *scan, int32_t field, void *arg);
typedef enum lattn_status (*scan_element_fn)(struct scan *scan, int64_t index, void *arg);

/* What becomes of fields that no word names. */
enum scan_strangers { SCAN_STRANGERS_REFUSED, SCAN_STRANGERS_PASSED };

/*
 * Take an object, field by field; a known field that comes twice is LATTN_FIELD.
 *
 * words  in  the known fields, ended by NULL; at most 64
 * read   in  called with the index of the word; what it returns other than LATTN_OK ends the scan
 */
enum lattn_status scan_object(struct scan *scan, const char *name, const char *const *words,
                              enum scan_strangers strangers, scan_field_fn read, void *arg);

enum lattn_status scan_array(struct scan *scan, const char *name, scan_element_fn read, void *arg);

/* Pass over any value, checking that it is one. */
enum lattn_status scan_skip(struct scan *scan);

/* The elements of the array here, which is not taken: pass over a copy. */
enum lattn_status scan_count(struct scan *scan, const char *name, int64_t *ret_count);

/* The same; LATTN_RANGE above max. */
enum lattn_status scan_count_within(struct scan *scan, const char *name, int32_t max,
                                    size_t *ret_count);

/* ---- strings (scan_string.c) --------------------------------------------------------------- */

/* What stands between the quotes: valid UTF-8 and valid escapes. Borrowed from the text. */
struct scan_string {
    const char *at;
    size_t length;
    int32_t escaped;
};

enum lattn_status scan_string(struct scan *scan, const char *name, struct scan_string *ret_string);

/*
 * Undo the escapes and terminate.
 *
 * Returns 1 if all of it fitted and held no zero byte, else 0 with the whole characters that did.
 */
int scan_string_decode(const struct scan_string *string, size_t size, char *ret_text);

/* Is the decoded string this word? */
int scan_string_is(const struct scan_string *string, const char *word);

/* Bytes of the UTF-8 character at text, 1 to 4; 0 where there is none. */
size_t scan_utf8(const char *text, const char *end);

/* A string that is one of the words, ended by NULL; LATTN_FIELD otherwise. */
enum lattn_status scan_word(struct scan *scan, const char *name, const char *const *words,
                            const char *expected, int32_t *ret_index);

/* A string as NUL-terminated text; LATTN_NAME where it is too long or holds a zero. */
enum lattn_status scan_text(struct scan *scan, const char *name, size_t size, char *ret_text);

/* The same, LATTN_NAME where it is empty. */
enum lattn_status scan_name(struct scan *scan, const char *name, size_t size, char *ret_text);

/* ---- numbers (scan_value.c) ---------------------------------------------------------------- */

/* LATTN_NOT_FINITE for NaN, Infinity and what no double can hold. */
enum lattn_status scan_number(struct scan *scan, const char *name, double *ret_number);

/* Digits only; LATTN_RANGE above max. */
enum lattn_status scan_count_to(struct scan *scan, const char *name, uint64_t max,
                                uint64_t *ret_count);

enum lattn_status scan_flag(struct scan *scan, const char *name, int32_t *ret_flag);

/*
 * Rows of numbers of one width.
 *
 * name, row_unit, unit   words of complaints: "z has more than 9 tokens", "z[0] ... coordinates"
 * rows_max, columns_max  more is LATTN_RANGE
 * numbers                room for all that the text can hold, or for rows_max x columns_max
 */
struct scan_matrix {
    const char *name;
    const char *row_unit;
    const char *unit;
    int32_t rows_max;
    int32_t columns_max;
    double *numbers;
    int32_t rows;    /* out */
    int32_t columns; /* out */
};

/* Take a matrix; LATTN_SHAPE where the rows differ in width. */
enum lattn_status scan_matrix(struct scan *scan, struct scan_matrix *matrix);

/* Take one row as a matrix of one. */
enum lattn_status scan_row(struct scan *scan, struct scan_matrix *matrix);

#endif
