/* First questions: what does the oracle take, how exact is it, what is it? */
#include "query/triage.h"

#include "query/caps.h"
#include "query/finding.h"
#include "query/rounding.h"
#include "query/sample.h"
#include "query/structure.h"

#include <math.h>

/* An oracle that refuses a token of norm 2^-20 takes none that can be told from zero. */
enum { EXPONENT_MIN = -20 };
#define NORM_MIN (1.0 / (1 << -EXPONENT_MIN))

/* Trials of tests, all of them asked; caps ask fewer where settings tell them. */
enum { TRIALS_STRUCTURE = 25 + 12 + 12, TRIALS_REPEAT = 2, TRIALS_CAP = 1 };

static int is_found_out(const struct lattn_probe_settings *settings)
{
    return settings->architecture == LATTN_ARCHITECTURE_AUTO;
}

/* Labels carry no rounding, and no noise that could be measured by repeating them. */
static int has_numbers(const struct lattn_probe_settings *settings)
{
    return settings->architecture != LATTN_ARCHITECTURE_LABEL;
}

static int is_noise_asked(const struct lattn_probe_settings *settings)
{
    return settings->noise < 0 && has_numbers(settings);
}

static int is_rounding_asked(const struct lattn_probe_settings *settings)
{
    return has_numbers(settings) &&
           (settings->decimals < 0 || settings->arithmetic == LATTN_ARITHMETIC_MEASURED);
}

static int is_sampled(const struct lattn_probe_settings *settings)
{
    return is_found_out(settings) || is_noise_asked(settings) || is_rounding_asked(settings);
}

uint64_t triage_count(const struct lattn_probe_settings *settings)
{
    uint64_t count = 0;

    if (settings->length_max == 0)
        count += TRIALS_CAP;
    if (settings->norm_max == 0)
        count += TRIALS_CAP;
    if (is_sampled(settings))
        count += SAMPLE_ALL;
    if (is_noise_asked(settings))
        count += TRIALS_REPEAT;
    if (is_found_out(settings))
        count += TRIALS_STRUCTURE;
    return count;
}

/* ---- caps ------------------------------------------------------------------------------------ */

static enum lattn_status caps_find(struct oracle *oracle,
                                   const struct lattn_probe_settings *settings, int32_t length,
                                   struct random *random, struct conditions *conditions)
{
    int high = (int)log2(conditions->norm);
    double token[LATTN_DIM_MAX];
    enum lattn_status status = LATTN_OK;

    if (settings->norm_max == 0)
        status = caps_norm(oracle, EXPONENT_MIN - 1, high, &conditions->norm);
    sample_token(oracle->d, random, token);
    for (int32_t j = 0; j < oracle->d; j++)
        token[j] *= fmin(1, conditions->norm);
    if (status == LATTN_OK && settings->length_max == 0 && conditions->norm >= NORM_MIN)
        status = caps_length(oracle, token, length, &conditions->length);
    return status;
}

/* Answers rounded to decimals are lifted above them by larger tokens. */
static enum lattn_status norm_raise(struct oracle *oracle,
                                    const struct lattn_probe_settings *settings,
                                    struct conditions *conditions)
{
    double wanted = ldexp(1, CAPS_EXPONENT_ROUNDED);

    if (settings->norm_max > 0)
        conditions->norm = fmin(wanted, settings->norm_max);
    if (settings->norm_max > 0 || conditions->norm != ldexp(1, CAPS_EXPONENT))
        return LATTN_OK;
    return caps_norm(oracle, CAPS_EXPONENT, CAPS_EXPONENT_ROUNDED, &conditions->norm);
}

/* ---- how exact ------------------------------------------------------------------------------- */

/* Noise and rounding as the sample shows them, where settings do not tell. */
static void exactness_read(const struct lattn_probe_settings *settings, const struct sample *sample,
                           double noise, double relative, struct conditions *conditions)
{
    struct rounding rounding;

    rounding_find((size_t)sample->m * SAMPLE_ALL, sample->y, &rounding);
    if (sample_is_labels(sample))
        rounding = (struct rounding){0, ldexp(1, -53)};
    if (settings->noise < 0)
        conditions->noise = noise;
    if (settings->decimals < 0)
        conditions->step = rounding.step;
    if (settings->arithmetic == LATTN_ARITHMETIC_MEASURED)
        conditions->epsilon = fmax(rounding.epsilon, relative);
}

/* Are too few answers other than zero to read rounding from them? Labels are as they are. */
static int is_faint(const struct sample *sample)
{
    int count = 0, ones = 0;

    for (size_t i = 0; i < SAMPLE_ALL * (size_t)sample->m; i++) {
        count += sample->y[i] != 0;
        ones += sample->y[i] == 1;
    }
    return count < ROUNDING_ANSWERS_MIN && (count == 0 || ones < count);
}

/* Norms from 1 to the largest; where they are few, or only large ones are heard, the largest. */
static enum lattn_status sample_take(struct sample *sample, struct oracle *oracle,
                                     const struct lattn_probe_settings *settings, int is_far,
                                     struct random *random, struct conditions *conditions)
{
    int high = (int)floor(log2(conditions->norm));
    int least = high - (SAMPLE_COUNT - 1);
    int low = is_far || least < 0 ? least : 0;
    double noise, relative;
    enum lattn_status status =
        sample_ask(sample, oracle, low, high, is_noise_asked(settings), random, &noise, &relative);

    if (status == LATTN_OK)
        exactness_read(settings, sample, noise, relative, conditions);
    return status;
}

/* Sample, and again as far out as can be where answers were rounded away. */
static enum lattn_status exactness_find(struct sample *sample, struct oracle *oracle,
                                        const struct lattn_probe_settings *settings,
                                        struct random *random, struct conditions *conditions)
{
    enum lattn_status status = sample_take(sample, oracle, settings, 0, random, conditions);
    int has_faded;

    if (status != LATTN_OK)
        return status;
    has_faded = is_faint(sample);
    if (settings->decimals < 0 && (conditions->step > 0 || has_faded))
        status = norm_raise(oracle, settings, conditions);
    if (status == LATTN_OK && has_faded)
        status = sample_take(sample, oracle, settings, 1, random, conditions);
    return status;
}

/* ---- what is it ------------------------------------------------------------------------------ */

static void short_explain(struct lattn_finding *finding)
{
    finding_reason(finding, LATTN_OUTCOME_UNDECIDED,
                   "the oracle takes no sequence of two tokens: with one alone W has no say");
}

/* Why nothing is left to try. */
static void structure_explain(enum structure structure, const struct conditions *conditions,
                              const struct sample *sample, struct lattn_finding *finding)
{
    static const char *const reasons[] = {
        [STRUCTURE_NORMED] = "answers do not grow with tokens: a layer norm comes before "
                             "attention, or a bound after it",
        [STRUCTURE_PLACES] = "the order of tokens matters: their positions are encoded",
        [STRUCTURE_COPIES] = "equal tokens are not answered as one: weights of attention do not "
                             "add up to one, or depend on the number of tokens",
        [STRUCTURE_BIAS] = "a token of zeros is not answered by zero, and all else is as of "
                           "attention: a bias is added to the answer",
        [STRUCTURE_RESIDUAL] = "a token beside zero does not count half, and differs by a linear "
                               "function: a residual stream adds the last token",
        [STRUCTURE_SCORES_BIAS] = "a token beside zero does not count half: scores have a bias",
    };

    if (structure == STRUCTURE_SHORT)
        short_explain(finding);
    else if (structure == STRUCTURE_CONSTANT)
        finding_reason(finding, LATTN_OUTCOME_OTHER,
                       "every token up to norm %.3g is answered by %.6g: there is nothing to learn "
                       "from",
                       conditions->norm, sample->y[0]);
    else
        finding_reason(finding, LATTN_OUTCOME_OTHER, "%s", reasons[structure]);
}

static enum lattn_architecture architecture_of(enum structure structure)
{
    switch (structure) {
    case STRUCTURE_SOFTMAX:
        return LATTN_ARCHITECTURE_SOFTMAX;
    case STRUCTURE_LINEAR:
        return LATTN_ARCHITECTURE_LINEAR;
    case STRUCTURE_NETWORK:
        return LATTN_ARCHITECTURE_TRANSFORMER;
    case STRUCTURE_LABELS:
        return LATTN_ARCHITECTURE_LABEL;
    default:
        return LATTN_ARCHITECTURE_AUTO;
    }
}

/* Zero to every token: v is zero, or the values of several heads cancel. */
static enum lattn_status silence_find(struct oracle *oracle,
                                      const struct lattn_probe_settings *settings,
                                      struct random *random, struct lattn_finding *finding,
                                      struct triage *triage)
{
    enum lattn_status status =
        structure_silence(oracle, &triage->conditions, random, finding, &triage->is_silent);

    if (status != LATTN_OK)
        return status;
    triage->architecture = LATTN_ARCHITECTURE_SOFTMAX;
    if (!triage->is_silent && settings->heads == 1) {
        triage->architecture = LATTN_ARCHITECTURE_AUTO;
        structure_cancel(finding);
    }
    return LATTN_OK;
}

static enum lattn_status architecture_find(struct oracle *oracle,
                                           const struct lattn_probe_settings *settings,
                                           const struct sample *sample, struct random *random,
                                           struct lattn_finding *finding, struct triage *triage)
{
    int may_refine = settings->arithmetic == LATTN_ARITHMETIC_MEASURED;
    enum structure structure;
    enum lattn_status status = structure_find(oracle, &triage->conditions, sample, may_refine,
                                              random, finding, &structure);

    if (status != LATTN_OK)
        return status;
    if (structure == STRUCTURE_SILENT)
        return silence_find(oracle, settings, random, finding, triage);
    triage->architecture = architecture_of(structure);
    if (triage->architecture == LATTN_ARCHITECTURE_AUTO)
        structure_explain(structure, &triage->conditions, sample, finding);
    return LATTN_OK;
}

/* Tokens are too small for anything to be told from answers: who says so? */
static void norm_explain(const struct lattn_probe_settings *settings, struct lattn_finding *finding)
{
    if (settings->norm_max > 0 && settings->norm_max < NORM_MIN)
        finding_reason(finding, LATTN_OUTCOME_UNDECIDED,
                       "tokens of norm %.3g at most: nothing can be told below %.3g",
                       settings->norm_max, NORM_MIN);
    else
        finding_reason(finding, LATTN_OUTCOME_UNDECIDED,
                       "the oracle takes no token, not even one of norm %.3g", NORM_MIN);
}

static enum lattn_status run(struct oracle *oracle, const struct lattn_probe_settings *settings,
                             int32_t length, struct sample *sample, struct random *random,
                             struct lattn_finding *finding, struct triage *triage)
{
    enum lattn_status status = caps_find(oracle, settings, length, random, &triage->conditions);

    if (status == LATTN_OK && triage->conditions.norm < NORM_MIN) {
        triage->architecture = LATTN_ARCHITECTURE_AUTO;
        norm_explain(settings, finding);
        return LATTN_OK;
    }
    if (status == LATTN_OK && is_sampled(settings))
        status = exactness_find(sample, oracle, settings, random, &triage->conditions);
    if (status == LATTN_OK && is_found_out(settings))
        status = architecture_find(oracle, settings, sample, random, finding, triage);
    if (status == LATTN_OK && triage->architecture != LATTN_ARCHITECTURE_AUTO &&
        !triage->is_silent && triage->conditions.length < 2) {
        triage->architecture = LATTN_ARCHITECTURE_AUTO;
        short_explain(finding);
    }
    return status;
}

enum lattn_status triage_run(struct oracle *oracle, const struct lattn_probe_settings *settings,
                             int32_t length, struct random *random, struct lattn_finding *finding,
                             struct triage *ret_triage)
{
    struct sample sample;
    enum lattn_status status = sample_init(&sample, oracle);

    *ret_triage = (struct triage){
        .architecture = settings->architecture,
        .conditions = conditions_expect(settings, length),
    };
    if (status == LATTN_OK)
        status = run(oracle, settings, length, &sample, random, finding, ret_triage);
    sample_done(&sample);
    return status;
}
