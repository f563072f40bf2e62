#ifndef EVENT_LINE_H
#define EVENT_LINE_H

#include <lattn/status.h>
#include <lattn/tasks.h>

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

/*
 * Read a line and take its event in.
 *
 * ret_key    out  points into text
 * ret_event  out  as of lattn_events_push
 *
 * Returns LATTN_OK; LATTN_NO_MEMORY; or why the line is refused, in words in the complaint.
 */
enum lattn_status event_line_push(struct lattn_events *events, char *text, size_t length,
                                  const char **ret_key, struct lattn_event *ret_event,
                                  struct lattn_complaint *complaint);

#endif
