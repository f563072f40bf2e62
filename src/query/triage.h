#ifndef QUERY_TRIAGE_H
#define QUERY_TRIAGE_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>
#include <lattn/status.h>

/*
 * What is known before learning.
 *
 * conditions    under which learners ask
 * architecture  to try; LATTN_ARCHITECTURE_AUTO: none, the finding has its outcome and reason
 * is_silent     every answer was zero: there is nothing to learn
 */
struct triage {
    struct conditions conditions;
    enum lattn_architecture architecture;
    int is_silent;
};

/*
 * Find out under what conditions an oracle answers, and what it may be. What settings tell is
 * believed and not asked.
 *
 * length   tokens that learning would like to ask
 * finding  in/out  takes the checks; outcome and reason where no architecture is left to try
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or what oracle_ask returned.
 */
enum lattn_status triage_run(struct oracle *oracle, const struct lattn_probe_settings *settings,
                             int32_t length, struct random *random, struct lattn_finding *finding,
                             struct triage *ret_triage);

/* Questions that triage will ask, about: those of an oracle that takes everything. */
uint64_t triage_count(const struct lattn_probe_settings *settings);

#endif
