#ifndef RESPONDENT_H
#define RESPONDENT_H

#include "link.h"

#include <lattn/query.h>

#include <stdint.h>

/*
 * An oracle as the command line names it, to be asked by lattn_probe:
 *
 *     exec:COMMAND      run by /bin/sh -c, lines on its standard input and output
 *     unix:PATH, tcp:HOST:PORT, tls:HOST:PORT   the same lines on a connection
 *     lattnd:ADDR       a daemon, through predict; ADDR is one of the three above
 *     log:FILE          the answers that a probe kept; nobody is asked
 *
 * A question is a line {"id": N, "z": [[...], ...]}; an answer {"id"?, "y"} or {"id"?, "error"}, as
 * lattn_response_read takes it, in any order where it has an id. One that ends before it has
 * answered is started or connected again and asked what is left.
 */

/*
 * How it is asked. The texts are borrowed until respondent_close.
 *
 * place       as above
 * link        files for a connection; its address is not looked at
 * d           coordinates of a token; 0: the daemon or the log tells
 * norm_max, length_max  of what is asked to find the form of answers; 0: no limit
 * timeout_ms  for an answer, from when it is the turn of that question; above 0
 * retries     how often in a row one that ended is started again without an answer in between
 * rate        questions per second; 0: no limit
 * log         file that keeps the answers; NULL: none
 * decided     in words, every setting that decides which questions are asked, "model auto, seed 1":
 *             what was kept under others is refused, naming the first of them that differs
 * heard       called with heard_arg after each answer that came; may be NULL
 */
struct respondent_settings {
    const char *place;
    struct link_settings link;
    int32_t d;
    double norm_max;
    int32_t length_max;
    uint64_t timeout_ms;
    uint64_t retries;
    double rate;
    const char *log;
    const char *decided;
    void (*heard)(void *arg);
    void *heard_arg;
};

/*
 * What came of it until now.
 *
 * asked         questions that were sent and answered
 * recalled      questions that the log answered
 * refused       of either: answered with an error
 * undetermined  of a daemon: answers that its data leaves open
 * restarts      how often it ended, and was started or connected to again
 * refusal       words of the last error; "" if there was none
 */
struct respondent_info {
    uint64_t asked;
    uint64_t recalled;
    uint64_t refused;
    uint64_t undetermined;
    uint64_t restarts;
    char refusal[200];
};

struct respondent;

/*
 * Find out how an oracle answers. That takes one question of two tokens, unless a daemon or a log
 * tells; the question counts as asked, and not in the budget of a probe. What the log holds is
 * answered from it, and the oracle is not even started as long as that is enough.
 *
 * ret_respondent  out  given; release with respondent_close
 * complaint       out  why not, without the name of the oracle
 *
 * To be called once in a process. Returns LATTN_OK; LATTN_ADDRESS, the command line asks for
 * nothing that exists, or d is missing; LATTN_CONFLICT: the log was made with other settings, or
 * somebody writes to it, or the daemon adds a bias; LATTN_REFUSED: the oracle refuses whatever it
 * is asked; LATTN_NO_DATA: the daemon has learned nothing, the log holds nothing; LATTN_DAMAGED:
 * the log is none; or as respondent_ask.
 */
enum lattn_status respondent_open(struct respondent **ret_respondent,
                                  const struct respondent_settings *settings,
                                  struct lattn_complaint *complaint);

/* To be probed; lives as long as the respondent. */
const struct lattn_oracle *respondent_oracle(const struct respondent *respondent);

const struct respondent_info *respondent_info(const struct respondent *respondent);

/*
 * A lattn_ask_fn whose argument is a respondent. Answers are in the log when it returns, also those
 * that came before a failure.
 *
 * Returns LATTN_OK; LATTN_TIMEOUT; LATTN_CLOSED: it ended too often, cannot be started, or was
 * interrupted by SIGINT or SIGTERM, which respondent_open takes (interrupt.h); LATTN_SYNTAX,
 * LATTN_FIELD, LATTN_EMPTY, LATTN_SHAPE, LATTN_NOT_FINITE or LATTN_TOO_BIG: what it says is no
 * answer; LATTN_DENIED: it does not let us in; LATTN_CONFLICT: the log holds answers to other
 * questions; LATTN_NO_DATA: a log that is replayed does not hold one; LATTN_NO_SPACE or
 * LATTN_INPUT_OUTPUT: the log takes no more, or cannot be read; LATTN_NO_MEMORY.
 */
enum lattn_status respondent_ask(void *respondent, size_t count, struct lattn_question *questions,
                                 struct lattn_complaint *complaint);

/*
 * Release it and set the pointer to NULL; accepts NULL. A process gets the end of its input and a
 * moment, then SIGTERM, then SIGKILL.
 */
void respondent_close(struct respondent **respondent);

#endif
