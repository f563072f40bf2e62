#ifndef SOLVE_WISH_H
#define SOLVE_WISH_H

#include "solve/outcome.h"
#include "solve/shards.h"

/*
 * What the command line asks for; its strings are borrowed.
 *
 * ranks  with is_explain: how many there would be
 */
struct wish {
    struct shards_wish shards;
    struct outcome_wish outcome;
    const char *model_path;
    int is_json;
    int is_explain;
    int32_t ranks;
};

/* What to do with it: solve or explain, or end with this exit status, as all has been said. */
enum wish_outcome { WISH_READ, WISH_DONE, WISH_MISUSED };

/* Read it, and say what is wrong or asked for (help, version); where is_silent another rank does.
 */
enum wish_outcome wish_read(int argc, char **argv, int is_silent, struct wish *ret_wish);

#endif
