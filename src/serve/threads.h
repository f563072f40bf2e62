#ifndef SERVE_THREADS_H
#define SERVE_THREADS_H

#include <lattn/learner.h>

#include <stdint.h>

/*
 * Threads that learn where nobody said how many: half of the cores, 1 to 4. The other half is for
 * sockets, and for an emission, which computes for as long as it takes beside the learner.
 */
int32_t threads_for(int32_t cores);

/*
 * Threads that are to learn: as many as were asked for, or, where that is 0, as the cores that this
 * process may run on suggest.
 */
int32_t threads_wanted(int32_t threads);

/*
 * Give the learner threads, and say so where there are fewer than it should have.
 *
 * threads  as threads_wanted
 */
void threads_start(struct lattn_learner *learner, int32_t threads);

#endif
