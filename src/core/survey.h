#ifndef CORE_SURVEY_H
#define CORE_SURVEY_H

#include "base/random.h"

#include <lattn/certificate.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * The statement on the stream itself (README.md, section 3): which of the inputs that arrived were
 * determined by what had come before them.
 *
 * random        draws the sample of a block
 * tested        items tested since ever
 * undetermined  of those in the window
 * found         undetermined ones of the last block: the next is looked at the more closely
 * touched       numbers of null spaces that a test of a row touched there; NaN before the first
 * window        1 for an undetermined item; the newest stands before tested % LATTN_STREAM_WINDOW
 */
struct survey {
    struct random random;
    uint64_t tested;
    int32_t undetermined;
    int32_t found;
    double touched;
    uint8_t window[LATTN_STREAM_WINDOW];
};

/* Forget all tests; the sample is drawn by a fixed seed, so that every number can be replayed. */
void survey_reset(struct survey *survey);

/* Take in the result of a test. */
void survey_note(struct survey *survey, int is_undetermined);

/* Do its numbers agree with each other? Returns LATTN_OK or LATTN_RANGE. */
enum lattn_status survey_check(const struct survey *survey);

/* What the tests say so far. */
struct lattn_stream survey_report(const struct survey *survey);

#endif
