#ifndef SERVE_RATION_H
#define SERVE_RATION_H

#include <stdint.h>

/* Of the time that passes, rationed work may take one part in so many. */
enum { RATION_SHARE = 10 };

/*
 * Work that is worth a share of the time only, however long it takes: after each piece of it a
 * pause RATION_SHARE - 1 times as long. The first is allowed at once. Nanoseconds of any clock that
 * does not go back.
 */
struct ration {
    uint64_t next_ns;
};

/* May a piece of work begin? */
int ration_allows(const struct ration *ration, uint64_t now_ns);

/* It was done. */
void ration_spend(struct ration *ration, uint64_t begin_ns, uint64_t end_ns);

#endif
