/*
 * A learner that was saved and loaded goes on as if nothing had happened, to the last bit; bytes
 * that nobody wrote are refused or make a learner that is sound.
 */
#include <lattn/state.h>

#include "core/dense.h"
#include "core/learner.h"
#include "support/bytes.h"
#include "support/courses.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(image, .init = dense_threads_one);

static void teach_blocks(struct course *course, int blocks, struct lattn_learner **learners,
                         int count)
{
    for (int b = 0; b < blocks; b++) {
        const char *name;
        struct lattn_batch batch = course_next(course, &name);

        for (int i = 0; i < count; i++)
            course_teach(course, batch, name, learners[i]);
    }
}

Test(image, of_a_loaded_learner_is_that_it_came_from)
{
    for (int32_t number = 0; number < COURSES; number++) {
        struct course course;
        struct lattn_learner *learner, *loaded;
        struct bytes bytes, again;

        course_start(&course, number, 1);
        cr_assert_eq(lattn_learner_open(&learner, &course.settings), LATTN_OK);
        teach_blocks(&course, 50, &learner, 1);
        bytes = bytes_of_learner(learner);
        loaded = learner_of_bytes(&bytes);
        again = bytes_of_learner(loaded);
        cr_assert_eq(again.length, bytes.length);
        cr_assert_eq(memcmp(again.data, bytes.data, bytes.length), 0, "%s", course_name(&course));
        cr_expect_eq(lattn_learner_memory(learner), lattn_learner_memory(loaded));
        lattn_learner_close(&learner);
        lattn_learner_close(&loaded);
        bytes_done(&bytes);
        bytes_done(&again);
    }
}

Test(image, of_a_copy_is_that_of_the_original)
{
    for (int32_t number = 0; number < COURSES; number++) {
        struct course course;
        struct lattn_learner *learner, *copy;
        struct bytes bytes, of_copy;

        course_start(&course, number, 2);
        cr_assert_eq(lattn_learner_open(&learner, &course.settings), LATTN_OK);
        teach_blocks(&course, 60, &learner, 1);
        cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
        bytes = bytes_of_learner(learner);
        of_copy = bytes_of_learner(copy);
        cr_assert_eq(of_copy.length, bytes.length, "%s", course_name(&course));
        cr_assert_eq(memcmp(of_copy.data, bytes.data, bytes.length), 0, "%s", course_name(&course));
        lattn_learner_close(&learner);
        lattn_learner_close(&copy);
        bytes_done(&bytes);
        bytes_done(&of_copy);
    }
}
