#ifndef RUN_STEPS_H
#define RUN_STEPS_H

#include "numbers.h"

#include <lattn/model.h>

#include <stdint.h>

enum run_show {
    RUN_SHOW_NAMES, /* which coordinates are 1, by name; values where nothing is rounded */
    RUN_SHOW_JSON,  /* {"y": [...]} */
    RUN_SHOW_TAPE
};

/* How a sequence goes on by itself (arXiv 2410.10101, Definition C.1). */
struct run_steps {
    const struct lattn_model *model;
    uint64_t count;
    enum run_show show;
    struct numbers numbers; /* Z Z' of the tokens so far, the last of them, and the next */
    uint64_t sequences;     /* shown so far */
};

/* Print {"y": [...]}; what is not finite is null. */
void run_steps_values(const double *y, int32_t m);

/*
 * Append what the model says, rounded by its blocks, and go on from there, so many times. Each of
 * these tokens is shown.
 *
 * z  in  n tokens as the model takes them
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status run_steps(struct run_steps *steps, const double *z, int32_t n);
void run_steps_done(struct run_steps *steps);

#endif
