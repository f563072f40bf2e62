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

#endif
