#ifndef SERVE_CONDITION_H
#define SERVE_CONDITION_H

#include "serve/config.h"
#include "serve/looks.h"
#include "serve/publish.h"

/*
 * The condition of --exit-when: that the verdict is "identifying", that the stream is settled, or
 * none.
 */
struct condition {
    int identifying;
    struct looks looks; /* at the stream, if their share_max is above 0 */
};

struct condition condition_of(const struct config *config);

/* Why the daemon ends where it came true, for the log. Static. */
const char *condition_text(const struct condition *condition);

/* Does an emission make it true? Never without a condition. To be asked of each. */
int condition_came_true(struct condition *condition, const struct bulletin *bulletin);

/*
 * Does it hold at the end of the input? Always without a condition; otherwise the log says how far
 * it had come.
 *
 * newest  in  NULL where there was no emission
 */
int condition_held(struct condition *condition, const struct bulletin *newest);

#endif
