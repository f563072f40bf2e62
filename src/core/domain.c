/*
 * A domain certified by inputs drawn from it. What an undetermined input lacks is a feature that
 * was never seen, or else directions of the components that its features belong to.
 */
#include "base/complaint.h"
#include "base/memory.h"
#include "core/certificate.h"
#include "core/learner.h"
#include "core/sight.h"
#include "core/solution.h"

#include <stdio.h>

/*
 * Where a lack is written, and by which names.
 *
 * place    of the lack that a feature names, from 1; 0 where it names none. Never-seen features and
 *          those that stand for a component are different ones.
 * counted  by a lack, the last input that was counted, from 1
 */
struct lacking {
    struct lattn_domain *domain;
    const struct lattn_names *names;
    int32_t d;
    uint8_t *place;
    uint64_t input;
    uint64_t counted[LATTN_LACKS_MAX];
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

/* Count the input under a lack, once. Names are written for lacks that have a place only. */
static void lack_count(struct lacking *lacking, int32_t feature, int64_t columns, int64_t rank)
{
    struct lattn_domain *domain = lacking->domain;
    uint8_t *place = &lacking->place[feature];

    if (*place == 0 && domain->lacks_count == LATTN_LACKS_MAX)
        return;
    if (*place == 0) {
        struct lattn_lack *lack = &domain->lacks[domain->lacks_count++];

        *lack = (struct lattn_lack){.columns = columns, .rank = rank};
        feature_write(lacking->names, feature_at(lacking->d, feature), lack);
        *place = (uint8_t)domain->lacks_count;
    }
    if (lacking->counted[*place - 1] == lacking->input + 1)
        return;
    lacking->counted[*place - 1] = lacking->input + 1;
    domain->lacks[*place - 1].inputs++;
}

static int32_t feature_first(int32_t d, const struct component *component)
{
    int32_t column = 0;

    while (component->solution->inverse[column] == 0 && column < component->columns - 1)
        column++;
    return feature_index(d, component->features[column]);
}

/* What does an undetermined input lack? Never-seen features first: they are reason enough. */
static void input_examine(const struct factor *factor, const struct sight_input *input,
                          struct lacking *lacking)
{
    for (int32_t i = 0; i < input->unseen_count; i++)
        lack_count(lacking, input->unseen[i].feature, 0, 0);
    for (int32_t i = 0; input->unseen_count == 0 && i < input->parts_count; i++) {
        const struct component *component = factor->components[input->parts[i].component];

        lack_count(lacking, feature_first(factor->d, component), component->columns,
                   component->solution->rank);
    }
}

static void input_count(const struct factor *factor, size_t index, const struct sight_input *input,
                        struct lacking *lacking)
{
    struct lattn_domain *domain = lacking->domain;

    if (sight_determines(input)) {
        domain->determined++;
        return;
    }
    if (domain->undetermined_count < LATTN_DOMAIN_FIRST_MAX)
        domain->undetermined[domain->undetermined_count++] = index;
    lacking->input = index;
    input_examine(factor, input, lacking);
}

static enum lattn_status inputs_count(struct factor *factor, const struct lattn_batch *inputs,
                                      struct lacking *lacking)
{
    struct sight sight;
    enum lattn_status status = sight_init(&sight, factor);
    size_t count;

    lacking->d = factor->d;
    lacking->place = memory_zeroed((size_t)feature_count(factor->d), sizeof *lacking->place);
    if (status == LATTN_OK && lacking->place == NULL)
        status = LATTN_NO_MEMORY;
    for (size_t i = 0; status == LATTN_OK && i < inputs->count; i += count) {
        count = sight_count(&sight, inputs->count - i);
        status = sight_look(&sight, inputs->items + i, (int32_t)count);
        for (size_t k = 0; status == LATTN_OK && k < count; k++)
            input_count(factor, i + k, &sight.inputs[k], lacking);
    }
    memory_release(lacking->place);
    sight_done(&sight);
    return status;
}

enum lattn_status lattn_learner_cover(struct lattn_learner *learner,
                                      const struct lattn_batch *inputs,
                                      struct lattn_domain *ret_domain,
                                      struct lattn_complaint *complaint)
{
    struct lattn_domain domain = {.inputs = inputs->count};
    struct lacking lacking = {.domain = &domain, .names = &learner->names};
    struct factor *factor = &learner->factor;
    enum lattn_status status;

    if (factor->pairs == 0)
        return complain(complaint, LATTN_NO_DATA, "%s", lattn_status_text(LATTN_NO_DATA));
    status = learner_inputs_check(learner, "inputs", inputs, complaint);
    if (status != LATTN_OK)
        return status;
    status = certificate_ranks(factor, learner_precision(learner), CERTIFICATE_RANKS);
    if (status == LATTN_OK)
        status = inputs_count(factor, inputs, &lacking);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s", lattn_status_text(status));
    domain.bound95 = lattn_stream_bound(domain.inputs, domain.inputs - domain.determined, 0.05);
    *ret_domain = domain;
    return LATTN_OK;
}
