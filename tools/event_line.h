#ifndef EVENT_LINE_H
#define EVENT_LINE_H

#include <lattn/status.h>

#include <stddef.h>

/*
 * Read a line "KEY SYMBOL": two words with blanks or tabs around them.
 *
 * text        in, lost  length bytes and a zero byte; the words point into it
 * complaint   out       what was wrong
 *
 * Returns LATTN_OK or LATTN_SYNTAX.
 */
enum lattn_status event_line_read(char *text, size_t length, const char **ret_key,
                                  const char **ret_symbol, struct lattn_complaint *complaint);

/* Why lattn_events_push refused an event, for people. */
void event_line_complain(enum lattn_status status, const char *key, const char *symbol,
                         struct lattn_complaint *complaint);

#endif
