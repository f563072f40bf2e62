#ifndef SOURCE_COURSE_H
#define SOURCE_COURSE_H

#include "source/jetstream.h"

#include <stdint.h>

/*
 * How far a stream has been taken.
 *
 * seq          every message up to this one was learned, refused for good, or is gone
 * time_ns      its time stamp, by the server's clock; 0: not known
 * known        the last message that is known to have been there; >= seq
 * lost         messages that were gone before they were taken
 * rolled_back  so often the stream went back to an earlier state of its own
 */
struct course_mark {
    uint64_t seq;
    int64_t time_ns;
    uint64_t known;
    uint64_t lost;
    uint64_t rolled_back;
};

/*
 * Which message comes next, and what the mark is once it was taken.
 *
 *     course_resume   a stream was looked at: is it the one that the mark is about?
 *     course_judge    for each delivery
 *
 * mark      behind what was taken last
 * is_open   the stream went back behind the mark: what is younger than it comes next, whatever
 *           its number is
 * delivery  the last of the consumer
 */
struct course {
    struct course_mark mark;
    int is_open;
    uint64_t delivery;
};

/*
 * Go on in a stream from a mark. Where the stream went back, what is gone of it and was not taken
 * is lost: all behind the mark that was known, where that part is gone; else what was beyond the
 * last message that is there now.
 *
 * time_ns   in   of the message at mark->seq in the stream as it is; 0: it is not there
 *
 * Returns the message to begin with; 0: whatever came after the mark's time stamp.
 */
uint64_t course_resume(struct course *course, const struct course_mark *mark,
                       const struct jetstream_stream *stream, int64_t time_ns);

/*
 * COURSE_TAKE    it is the next one; course->mark is behind it, and those between are lost
 * COURSE_AGAIN   it was taken before
 * COURSE_MISSED  a delivery is missing: the consumer has to begin anew
 */
enum course_verdict { COURSE_TAKE, COURSE_AGAIN, COURSE_MISSED };

enum course_verdict course_judge(struct course *course, const struct jetstream_message *message);

/* Has a consumer delivered just what was taken, and nothing that is not settled? */
int course_fits(const struct course *course, const struct jetstream_consumer *consumer);

#endif
