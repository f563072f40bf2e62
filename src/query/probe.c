/*
 * The probe: what is it, learn it, is it that?
 *
 *     settings -> triage -> recipe -> verify -> outcome, freedoms
 *
 * Parameters leave with an outcome alone: on every other way out they are withdrawn.
 */
#include <lattn/query.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/border.h"
#include "query/defence.h"
#include "query/finding.h"
#include "query/oracle.h"
#include "query/plan.h"
#include "query/recipe.h"
#include "query/structure.h"
#include "query/triage.h"
#include "query/verify.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

/* Singular values below so many times the error of W count as none. */
#define RANK_DEVIATIONS 4

struct probe {
    const struct lattn_probe_settings *settings;
    struct oracle oracle;
    struct random random;
    struct triage triage;
    enum recipe recipe;
    struct lattn_finding *finding;
};

/* ---- ends ------------------------------------------------------------------------------------ */

/*
 * What an oracle that ends a probe means: a cap or the budget leave it undecided, answers of
 * another architecture settle it. What is no outcome is handed on.
 */
static enum lattn_status end_judge(struct probe *probe, enum lattn_status status)
{
    const char *text = probe->oracle.complaint.text;

    if (status < LATTN_OK)
        finding_withdraw(probe->finding);
    switch (status) {
    case LATTN_BUDGET:
    case LATTN_REFUSED:
        finding_reason(probe->finding, LATTN_OUTCOME_UNDECIDED, "%s", text);
        return LATTN_OK;
    case LATTN_NO_CONVERGENCE:
        finding_reason(probe->finding, LATTN_OUTCOME_OTHER, "%s",
                       text[0] != '\0' ? text : lattn_status_text(status));
        return LATTN_OK;
    default:
        return status;
    }
}

/* What was learned, in words. */
static const char *words_of(const struct probe *probe)
{
    switch (probe->finding->architecture) {
    case LATTN_ARCHITECTURE_LINEAR:
        return "linear attention: scores are not of this kind";
    case LATTN_ARCHITECTURE_TRANSFORMER:
        return "one head and its network: more heads, or another layer";
    default:
        return probe->settings->heads > 1
                   ? "so many heads: more of them, or scores that are not bilinear"
                   : "one head: more heads, or scores that are not bilinear";
    }
}

static void verdict_explain(struct probe *probe, enum verify_verdict verdict)
{
    struct lattn_finding *finding = probe->finding;

    finding_withdraw(finding);
    if (verdict == VERIFY_BLIND)
        finding_reason(finding, LATTN_OUTCOME_UNDECIDED,
                       "noise and rounding explain %.2g of held-out answers, so that wrong "
                       "parameters would pass for right ones: larger tokens or finer answers tell",
                       finding->noise_floor);
    else if (finding->architecture == LATTN_ARCHITECTURE_LABEL)
        finding_reason(finding, LATTN_OUTCOME_OTHER,
                       "%.2g of held-out labels differ from those of one head at a threshold",
                       finding->residual);
    else
        finding_reason(finding, LATTN_OUTCOME_OTHER,
                       "held-out answers differ by %.2g of their size from %s", finding->residual,
                       words_of(probe));
}

/* ---- what is said of W ----------------------------------------------------------------------- */

/* Rank of the only W: singular values above what its errors explain. */
static enum lattn_status rank_find(struct lattn_finding *finding)
{
    const struct lattn_attention *layer = finding->attention;
    size_t d = (size_t)layer->d, size = d * d;
    double *a = memory_raw(size, sizeof *a);
    double *s = memory_raw(d, sizeof *s);
    enum lattn_status status = LATTN_NO_MEMORY;
    double cutoff;

    if (a != NULL && s != NULL) {
        for (size_t i = 0; i < size; i++)
            a[i] = layer->W[i];
        status = dense_svd(layer->d, layer->d, a, s, NULL, NULL);
    }
    if (status == LATTN_OK) {
        cutoff = RANK_DEVIATIONS * dense_norm((int32_t)size, layer->W_error) +
                 (double)d * DBL_EPSILON * s[0];
        while (finding->rank < layer->d && s[finding->rank] > cutoff)
            finding->rank++;
    }
    memory_release(a);
    memory_release(s);
    return status;
}

static enum lattn_status finding_complete(struct probe *probe)
{
    struct lattn_finding *finding = probe->finding;
    enum lattn_status status = LATTN_OK;

    finding->outcome = finding->freedoms == 0 ? LATTN_OUTCOME_RECOVERED : LATTN_OUTCOME_UP_TO;
    if (finding->attention == NULL || finding->attention->heads > 1 ||
        finding->freedoms & LATTN_FREEDOM_SILENT)
        return LATTN_OK;
    if (finding->rank == 0)
        status = rank_find(finding);
    if (status == LATTN_OK)
        finding->defences_count =
            defence_fill(finding->attention, finding->rank, finding->defences);
    return status;
}

/* ---- the way --------------------------------------------------------------------------------- */

/* Every answer was zero: V is, and W has no say. Behind noise or rounding it may as well be small.
 */
static enum lattn_status silence_give(struct probe *probe)
{
    struct lattn_finding *finding = probe->finding;
    const struct conditions *conditions = &probe->triage.conditions;
    const struct oracle *oracle = &probe->oracle;
    double error = conditions_error(conditions, 0) / conditions->norm;
    enum lattn_status status = LATTN_OK;

    if (error > 0) {
        finding_withdraw(finding);
        finding_reason(finding, LATTN_OUTCOME_UNDECIDED,
                       "answers to tokens of norm %.3g and below are noise or rounding alone: "
                       "values below %.2g cannot be told from zero",
                       conditions->norm, error);
        return LATTN_OK;
    }
    if (finding->attention == NULL)
        status = lattn_attention_open(&finding->attention, oracle->d, oracle->m, 1);
    if (status != LATTN_OK)
        return status;
    finding->freedoms = LATTN_FREEDOM_SILENT;
    finding->outcome = LATTN_OUTCOME_UP_TO;
    return LATTN_OK;
}

/* One token at a time does not tell v = 0 from v_2 = -v_1. */
static enum lattn_status silence_check(struct probe *probe)
{
    int is_silent;
    enum lattn_status status = structure_silence(&probe->oracle, &probe->triage.conditions,
                                                 &probe->random, probe->finding, &is_silent);

    if (status != LATTN_OK)
        return status;
    if (is_silent)
        return silence_give(probe);
    finding_withdraw(probe->finding);
    structure_cancel(probe->finding);
    return LATTN_OK;
}

static enum lattn_status found_verify(struct probe *probe)
{
    const struct conditions *conditions = &probe->triage.conditions;
    int is_label = probe->finding->architecture == LATTN_ARCHITECTURE_LABEL;
    uint64_t count = plan_verify(probe->finding->architecture, conditions->length);
    enum verify_verdict verdict;
    enum lattn_status status;

    oracle_aim(&probe->oracle, oracle_count(&probe->oracle) + count);
    oracle_phase(&probe->oracle, "verifying", 0);
    status = is_label
                 ? border_run(&probe->oracle, conditions, &probe->random, probe->finding, &verdict)
                 : verify_run(&probe->oracle, conditions, &probe->random, probe->finding, &verdict);
    if (status != LATTN_OK)
        return status;
    if (verdict != VERIFY_PASSED) {
        verdict_explain(probe, verdict);
        return LATTN_OK;
    }
    return finding_complete(probe);
}

/* A learner found that W has no say: V is zero, a network constant, or every label the same. */
static enum lattn_status rank_settle(struct probe *probe)
{
    switch (probe->finding->architecture) {
    case LATTN_ARCHITECTURE_SOFTMAX:
        return silence_check(probe);
    case LATTN_ARCHITECTURE_LABEL:
        finding_withdraw(probe->finding);
        finding_reason(probe->finding, LATTN_OUTCOME_UNDECIDED, "%s", probe->oracle.complaint.text);
        return LATTN_OK;
    default:
        probe->finding->freedoms |= LATTN_FREEDOM_SILENT;
        return found_verify(probe);
    }
}

/* Does the budget hold what learning asks at least? ret_is_enough: if not, the reason is there. */
static void budget_check(struct probe *probe, uint64_t learn, uint64_t verify, int *ret_is_enough)
{
    uint64_t spent = oracle_count(&probe->oracle), budget = probe->oracle.budget;

    *ret_is_enough = learn + verify <= budget - spent;
    if (!*ret_is_enough)
        finding_reason(probe->finding, LATTN_OUTCOME_UNDECIDED,
                       "of a budget of %" PRIu64 " questions %" PRIu64 " are spent, and %" PRIu64
                       " more wanted: %" PRIu64 " to learn, %" PRIu64 " to verify",
                       budget, spent, learn + verify, learn, verify);
}

static enum lattn_status learn(struct probe *probe)
{
    const struct lattn_oracle *asked = probe->oracle.asked;
    const struct conditions *conditions = &probe->triage.conditions;
    int is_bound, is_enough = 1;
    uint64_t count, verify;
    enum lattn_status status;

    probe->recipe =
        recipe_choose(asked, probe->settings, probe->finding->architecture, conditions->noise > 0);
    count = recipe_count(probe->recipe, asked, probe->settings, conditions, &is_bound);
    verify = plan_verify(probe->finding->architecture, conditions->length) +
             recipe_verify(probe->recipe);
    if (!is_bound)
        budget_check(probe, count, verify, &is_enough);
    if (!is_enough)
        return LATTN_OK;
    oracle_aim(&probe->oracle, oracle_count(&probe->oracle) + count + verify);
    oracle_phase(&probe->oracle, "learning", 0);
    status = recipe_learn(probe->recipe, &probe->oracle, probe->settings, conditions,
                          &probe->random, probe->finding);
    if (status == LATTN_RANK)
        return rank_settle(probe);
    return status < LATTN_OK ? status : found_verify(probe);
}

static void conditions_note(struct probe *probe)
{
    const struct conditions *conditions = &probe->triage.conditions;

    probe->finding->noise = conditions->noise;
    probe->finding->architecture = probe->triage.architecture;
}

static enum lattn_status run(struct probe *probe)
{
    const struct lattn_probe_settings *settings = probe->settings;
    const struct lattn_oracle *asked = probe->oracle.asked;
    enum recipe likely = recipe_choose(asked, settings, plan_architecture(settings), 0);
    enum lattn_status status;

    oracle_phase(&probe->oracle, "finding out what it is", 0);
    status = triage_run(&probe->oracle, settings, recipe_length(likely, asked), &probe->random,
                        probe->finding, &probe->triage);
    if (status != LATTN_OK)
        return status;
    conditions_note(probe);
    if (probe->triage.is_silent)
        return silence_give(probe);
    if (probe->triage.architecture == LATTN_ARCHITECTURE_AUTO)
        return LATTN_OK;
    return learn(probe);
}

static void extent_note(struct probe *probe)
{
    struct lattn_finding *finding = probe->finding;

    finding->asked = probe->oracle.counts;
    finding->norm = probe->oracle.norm;
    finding->length = probe->oracle.length;
    if (finding->architecture != LATTN_ARCHITECTURE_AUTO)
        finding->theory = recipe_theory(probe->recipe, probe->oracle.asked, finding->rank);
}

enum lattn_status lattn_probe(const struct lattn_oracle *oracle,
                              const struct lattn_probe_settings *settings,
                              struct lattn_finding **ret_finding, struct lattn_complaint *complaint)
{
    enum lattn_status status = plan_check(oracle, settings, complaint);
    struct probe probe = {.settings = settings, .random = {.state = settings->seed}};

    if (status != LATTN_OK)
        return status;
    probe.finding = memory_zeroed(1, sizeof *probe.finding);
    status = probe.finding == NULL ? LATTN_NO_MEMORY : oracle_init(&probe.oracle, oracle, settings);
    if (status == LATTN_OK)
        status = end_judge(&probe, run(&probe));
    if (status == LATTN_OK) {
        extent_note(&probe);
        *ret_finding = probe.finding;
    } else {
        lattn_finding_close(&probe.finding);
        complain(complaint, status, "%s",
                 probe.oracle.complaint.text[0] != '\0' ? probe.oracle.complaint.text
                                                        : lattn_status_text(status));
    }
    oracle_done(&probe.oracle);
    return status;
}
