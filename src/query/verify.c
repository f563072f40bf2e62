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
#include <string.h>

/* Standard deviation of a score. */
#define SCORE 1.5

/* What doubles leave of an exact layer is 1e-15 to 1e-12; a head of 1e-6 strength leaves 3e-7. */
#define RESIDUAL_DOUBLE 1e-9

/* Kinks of a network are found to 1e-8 of where they are; another architecture leaves 0.1. */
#define RESIDUAL_NETWORK 1e-6

/* Between what noise explains and what it does not. */
#define DEVIATIONS 10

/*
 * How much more than an answer the parameters of a network, whose errors are not told, may err:
 * gradients are measured over steps as long as the root of the noise.
 */
#define NETWORK_GAIN 10

/*
 * Where noise explains a twentieth of the answers, wrong heads could hide behind it. Where a cap
 * keeps scores small they leave 0.8 of the share of scores that is left, or more.
 */
#define THRESHOLD_MAX 0.05
#define SHARE_BLIND 2

/* A few roundings on the way to an answer: scores, weights, sum. */
#define ROUNDINGS 4

/* Questions of a kind. */
enum { COUNT = 12 };

const int32_t verify_lengths[VERIFY_LENGTHS] = {2, 3, 4, VERIFY_TOKENS_MAX};

/*
 * weight    largest Frobenius norm of a W
 * share     scores of the kind at hand, over those that are wanted: a cap keeps them smaller
 * worst     verdict of the residual in the finding
 * x         COUNT x VERIFY_TOKENS_MAX x d    y  COUNT x m, or that for each of the tokens
 * seen      VERIFY_TOKENS_MAX x d: a sequence as one position sees it
 * guess     m: what was found says to it; variance  m: what of the answer is explained
 */
struct verify {
    struct oracle *oracle;
    const struct conditions *conditions;
    struct random *random;
    struct lattn_finding *finding;
    double weight;
    double share;
    enum verify_verdict worst;
    double *x;
    double *y;
    double *seen;
    double *guess;
    double *variance;
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

/* Variance of the key W x_n, by the errors of W. */
static void key_variance(const struct lattn_attention *layer, int32_t h, const double *last,
                         double *ret_variance)
{
    size_t d = (size_t)layer->d;
    const double *W_error = layer->W_error + (size_t)h * d * d;

    for (size_t i = 0; i < d; i++) {
        ret_variance[i] = 0;
        for (size_t j = 0; j < d; j++)
            ret_variance[i] += pow(last[j] * W_error[i * d + j], 2);
    }
}

/*
 * Add the variance that the errors of one head bring into the outputs of one answer: of the
 * derivatives alpha_t (v.x_t - v.z) x_t in the key, and z, the attended token, in v. Rounding on
 * the way to the answer counts beside it.
 */
static void head_variance(const struct lattn_attention *layer, int32_t h, double epsilon,
                          const double *x, int32_t n, double *variance)
{
    size_t d = (size_t)layer->d, m = (size_t)layer->m;
    double alpha[VERIFY_TOKENS_MAX], z[LATTN_DIM_MAX] = {0}, key[LATTN_DIM_MAX];
    double longest = 0;

    attend(layer, h, x, n, alpha);
    key_variance(layer, h, x + (size_t)(n - 1) * d, key);
    for (int32_t t = 0; t < n; t++) {
        dense_add(layer->d, alpha[t], x + (size_t)t * d, z);
        longest = fmax(longest, dense_norm(layer->d, x + (size_t)t * d));
    }
    for (size_t a = 0; a < m; a++) {
        const double *v = layer->V + ((size_t)h * m + a) * d;
        const double *v_error = layer->V_error + ((size_t)h * m + a) * d;
        double slope[LATTN_DIM_MAX] = {0};
        double said = dense_dot(layer->d, v, z);

        for (int32_t t = 0; t < n; t++) {
            const double *token = x + (size_t)t * d;

            dense_add(layer->d, alpha[t] * (dense_dot(layer->d, v, token) - said), token, slope);
        }
        for (size_t i = 0; i < d; i++)
            variance[a] += pow(z[i] * v_error[i], 2) + pow(slope[i], 2) * key[i];
        variance[a] += pow(ROUNDINGS * epsilon * longest * dense_norm(layer->d, v), 2);
    }
}

void verify_variance(const struct lattn_attention *layer, double epsilon, const double *x,
                     int32_t n, double *variance)
{
    for (int32_t h = 0; h < layer->heads; h++)
        head_variance(layer, h, epsilon, x, n, variance);
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

/* Sum over all outputs of the variance that is explained of the answer y to x. */
static double variance_of(struct verify *verify, const double *y, const double *x, int32_t n)
{
    const struct lattn_finding *finding = verify->finding;
    const struct lattn_attention *layer = finding->attention;
    double sum = 0;

    for (int32_t a = 0; a < verify->oracle->m; a++) {
        verify->variance[a] = pow(conditions_error(verify->conditions, y[a]), 2);
        if (finding->linear != NULL)
            verify->variance[a] += linear_variance(finding, x, n);
    }
    if (layer != NULL && layer->network == NULL)
        verify_variance(layer, verify->conditions->epsilon, x, n, verify->variance);
    for (int32_t a = 0; a < verify->oracle->m; a++)
        sum += verify->variance[a];
    return sum;
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
static void even_draw(struct verify *verify, int32_t n)
{
    double most = verify->conditions->norm / sqrt(verify->oracle->d);
    double size = verify->weight > 0 ? sqrt(SCORE / verify->weight) : 1;

    verify->share = verify->weight > 0 ? pow(fmin(1, most / size), 2) : 1;
    for (int32_t i = 0; i < COUNT * n; i++)
        token_draw(verify, size, verify->x + (size_t)i * (size_t)verify->oracle->d);
}

/*
 * The last token short, the others half as long as they may be: where these see each other all
 * weight is on one, and says nothing.
 */
static void long_draw(struct verify *verify, int32_t n)
{
    double size = verify->conditions->norm / 2 / sqrt(verify->oracle->d);
    double wanted = SCORE / (size * verify->weight), last = fmin(size, wanted);

    verify->share = last / wanted;
    for (int32_t i = 0; i < COUNT * n; i++)
        token_draw(verify, (i + 1) % n == 0 ? last : size,
                   verify->x + (size_t)i * (size_t)verify->oracle->d);
}

/* What a kind of question says: that it failed, that it passed, or could not have failed. */
static enum verify_verdict verdict_of(const struct verify *verify, double residual,
                                      double threshold)
{
    if (!(residual <= threshold))
        return VERIFY_FAILED;
    return threshold > fmin(THRESHOLD_MAX, verify->share / SHARE_BLIND) ? VERIFY_BLIND
                                                                        : VERIFY_PASSED;
}

/* Does a residual tell more than the one in the finding? Failures do, and what is not blind. */
static int is_telling(const struct verify *verify, enum verify_verdict verdict, double ratio)
{
    static const int weights[] = {[VERIFY_FAILED] = 2, [VERIFY_PASSED] = 1, [VERIFY_BLIND] = 0};
    const struct lattn_finding *finding = verify->finding;

    if (finding->threshold == 0 || verdict != verify->worst)
        return finding->threshold == 0 || weights[verdict] > weights[verify->worst];
    return ratio > finding->residual / finding->threshold;
}

/* Put down what one kind of question says. */
static enum verify_verdict residual_note(struct verify *verify, const char *name, double residual,
                                         double threshold, double floor)
{
    struct lattn_finding *finding = verify->finding;
    enum verify_verdict verdict = verdict_of(verify, residual, threshold);

    finding_check(finding, name, residual, threshold);
    if (is_telling(verify, verdict, residual / threshold)) {
        verify->worst = verdict;
        finding->residual = residual;
        finding->threshold = threshold;
        finding->noise_floor = floor;
    }
    return verdict;
}

/* Answers to a sequence of n tokens: of the last position, or of each. */
static int32_t positions_of(const struct verify *verify, int32_t n)
{
    return verify->oracle->asked->answers == LATTN_ANSWERS_POSITIONS ? n : 1;
}

/* The sequence as a position sees it: the token there is the last, the order of others is free. */
static void sequence_see(const double *x, int32_t n, int32_t position, int32_t d, double *ret_x)
{
    size_t token = (size_t)d, last = (size_t)(n - 1);

    memcpy(ret_x, x, (last + 1) * token * sizeof *x);
    memcpy(ret_x + (size_t)position * token, x + last * token, token * sizeof *x);
    memcpy(ret_x + last * token, x + (size_t)position * token, token * sizeof *x);
}

/* What a residual must stay below where noise and errors explain `floor` of the answers. */
static double threshold_of(const struct verify *verify, double floor)
{
    const struct lattn_attention *layer = verify->finding->attention;

    if (layer == NULL || layer->network == NULL)
        return fmax(RESIDUAL_DOUBLE * verify->share, DEVIATIONS * floor);
    return fmax(fmax(RESIDUAL_NETWORK, DEVIATIONS * NETWORK_GAIN * floor),
                fmin(NETWORK_GAIN * sqrt(floor), THRESHOLD_MAX));
}

/* Sums of squares over the answers of a kind. */
struct squares {
    double missed;
    double answers;
    double explained;
};

/* Add one answer y, of m numbers, and what was found says. */
static void answer_add(struct verify *verify, int32_t n, const double *y, struct squares *squares)
{
    predict(verify->finding, verify->seen, n, verify->guess);
    for (int32_t a = 0; a < verify->oracle->m; a++) {
        squares->missed += pow(y[a] - verify->guess[a], 2);
        squares->answers += y[a] * y[a];
    }
    squares->explained += variance_of(verify, y, verify->seen, n);
}

/* Compare the answers of a kind, at so many positions from the last one on, with what was found. */
static enum verify_verdict answers_compare(struct verify *verify, int32_t n, int32_t positions,
                                           const char *name)
{
    int32_t d = verify->oracle->d;
    const double *y = verify->y;
    struct squares squares = {0};
    double residual, floor, threshold;

    for (int32_t i = 0; i < COUNT; i++)
        for (int32_t position = n - positions; position < n; position++) {
            sequence_see(verify->x + (size_t)i * (size_t)n * (size_t)d, n, position, d,
                         verify->seen);
            answer_add(verify, n, y, &squares);
            y += verify->oracle->m;
        }
    residual = squares.answers > 0  ? sqrt(squares.missed / squares.answers)
               : squares.missed > 0 ? INFINITY
                                    : 0;
    floor = squares.answers > 0     ? sqrt(squares.explained / squares.answers)
            : squares.explained > 0 ? 1
                                    : 0;
    threshold = threshold_of(verify, floor);
    return residual_note(verify, name, residual, threshold, floor);
}

static enum lattn_status kind_ask(struct verify *verify, int32_t n, int32_t positions,
                                  const char *name, int *verdicts)
{
    struct oracle *oracle = verify->oracle;
    enum lattn_status status =
        positions > 1 ? oracle_ask_positions(oracle, ORACLE_VERIFY, COUNT, n, verify->x, verify->y)
                      : oracle_ask(oracle, ORACLE_VERIFY, COUNT, n, verify->x, verify->y);

    if (status == LATTN_OK)
        verdicts[answers_compare(verify, n, positions, name)]++;
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
        status = kind_ask(verify, longest, positions_of(verify, longest), name, verdicts);
    }
    if (status != LATTN_OK || longest == 0 || !has_long(verify->finding) || verify->weight == 0)
        return status;
    long_draw(verify, longest);
    snprintf(name, sizeof name, "held out, %d tokens, the last one short", longest);
    return kind_ask(verify, longest, 1, name, verdicts);
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
        .seen = memory_raw(VERIFY_TOKENS_MAX * d, sizeof(double)),
        .guess = memory_raw(m, sizeof(double)),
        .variance = memory_raw(m, sizeof(double)),
    };
    enum lattn_status status = LATTN_NO_MEMORY;

    verify.y =
        memory_raw(COUNT * (size_t)positions_of(&verify, VERIFY_TOKENS_MAX) * m, sizeof *verify.y);
    if (verify.x != NULL && verify.y != NULL && verify.seen != NULL && verify.guess != NULL &&
        verify.variance != NULL)
        status = kinds_ask(&verify, verdicts);
    memory_release(verify.x);
    memory_release(verify.y);
    memory_release(verify.seen);
    memory_release(verify.guess);
    memory_release(verify.variance);
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
