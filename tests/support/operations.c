#include "support/operations.h"

#include <lattn/emission.h>

#include "core/learner.h"
#include "support/bytes.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum lattn_status operation_certify(struct lattn_learner *learner)
{
    struct lattn_certificate certificate;

    return lattn_learner_certify(learner, &certificate);
}

enum lattn_status operation_report(struct lattn_learner *learner)
{
    struct lattn_report report;
    enum lattn_status status = lattn_learner_report(learner, &report);

    if (status == LATTN_OK)
        lattn_report_done(&report);
    return status;
}

enum lattn_status operation_spectrum(struct lattn_learner *learner)
{
    struct lattn_spectrum spectrum;
    enum lattn_status status = lattn_learner_spectrum(learner, &spectrum);

    if (status == LATTN_OK)
        lattn_spectrum_done(&spectrum);
    return status;
}

/* The room for them is none of the learner's, and does not fail. */
enum lattn_status operation_coef(struct lattn_learner *learner)
{
    size_t p = (size_t)lattn_features(lattn_learner_dim(learner));
    double *coef = malloc(p * (size_t)lattn_learner_outputs(learner) * sizeof *coef);
    enum lattn_status status = lattn_learner_coef(learner, coef);

    free(coef);
    return status;
}

static enum lattn_status model_make(struct lattn_learner *learner, enum lattn_heads heads)
{
    struct lattn_model *model = NULL;
    enum lattn_status status = lattn_learner_model(learner, heads, 0, &model);

    cr_assert_eq(model != NULL, status == LATTN_OK);
    lattn_model_close(&model);
    return status;
}

enum lattn_status operation_model(struct lattn_learner *learner)
{
    return model_make(learner, LATTN_HEADS_SVD);
}

enum lattn_status operation_fewest(struct lattn_learner *learner)
{
    return model_make(learner, LATTN_HEADS_FEWEST);
}

enum lattn_status operation_emission(struct lattn_learner *learner)
{
    struct lattn_emission emission;
    enum lattn_status status = lattn_emission_make(learner, LATTN_HEADS_COUNT, 1, &emission);

    if (status == LATTN_OK)
        lattn_emission_done(&emission);
    return status;
}

enum lattn_status operation_copy(struct lattn_learner *learner)
{
    struct lattn_learner *copy = NULL;
    enum lattn_status status = lattn_learner_copy(learner, &copy);

    cr_assert_eq(copy != NULL, status == LATTN_OK);
    lattn_learner_close(&copy);
    return status;
}

enum lattn_status operation_copy_over(struct lattn_learner *learner)
{
    struct lattn_learner *copy = NULL;
    enum lattn_status status = lattn_learner_copy(learner, &copy);

    if (status == LATTN_OK)
        status = learner_copy_over(learner, &copy);
    cr_assert_eq(copy != NULL, status == LATTN_OK);
    lattn_learner_close(&copy);
    return status;
}

enum lattn_status operation_load(struct lattn_learner *learner)
{
    struct bytes bytes = bytes_of_learner(learner);
    struct lattn_learner *loaded = NULL;
    enum lattn_status status = bytes_load(&bytes, &loaded, NULL);

    cr_assert_eq(loaded != NULL, status == LATTN_OK);
    lattn_learner_close(&loaded);
    bytes_done(&bytes);
    return status;
}
