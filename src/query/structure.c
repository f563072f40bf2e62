/*
 * Identities that one softmax head fulfils exactly, whatever its W and v, and other layers do not:
 *
 *     f([0]) = 0    f([x/2]) = f([x])/2    f([-x]) = -f([x])    f([x + y]) = f([x]) + f([y])
 *     f([x; x]) = f([x])    f([a; b; c]) = f([b; a; c])    f([x; 0]) = f([x/2])
 *
 * The first row is of the value, the second of attention; a network behind a head breaks the first
 * alone. Multiples by powers of two are exact in floats as well. Tokens are those of a sample, from
 * near zero to far out.
 */
#include "query/structure.h"

#include "base/memory.h"
#include "query/finding.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What noise and rounding explain is told from structure at this many deviations. */
#define DEVIATIONS 10

/* Rounding of a sum over d coordinates, in units of epsilon sqrt d times its size. */
#define ROUNDING 64

/* Sums that differ by less may do so by the rounding of floats; by more, never. */
#define FLOAT_SUMS_MAX 1e-5

/* Answers whose root mean square is so many deviations of noise, or fewer, are zero. */
#define SILENCE 2

/* To longer sequences: what was too small to be heard in single tokens must not be heard there. */
#define SILENCE_LONGER 8

/* A layer norm answers half a token as the token, a head as half of it. */
#define GROWTH_MAX 0.75

/* Blocks of SAMPLE_COUNT questions of one token; one of zeros follows. */
enum { HALF, MINUS, OTHER, SUM, SINGLES, SINGLES_COUNT = SINGLES * SAMPLE_COUNT + 1 };

/* Blocks of two and of three tokens. */
enum { BESIDE, COPY, PAIRS };
enum { ORDER, EXCHANGED, TRIPLES };

/*
 * size     what a token of norm 1 may be answered at most, as the sample shows
 * singles  SINGLES_COUNT x m    pairs  PAIRS x SAMPLE_COUNT x m    triples  likewise
 */
struct test {
    struct oracle *oracle;
    const struct conditions *conditions;
    const struct sample *sample;
    struct lattn_finding *finding;
    double size;
    double *singles;
    double *pairs;
    double *triples;
};

/* The worst of a test: its value and threshold, both relative to the size of answers. */
struct worst {
    double value;
    double threshold;
};

/* One of the answers in an identity, and how often. */
struct term {
    const double *y;
    double factor;
};

static const double *single(const struct test *test, int block, int i)
{
    return test->singles + (size_t)(block * SAMPLE_COUNT + i) * (size_t)test->sample->m;
}

static const double *zero(const struct test *test)
{
    return single(test, SINGLES, 0);
}

static const double *plain(const struct test *test, int i)
{
    return test->sample->y + (size_t)i * (size_t)test->sample->m;
}

static const double *longer(const struct test *test, const double *block_of, int block, int i)
{
    return block_of + (size_t)(block * SAMPLE_COUNT + i) * (size_t)test->sample->m;
}

/* Take a sum of terms that should be zero into account, of tokens of this norm. */
static void worst_take(struct worst *worst, const struct test *test, double norm, int count,
                       const struct term *terms)
{
    double size = test->size * norm;
    double square = 0, value = 0;
    double blur = conditions_error(test->conditions, 0);
    double threshold;

    for (int k = 0; k < count; k++)
        square += terms[k].factor * terms[k].factor;
    for (int32_t a = 0; a < test->sample->m; a++) {
        double sum = 0;

        for (int k = 0; k < count; k++)
            sum += terms[k].factor * terms[k].y[a];
        value = fmax(value, fabs(sum) / size);
    }
    threshold = DEVIATIONS * blur * sqrt(square) / size +
                ROUNDING * sqrt(test->sample->d) * test->conditions->epsilon;
    if (worst->threshold == 0 || value / threshold > worst->value / worst->threshold)
        *worst = (struct worst){value, threshold};
}

static int worst_check(const struct worst *worst, const struct test *test, const char *name)
{
    return finding_check(test->finding, name, worst->value, worst->threshold);
}

static double norm_of(const struct test *test, int i)
{
    return ldexp(1, test->sample->exponents[i]);
}

/* ---- questions ------------------------------------------------------------------------------- */

static void token_scale(int32_t d, const double *x, double factor, double *ret_x)
{
    for (int32_t j = 0; j < d; j++)
        ret_x[j] = factor * x[j];
}

static enum lattn_status singles_ask(struct test *test, struct random *random)
{
    int32_t d = test->sample->d;
    double *x = memory_zeroed(SINGLES_COUNT * (size_t)d, sizeof *x);
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        const double *token = test->sample->x + i * (size_t)d;
        double *half = x + (HALF * SAMPLE_COUNT + i) * (size_t)d;
        double *other = x + (OTHER * SAMPLE_COUNT + i) * (size_t)d;
        double *sum = x + (SUM * SAMPLE_COUNT + i) * (size_t)d;

        token_scale(d, token, 0.5, half);
        token_scale(d, token, -1, x + (MINUS * SAMPLE_COUNT + i) * (size_t)d);
        sample_token(d, random, other);
        token_scale(d, other, norm_of(test, (int)i) / 2, other);
        for (int32_t j = 0; j < d; j++)
            sum[j] = half[j] + other[j];
    }
    status = oracle_ask(test->oracle, ORACLE_TRIAL, SINGLES_COUNT, 1, x, test->singles);
    memory_release(x);
    return status;
}

static enum lattn_status pairs_ask(struct test *test)
{
    size_t d = (size_t)test->sample->d;
    double *x = memory_zeroed((size_t)PAIRS * SAMPLE_COUNT * 2 * d, sizeof *x);
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        const double *token = test->sample->x + i * d;

        memcpy(x + (BESIDE * SAMPLE_COUNT + i) * 2 * d, token, d * sizeof *x);
        memcpy(x + (COPY * SAMPLE_COUNT + i) * 2 * d, token, d * sizeof *x);
        memcpy(x + ((COPY * SAMPLE_COUNT + i) * 2 + 1) * d, token, d * sizeof *x);
    }
    status =
        oracle_ask(test->oracle, ORACLE_TRIAL, (size_t)PAIRS * SAMPLE_COUNT, 2, x, test->pairs);
    memory_release(x);
    return status;
}

static enum lattn_status triples_ask(struct test *test, struct random *random)
{
    size_t d = (size_t)test->sample->d;
    double *x = memory_zeroed((size_t)TRIPLES * SAMPLE_COUNT * 3 * d, sizeof *x);
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        double *order = x + (ORDER * SAMPLE_COUNT + i) * 3 * d;
        double *exchanged = x + (EXCHANGED * SAMPLE_COUNT + i) * 3 * d;

        for (size_t t = 0; t < 3; t++) {
            sample_token(test->sample->d, random, order + t * d);
            token_scale(test->sample->d, order + t * d, norm_of(test, (int)i), order + t * d);
        }
        memcpy(exchanged, order + d, d * sizeof *x);
        memcpy(exchanged + d, order, d * sizeof *x);
        memcpy(exchanged + 2 * d, order + 2 * d, d * sizeof *x);
    }
    status =
        oracle_ask(test->oracle, ORACLE_TRIAL, (size_t)TRIPLES * SAMPLE_COUNT, 3, x, test->triples);
    memory_release(x);
    return status;
}

/* ---- single tokens --------------------------------------------------------------------------- */

static int has_labels(const struct test *test)
{
    int zeros = 0, ones = 0;

    if (!sample_is_labels(test->sample))
        return 0;
    for (int i = 0; i < SINGLES_COUNT; i++) {
        double y = *single(test, 0, i);

        zeros += y == 0;
        ones += y == 1;
    }
    return zeros > 0 && ones > 0 && zeros + ones == SINGLES_COUNT;
}

/* Size of the answers to tokens up to this one: what grows with tokens is that beyond f([0]). */
static double size_find(const struct test *test, int last)
{
    double size = DBL_MIN;

    for (int i = 0; i <= last; i++)
        for (int32_t a = 0; a < test->sample->m; a++) {
            size = fmax(size, fabs(plain(test, i)[a] - zero(test)[a]) / norm_of(test, i));
            size = fmax(size, fabs(single(test, MINUS, i)[a] - zero(test)[a]) / norm_of(test, i));
        }
    return size;
}

/*
 * Is every answer that of zero, as far as noise, rounding and step let see? On average: noise that
 * is a tenth of an answer does not hide it.
 */
static int is_constant(const struct test *test)
{
    int32_t m = test->sample->m;
    double blur = M_SQRT2 * conditions_error(test->conditions, 0);
    double square = 0, most = 0;

    for (int i = 0; i < SAMPLE_COUNT; i++)
        for (int32_t a = 0; a < m; a++) {
            double y0 = zero(test)[a];

            square += pow(plain(test, i)[a] - y0, 2) + pow(single(test, MINUS, i)[a] - y0, 2);
            most = fmax(most, fabs(y0));
        }
    return sqrt(square / (2.0 * SAMPLE_COUNT * m)) <=
           SILENCE * blur + ROUNDING * test->conditions->epsilon * most;
}

/* Is the answer to zero zero? Put down relative to the smallest token of the sample. */
static int zero_check(const struct test *test)
{
    struct test near = *test;
    struct worst worst = {0};

    near.size = size_find(test, 0);
    worst_take(&worst, &near, norm_of(test, 0), 1, (struct term[]){{zero(test), 1}});
    return worst_check(&worst, test, "zero is answered by zero");
}

/* f(x/2) - f(0) against (f(x) - f(0)) / 2^power. */
static struct worst scaling_test(const struct test *test, int power)
{
    double share = ldexp(1, -power);
    struct worst worst = {0};

    for (int i = 0; i < SAMPLE_COUNT; i++)
        worst_take(&worst, test, norm_of(test, i), 3,
                   (struct term[]){{single(test, HALF, i), 1},
                                   {plain(test, i), -share},
                                   {zero(test), share - 1}});
    return worst;
}

static struct worst turning_test(const struct test *test)
{
    struct worst worst = {0};

    for (int i = 0; i < SAMPLE_COUNT; i++)
        worst_take(
            &worst, test, norm_of(test, i), 3,
            (struct term[]){{single(test, MINUS, i), 1}, {plain(test, i), 1}, {zero(test), -2}});
    return worst;
}

static struct worst adding_test(const struct test *test)
{
    struct worst worst = {0};

    for (int i = 0; i < SAMPLE_COUNT; i++)
        worst_take(&worst, test, norm_of(test, i), 4,
                   (struct term[]){{single(test, SUM, i), 1},
                                   {single(test, HALF, i), -1},
                                   {single(test, OTHER, i), -1},
                                   {zero(test), 1}});
    return worst;
}

/*
 * How much of the answers to the largest tokens, on the side where they are larger, is left at half
 * their norm: on one side alone every neuron may be off. 0 where noise hides them: then nothing
 * speaks for a norm.
 */
static double growth_of(const struct test *test)
{
    double blur = conditions_error(test->conditions, 0) * SAMPLE_COUNT * test->sample->m;
    double half = 0, whole = 0;

    for (int i = SAMPLE_COUNT / 2; i < SAMPLE_COUNT; i++)
        for (int32_t a = 0; a < test->sample->m; a++) {
            double there = fabs(plain(test, i)[a] - zero(test)[a]);
            double back = fabs(single(test, MINUS, i)[a] - zero(test)[a]);

            half += fabs(single(test, HALF, i)[a] - zero(test)[a]);
            whole += fmax(there, back);
        }
    return whole > DEVIATIONS * blur ? half / whole : 0;
}

/* Does the answer grow as the cube of a token, as that of linear attention? */
static int is_cubic(const struct test *test)
{
    struct worst cubic = scaling_test(test, 3), linear = scaling_test(test, 1);

    if (cubic.value > cubic.threshold || linear.value <= linear.threshold)
        return 0;
    worst_check(&cubic, test, "answers grow as the cube of a token");
    return 1;
}

/* Are answers to single tokens linear in them, up to f([0])? */
static int linearity_check(struct test *test, struct conditions *conditions, int may_refine)
{
    struct worst scaling = scaling_test(test, 1), turning = turning_test(test);
    struct worst adding = adding_test(test);
    int is_linear = worst_check(&scaling, test, "answers scale with a token");

    is_linear &= worst_check(&turning, test, "answers turn with the sign of a token");
    if (may_refine && is_linear && adding.value > adding.threshold &&
        adding.value <= FLOAT_SUMS_MAX) {
        conditions->epsilon = fmax(conditions->epsilon, ldexp(1, -24));
        adding = adding_test(test);
    }
    return is_linear & worst_check(&adding, test, "answers add up");
}

/* ---- longer sequences ------------------------------------------------------------------------ */

static int beside_check(const struct test *test)
{
    struct worst worst = {0};

    for (int i = 0; i < SAMPLE_COUNT; i++)
        worst_take(&worst, test, norm_of(test, i), 2,
                   (struct term[]){{longer(test, test->pairs, BESIDE, i), 1},
                                   {single(test, HALF, i), -1}});
    return worst_check(&worst, test, "beside zero a token counts half");
}

static int copies_check(const struct test *test)
{
    struct worst worst = {0};

    for (int i = 0; i < SAMPLE_COUNT; i++)
        worst_take(&worst, test, norm_of(test, i), 2,
                   (struct term[]){{longer(test, test->pairs, COPY, i), 1}, {plain(test, i), -1}});
    return worst_check(&worst, test, "equal tokens are answered as one");
}

static int order_check(const struct test *test)
{
    struct worst worst = {0};

    for (int i = 0; i < SAMPLE_COUNT; i++)
        worst_take(&worst, test, norm_of(test, i), 2,
                   (struct term[]){{longer(test, test->triples, ORDER, i), 1},
                                   {longer(test, test->triples, EXCHANGED, i), -1}});
    return worst_check(&worst, test, "the order of tokens does not matter");
}

/*
 * f([x; 0]) - f([x/2]) is linear in x where the last token is added, and not where scores are
 * biased: the same at half the norm tells.
 */
static enum lattn_status beside_explain(struct test *test, enum structure *ret_structure)
{
    size_t d = (size_t)test->sample->d, m = (size_t)test->sample->m;
    double *x = memory_zeroed((size_t)SAMPLE_COUNT * 2 * d, sizeof *x);
    double *y = memory_raw(SAMPLE_COUNT * m, sizeof *y);
    enum lattn_status status = x == NULL || y == NULL ? LATTN_NO_MEMORY : LATTN_OK;
    struct worst worst = {0};

    for (size_t i = 0; status == LATTN_OK && i < SAMPLE_COUNT; i++)
        token_scale(test->sample->d, test->sample->x + i * d, 0.5, x + 2 * i * d);
    if (status == LATTN_OK)
        status = oracle_ask(test->oracle, ORACLE_TRIAL, SAMPLE_COUNT, 2, x, y);
    for (int i = 0; status == LATTN_OK && i < SAMPLE_COUNT; i++)
        worst_take(&worst, test, norm_of(test, i), 3,
                   (struct term[]){{y + (size_t)i * m, 1},
                                   {longer(test, test->pairs, BESIDE, i), -0.5},
                                   {zero(test), -0.5}});
    memory_release(x);
    memory_release(y);
    *ret_structure = worst.value <= worst.threshold ? STRUCTURE_RESIDUAL : STRUCTURE_SCORES_BIAS;
    return status;
}

static enum lattn_status attention_find(struct test *test, int is_linear, int has_bias,
                                        enum structure *ret_structure)
{
    int is_ordered = test->conditions->length >= 3 && !order_check(test);
    int is_copied = !copies_check(test);
    int is_lopsided = !beside_check(test);

    *ret_structure = is_linear ? STRUCTURE_SOFTMAX : STRUCTURE_NETWORK;
    if (is_ordered)
        *ret_structure = STRUCTURE_PLACES;
    else if (is_copied)
        *ret_structure = STRUCTURE_COPIES;
    else if (is_lopsided)
        return beside_explain(test, ret_structure);
    else if (is_linear && has_bias)
        *ret_structure = STRUCTURE_BIAS;
    return LATTN_OK;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* What single tokens settle; STRUCTURE_SOFTMAX and STRUCTURE_NETWORK wait for longer sequences. */
static enum structure singles_find(struct test *test, struct conditions *conditions, int may_refine,
                                   int *ret_has_bias)
{
    double growth;

    *ret_has_bias = 0;
    if (has_labels(test))
        return STRUCTURE_LABELS;
    test->size = size_find(test, SAMPLE_COUNT - 1);
    if (is_constant(test)) {
        double most = 0;

        for (int32_t a = 0; a < test->sample->m; a++)
            most = fmax(most, fabs(zero(test)[a]));
        return most <= DEVIATIONS * conditions_error(conditions, 0) ? STRUCTURE_SILENT
                                                                    : STRUCTURE_CONSTANT;
    }
    *ret_has_bias = !zero_check(test);
    growth = growth_of(test);
    if (!finding_check(test->finding, "answers grow with a token", growth, GROWTH_MAX))
        return STRUCTURE_NORMED;
    if (is_cubic(test))
        return *ret_has_bias ? STRUCTURE_BIAS : STRUCTURE_LINEAR;
    return linearity_check(test, conditions, may_refine) ? STRUCTURE_SOFTMAX : STRUCTURE_NETWORK;
}

static enum lattn_status find(struct test *test, struct conditions *conditions, int may_refine,
                              struct random *random, enum structure *ret_structure)
{
    enum lattn_status status = singles_ask(test, random);
    int has_bias;

    if (status != LATTN_OK)
        return status;
    *ret_structure = singles_find(test, conditions, may_refine, &has_bias);
    if (*ret_structure != STRUCTURE_SOFTMAX && *ret_structure != STRUCTURE_NETWORK)
        return LATTN_OK;
    if (conditions->length < 2) {
        *ret_structure = STRUCTURE_SHORT;
        return LATTN_OK;
    }
    status = pairs_ask(test);
    if (status == LATTN_OK && conditions->length >= 3)
        status = triples_ask(test, random);
    if (status == LATTN_OK)
        status = attention_find(test, *ret_structure == STRUCTURE_SOFTMAX, has_bias, ret_structure);
    return status;
}

enum lattn_status structure_find(struct oracle *oracle, struct conditions *conditions,
                                 const struct sample *sample, int may_refine, struct random *random,
                                 struct lattn_finding *finding, enum structure *ret_structure)
{
    size_t m = (size_t)oracle->m;
    struct test test = {
        .oracle = oracle,
        .conditions = conditions,
        .sample = sample,
        .finding = finding,
        .singles = memory_raw(SINGLES_COUNT * m, sizeof(double)),
        .pairs = memory_raw((size_t)PAIRS * SAMPLE_COUNT * m, sizeof(double)),
        .triples = memory_raw((size_t)TRIPLES * SAMPLE_COUNT * m, sizeof(double)),
    };
    enum lattn_status status = LATTN_NO_MEMORY;

    if (test.singles != NULL && test.pairs != NULL && test.triples != NULL)
        status = find(&test, conditions, may_refine, random, ret_structure);
    memory_release(test.singles);
    memory_release(test.pairs);
    memory_release(test.triples);
    return status;
}

/* Six sequences of n tokens, of norms up to that of the conditions; their squares are added. */
static enum lattn_status silence_ask(struct oracle *oracle, const struct conditions *conditions,
                                     int32_t n, struct random *random, double *square)
{
    size_t d = (size_t)oracle->d, m = (size_t)oracle->m;
    double *x = memory_raw((size_t)SAMPLE_COUNT * (size_t)n * d, sizeof *x);
    double *y = memory_raw(SAMPLE_COUNT * m, sizeof *y);
    enum lattn_status status = x == NULL || y == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    for (size_t i = 0; status == LATTN_OK && i < SAMPLE_COUNT * (size_t)n; i++) {
        double norm = ldexp(conditions->norm, -2 * (int)(i / (size_t)n));

        sample_token(oracle->d, random, x + i * d);
        token_scale(oracle->d, x + i * d, norm, x + i * d);
    }
    if (status == LATTN_OK)
        status = oracle_ask(oracle, ORACLE_TRIAL, SAMPLE_COUNT, n, x, y);
    for (size_t i = 0; status == LATTN_OK && i < SAMPLE_COUNT * m; i++)
        *square += y[i] * y[i] / (double)m;
    memory_release(x);
    memory_release(y);
    return status;
}

enum lattn_status structure_silence(struct oracle *oracle, const struct conditions *conditions,
                                    struct random *random, struct lattn_finding *finding,
                                    int *ret_is_silent)
{
    int32_t longest = conditions->length < 3 ? conditions->length : 3;
    double threshold = SILENCE_LONGER * conditions_error(conditions, 0);
    enum lattn_status status = LATTN_OK;
    double square = 0;
    int32_t count = 0;

    for (int32_t n = 2; status == LATTN_OK && n <= longest; n++) {
        status = silence_ask(oracle, conditions, n, random, &square);
        count += SAMPLE_COUNT;
    }
    if (status == LATTN_OK)
        *ret_is_silent = finding_check(finding, "longer sequences are answered by zero",
                                       count > 0 ? sqrt(square / count) : 0, threshold);
    return status;
}

void structure_cancel(struct lattn_finding *finding)
{
    finding_reason(finding, LATTN_OUTCOME_OTHER,
                   "single tokens are answered by zero and longer sequences are not: the values of "
                   "several heads cancel, as where v_2 = -v_1");
}
