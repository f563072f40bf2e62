#include <lattn/emission.h>

enum lattn_status lattn_emission_make(struct lattn_learner *learner, enum lattn_heads heads,
                                      int32_t count, struct lattn_emission *ret_emission)
{
    struct lattn_emission emission = {0};
    enum lattn_status status = lattn_learner_report(learner, &emission.report);

    if (status != LATTN_OK)
        return status;
    if (emission.report.pairs > 0)
        status = lattn_learner_model(learner, heads, count, &emission.model);
    /* Numbers and verdict are worth having without the heads. */
    if (status == LATTN_MEMORY_LIMIT)
        status = LATTN_OK;
    if (status != LATTN_OK) {
        lattn_emission_done(&emission);
        return status;
    }
    *ret_emission = emission;
    return LATTN_OK;
}

void lattn_emission_done(struct lattn_emission *emission)
{
    if (emission == NULL)
        return;
    lattn_model_close(&emission->model);
    lattn_report_done(&emission->report);
}
