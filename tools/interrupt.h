#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <lattn/status.h>

/*
 * Being asked to end, by SIGINT or SIGTERM: soon, and 2 seconds later at once. What the starter of
 * the process wants ignored stays ignored.
 */
enum interrupt_stage { INTERRUPT_NONE, INTERRUPT_SOON, INTERRUPT_NOW };

/* Take the signals from now on; once per process. Returns LATTN_OK or LATTN_INPUT_OUTPUT. */
enum lattn_status interrupt_take(void);

/* How urgent it is. Not before interrupt_take. */
enum interrupt_stage interrupt_stage(void);

/* To be polled: becomes readable whenever the stage is another than interrupt_stage told last. */
int interrupt_fd(void);

#endif
