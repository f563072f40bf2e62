#ifndef TALK_H
#define TALK_H

/*
 * Say one line on stderr, "lattn VERB: OBJECT: reason": what was asked, on which object, why not.
 *
 * verb, object  left out where NULL
 */
__attribute__((format(printf, 3, 4))) void talk(const char *verb, const char *object,
                                                const char *format, ...);

#endif
