/*
 * What a tap does with a connection: find where to begin, and take from there.
 */
#include "source/tap_parts.h"

#include "base/complaint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { FETCH_MS = 200, IDLE_MS = 500 };

#define NS_PER_S INT64_C(1000000000)

/* ---- what has become known ------------------------------------------------------------------ */

/* What has become known of the stream; and tell of what is lost. */
static void course_report(struct tap *tap)
{
    const struct course_mark *mark = &tap->course.mark;

    pthread_mutex_lock(&tap->lock);
    tap->report.lost = mark->lost;
    tap->report.rolled_back = mark->rolled_back;
    tap->known = mark->known;
    pthread_mutex_unlock(&tap->lock);
}

static void loss_tell(const struct tap *tap, const struct course_mark *before)
{
    const struct course_mark *mark = &tap->course.mark;
    const char *stream = tap->settings.layout.stream;
    struct lattn_complaint news;

    if (mark->rolled_back > before->rolled_back)
        (void)complain(&news, LATTN_OK,
                       "stream %s rolled back to before %" PRIu64 ": lost %" PRIu64 " messages",
                       stream, before->known, mark->lost - before->lost);
    else if (mark->lost > before->lost)
        (void)complain(&news, LATTN_OK,
                       "stream %s no longer has what follows %" PRIu64 ": lost %" PRIu64
                       " messages",
                       stream, before->seq, mark->lost - before->lost);
    else
        return;
    tap->settings.tell(tap->settings.arg, TAP_WARNING, news.text);
}

/* ---- before messages are taken -------------------------------------------------------------- */

static enum lattn_status stream_check(const struct lattn_layout *layout,
                                      const struct jetstream_stream *stream,
                                      struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    enum lattn_status status = lattn_layout_check(layout, &stream->layout, &why);

    return status == LATTN_OK ? status
                              : complaint_blame(complaint, status, layout->stream, why.text);
}

/* The stream, which whoever comes first makes. */
static enum lattn_status stream_look(struct tap *tap, struct jetstream_stream *ret_stream,
                                     struct lattn_complaint *complaint)
{
    const struct lattn_layout *layout = &tap->settings.layout;
    const struct jetstream_plan plan = {
        .stream = layout->stream,
        .subject = layout->subject,
        .description = layout->description,
        .duplicates_ns = LATTN_LAYOUT_DUPLICATES_S * NS_PER_S,
    };
    enum lattn_status status =
        jetstream_look(tap->jetstream, layout->stream, ret_stream, complaint);

    if (status == LATTN_NO_DATA) {
        status = jetstream_make(tap->jetstream, &plan, complaint);
        if (status == LATTN_OK || status == LATTN_CONFLICT)
            status = jetstream_look(tap->jetstream, layout->stream, ret_stream, complaint);
    }
    return status == LATTN_OK ? stream_check(layout, ret_stream, complaint) : status;
}

/* Where to begin, from the mark and the stream as it is. */
static enum lattn_status course_find(struct tap *tap, const struct jetstream_stream *stream,
                                     uint64_t *ret_begin, struct lattn_complaint *complaint)
{
    struct course_mark kept;
    int64_t time_ns = 0;
    enum lattn_status status = LATTN_NO_DATA;

    pthread_mutex_lock(&tap->lock);
    kept = tap->kept;
    tap->is_torn = 0;
    pthread_mutex_unlock(&tap->lock);
    if (kept.seq > 0 && kept.seq >= stream->first && kept.seq <= stream->last)
        status = jetstream_time(tap->jetstream, tap->settings.layout.stream, kept.seq, &time_ns,
                                complaint);
    if (status != LATTN_OK && status != LATTN_NO_DATA)
        return status;
    *ret_begin = course_resume(&tap->course, &kept, stream, time_ns);
    tap->created_ns = stream->created_ns;
    loss_tell(tap, &kept);
    course_report(tap);
    return LATTN_OK;
}

/* The consumer that is there, where it stands at the mark; else another. */
static enum lattn_status consumer_set(struct tap *tap, uint64_t begin,
                                      struct lattn_complaint *complaint)
{
    const struct lattn_layout *layout = &tap->settings.layout;
    struct jetstream_consumer consumer;
    enum lattn_status status = jetstream_consumer_look(tap->jetstream, layout->stream,
                                                       layout->consumer, &consumer, complaint);

    if (status == LATTN_OK && course_fits(&tap->course, &consumer)) {
        tap->course.delivery = consumer.deliveries;
    } else if (status == LATTN_OK || status == LATTN_NO_DATA) {
        status = jetstream_consume(tap->jetstream, layout->stream, layout->consumer, begin,
                                   tap->course.mark.time_ns, complaint);
        tap->course.delivery = 0;
    }
    if (status != LATTN_OK)
        return status;
    return jetstream_bind(tap->jetstream, layout->stream, layout->consumer, layout->subject,
                          complaint);
}

enum lattn_status tap_course_prepare(struct tap *tap, struct lattn_complaint *complaint)
{
    struct jetstream_stream stream;
    uint64_t begin = 0;
    enum lattn_status status = stream_look(tap, &stream, complaint);

    tap_drain(tap);
    if (status == LATTN_OK)
        status = lease_renew(&tap->lease, tap->jetstream, &tap->settings.layout, tap_clock_ns(),
                             complaint);
    if (status == LATTN_OK)
        status = course_find(tap, &stream, &begin, complaint);
    if (status == LATTN_OK)
        status = consumer_set(tap, begin, complaint);
    return status;
}

/* ---- taking messages ------------------------------------------------------------------------ */

/*
 * Look at what others may have changed. Returns LATTN_MORE where the course has to be found anew.
 */
static enum lattn_status regard(struct tap *tap, struct lattn_complaint *complaint)
{
    struct jetstream_stream stream;
    enum lattn_status status =
        lease_renew(&tap->lease, tap->jetstream, &tap->settings.layout, tap_clock_ns(), complaint);

    if (status == LATTN_OK)
        status = stream_look(tap, &stream, complaint);
    if (status != LATTN_OK)
        return status;
    if (stream.created_ns != tap->created_ns ||
        (!tap->course.is_open && stream.last < tap->course.mark.seq))
        return LATTN_MORE;
    if (stream.last > tap->course.mark.known)
        tap->course.mark.known = stream.last;
    course_report(tap);
    return LATTN_OK;
}

/* Choose those that come next. Returns LATTN_MORE where a delivery is missing. */
static enum lattn_status messages_judge(struct tap *tap, const struct jetstream_message *messages,
                                        size_t count, size_t *ret_count)
{
    uint64_t redelivered = 0, again = 0;
    size_t taken = 0;
    enum course_verdict verdict = COURSE_TAKE;

    for (size_t i = 0; i < count && verdict != COURSE_MISSED; i++) {
        const struct course_mark before = tap->course.mark;

        verdict = course_judge(&tap->course, &messages[i]);
        redelivered += messages[i].deliveries > 1;
        again += verdict == COURSE_AGAIN;
        if (verdict != COURSE_TAKE)
            continue;
        loss_tell(tap, &before);
        tap->messages[taken] = (struct tap_message){
            .message = &messages[i], .after = before.seq, .mark = tap->course.mark};
        (void)lattn_msgid_read(messages[i].id, &tap->messages[taken].id); /* 0 where it has none */
        taken++;
    }
    pthread_mutex_lock(&tap->lock);
    tap->report.redelivered += redelivered;
    tap->report.duplicates += again;
    pthread_mutex_unlock(&tap->lock);
    course_report(tap);
    *ret_count = taken;
    return verdict == COURSE_MISSED ? LATTN_MORE : LATTN_OK;
}

/* A place in the ring for messages that are about to be handed on: they may come back at once. */
static void batch_put(struct tap *tap, const struct tap_message *messages, size_t count)
{
    const char *reply = messages[count - 1].message->reply;
    struct batch *batch = &tap->batches[(tap->first + tap->away) % TAP_AWAY_MAX];

    assert(tap->away < TAP_AWAY_MAX);
    for (size_t i = 0; i < count; i++)
        batch->marks[i] = messages[i].mark;
    batch->count = count;
    snprintf(batch->reply, sizeof batch->reply, "%s", reply);
    tap->away++;
}

/* Is there a place for one more, before long? */
static int has_place(struct tap *tap)
{
    int has;

    pthread_mutex_lock(&tap->lock);
    if (tap->away == TAP_AWAY_MAX && tap->settled == 0)
        tap_wait(tap, IDLE_MS);
    has = tap->away < TAP_AWAY_MAX && !tap->is_stopping;
    pthread_mutex_unlock(&tap->lock);
    return has;
}

/* Hand on one batch of them, if there is a place for it. */
static enum lattn_status batch_hand(struct tap *tap, const struct tap_message *messages,
                                    size_t count, size_t *ret_count,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = tap_acknowledge(tap, complaint);
    size_t read;

    *ret_count = 0;
    if (status != LATTN_OK || !has_place(tap))
        return status;
    read = tap->settings.read(tap->settings.arg, messages, count);
    if (read == 0)
        return complain(complaint, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
    pthread_mutex_lock(&tap->lock);
    batch_put(tap, messages, read);
    pthread_mutex_unlock(&tap->lock);
    tap->settings.hand(tap->settings.arg);
    *ret_count = read;
    return LATTN_OK;
}

/* Hand on all of them, unless it has to stop. */
static enum lattn_status messages_hand(struct tap *tap, size_t count,
                                       struct lattn_complaint *complaint)
{
    size_t done = 0;
    enum lattn_status status = LATTN_OK;

    while (done < count && status == LATTN_OK && !tap_is_stopping(tap)) {
        size_t handed;

        if (lease_is_doubtful(&tap->lease, tap_clock_ns()))
            status = regard(tap, complaint);
        if (status == LATTN_OK)
            status = batch_hand(tap, tap->messages + done, count - done, &handed, complaint);
        if (status == LATTN_OK)
            done += handed;
    }
    return status;
}

/* All of a batch was taken before: what is under way acknowledges it, or nothing does. */
static enum lattn_status again_acknowledge(struct tap *tap, const char *reply,
                                           struct lattn_complaint *complaint)
{
    size_t away;

    pthread_mutex_lock(&tap->lock);
    away = tap->away;
    pthread_mutex_unlock(&tap->lock);
    return away > 0 ? LATTN_OK : jetstream_acknowledge(tap->jetstream, reply, complaint);
}

static enum lattn_status messages_take(struct tap *tap, struct lattn_complaint *complaint)
{
    const struct jetstream_message *messages;
    size_t count = 0, next = 0;
    enum lattn_status judged;
    enum lattn_status status = jetstream_fetch(tap->jetstream, tap->settings.bytes_max, FETCH_MS,
                                               &messages, &count, complaint);

    if (status != LATTN_OK)
        return status == LATTN_MORE ? LATTN_OK : status;
    tap->is_short = messages[count - 1].pending == 0;
    judged = messages_judge(tap, messages, count, &next);
    status = next > 0 ? messages_hand(tap, next, complaint)
                      : again_acknowledge(tap, messages[count - 1].reply, complaint);
    return status == LATTN_OK ? judged : status;
}

/* Is there nothing to fetch, or no place for it, before something comes back? */
static int is_to_wait(const struct tap *tap)
{
    return tap->away == TAP_AWAY_MAX || (tap->away > 0 && tap->is_short);
}

/* Take until something is in the way: returns why. LATTN_MORE: the course has to be found anew. */
enum lattn_status tap_course_flow(struct tap *tap, struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && !tap_is_stopping(tap)) {
        int waits;

        pthread_mutex_lock(&tap->lock);
        if (is_to_wait(tap))
            tap_wait(tap, IDLE_MS);
        pthread_mutex_unlock(&tap->lock);
        status = tap_acknowledge(tap, complaint);
        if (status == LATTN_OK && lease_is_due(&tap->lease, tap_clock_ns()))
            status = regard(tap, complaint);
        pthread_mutex_lock(&tap->lock);
        waits = is_to_wait(tap);
        pthread_mutex_unlock(&tap->lock);
        if (status == LATTN_OK && !waits)
            status = messages_take(tap, complaint);
    }
    return status;
}
