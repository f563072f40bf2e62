/*
 * One softmax head from its answers at all positions. The tokens x_i are the rows of a mixture and
 * stand on both sides of W; the zero token has score 0 with all of them, and sees all alike.
 */
#include "query/positions.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "query/frame.h"
#include "query/mixture.h"
#include "query/scale.h"
#include "query/value.h"
#include "query/vector.h"

#include <math.h>
#include <string.h>

/*
 * How much rows lean into weak directions of V: less than where they stand on one side of W only,
 * since the other side is divided by their lengths as well.
 */
static const double power = 0.5;
/* Answers coarser than double leave too little of tokens whose scores have to be about one. */
static const double epsilon_max = 0x1p-40;
/* So many deviations of a logit that has to be zero. */
static const double deviations_max = 64;

/* A product is divided by 4 or more each time it saturates. */
enum { ROUNDS_MAX = 40 };

/*
 * x          d + 1 tokens, the first is zero
 * y          their answers, d + 1 x m
 * entries    d x d: row n is x_i'W x_n over i
 * variances  d x d
 * half       d x d: W X', then W'
 * error      d x d: of half
 */
struct workspace {
    struct oracle *oracle;
    struct mixture mixture;
    double *x;
    double *y;
    double *entries;
    double *variances;
    double *half;
    double *error;
};

static int is_one_enough(int32_t d, int32_t rank, const struct conditions *conditions)
{
    return rank == d && conditions->length > d && conditions->noise == 0 && conditions->step == 0 &&
           conditions->epsilon <= epsilon_max;
}

static enum lattn_status workspace_init(struct workspace *workspace, struct oracle *oracle,
                                        const struct conditions *conditions,
                                        const struct lattn_attention *attention)
{
    size_t d = (size_t)oracle->d;
    enum lattn_status status;

    *workspace = (struct workspace){.oracle = oracle};
    status = mixture_init(&workspace->mixture, oracle->d, oracle->m, conditions, attention->V,
                          attention->V_error, power);
    if (status != LATTN_OK)
        return status;
    workspace->x = memory_zeroed((d + 1) * d, sizeof(double));
    workspace->y = memory_raw((d + 1) * (size_t)oracle->m, sizeof(double));
    workspace->entries = memory_raw(d * d, sizeof(double));
    workspace->variances = memory_raw(d * d, sizeof(double));
    workspace->half = memory_raw(d * d, sizeof(double));
    workspace->error = memory_raw(d * d, sizeof(double));
    return workspace->x == NULL || workspace->y == NULL || workspace->entries == NULL ||
                   workspace->variances == NULL || workspace->half == NULL ||
                   workspace->error == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

static void workspace_done(struct workspace *workspace)
{
    mixture_done(&workspace->mixture);
    memory_release(workspace->x);
    memory_release(workspace->y);
    memory_release(workspace->entries);
    memory_release(workspace->variances);
    memory_release(workspace->half);
    memory_release(workspace->error);
}

/* ---- the question ---------------------------------------------------------------------------- */

/* What the answers at all positions say together. */
struct answer {
    struct mixture_reading reading; /* the worst of each */
    double logit;                   /* root mean square */
    double uneven;                  /* largest logit of the zero token, in deviations */
};

/* Logits at position n, which has to be read into entries where it is not the zero token. */
static struct mixture_reading position_read(struct workspace *workspace, size_t n, double *logits,
                                            double *errors)
{
    const double zero[LATTN_DIM_MAX] = {0};
    struct mixture_reading reading;

    mixture_read(&workspace->mixture, 0, workspace->oracle->d, zero,
                 workspace->y + n * (size_t)workspace->oracle->m, logits, errors, &reading);
    return reading;
}

static void reading_join(struct mixture_reading *worst, const struct mixture_reading *reading)
{
    worst->least = fmin(worst->least, reading->least);
    worst->blur = fmax(worst->blur, reading->blur);
    worst->largest = fmax(worst->largest, reading->largest);
    worst->stray = fmax(worst->stray, reading->stray);
}

static void answer_read(struct workspace *workspace, struct answer *ret_answer)
{
    size_t d = (size_t)workspace->oracle->d;
    struct answer answer = {.reading = {.least = 1}};
    double logits[LATTN_DIM_MAX], errors[LATTN_DIM_MAX];

    for (size_t n = 0; n <= d; n++) {
        struct mixture_reading reading = position_read(workspace, n, logits, errors);

        reading_join(&answer.reading, &reading);
        for (size_t i = 0; i < d; i++)
            if (n == 0)
                answer.uneven = fmax(answer.uneven, fabs(logits[i]) / errors[i]);
            else {
                answer.logit += logits[i] * logits[i];
                workspace->entries[(n - 1) * d + i] = logits[i];
                workspace->variances[(n - 1) * d + i] = errors[i] * errors[i];
            }
    }
    answer.logit = sqrt(answer.logit) / (double)d;
    *ret_answer = answer;
}

static enum lattn_status answer_check(struct oracle *oracle, const struct answer *answer)
{
    if (!mixture_is_possible(&answer->reading) && answer->reading.least <= 0)
        return complain(&oracle->complaint, LATTN_NO_CONVERGENCE,
                        "answers at all positions: one gives a token a weight of %.3g, which one "
                        "softmax head cannot give: a causal mask, or another layer",
                        answer->reading.least);
    if (!mixture_is_possible(&answer->reading))
        return complain(&oracle->complaint, LATTN_NO_CONVERGENCE,
                        "answers at all positions: %.3g standard deviations outside of the range "
                        "of V, which one softmax head cannot give",
                        answer->reading.stray);
    if (!mixture_is_saturated(&answer->reading) && answer->uneven > deviations_max)
        return complain(&oracle->complaint, LATTN_NO_CONVERGENCE,
                        "a zero token attends to all alike: a logit is %.3g standard deviations "
                        "from 0, which one softmax head cannot give",
                        answer->uneven);
    return LATTN_OK;
}

/* Ask tokens whose longest has this square. */
static enum lattn_status tokens_ask(struct workspace *workspace, enum oracle_purpose purpose,
                                    double product, struct answer *ret_answer)
{
    int32_t d = workspace->oracle->d;
    size_t size = (size_t)d * (size_t)d;
    enum lattn_status status =
        mixture_stretch(&workspace->mixture, sqrt(product) * (1 - exp2(-20)));

    if (status != LATTN_OK)
        return status;
    memcpy(workspace->x + d, workspace->mixture.tokens, size * sizeof *workspace->x);
    status = oracle_ask_positions(workspace->oracle, purpose, 1, d + 1, workspace->x, workspace->y);
    if (status != LATTN_OK)
        return status;
    answer_read(workspace, ret_answer);
    return answer_check(workspace->oracle, ret_answer);
}

/* Where the scale is not told, trials of the question itself find it. */
static enum lattn_status product_find(struct workspace *workspace, double product_max,
                                      double *ret_product)
{
    double product = fmin(scale_first(), product_max);
    enum lattn_status status = LATTN_OK;

    for (int turn = 0; status == LATTN_OK && turn < SCALE_TURNS_MAX; turn++) {
        struct answer answer;

        status = tokens_ask(workspace, ORACLE_TRIAL, product, &answer);
        if (status == LATTN_OK) {
            const struct scale_trial trial = {
                .logit = answer.logit,
                .largest = answer.reading.largest,
                .error = answer.reading.blur * (workspace->oracle->d + 1),
                .is_rough = mixture_is_rough(&answer.reading),
            };

            if (scale_turn(&product, product_max, &trial))
                break;
        }
    }
    *ret_product = product;
    return status;
}

static enum lattn_status entries_ask(struct workspace *workspace, double product)
{
    struct answer answer;
    enum lattn_status status = tokens_ask(workspace, ORACLE_LEARN, product, &answer);

    for (int round = 0; round < ROUNDS_MAX; round++) {
        if (status != LATTN_OK || !mixture_is_saturated(&answer.reading))
            return status;
        product = scale_lower(product, answer.reading.largest, mixture_is_rough(&answer.reading));
        status = tokens_ask(workspace, ORACLE_TRIAL, product, &answer);
    }
    return complain(&workspace->oracle->complaint, LATTN_NO_CONVERGENCE,
                    "every position attends to all: a token has no weight however small tokens "
                    "are, which one softmax head cannot give");
}

/* ---- the head -------------------------------------------------------------------------------- */

static void transpose(size_t n, const double *a, double *ret_a)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            ret_a[i * n + j] = a[j * n + i];
}

/* Entries are (X W X')': first X (W X') = X W X', then X W' = (W X')'. */
static enum lattn_status weights_solve(struct workspace *workspace,
                                       struct lattn_attention *attention)
{
    int32_t d = workspace->oracle->d;
    size_t n = (size_t)d, size = n * n;
    double *tokens = workspace->x + n;
    enum lattn_status status = frame_solve(d, workspace->mixture.tokens, workspace->entries,
                                           workspace->variances, workspace->half, workspace->error);

    if (status != LATTN_OK)
        return status;
    for (size_t i = 0; i < size; i++)
        workspace->variances[i] = workspace->error[i] * workspace->error[i];
    memcpy(workspace->entries, workspace->half, size * sizeof *workspace->entries);
    status = frame_solve(d, tokens, workspace->entries, workspace->variances, workspace->half,
                         workspace->error);
    if (status != LATTN_OK)
        return status;
    transpose(n, workspace->half, attention->W);
    transpose(n, workspace->error, attention->W_error);
    return LATTN_OK;
}

static enum lattn_status weights_learn(struct workspace *workspace,
                                       const struct conditions *conditions,
                                       struct lattn_attention *attention)
{
    struct oracle *oracle = workspace->oracle;
    double product_max = conditions->norm * conditions->norm;
    double product = product_max;
    enum lattn_status status = LATTN_OK;

    oracle_phase(oracle, "finding the scale of W", 0);
    if (conditions->scale > 0)
        product = fmin(scale_told(conditions), product_max);
    else
        status = product_find(workspace, product_max, &product);
    if (status != LATTN_OK)
        return status;
    oracle_phase(oracle, "learning W", oracle_count(oracle) + 1);
    status = entries_ask(workspace, product);
    return status == LATTN_OK ? weights_solve(workspace, attention) : status;
}

/* By one question where that is enough. */
static enum lattn_status weights_choose(struct oracle *oracle, const struct conditions *conditions,
                                        struct random *random, struct lattn_attention *attention)
{
    struct workspace workspace;
    enum lattn_status status = workspace_init(&workspace, oracle, conditions, attention);

    if (status == LATTN_OK) {
        if (is_one_enough(oracle->d, workspace.mixture.rank, conditions))
            status = weights_learn(&workspace, conditions, attention);
        else
            status = vector_learn_weights(oracle, conditions, random, attention);
    }
    workspace_done(&workspace);
    return status;
}

enum lattn_status positions_learn(struct oracle *oracle, const struct conditions *conditions,
                                  struct random *random, struct lattn_attention **ret_attention)
{
    return value_learn_layer(oracle, conditions, random, weights_choose, ret_attention);
}

uint64_t positions_count(int32_t d, int32_t rank, const struct conditions *conditions)
{
    int32_t width = conditions->length - 1 < rank ? conditions->length - 1 : rank;

    return is_one_enough(d, rank, conditions) ? (uint64_t)d + 1 : vector_count(d, width);
}
