/*
 * Do items fit the learner? Their sizes must agree with it, and their features stay in range.
 */
#include "core/learner.h"

#include "base/batch.h"
#include "base/complaint.h"

#include <math.h>

/* Are tokens of d coordinates, the bias included, as wide as the learner's are or were? */
static enum lattn_status width_check(const struct lattn_learner *learner,
                                     const struct lattn_item *item,
                                     struct lattn_complaint *complaint)
{
    int32_t bias = learner->settings.bias;
    int32_t d = item->d + bias;

    if (d < 1 || d > LATTN_DIM_MAX)
        return complain(complaint, LATTN_SHAPE, "a token of z has %d coordinates, 1 to %d fit",
                        item->d, LATTN_DIM_MAX - bias);
    if (learner->d > 0 && d != learner->d && !learner->dim_was[d])
        return complain(complaint, LATTN_SHAPE,
                        "a token of z has %d coordinates, the learner has %d", item->d,
                        learner->d - bias);
    return LATTN_OK;
}

/* Ones name coordinates and do not say how many there are: the learner must know. */
static enum lattn_status ones_check(const struct lattn_learner *learner,
                                    const struct lattn_item *item,
                                    struct lattn_complaint *complaint)
{
    int32_t bias = learner->settings.bias;

    if (learner->d == 0)
        return complain(complaint, LATTN_SHAPE,
                        "t does not tell how wide a token is: set --dim, name coordinates, or "
                        "send a pair with z first");
    if (item->d + bias > learner->d)
        return complain(complaint, LATTN_SHAPE, "t has coordinate %d, the learner has 0 to %d",
                        item->d - 1, learner->d - bias - 1);
    return LATTN_OK;
}

static enum lattn_status shape_check(const struct lattn_learner *learner,
                                     const struct lattn_item *item,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = item->tokens == LATTN_TOKENS_DENSE
                                   ? width_check(learner, item, complaint)
                                   : ones_check(learner, item, complaint);

    if (status != LATTN_OK)
        return status;
    if (item->y != NULL && learner->m > 0 && item->m != learner->m &&
        !learner->outputs_was[item->m])
        return complain(complaint, LATTN_SHAPE, "y has %d outputs, the learner has %d", item->m,
                        learner->m);
    return LATTN_OK;
}

/* The first label that is too large. */
static enum lattn_status refuse_label(const struct lattn_item *item, double scale,
                                      struct lattn_complaint *complaint)
{
    int64_t i = 0;

    while (fabs(item->y[i]) * scale <= LATTN_FEATURE_MAX)
        i++;
    return complain(complaint, LATTN_FEATURE_OVERFLOW, "y[%d][%d] is %.3g, at most %g is accepted",
                    (int)(i / item->m), (int)(i % item->m), item->y[i], LATTN_FEATURE_MAX);
}

enum lattn_status learner_item_check(const struct lattn_learner *learner,
                                     const struct lattn_item *item,
                                     struct lattn_complaint *complaint)
{
    struct batch_extent extent;
    enum lattn_status status = batch_check(item, &extent, complaint);
    double scale = item->y == NULL ? 1 : sqrt(item->weight);
    double bound;

    if (status == LATTN_OK)
        status = shape_check(learner, item, complaint);
    if (status != LATTN_OK)
        return status;
    bound = feature_bound(item->n, extent.z, learner->settings.bias);
    if (!(bound * scale <= LATTN_FEATURE_MAX))
        return complain(complaint, LATTN_FEATURE_OVERFLOW,
                        "features of z may reach %.3g, at most %g is accepted", bound * scale,
                        LATTN_FEATURE_MAX);
    if (!(extent.y * scale <= LATTN_FEATURE_MAX))
        return refuse_label(item, scale, complaint);
    return LATTN_OK;
}

enum lattn_status learner_input_check(const struct lattn_learner *learner,
                                      const struct lattn_item *input,
                                      struct lattn_complaint *complaint)
{
    struct lattn_item query = *input;

    query.y = NULL;
    query.labels = LATTN_LABELS_LAST;
    return learner_item_check(learner, &query, complaint);
}

enum lattn_status learner_inputs_check(const struct lattn_learner *learner, const char *name,
                                       const struct lattn_batch *inputs,
                                       struct lattn_complaint *complaint)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const struct lattn_item *input = &inputs->items[i];
        struct lattn_complaint why = {""};
        enum lattn_status status = learner_input_check(learner, input, &why);

        if (status == LATTN_OK && learner->d == 0 && input->d != inputs->items[0].d)
            status =
                complain(&why, LATTN_SHAPE, "a token of z has %d coordinates, the first has %d",
                         input->d, inputs->items[0].d);
        if (status != LATTN_OK)
            return complain(complaint, status, "%s[%zu]: %.200s", name, i,
                            why.text[0] != '\0' ? why.text : lattn_status_text(status));
    }
    return LATTN_OK;
}
