#ifndef SERVE_WORKER_H
#define SERVE_WORKER_H

#include <lattn/status.h>

/*
 * A thread that does one job at a time, so that whoever hands it over can go on meanwhile.
 *
 *     idle -> at work (worker_start) -> idle (the thread, by itself)
 *
 * It carries nothing: job and result stand in an object of its owner, which belongs to the thread
 * while that is at work and to the owner while it is idle. So these need no lock of their own, as
 * long as the owner looks at them only after worker_is_idle or worker_wait.
 */
struct worker;

/*
 * work  called on the worker's thread for each job
 * done  called on the same when it is idle again
 */
struct worker_settings {
    void (*work)(void *arg);
    void *work_arg;
    void (*done)(void *arg);
    void *done_arg;
};

/* Starts the thread; settings are copied. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status worker_open(struct worker **ret_worker, const struct worker_settings *settings);
/* Finishes the job under way, ends the thread; accepts a pointer to NULL. */
void worker_close(struct worker **worker);

/* Begin the job that stands ready. The worker must be idle. */
void worker_start(struct worker *worker);

/* Is no job under way? If not, all that the last one wrote can be seen. */
int worker_is_idle(struct worker *worker);

/* Wait until it is idle. `done` may be under way then. */
void worker_wait(struct worker *worker);

#endif
