#ifndef SUPPORT_SOLVE_SHARDS_H
#define SUPPORT_SOLVE_SHARDS_H

#include "solve/shards.h"
#include "support/folder.h"

#include <stdint.h>

/*
 * States of shards of one stream as files of a folder, for lattn-solve. They are in information
 * form; what cannot be made fails the test.
 */
enum { SOLVE_SHARDS = 2, SOLVE_OUTPUTS = 2 };

struct solve_shards {
    struct folder folder;
    char names[SOLVE_SHARDS][64];
    char paths[SOLVE_SHARDS][PATH_MAX];
    const char *list[SOLVE_SHARDS];
};

/*
 * d          coordinates
 * pairs      of each
 * is_turned  each has even coordinates of its own
 */
void solve_shards_make(struct solve_shards *shards, int32_t d, size_t pairs, int is_turned);
void solve_shards_done(struct solve_shards *shards);

/* As the command line would name them. */
struct shards_wish solve_shards_wish(const struct solve_shards *shards);

#endif
