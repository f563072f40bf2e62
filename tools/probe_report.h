#ifndef PROBE_REPORT_H
#define PROBE_REPORT_H

#include "respondent.h"

#include <lattn/query.h>

#include <stdio.h>

/*
 * Print what a probe found, for people, on one screen: the verdict, how sure it is, what it took,
 * which tests failed, and what an attacker would need against a defence.
 *
 * info  in  how the oracle answered
 */
void probe_report_print(FILE *file, const struct lattn_finding *finding,
                        const struct respondent_info *info);

/*
 * Print how many questions a probe will ask.
 *
 * architecture  in  that was wished for; of AUTO the plan counts softmax attention
 * rate          in  questions per second; 0: no limit
 */
void probe_report_print_plan(FILE *file, const struct lattn_probe_plan *plan,
                             enum lattn_architecture architecture, double rate);

/* Questions of a plan, all in all. */
uint64_t probe_report_total(const struct lattn_asked *asked);

#endif
