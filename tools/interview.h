#ifndef INTERVIEW_H
#define INTERVIEW_H

#include "numbers.h"
#include "rate.h"
#include "retry.h"
#include "round.h"
#include "transport.h"

#include <lattn/query.h>
#include <lattn/transcript.h>

#include <stdint.h>

/*
 * Questions to an oracle that is there, and its answers: as many under way as pipes take, not more
 * often than allowed, and again where it ended before it had answered.
 */

/*
 * Texts are borrowed until interview_done.
 *
 * command     of a process; NULL: a connection
 * link        to whom
 * is_daemon   1: the connection is to lattnd
 * timeout_ms, retries, rate  as in struct respondent_settings
 */
struct interview_settings {
    const char *command;
    struct link_settings link;
    int is_daemon;
    uint64_t timeout_ms;
    uint64_t retries;
    double rate;
};

/*
 * hello           what the daemon said last
 * since_ns        since when it is the turn of the oldest question under way
 * failures        in a row: ends without an answer in between
 * starts          of the process, or connections
 * has_answered    once at least
 * undetermined    answers of a daemon that its data leaves open
 * is_interrupted  by a signal
 */
struct interview {
    struct interview_settings settings;
    struct transport transport;
    struct rate rate;
    struct retry retry;
    struct numbers numbers;
    struct lattn_hello hello;
    uint64_t since_ns;
    uint64_t failures;
    uint64_t starts;
    uint64_t undetermined;
    int has_answered;
    int is_interrupted;
};

/* Takes an answer. What it returns other than LATTN_OK ends interview_ask. */
typedef enum lattn_status (*interview_answer_fn)(void *arg, const struct round_entry *entry,
                                                 const struct lattn_response *response,
                                                 const double *numbers,
                                                 struct lattn_complaint *complaint);

/* Begin; nobody is asked yet, and nothing is started. The interview stays where it is. */
void interview_init(struct interview *interview, const struct interview_settings *settings);

/* End it, as transport_close. */
void interview_done(struct interview *interview);

/* Connect to a daemon and let it say hello. Returns as interview_ask. */
enum lattn_status interview_greet(struct interview *interview, struct lattn_complaint *complaint);

/*
 * Ask all of a round.
 *
 * oracle  in  d is looked at; of a daemon also m
 *
 * Returns LATTN_OK; LATTN_TIMEOUT; LATTN_CLOSED: it ended too often, or is_interrupted;
 * LATTN_SYNTAX, LATTN_FIELD, LATTN_NOT_FINITE, LATTN_TOO_BIG ...: what it says is no answer;
 * LATTN_CONFLICT: the daemon is another one than before, or adds a bias; what transport_open or
 * `take` returned; or LATTN_NO_MEMORY.
 */
enum lattn_status interview_ask(struct interview *interview, const struct lattn_oracle *oracle,
                                struct round *round, interview_answer_fn take, void *arg,
                                struct lattn_complaint *complaint);

#endif
