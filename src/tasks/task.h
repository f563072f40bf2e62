#ifndef TASKS_TASK_H
#define TASKS_TASK_H

#include <lattn/tasks.h>

#include "base/random.h"

/*
 * What all tasks share; a kind of task begins with it.
 *
 * next     makes the next sequence
 * random   the stream of draws, from the seed on
 * truth    owned
 * numbers  owned, for the kind to carve
 */
struct lattn_task {
    void (*next)(struct lattn_task *task, struct lattn_item *ret_item);
    struct random random;
    struct lattn_model *truth;
    double *numbers;
};

/*
 * Make a zeroed task of a kind.
 *
 * bytes  in  size of the kind, which begins with struct lattn_task
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY; ret_task is given.
 */
enum lattn_status task_open(struct lattn_task **ret_task, size_t bytes,
                            void (*next)(struct lattn_task *task, struct lattn_item *ret_item),
                            uint64_t seed);

/* Give a task so many zeroed numbers, once. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status task_reserve(struct lattn_task *task, size_t count);

/*
 * End of opening: give the task to the caller, or close it where status says that it failed.
 *
 * Returns status; ret_task is untouched unless it is LATTN_OK.
 */
enum lattn_status task_finish(struct lattn_task *task, enum lattn_status status,
                              struct lattn_task **ret_task);

#endif
