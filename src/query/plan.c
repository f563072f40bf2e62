/* Settings that make sense, and the questions that they will cost. */
#include "query/plan.h"

#include "base/complaint.h"
#include "query/border.h"
#include "query/recipe.h"
#include "query/triage.h"
#include "query/verify.h"

#include <math.h>

/* Decimals that a double near 1 has. */
enum { DECIMALS_MAX = 15 };

/* Trials of a scale search, where the scale is not told. */
enum { TRIALS_SCALE = 6 };

struct lattn_probe_settings lattn_probe_settings_default(void)
{
    return (struct lattn_probe_settings){
        .architecture = LATTN_ARCHITECTURE_AUTO,
        .heads = 1,
        .rank = LATTN_RANK_FULL,
        .noise = -1,
        .decimals = -1,
        .seed = 1,
    };
}

enum lattn_architecture plan_architecture(const struct lattn_probe_settings *settings)
{
    return settings->architecture == LATTN_ARCHITECTURE_AUTO ? LATTN_ARCHITECTURE_SOFTMAX
                                                             : settings->architecture;
}

static enum lattn_status oracle_check(const struct lattn_oracle *oracle,
                                      struct lattn_complaint *complaint)
{
    if (oracle->d < 1 || oracle->d > LATTN_DIM_MAX)
        return complain(complaint, LATTN_RANGE, "tokens of %d coordinates: 1 to %d can be asked",
                        oracle->d, LATTN_DIM_MAX);
    if (oracle->m < 1 || oracle->m > LATTN_OUTPUTS_MAX)
        return complain(complaint, LATTN_RANGE, "answers of %d numbers: 1 to %d can be taken",
                        oracle->m, LATTN_OUTPUTS_MAX);
    if (oracle->answers != LATTN_ANSWERS_LAST && oracle->answers != LATTN_ANSWERS_POSITIONS)
        return complain(complaint, LATTN_RANGE, "answers are of the last token or of all, not %d",
                        (int)oracle->answers);
    return LATTN_OK;
}

/* Settings each for itself. */
static enum lattn_status values_check(const struct lattn_oracle *oracle,
                                      const struct lattn_probe_settings *settings,
                                      struct lattn_complaint *complaint)
{
    if (lattn_architecture_text(settings->architecture) == NULL)
        return complain(complaint, LATTN_RANGE, "architecture %d is not known",
                        (int)settings->architecture);
    if (settings->heads < 1 || settings->heads > LATTN_PROBE_HEADS_MAX)
        return complain(complaint, LATTN_RANGE, "%d heads: 1 to %d can be told apart",
                        settings->heads, LATTN_PROBE_HEADS_MAX);
    if (settings->rank < LATTN_RANK_FIND || settings->rank > oracle->d)
        return complain(complaint, LATTN_RANGE, "rank %d of W, which is %d x %d", settings->rank,
                        oracle->d, oracle->d);
    if (!isfinite(settings->scale) || settings->scale < 0)
        return complain(complaint, LATTN_RANGE, "a scale of %g is none", settings->scale);
    if (!isfinite(settings->noise))
        return complain(complaint, LATTN_RANGE, "noise of %g is no deviation", settings->noise);
    if (settings->decimals > DECIMALS_MAX)
        return complain(complaint, LATTN_RANGE, "%d decimals: doubles have %d at most",
                        settings->decimals, DECIMALS_MAX);
    if (settings->arithmetic < LATTN_ARITHMETIC_MEASURED ||
        settings->arithmetic > LATTN_ARITHMETIC_F32)
        return complain(complaint, LATTN_RANGE, "arithmetic %d is not known",
                        (int)settings->arithmetic);
    if (!isfinite(settings->norm_max) || settings->norm_max < 0)
        return complain(complaint, LATTN_RANGE, "a largest norm of %g is none", settings->norm_max);
    if (settings->length_max < 0)
        return complain(complaint, LATTN_RANGE, "a longest sequence of %d tokens is none",
                        settings->length_max);
    return LATTN_OK;
}

/* What an architecture cannot be combined with. */
static enum lattn_status architecture_check(const struct lattn_oracle *oracle,
                                            const struct lattn_probe_settings *settings,
                                            struct lattn_complaint *complaint)
{
    enum lattn_architecture architecture = plan_architecture(settings);
    const char *text = lattn_architecture_text(settings->architecture);
    int is_softmax = architecture == LATTN_ARCHITECTURE_SOFTMAX;
    int is_linear = architecture == LATTN_ARCHITECTURE_LINEAR;
    int has_one = oracle->m == 1 && oracle->answers == LATTN_ANSWERS_LAST;

    if (!is_softmax && !is_linear && oracle->m != 1)
        return complain(complaint, LATTN_RANGE,
                        "architecture %s has one number for an answer, not %d", text, oracle->m);
    if (settings->heads > 1 && !(is_softmax && has_one))
        return complain(complaint, LATTN_RANGE,
                        "%d heads are told apart for softmax alone, with one number for an answer",
                        settings->heads);
    if (settings->rank != LATTN_RANK_FULL && !is_softmax && !is_linear)
        return complain(complaint, LATTN_RANGE,
                        "low rank is of softmax or linear attention, not %s", text);
    if (settings->rank != LATTN_RANK_FULL && (settings->heads > 1 || !has_one))
        return complain(complaint, LATTN_RANGE,
                        "low rank is learned of one head, with one number for an answer");
    if (settings->in_batch && (!is_softmax || settings->rank <= 0))
        return complain(complaint, LATTN_RANGE,
                        "questions in one batch are of one softmax head whose rank is told");
    return LATTN_OK;
}

enum lattn_status plan_check(const struct lattn_oracle *oracle,
                             const struct lattn_probe_settings *settings,
                             struct lattn_complaint *complaint)
{
    enum lattn_status status = oracle_check(oracle, complaint);

    if (status == LATTN_OK)
        status = values_check(oracle, settings, complaint);
    if (status == LATTN_OK)
        status = architecture_check(oracle, settings, complaint);
    return status;
}

uint64_t plan_verify(enum lattn_architecture architecture, int32_t length)
{
    return architecture == LATTN_ARCHITECTURE_LABEL ? border_count(length)
                                                    : verify_count(architecture, length);
}

enum lattn_status lattn_probe_plan(const struct lattn_oracle *oracle,
                                   const struct lattn_probe_settings *settings,
                                   struct lattn_probe_plan *ret_plan,
                                   struct lattn_complaint *complaint)
{
    enum lattn_status status = plan_check(oracle, settings, complaint);
    enum lattn_architecture architecture = plan_architecture(settings);
    enum recipe recipe;
    struct conditions conditions;
    int is_bound;
    uint64_t learn;

    if (status != LATTN_OK)
        return status;
    recipe = recipe_choose(oracle, settings, architecture, settings->noise > 0);
    conditions = conditions_expect(settings, recipe_length(recipe, oracle));
    learn = recipe_count(recipe, oracle, settings, &conditions, &is_bound);
    *ret_plan = (struct lattn_probe_plan){
        .asked = {.learn = learn,
                  .trial = triage_count(settings) + (settings->scale > 0 ? 0 : TRIALS_SCALE),
                  .verify = plan_verify(architecture, conditions.length)},
        .theory = recipe_theory(recipe, oracle, settings->rank),
        .is_bound = is_bound,
    };
    return LATTN_OK;
}
