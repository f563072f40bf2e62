#ifndef ANSWERS_H
#define ANSWERS_H

#include <lattn/query.h>
#include <lattn/transcript.h>

#include <stdint.h>

/*
 * Questions and their answers in a file, one line each behind a head (lattn_transcript):
 *
 *     {"id": N, "z": [[...], ...], "y": number | [m] | [[m] x n]}
 *     {"id": N, "z": [[...], ...], "error": "why it was refused"}
 *
 * Those with y are pairs as a daemon learns them. Lines stand in the order in which answers came,
 * N tells in which order they were asked, from 1. Lines are added whole; half a line at the end is
 * what a process left that was killed.
 */
struct answers;

enum answers_use {
    ANSWERS_READ,  /* the file is not changed, and must be there */
    ANSWERS_EXTEND /* it is made where there is none; half a line at its end is cut off */
};

/*
 * Open a file and find the answers in it. While one extends it nobody else does.
 *
 * ret_answers  out  given; release with answers_close
 *
 * Returns LATTN_OK; LATTN_CONFLICT: somebody extends it at the moment; LATTN_DAMAGED: it holds
 * something else, or an answer twice, and is left alone; LATTN_INPUT_OUTPUT; LATTN_NO_MEMORY.
 */
enum lattn_status answers_open(struct answers **ret_answers, const char *path, enum answers_use use,
                               struct lattn_complaint *complaint);

/* Release and set to NULL; accepts NULL. */
void answers_close(struct answers **answers);

/* What the file says about its oracle; NULL where it is empty. */
const struct lattn_transcript *answers_head(const struct answers *answers);

/*
 * Begin an empty file, or make sure that another was begun in the same way: d, m, form of the
 * answers and what decides the questions.
 *
 * Returns LATTN_OK; LATTN_CONFLICT: it was made otherwise; or as answers_add.
 */
enum lattn_status answers_begin(struct answers *answers, const struct lattn_transcript *head,
                                struct lattn_complaint *complaint);

/*
 * Answer a question from the file.
 *
 * id        in      number of the question
 * question  in/out  y and is_refused are set
 * refusal   out     size bytes: the words of a refusal
 *
 * Returns LATTN_OK; LATTN_MORE: its answer is not there; LATTN_CONFLICT: the file has an answer to
 * another question under this number; LATTN_DAMAGED, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY.
 */
enum lattn_status answers_recall(struct answers *answers, uint64_t id,
                                 struct lattn_question *question, char *refusal, size_t size,
                                 struct lattn_complaint *complaint);

/*
 * Add a question that was answered, or refused with these words. With the system when this returns.
 *
 * Returns LATTN_OK; LATTN_NO_SPACE or LATTN_INPUT_OUTPUT with the file as it was; LATTN_NO_MEMORY.
 */
enum lattn_status answers_add(struct answers *answers, uint64_t id,
                              const struct lattn_question *question, const char *refusal,
                              struct lattn_complaint *complaint);

#endif
