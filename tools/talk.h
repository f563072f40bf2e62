#ifndef TALK_H
#define TALK_H

#include <stdio.h>

/*
 * Say one line on stderr, "lattn VERB: OBJECT: reason": what was asked, on which object, why not.
 * Whatever others put into it, it stays one line, as talk_print has it.
 *
 * verb, object  left out where NULL
 */
__attribute__((format(printf, 3, 4))) void talk(const char *verb, const char *object,
                                                const char *format, ...);

/* Print words of others, UTF-8, with a '?' for each control character: none reaches a terminal. */
void talk_print(FILE *file, const char *words);

#endif
