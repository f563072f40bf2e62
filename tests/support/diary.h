#ifndef SUPPORT_DIARY_H
#define SUPPORT_DIARY_H

#include "store/store.h"
#include "support/bytes.h"
#include "support/courses.h"

#include <stdint.h>

/*
 * What a daemon does with a store, without a daemon: a course is learned step by step, each step is
 * written to the journal before it is taken.
 *
 * store   NULL: the steps are only taken, for the truth to compare with
 * state   at `position`
 */
struct diary {
    struct course course;
    struct store *store;
    struct state state;
    uint64_t position;
};

/* Begin a course, with the state it begins from and no store. */
void diary_begin(struct diary *diary, int32_t course, uint64_t seed);
void diary_done(struct diary *diary);

/*
 * Take the next steps of the course: a name where one comes up, then a block of items with the
 * numbers of their producer. They are taken whatever becomes of them on the disk.
 *
 * Returns what store_append returned last.
 */
enum lattn_status diary_step(struct diary *diary, struct lattn_complaint *complaint);

struct bytes diary_image(const struct state *state);

/*
 * Have two states the same image? What depends on questions, and on null spaces that an image does
 * not carry, is not compared: the verdict's history and the tests of the stream.
 */
int diary_agrees(const struct state *a, const struct state *b);

/* The state of a course after so many positions, by itself. */
void diary_truth(int32_t course, uint64_t seed, uint64_t position, struct state *ret_state);

/* Open a directory as a daemon would, at the settings of the course. */
enum lattn_status diary_open(struct diary *diary, const char *path,
                             struct lattn_complaint *complaint);

#endif
