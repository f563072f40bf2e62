#ifndef GEN_H
#define GEN_H

#include <lattn/tasks.h>

#include <stdint.h>

/* Options of all tasks as they are read: 0 where one is not given, a negative real likewise. */
struct gen_wish {
    uint64_t dim;
    uint64_t heads;
    uint64_t outputs;
    uint64_t length;
    uint64_t states;
    uint64_t symbols;
    uint64_t cells;
    uint64_t seed;
    double noise;
    double mix;
    int last_label;
    int whole_word;
};

/*
 * A kind of task; the numbers of a wish fit into its settings by their bounds. Where they do not go
 * together open returns LATTN_RANGE, and the complaint says why.
 */
struct gen_task {
    const char *name;
    enum lattn_status (*open)(const struct gen_wish *wish, struct lattn_task **ret_task,
                              struct lattn_complaint *complaint);
};

/* Find a task by its name; NULL where there is none. */
const struct gen_task *gen_task_find(const char *name);

/* An option that was given and that the task does not have; NULL where there is none. */
const char *gen_task_stray(const struct gen_task *task, const struct gen_wish *wish);

#endif
