/*
 * Held-out questions, of two kinds. Tokens of one size, with scores near 1.5: attention is neither
 * even nor all on one token, so that every part of the layer has its say. And long tokens before a
 * short one, with the same scores: answers as large as the norm allows rise above noise and
 * rounding, and a second head of a millionth of the strength does so too.
 */
#include "query/verify.h"

#include "base/memory.h"
#include "core/dense.h"
#include "query/finding.h"
#include "query/frame.h"

#include <math.h>
#include <stdio.h>

/* Standard deviation of a score. */
#define SCORE 1.5

/* What doubles leave of an exact layer is 1e-15 to 1e-12; a head of 1e-6 strength leaves 3e-7. */
#define RESIDUAL_DOUBLE 1e-9

/* Kinks of a network are found to 1e-8 of where they are; another architecture leaves 0.1. */
#define RESIDUAL_NETWORK 1e-6

/* Between what noise explains and what it does not. */
#define DEVIATIONS 10

/* How much more than an answer the parameters of a network, whose errors are not told, may err. */
#define NETWORK_GAIN 10

/* Where noise explains a twentieth of the answers, wrong heads could hide behind it. */
#define THRESHOLD_MAX 0.05

/* A few roundings on the way to an answer: scores, weights, sum. */
#define ROUNDINGS 4

/* Questions of a kind. */
enum { COUNT = 12 };

const int32_t verify_lengths[VERIFY_LENGTHS] = {2, 3, 4, VERIFY_TOKENS_MAX};

/*
 * weight  largest Frobenius norm of a W
 * x       COUNT x VERIFY_TOKENS_MAX x d    y, guess  COUNT x m
 */
struct verify {
    struct oracle *oracle;
    const struct conditions *conditions;
    struct random *random;
    struct lattn_finding *finding;
    double weight;
    double *x;
    double *y;
    double *guess;
};

static double weight_of(const struct lattn_attention *attention)
{
    int32_t size = attention->d * attention->d;
    double most = 0;

    for (int32_t h = 0; h < attention->heads; h++)
        most = fmax(most, dense_norm(size, attention->W + (size_t)h * (size_t)size));
    return most;
}

static void predict(const struct lattn_finding *finding, const double *x, int32_t n, double *ret_y)
{
    if (finding->attention != NULL)
        lattn_attention_apply(finding->attention, x, n, ret_y);
    else
        lattn_model_apply(finding->linear, x, n, ret_y);
}

/* ---- what noise and rounding explain --------------------------------------------------------- */

/*
 * Variance that the errors of one head bring into output a of one answer: its derivatives are
 * alpha_t (v.x_t - v.z) x_t x_n' in W and z, the attended token, in v.
 */
static double head_variance(const struct lattn_attention *layer, int32_t h, int32_t a,
                            const double *x, int32_t n, const double *alpha)
{
    size_t d = (size_t)layer->d;
    const double *last = x + (size_t)(n - 1) * d;
    const double *W_error = layer->W_error + (size_t)h * d * d;
    size_t row = ((size_t)h * (size_t)layer->m + (size_t)a) * d;
    const double *v = layer->V + row, *v_error = layer->V_error + row;
    double z[LATTN_DIM_MAX] = {0}, slope[LATTN_DIM_MAX] = {0};
    double said, variance = 0;

    for (int32_t t = 0; t < n; t++)
        dense_add(layer->d, alpha[t], x + (size_t)t * d, z);
    said = dense_dot(layer->d, v, z);
    for (int32_t t = 0; t < n; t++) {
        const double *token = x + (size_t)t * d;

        dense_add(layer->d, alpha[t] * (dense_dot(layer->d, v, token) - said), token, slope);
    }
    for (size_t i = 0; i < d; i++) {
        variance += pow(z[i] * v_error[i], 2);
        for (size_t j = 0; j < d; j++)
            variance += pow(slope[i] * last[j] * W_error[i * d + j], 2);
    }
    return variance;
}

/* Weights of one head. */
static void attend(const struct lattn_attention *layer, int32_t h, const double *x, int32_t n,
                   double *ret_alpha)
{
    size_t d = (size_t)layer->d;
    double key[LATTN_DIM_MAX];
    double most = -INFINITY, sum = 0;

    dense_multiply_vector(DENSE_PLAIN, layer->d, layer->d, 1, layer->W + (size_t)h * d * d, d,
                          x + (size_t)(n - 1) * d, 0, key);
    for (int32_t t = 0; t < n; t++) {
        ret_alpha[t] = dense_dot(layer->d, x + (size_t)t * d, key);
        most = fmax(most, ret_alpha[t]);
    }
    for (int32_t t = 0; t < n; t++)
        sum += ret_alpha[t] = exp(ret_alpha[t] - most);
    for (int32_t t = 0; t < n; t++)
        ret_alpha[t] /= sum;
}

/* Variance of output a of one answer of attention, beside that of the answer itself. */
static double attention_variance(const struct lattn_attention *layer, double epsilon, int32_t a,
                                 const double *x, int32_t n)
{
    double alpha[VERIFY_TOKENS_MAX];
    double longest = 0, variance = 0;

    for (int32_t t = 0; t < n; t++)
        longest = fmax(longest, dense_norm(layer->d, x + (size_t)t * (size_t)layer->d));
    for (int32_t h = 0; h < layer->heads; h++) {
        const double *v = layer->V + (size_t)(h * layer->m + a) * (size_t)layer->d;

        attend(layer, h, x, n, alpha);
        variance += head_variance(layer, h, a, x, n, alpha);
        variance += pow(ROUNDINGS * epsilon * longest * dense_norm(layer->d, v), 2);
    }
    return variance;
}

/* Variance that errors of coefficients bring: the norm of the features is |X'X| |x_n| at most. */
static double linear_variance(const struct lattn_finding *finding, const double *x, int32_t n)
{
    int32_t d = finding->linear->d;
    double square = 0;

    for (int32_t t = 0; t < n; t++)
        square += pow(dense_norm(d, x + (size_t)t * (size_t)d), 2);
    return pow(finding->linear_error * square * dense_norm(d, x + (size_t)(n - 1) * (size_t)d), 2);
}

/* Standard deviation that is explained of output a of a question whose answer is y. */
static double deviation_of(const struct verify *verify, int32_t a, double y, const double *x,
                           int32_t n)
{
    const struct lattn_finding *finding = verify->finding;
    double answer = conditions_error(verify->conditions, y);

    if (finding->linear != NULL)
        return sqrt(answer * answer + linear_variance(finding, x, n));
    if (finding->attention->network != NULL)
        return NETWORK_GAIN * answer;
    return sqrt(answer * answer +
                attention_variance(finding->attention, verify->conditions->epsilon, a, x, n));
}

/* ---- questions ------------------------------------------------------------------------------- */

/* A token of coordinates of this size, shortened where it is longer than tokens may be. */
static void token_draw(const struct verify *verify, double size, double *ret_token)
{
    int32_t d = verify->oracle->d;
    double room = 0.999 * verify->conditions->norm;
    double norm;

    random_normals(verify->random, ret_token, d);
    norm = dense_norm(d, ret_token) * size;
    for (int32_t j = 0; j < d; j++)
        ret_token[j] *= norm > room ? size * room / norm : size;
    frame_round(d, ret_token);
}

/* All tokens of one size; scores of deviation SCORE where the norm allows. */
static void even_draw(const struct verify *verify, int32_t n)
{
    double size = verify->weight > 0 ? sqrt(SCORE / verify->weight) : 1;

    for (int32_t i = 0; i < COUNT * n; i++)
        token_draw(verify, size, verify->x + (size_t)i * (size_t)verify->oracle->d);
}

/* The last token short, the others half as long as they may be. */
static void long_draw(const struct verify *verify, int32_t n)
{
    double size = verify->conditions->norm / 2 / sqrt(verify->oracle->d);
    double last = fmin(size, SCORE / (size * verify->weight));

    for (int32_t i = 0; i < COUNT * n; i++)
        token_draw(verify, (i + 1) % n == 0 ? last : size,
                   verify->x + (size_t)i * (size_t)verify->oracle->d);
}

/* What a kind of question says: that it failed, that it passed, or that it could not have failed.
 */
static enum verify_verdict verdict_of(double residual, double threshold)
{
    if (!(residual <= threshold))
        return VERIFY_FAILED;
    return threshold > THRESHOLD_MAX ? VERIFY_BLIND : VERIFY_PASSED;
}

/* Does a residual tell more than the one in the finding? Failures do, and what is not blind. */
static int is_telling(const struct lattn_finding *finding, double residual, double threshold)
{
    static const int weights[] = {[VERIFY_FAILED] = 2, [VERIFY_PASSED] = 1, [VERIFY_BLIND] = 0};
    int now = weights[verdict_of(residual, threshold)];
    int before = weights[verdict_of(finding->residual, finding->threshold)];

    if (finding->threshold == 0 || now != before)
        return finding->threshold == 0 || now > before;
    return residual / threshold > finding->residual / finding->threshold;
}

static void worst_note(struct lattn_finding *finding, double residual, double threshold,
                       double floor)
{
    if (!is_telling(finding, residual, threshold))
        return;
    finding->residual = residual;
    finding->threshold = threshold;
    finding->noise_floor = floor;
}

/* Compare the answers of a kind with what was found. */
static enum verify_verdict answers_compare(struct verify *verify, int32_t n, const char *name)
{
    size_t d = (size_t)verify->oracle->d, m = (size_t)verify->oracle->m;
    int is_network =
        verify->finding->attention != NULL && verify->finding->attention->network != NULL;
    double missed = 0, square = 0, explained = 0;
    double residual, floor, threshold;

    for (size_t i = 0; i < COUNT; i++) {
        const double *x = verify->x + i * (size_t)n * d;

        predict(verify->finding, x, n, verify->guess);
        for (size_t a = 0; a < m; a++) {
            double y = verify->y[i * m + a];

            missed += pow(y - verify->guess[a], 2);
            square += y * y;
            explained += pow(deviation_of(verify, (int32_t)a, y, x, n), 2);
        }
    }
    residual = square > 0 ? sqrt(missed / square) : missed > 0 ? INFINITY : 0;
    floor = square > 0 ? sqrt(explained / square) : 1;
    threshold = fmax(is_network ? RESIDUAL_NETWORK : RESIDUAL_DOUBLE, DEVIATIONS * floor);
    worst_note(verify->finding, residual, threshold, floor);
    finding_check(verify->finding, name, residual, threshold);
    return verdict_of(residual, threshold);
}

static enum lattn_status kind_ask(struct verify *verify, int32_t n, const char *name, int *verdicts)
{
    enum lattn_status status =
        oracle_ask(verify->oracle, ORACLE_VERIFY, COUNT, n, verify->x, verify->y);

    if (status == LATTN_OK)
        verdicts[answers_compare(verify, n, name)]++;
    return status;
}

/* Long tokens before a short one are of use where scores are products and nothing follows. */
static int has_long(const struct lattn_finding *finding)
{
    return finding->attention != NULL && finding->attention->network == NULL;
}

static enum lattn_status kinds_ask(struct verify *verify, int *verdicts)
{
    enum lattn_status status = LATTN_OK;
    int32_t longest = 0;
    char name[64];

    for (int i = 0; status == LATTN_OK && i < VERIFY_LENGTHS &&
                    verify_lengths[i] <= verify->conditions->length;
         i++) {
        longest = verify_lengths[i];
        even_draw(verify, longest);
        snprintf(name, sizeof name, "held out, %d tokens", longest);
        status = kind_ask(verify, longest, name, verdicts);
    }
    if (status != LATTN_OK || longest == 0 || !has_long(verify->finding) || verify->weight == 0)
        return status;
    long_draw(verify, longest);
    snprintf(name, sizeof name, "held out, %d tokens, the last one short", longest);
    return kind_ask(verify, longest, name, verdicts);
}

enum lattn_status verify_run(struct oracle *oracle, const struct conditions *conditions,
                             struct random *random, struct lattn_finding *finding,
                             enum verify_verdict *ret_verdict)
{
    size_t d = (size_t)oracle->d, m = (size_t)oracle->m;
    int verdicts[VERIFY_BLIND + 1] = {0};
    struct verify verify = {
        .oracle = oracle,
        .conditions = conditions,
        .random = random,
        .finding = finding,
        .weight = finding->attention != NULL ? weight_of(finding->attention) : 0,
        .x = memory_raw(COUNT * VERIFY_TOKENS_MAX * d, sizeof(double)),
        .y = memory_raw(COUNT * m, sizeof(double)),
        .guess = memory_raw(m, sizeof(double)),
    };
    enum lattn_status status = LATTN_NO_MEMORY;

    if (verify.x != NULL && verify.y != NULL && verify.guess != NULL)
        status = kinds_ask(&verify, verdicts);
    memory_release(verify.x);
    memory_release(verify.y);
    memory_release(verify.guess);
    if (status == LATTN_OK)
        *ret_verdict = verdicts[VERIFY_FAILED] > 0   ? VERIFY_FAILED
                       : verdicts[VERIFY_PASSED] > 0 ? VERIFY_PASSED
                                                     : VERIFY_BLIND;
    return status;
}

uint64_t verify_count(enum lattn_architecture architecture, int32_t length)
{
    uint64_t kinds = 0;

    for (int i = 0; i < VERIFY_LENGTHS; i++)
        kinds += verify_lengths[i] <= length;
    if (kinds > 0 && architecture == LATTN_ARCHITECTURE_SOFTMAX)
        kinds++;
    return COUNT * kinds;
}
