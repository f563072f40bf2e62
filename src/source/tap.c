/*
 * One thread has the connection, the course and the lease; only what stands under the lock is seen
 * by others. It never waits for anything longer than a lease lives, but for the learner.
 */
#include "source/tap.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "source/tap_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
    PAUSE_MS_MIN = 200,
    PAUSE_MS_MAX = 3200,
    REGARD_MS = 1000 /* before it looks again at what only others can put right */
};

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

uint64_t tap_clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* it is always there */
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* ---- what others are told ------------------------------------------------------------------- */

static void report_put(struct tap *tap, int is_connected, const char *error)
{
    pthread_mutex_lock(&tap->lock);
    tap->report.is_connected = is_connected;
    snprintf(tap->report.error.text, sizeof tap->report.error.text, "%s", error);
    pthread_mutex_unlock(&tap->lock);
}

/* Say why nothing is taken, once for each reason. */
static void trouble_tell(struct tap *tap, const struct lattn_complaint *complaint)
{
    report_put(tap, tap->jetstream != NULL, complaint->text);
    tap->is_flowing = 0;
    if (strcmp(tap->said.text, complaint->text) == 0)
        return;
    tap->said = *complaint;
    tap->settings.tell(tap->settings.arg, TAP_WARNING, complaint->text);
}

static void flow_tell(struct tap *tap)
{
    struct lattn_complaint news;

    report_put(tap, 1, "");
    if (tap->is_flowing)
        return;
    tap->is_flowing = 1;
    tap->said.text[0] = '\0';
    (void)complain(&news, LATTN_OK, "taking from stream %s behind %" PRIu64,
                   tap->settings.layout.stream, tap->course.mark.seq);
    tap->settings.tell(tap->settings.arg, TAP_NEWS, news.text);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static struct timespec deadline_in(uint64_t ms)
{
    uint64_t ns = tap_clock_ns() + ms * NS_PER_MS;

    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

/* Under the lock: until something is settled, or it has to stop, or the time is over. */
void tap_wait(struct tap *tap, uint64_t ms)
{
    const struct timespec until = deadline_in(ms);
    size_t settled = tap->settled;

    while (!tap->is_stopping && tap->settled == settled &&
           pthread_cond_timedwait(&tap->stirred, &tap->lock, &until) == 0)
        continue;
}

int tap_is_stopping(struct tap *tap)
{
    int is;

    pthread_mutex_lock(&tap->lock);
    is = tap->is_stopping;
    pthread_mutex_unlock(&tap->lock);
    return is;
}

static void tap_pause(struct tap *tap, uint64_t ms)
{
    const struct timespec until = deadline_in(ms);

    pthread_mutex_lock(&tap->lock);
    while (!tap->is_stopping && pthread_cond_timedwait(&tap->stirred, &tap->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&tap->lock);
}

/* ---- what came back ------------------------------------------------------------------------- */

/*
 * Take one batch that came back out of the ring.
 *
 * Returns 1 with its reply to acknowledge; it is "" where not all of it was kept.
 */
static int batch_collect(struct tap *tap, char ret_reply[JETSTREAM_REPLY_MAX])
{
    int has = 0;

    pthread_mutex_lock(&tap->lock);
    if (tap->settled > 0) {
        memcpy(ret_reply, tap->batches[tap->first].reply, JETSTREAM_REPLY_MAX);
        tap->first = (tap->first + 1) % TAP_AWAY_MAX;
        tap->settled--;
        tap->away--;
        has = 1;
    }
    pthread_mutex_unlock(&tap->lock);
    return has;
}

/* Acknowledge what was settled. Returns LATTN_NO_SPACE where some of it could not be kept. */
enum lattn_status tap_acknowledge(struct tap *tap, struct lattn_complaint *complaint)
{
    char reply[JETSTREAM_REPLY_MAX];
    enum lattn_status status = LATTN_OK;
    int is_torn;

    while (batch_collect(tap, reply)) {
        if (status == LATTN_OK && reply[0] != '\0' && tap->jetstream != NULL)
            status = jetstream_acknowledge(tap->jetstream, reply, complaint);
    }
    pthread_mutex_lock(&tap->lock);
    is_torn = tap->is_torn;
    pthread_mutex_unlock(&tap->lock);
    if (is_torn && status == LATTN_OK)
        return complain(complaint, LATTN_NO_SPACE, "messages of stream %s could not be kept",
                        tap->settings.layout.stream);
    return status;
}

/* Wait until nothing is away. */
void tap_drain(struct tap *tap)
{
    int is_idle = 0;

    while (!is_idle) {
        (void)tap_acknowledge(tap, NULL); /* what is not acknowledged the mark knows */
        pthread_mutex_lock(&tap->lock);
        is_idle = tap->away == 0 || tap->is_closing;
        if (!is_idle && tap->settled == 0)
            (void)pthread_cond_wait(&tap->stirred, &tap->lock);
        pthread_mutex_unlock(&tap->lock);
    }
}

void tap_settle(struct tap *tap, size_t kept, uint64_t duplicates)
{
    struct batch *batch;

    pthread_mutex_lock(&tap->lock);
    assert(tap->settled < tap->away);
    batch = &tap->batches[(tap->first + tap->settled) % TAP_AWAY_MAX];
    assert(kept <= batch->count);
    if (kept > 0 && !tap->is_torn)
        tap->kept = batch->marks[kept - 1];
    if (kept < batch->count) {
        tap->is_torn = 1;
        batch->reply[0] = '\0';
    }
    tap->report.duplicates += duplicates;
    tap->settled++;
    pthread_cond_broadcast(&tap->stirred);
    pthread_mutex_unlock(&tap->lock);
}

/* ---- the thread ----------------------------------------------------------------------------- */

static int is_lost(enum lattn_status status)
{
    return status == LATTN_CLOSED || status == LATTN_TIMEOUT || status == LATTN_NO_MEMORY;
}

/* As long as a connection lasts. */
static void tap_serve(struct tap *tap)
{
    enum lattn_status status = LATTN_OK;

    while (!is_lost(status) && !tap_is_stopping(tap)) {
        struct lattn_complaint complaint = {""};

        status = tap_course_prepare(tap, &complaint);
        if (status == LATTN_OK) {
            flow_tell(tap);
            status = tap_course_flow(tap, &complaint);
        }
        if (status == LATTN_OK || status == LATTN_MORE)
            continue;
        trouble_tell(tap, &complaint);
        if (!is_lost(status))
            tap_pause(tap, REGARD_MS);
    }
}

static void tap_connect(struct tap *tap, uint64_t *pause_ms)
{
    struct lattn_complaint complaint = {""};

    if (jetstream_open(&tap->jetstream, &tap->settings.server, &complaint) != LATTN_OK) {
        trouble_tell(tap, &complaint);
        tap_pause(tap, *pause_ms);
        *pause_ms = *pause_ms * 2 < PAUSE_MS_MAX ? *pause_ms * 2 : PAUSE_MS_MAX;
        return;
    }
    *pause_ms = PAUSE_MS_MIN;
    tap_serve(tap);
    tap_drain(tap);
    if (tap_is_stopping(tap))
        lease_release(&tap->lease, tap->jetstream, &tap->settings.layout);
    jetstream_close(&tap->jetstream);
    if (!tap_is_stopping(tap))
        tap_pause(tap, PAUSE_MS_MIN);
}

static void *tap_run(void *arg)
{
    struct tap *tap = arg;
    uint64_t pause_ms = PAUSE_MS_MIN;

    while (!tap_is_stopping(tap))
        tap_connect(tap, &pause_ms);
    tap->settings.stopped(tap->settings.arg);
    return NULL;
}

/* ---- opening and closing -------------------------------------------------------------------- */

static void stirred_init(pthread_cond_t *stirred)
{
    pthread_condattr_t by_clock;

    /* None of these fails with glibc. */
    (void)pthread_condattr_init(&by_clock);
    (void)pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(stirred, &by_clock);
    (void)pthread_condattr_destroy(&by_clock);
}

enum lattn_status tap_open(struct tap **ret_tap, const struct tap_settings *settings)
{
    struct tap *tap = memory_zeroed(1, sizeof *tap);

    if (tap == NULL)
        return LATTN_NO_MEMORY;
    tap->settings = *settings;
    tap->kept = tap->course.mark = settings->mark;
    tap->known = settings->mark.known;
    tap->report.lost = settings->mark.lost;
    tap->report.rolled_back = settings->mark.rolled_back;
    lease_init(&tap->lease, settings->worker);
    (void)pthread_mutex_init(&tap->lock, NULL); /* cannot fail */
    stirred_init(&tap->stirred);
    if (pthread_create(&tap->thread, NULL, tap_run, tap) != 0) {
        pthread_cond_destroy(&tap->stirred);
        pthread_mutex_destroy(&tap->lock);
        memory_release(tap);
        return LATTN_NO_MEMORY;
    }
    *ret_tap = tap;
    return LATTN_OK;
}

void tap_end(struct tap *tap)
{
    pthread_mutex_lock(&tap->lock);
    tap->is_stopping = tap->is_closing = 1;
    pthread_cond_broadcast(&tap->stirred);
    pthread_mutex_unlock(&tap->lock);
    if (!tap->is_joined)
        (void)pthread_join(tap->thread, NULL); /* it is there */
    tap->is_joined = 1;
}

void tap_close(struct tap **tap)
{
    struct tap *old = *tap;

    if (old == NULL)
        return;
    tap_end(old);
    pthread_cond_destroy(&old->stirred);
    pthread_mutex_destroy(&old->lock);
    memory_release(old);
    *tap = NULL;
}

void tap_stop(struct tap *tap)
{
    pthread_mutex_lock(&tap->lock);
    tap->is_stopping = 1;
    pthread_cond_broadcast(&tap->stirred);
    pthread_mutex_unlock(&tap->lock);
}

void tap_look(struct tap *tap, struct tap_report *ret_report)
{
    pthread_mutex_lock(&tap->lock);
    *ret_report = tap->report;
    ret_report->seq = tap->kept.seq;
    ret_report->pending = tap->known > tap->kept.seq ? tap->known - tap->kept.seq : 0;
    pthread_mutex_unlock(&tap->lock);
}

int tap_is_built(void)
{
    return 1;
}
