#ifndef SOURCE_TAP_PARTS_H
#define SOURCE_TAP_PARTS_H

#include <lattn/status.h>

#include "source/course.h"
#include "source/jetstream.h"
#include "source/lease.h"
#include "source/tap.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* What the files of a tap share; all of it is for its own thread. */

/* A batch that was handed on: the marks behind its messages, and where the last is acknowledged. */
struct batch {
    struct course_mark marks[JETSTREAM_BATCH];
    size_t count;
    char reply[JETSTREAM_REPLY_MAX];
};

/*
 * Of the thread alone:
 * created_ns  of the stream, when its consumer was made
 * said        the last error that was told
 * is_flowing  it takes messages, and has said so
 * messages    of the last fetch, those that come next
 *
 * Under the lock:
 * kept        the mark behind all that was settled; known: the stream's last message that is known;
 *             is_torn: some of a batch could not be kept
 * is_closing  nobody settles anything any more
 * report      but for seq and pending
 * batches     a ring; of `away` from `first` on, the first `settled` came back
 */
struct tap {
    struct tap_settings settings;
    struct lease lease;
    struct jetstream *jetstream;
    struct course course;
    int64_t created_ns;
    struct lattn_complaint said;
    int is_flowing;
    int is_short; /* the last batch was all there was */
    struct tap_message messages[JETSTREAM_BATCH];
    pthread_t thread;
    int is_joined;

    pthread_mutex_t lock;
    pthread_cond_t stirred;
    int is_stopping;
    int is_closing;
    struct batch batches[TAP_AWAY_MAX];
    size_t first;
    size_t away;
    size_t settled;
    struct course_mark kept;
    uint64_t known;
    int is_torn;
    struct tap_report report;
};

/* ---- tap.c ---------------------------------------------------------------------------------- */

/* Of a clock that only goes on. */
uint64_t tap_clock_ns(void);

int tap_is_stopping(struct tap *tap);

/* Under the lock: until something is settled, or it has to stop, or the time is over. */
void tap_wait(struct tap *tap, uint64_t ms);

/*
 * Acknowledge what was settled. Returns LATTN_OK; LATTN_NO_SPACE where some of it could not be
 * kept; or as jetstream_acknowledge.
 */
enum lattn_status tap_acknowledge(struct tap *tap, struct lattn_complaint *complaint);

/* Wait until nothing is away. */
void tap_drain(struct tap *tap);

/* ---- tap_course.c --------------------------------------------------------------------------- */

/* Find where to begin, with nothing under way. Returns as jetstream.h, lattn_layout_check,
 * lease_renew.
 */
enum lattn_status tap_course_prepare(struct tap *tap, struct lattn_complaint *complaint);

/*
 * Take messages until something is in the way.
 *
 * Returns why; LATTN_OK where it has to stop, LATTN_MORE where the course has to be found anew.
 */
enum lattn_status tap_course_flow(struct tap *tap, struct lattn_complaint *complaint);

#endif
