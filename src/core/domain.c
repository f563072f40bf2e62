/*
 * A domain certified by inputs drawn from it. What an undetermined input lacks is a feature that
 * was never seen, or else directions of the components that its features belong to.
 */
#include "base/complaint.h"
#include "core/learner.h"
#include "core/solution.h"

#include <stdio.h>
#include <string.h>

/* Where a lack is written, and by which names. */
struct lacking {
    struct lattn_domain *domain;
    const struct lattn_names *names;
    uint64_t input;
    uint64_t counted[LATTN_LACKS_MAX]; /* the last input that was counted, from 1 */
};

static void coordinate_write(const struct lattn_names *names, int32_t coordinate,
                             char ret_text[LATTN_NAME_MAX])
{
    if (coordinate < names->coordinates_count && names->coordinates[coordinate][0] != '\0')
        snprintf(ret_text, LATTN_NAME_MAX, "%s", names->coordinates[coordinate]);
    else
        snprintf(ret_text, LATTN_NAME_MAX, "%d", coordinate);
}

static void feature_write(const struct lattn_names *names, struct feature feature,
                          struct lattn_lack *lack)
{
    char j[LATTN_NAME_MAX], k[LATTN_NAME_MAX], l[LATTN_NAME_MAX];

    coordinate_write(names, feature.j, j);
    coordinate_write(names, feature.k, k);
    coordinate_write(names, feature.l, l);
    snprintf(lack->feature, sizeof lack->feature, "%s * %s * %s", j, k, l);
}

/* Count the input under a lack, once. */
static void lack_count(struct lacking *lacking, struct feature feature, int64_t columns,
                       int64_t rank)
{
    struct lattn_domain *domain = lacking->domain;
    struct lattn_lack lack = {.columns = columns, .rank = rank};
    int32_t i = 0;

    feature_write(lacking->names, feature, &lack);
    while (i < domain->lacks_count && (domain->lacks[i].columns != columns ||
                                       strcmp(domain->lacks[i].feature, lack.feature) != 0))
        i++;
    if (i == LATTN_LACKS_MAX)
        return;
    if (i == domain->lacks_count) {
        domain->lacks[domain->lacks_count++] = lack;
        lacking->counted[i] = 0;
    }
    if (lacking->counted[i] == lacking->input + 1)
        return;
    lacking->counted[i] = lacking->input + 1;
    domain->lacks[i].inputs++;
}

static struct feature feature_first(const struct component *component)
{
    int32_t column = 0;

    while (component->solution->inverse[column] == 0 && column < component->columns - 1)
        column++;
    return component->features[column];
}

/* The feature of pair (support j, support k) and query l, if the input has it. */
static void feature_examine(const struct factor *factor, struct feature feature,
                            struct lacking *lacking, int only_unseen)
{
    struct slot slot = factor->slots[feature_index(factor->d, feature)];
    const struct component *component =
        slot.component == 0 ? NULL : factor->components[slot.component - 1];

    if (component == NULL || component->solution->inverse[slot.column] == 0)
        lack_count(lacking, feature, 0, 0);
    else if (!only_unseen && component->solution->rank < component->columns)
        lack_count(lacking, feature_first(component), component->columns,
                   component->solution->rank);
}

static void view_examine(const struct factor *factor, const struct feature_view *view,
                         struct lacking *lacking, int only_unseen)
{
    for (int32_t a = 0; a < view->support_count; a++)
        for (int32_t b = a; b < view->support_count; b++) {
            int32_t j = view->support[a], k = view->support[b];

            if (view->S[feature_pair(factor->d, j, k)] == 0)
                continue;
            for (int32_t c = 0; c < view->query_count; c++)
                feature_examine(
                    factor, (struct feature){(uint16_t)j, (uint16_t)k, (uint16_t)view->query[c]},
                    lacking, only_unseen);
        }
}

/* What does an undetermined input lack? Never-seen features first: they are reason enough. */
static void input_examine(struct factor *factor, const struct lattn_item *input,
                          struct lacking *lacking)
{
    int32_t before = lacking->domain->lacks_count;
    struct lattn_item query = *input;
    struct feature_view view;

    query.y = NULL;
    query.labels = LATTN_LABELS_LAST;
    feature_reader_start(&factor->reader, &query);
    (void)feature_reader_next(&factor->reader, &view);
    view_examine(factor, &view, lacking, 1);
    if (lacking->domain->lacks_count == before)
        view_examine(factor, &view, lacking, 0);
}

enum lattn_status lattn_learner_cover(struct lattn_learner *learner,
                                      const struct lattn_batch *inputs,
                                      struct lattn_domain *ret_domain,
                                      struct lattn_complaint *complaint)
{
    double y[LATTN_OUTPUTS_MAX], std_error[LATTN_OUTPUTS_MAX];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};
    struct lattn_complaint why = {""};
    struct lacking lacking = {.domain = ret_domain, .names = &learner->names};

    *ret_domain = (struct lattn_domain){.inputs = inputs->count};
    for (size_t i = 0; i < inputs->count; i++) {
        enum lattn_status status =
            lattn_learner_predict(learner, &inputs->items[i], &prediction, &why);

        if (status == LATTN_NO_DATA)
            return complain(complaint, status, "%s", why.text);
        if (status != LATTN_OK)
            return complain(complaint, status, "inputs[%zu]: %.200s", i, why.text);
        ret_domain->determined += (uint64_t)prediction.determined;
        if (prediction.determined)
            continue;
        if (ret_domain->undetermined_count < LATTN_DOMAIN_FIRST_MAX)
            ret_domain->undetermined[ret_domain->undetermined_count++] = i;
        lacking.input = i;
        input_examine(&learner->factor, &inputs->items[i], &lacking);
    }
    ret_domain->bound95 =
        lattn_stream_bound(ret_domain->inputs, ret_domain->inputs - ret_domain->determined, 0.05);
    return LATTN_OK;
}
