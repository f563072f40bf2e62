#ifndef SERVE_WISH_H
#define SERVE_WISH_H

#include <stdint.h>

/*
 * What several may ask for, and another thread does once for all of them: whoever asks before it is
 * begun gets that one, who asks later the next. Tickets are numbers that count up; a wish of zeros
 * is one that nobody has.
 *
 * asked, begun, ended  how far: ended <= begun <= asked <= begun + 1
 */
struct wish {
    uint64_t asked;
    uint64_t begun;
    uint64_t ended;
};

/* Ask for it. Returns a ticket, never 0. */
uint64_t wish_ask(struct wish *wish);

/* Does anybody wait for it to be begun? */
int wish_is_open(const struct wish *wish);

/* What is done from now on is for all who have asked. */
void wish_begin(struct wish *wish);

/* It is done, or cannot be. Returns 1 where somebody waits for that, else 0. */
int wish_end(struct wish *wish);

/* Has what this ticket is for come to its end? */
int wish_has_ended(const struct wish *wish, uint64_t ticket);

#endif
