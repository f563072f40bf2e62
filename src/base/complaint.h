#ifndef BASE_COMPLAINT_H
#define BASE_COMPLAINT_H

#include <lattn/status.h>

#include <stdio.h>

/*
 * Say what was wrong and return the status: `return complain(complaint, LATTN_SHAPE, "...", ...)`.
 * A complaint of NULL asks for no words.
 */
#define complain(complaint, status, ...)                                                           \
    ((complaint) == NULL                                                                           \
         ? (status)                                                                                \
         : (snprintf((complaint)->text, sizeof(complaint)->text, __VA_ARGS__), (status)))

/* The same of a file, "path: why": a complaint has 256 bytes, and of a long path the end tells
 * more. why: "" stands for the sentence of the status. */
enum lattn_status complaint_blame(struct lattn_complaint *complaint, enum lattn_status status,
                                  const char *path, const char *why);

#endif
