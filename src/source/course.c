/*
 * A sequence number means a message as long as its stream is the same. A server whose store was
 * rolled back, or a stream that was made anew, gives numbers again: the time stamp of the message
 * at the mark tells, and numbers that are lower than those that were known.
 *
 * Where what was taken is gone from the stream, all that it has and that is younger than the mark
 * was published after the copy it went back to. It may have been taken before, when its publisher
 * sends it again: that is for the publisher's own numbers to say.
 */
#include "source/course.h"

/* Did the stream go back behind what was taken? */
static int is_behind(const struct course_mark *mark, const struct jetstream_stream *stream,
                     int64_t time_ns)
{
    if (mark->seq == 0)
        return 0;
    if (stream->last < mark->seq)
        return 1;
    return time_ns != 0 && mark->time_ns != 0 && time_ns != mark->time_ns;
}

uint64_t course_resume(struct course *course, const struct course_mark *mark,
                       const struct jetstream_stream *stream, int64_t time_ns)
{
    *course = (struct course){.mark = *mark};
    if (is_behind(mark, stream, time_ns)) {
        course->is_open = 1;
        course->mark.lost += mark->known - mark->seq;
        course->mark.rolled_back++;
        course->mark.known = mark->seq;
        return 0;
    }
    if (stream->last < mark->known) {
        course->mark.lost += mark->known - stream->last;
        course->mark.rolled_back++;
        course->mark.known = stream->last;
    }
    if (stream->last > course->mark.known)
        course->mark.known = stream->last;
    return mark->seq + 1;
}

enum course_verdict course_judge(struct course *course, const struct jetstream_message *message)
{
    struct course_mark *mark = &course->mark;

    if (message->delivery != course->delivery + 1)
        return COURSE_MISSED;
    course->delivery = message->delivery;
    if (course->is_open ? message->time_ns <= mark->time_ns : message->seq <= mark->seq)
        return COURSE_AGAIN;
    if (!course->is_open)
        mark->lost += message->seq - mark->seq - 1;
    if (course->is_open || mark->known < message->seq)
        mark->known = message->seq;
    course->is_open = 0;
    mark->seq = message->seq;
    mark->time_ns = message->time_ns;
    if (mark->known < message->seq + message->pending)
        mark->known = message->seq + message->pending;
    return COURSE_TAKE;
}

int course_fits(const struct course *course, const struct jetstream_consumer *consumer)
{
    return consumer->is_fit && consumer->waiting == 0 && !course->is_open &&
           consumer->delivered == course->mark.seq && consumer->settled == course->mark.seq;
}
