#ifndef SERVE_CONFIG_FILE_H
#define SERVE_CONFIG_FILE_H

#include <lattn/status.h>

#include <stdint.h>

/*
 * The lines of a configuration file:
 *
 *     # a comment                        at the start of a line, or after a blank
 *     name = value
 *     name = " value with blanks "       in quotes, \" and \\ stand for " and \
 *
 * text  the whole file, cut into names and values as they are read; NULL where there is no file
 */
struct config_file {
    char *text;
    char *next;
    int32_t line;
};

/* Borrowed from the file. */
struct config_file_entry {
    const char *name; /* NULL at the end of the file */
    const char *value;
    int32_t line;
};

/*
 * Read a file into memory.
 *
 * Returns LATTN_OK, LATTN_INPUT_OUTPUT, LATTN_TOO_BIG, LATTN_SYNTAX (it is no text) or
 * LATTN_NO_MEMORY.
 */
enum lattn_status config_file_open(struct config_file *ret_file, const char *path,
                                   struct lattn_complaint *complaint);

/* Accepts a file that was never opened. */
void config_file_close(struct config_file *file);

/*
 * The next line that says something.
 *
 * ret_entry  out  its line is set also where the line is refused
 *
 * Returns LATTN_OK or LATTN_SYNTAX.
 */
enum lattn_status config_file_next(struct config_file *file, struct config_file_entry *ret_entry,
                                   struct lattn_complaint *complaint);

#endif
