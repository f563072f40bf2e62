#ifndef QUESTION_H
#define QUESTION_H

#include <lattn/query.h>
#include <lattn/transcript.h>

#include <stdint.h>

/*
 * A question of a probe as a line, alone and with its answer. Of an oracle d, m and the form of its
 * answers are looked at.
 */

/* Add {"id": id, "z": [[...], ...]}. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status question_write(struct lattn_text *text, const struct lattn_oracle *oracle,
                                 uint64_t id, const struct lattn_question *question);

/* The same as a request to a daemon, to predict. */
enum lattn_status question_write_request(struct lattn_text *text, const struct lattn_oracle *oracle,
                                         uint64_t id, const struct lattn_question *question);

/*
 * Add the line of a question that was answered: with its "y", or with its "error" in these words.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status question_write_answered(struct lattn_text *text,
                                          const struct lattn_oracle *oracle, uint64_t id,
                                          const struct lattn_question *question, const char *words);

/*
 * Take what the oracle said: y, or is_refused.
 *
 * numbers  in  of the response
 *
 * Returns LATTN_OK, or LATTN_SHAPE where that is not the form of its answers.
 */
enum lattn_status question_take(const struct lattn_oracle *oracle, struct lattn_question *question,
                                const struct lattn_response *response, const double *numbers,
                                struct lattn_complaint *complaint);

#endif
