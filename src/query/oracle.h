#ifndef QUERY_ORACLE_H
#define QUERY_ORACLE_H

#include <lattn/query.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The oracle as learners see it: counted, bounded, checked. What it answers at the last position is
 * all that most of them ask for.
 */

/* What a question is asked for. */
enum oracle_purpose { ORACLE_LEARN, ORACLE_TRIAL, ORACLE_VERIFY };

/*
 * asked         the caller's; d and m are copied from it
 * budget        questions in all; UINT64_MAX: any number
 * counts        questions asked, by purpose
 * complaint     why a call failed; its text is "" before
 * norm, length  the largest norm of a token, and the longest sequence, that were answered
 * refused_norm  of the question refused last: largest norm of its tokens, and its length
 * phase, total  for progress; total 0: not known
 */
struct oracle {
    const struct lattn_oracle *asked;
    int32_t d;
    int32_t m;
    uint64_t budget;
    struct lattn_asked counts;
    struct lattn_complaint complaint;
    double norm;
    int32_t length;
    double refused_norm;
    int32_t refused_length;
    const char *phase;
    uint64_t total;
    lattn_probe_progress_fn progress;
    void *progress_arg;
    struct lattn_question *questions; /* LATTN_QUESTIONS_MAX of them */
    double *answers;                  /* room for one call */
    size_t answers_room;
};

/*
 * asked     kept until oracle_done
 * settings  budget and progress are looked at
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status oracle_init(struct oracle *oracle, const struct lattn_oracle *asked,
                              const struct lattn_probe_settings *settings);
/* Release; accepts what oracle_init refused. */
void oracle_done(struct oracle *oracle);

/* How many questions it takes in all, as far as can be told; 0: cannot. */
void oracle_aim(struct oracle *oracle, uint64_t total);

/*
 * Say what is done now; kept. total: questions in all at the end of it, at least, 0: not known. A
 * part of the way does not take back what the whole is.
 */
void oracle_phase(struct oracle *oracle, const char *phase, uint64_t total);

/* Questions asked until now. */
uint64_t oracle_count(const struct oracle *oracle);

/*
 * Ask `count` sequences of n tokens each, in calls of LATTN_QUESTIONS_MAX.
 *
 * x      in   count x n x d row-major
 * ret_y  out  count x m, the answers at the last position
 *
 * Returns LATTN_OK; LATTN_BUDGET with nothing asked; LATTN_REFUSED where the oracle does not take
 * one (refused_norm, refused_length tell which); LATTN_NOT_FINITE; LATTN_NO_MEMORY; or what the
 * callback returned. Except for LATTN_BUDGET those asked are counted. complaint tells why.
 */
enum lattn_status oracle_ask(struct oracle *oracle, enum oracle_purpose purpose, size_t count,
                             int32_t n, const double *x, double *ret_y);

/* The same of an oracle that answers at every position: ret_y is count x n x m. */
enum lattn_status oracle_ask_positions(struct oracle *oracle, enum oracle_purpose purpose,
                                       size_t count, int32_t n, const double *x, double *ret_y);

#endif
