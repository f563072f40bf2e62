#ifndef QUERY_FINDING_H
#define QUERY_FINDING_H

#include <lattn/query.h>

/*
 * Put down a test of the oracle; it is passed where value <= threshold, so never by a NaN.
 *
 * name  shorter than the room in struct lattn_check
 *
 * Returns whether it is passed. There is room for every test that a probe makes.
 */
int finding_check(struct lattn_finding *finding, const char *name, double value, double threshold);

/* The reason of an outcome, in printf's format; cut where it is too long. */
void finding_reason(struct lattn_finding *finding, enum lattn_outcome outcome, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/* Parameters that may not be shown: release them. */
void finding_withdraw(struct lattn_finding *finding);

#endif
