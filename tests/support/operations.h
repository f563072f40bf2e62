#ifndef SUPPORT_OPERATIONS_H
#define SUPPORT_OPERATIONS_H

#include <lattn/learner.h>

/*
 * What a learner is asked where allocations fail: each as one call that leaves nothing behind, and
 * fails the running test where a refusal left something. Each returns the status of what was asked.
 */
enum lattn_status operation_certify(struct lattn_learner *learner);
enum lattn_status operation_report(struct lattn_learner *learner);
enum lattn_status operation_spectrum(struct lattn_learner *learner);
enum lattn_status operation_coef(struct lattn_learner *learner);
enum lattn_status operation_model(struct lattn_learner *learner);
enum lattn_status operation_fewest(struct lattn_learner *learner);
enum lattn_status operation_emission(struct lattn_learner *learner);

/* Copy; copy once more in the memory of the first copy; go on with what was saved and loaded. */
enum lattn_status operation_copy(struct lattn_learner *learner);
enum lattn_status operation_copy_over(struct lattn_learner *learner);
enum lattn_status operation_load(struct lattn_learner *learner);

#endif
