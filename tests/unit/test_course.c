#include "source/course.h"

#include <criterion/criterion.h>

/* Behind message 100, of which 20 more were known; 3 had been lost before. */
static const struct course_mark mark = {
    .seq = 100, .time_ns = 5000, .known = 120, .lost = 3, .rolled_back = 1};

static struct course course;

static uint64_t resume(uint64_t first, uint64_t last, int64_t time_ns)
{
    const struct jetstream_stream stream = {.first = first, .last = last};

    return course_resume(&course, &mark, &stream, time_ns);
}

static enum course_verdict judge_at(uint64_t seq, uint64_t delivery, int64_t time_ns)
{
    const struct jetstream_message message = {
        .seq = seq, .delivery = delivery, .deliveries = 1, .time_ns = time_ns};

    return course_judge(&course, &message);
}

static enum course_verdict judge(uint64_t seq, uint64_t delivery)
{
    return judge_at(seq, delivery, (int64_t)seq * 50);
}

Test(course, begins_with_the_first_message)
{
    const struct course_mark nothing = {.seq = 0};
    const struct jetstream_stream stream = {.first = 1, .last = 9};

    cr_assert_eq(course_resume(&course, &nothing, &stream, 0), 1);
    cr_assert_eq(course.mark.known, 9);
    cr_assert_eq(course.mark.rolled_back, 0);
}

Test(course, goes_on_behind_the_mark)
{
    cr_assert_eq(resume(1, 150, 5000), 101);
    cr_assert_eq(course.mark.known, 150);
    cr_assert_eq(course.mark.lost, 3);
    cr_assert_eq(judge(101, 1), COURSE_TAKE);
    cr_assert_eq(judge(102, 2), COURSE_TAKE);
    cr_assert_eq(course.mark.seq, 102);
    cr_assert_eq(course.mark.time_ns, 5100);
    cr_assert_eq(course.mark.lost, 3);
}

Test(course, passes_over_what_came_before)
{
    resume(1, 150, 5000);
    judge(101, 1);
    cr_assert_eq(judge(100, 2), COURSE_AGAIN);
    cr_assert_eq(judge(101, 3), COURSE_AGAIN);
    cr_assert_eq(judge(102, 4), COURSE_TAKE);
}

Test(course, counts_what_is_gone_from_the_stream)
{
    cr_assert_eq(resume(131, 150, 0), 101);
    cr_assert_eq(judge(131, 1), COURSE_TAKE);
    cr_assert_eq(course.mark.lost, 3 + 30);
    cr_assert_eq(judge(140, 2), COURSE_TAKE);
    cr_assert_eq(course.mark.lost, 3 + 30 + 8);
    cr_assert_eq(course.mark.rolled_back, 1);
}

Test(course, notices_a_delivery_that_is_missing)
{
    resume(1, 150, 5000);
    cr_assert_eq(judge(101, 1), COURSE_TAKE);
    cr_assert_eq(judge(103, 3), COURSE_MISSED);
    cr_assert_eq(course.mark.seq, 101);
    cr_assert_eq(course.mark.lost, 3);
}

Test(course, names_a_stream_that_went_back_behind_the_mark)
{
    cr_assert_eq(resume(1, 80, 0), 0);
    cr_assert_eq(course.mark.lost, 3 + 20, "all that was known behind the mark");
    cr_assert_eq(course.mark.rolled_back, 2);
    cr_assert_eq(judge_at(80, 1, 5000), COURSE_AGAIN, "what is not younger was taken");
    cr_assert_eq(judge_at(81, 2, 5001), COURSE_TAKE, "numbers come again");
    cr_assert_eq(course.mark.seq, 81);
    cr_assert_eq(course.mark.known, 81);
    cr_assert_eq(course.mark.lost, 3 + 20);
    cr_assert_eq(judge_at(81, 3, 5001), COURSE_AGAIN);
    cr_assert_eq(judge_at(83, 4, 5002), COURSE_TAKE);
    cr_assert_eq(course.mark.lost, 3 + 20 + 1);
}

Test(course, knows_another_message_of_the_same_number)
{
    cr_assert_eq(resume(1, 150, 5001), 0);
    cr_assert_eq(course.mark.lost, 3 + 20);
    cr_assert_eq(course.mark.rolled_back, 2);
}

Test(course, counts_what_was_known_and_is_no_longer_there)
{
    cr_assert_eq(resume(1, 110, 5000), 101);
    cr_assert_eq(course.mark.lost, 3 + 10);
    cr_assert_eq(course.mark.rolled_back, 2);
    cr_assert_eq(course.mark.known, 110);
    cr_assert_eq(judge(101, 1), COURSE_TAKE);
    cr_assert_eq(course.mark.lost, 3 + 10);
}

Test(course, uses_a_consumer_that_stands_at_the_mark)
{
    struct jetstream_consumer consumer = {
        .is_fit = 1, .delivered = 100, .deliveries = 120, .settled = 100};

    resume(1, 150, 5000);
    cr_assert(course_fits(&course, &consumer));
    consumer.waiting = 1;
    cr_assert_not(course_fits(&course, &consumer));
    consumer.waiting = 0;
    consumer.delivered = 101;
    cr_assert_not(course_fits(&course, &consumer));
    consumer.delivered = 100;
    consumer.settled = 99;
    cr_assert_not(course_fits(&course, &consumer));
    consumer.settled = 100;
    consumer.is_fit = 0;
    cr_assert_not(course_fits(&course, &consumer));
    consumer.is_fit = 1;
    resume(1, 80, 0);
    cr_assert_not(course_fits(&course, &consumer));
}
