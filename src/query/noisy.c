/*
 * One head under noise. The question [s u + b ; b] has the answer
 *
 *     y = b.v + alpha s u.v,    logit(alpha) = s u'W b,
 *
 * so an answer off by e puts u'W b off by e / (alpha (1 - alpha) s^2 u.v): both tokens are as large
 * as allowed, until the score costs more by the slope of the logistic function than it gains.
 *
 * Whatever is divided by here is also in the variance of a reading, which W_error is made of. What
 * v is off by counts in every reading as if on its own: in T_i - sqrt(c) T_0, which a row of W is
 * made of, the common part all but cancels.
 */
#include "query/noisy.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Times that v is asked: its error enters every entry of W. */
enum { VALUE_REPEATS = 4 };
/* Questions of one trial of a scale, and trials: 8^-40 is below any W that a double holds. */
enum { TRIAL_QUESTIONS = 6, TRIALS_MAX = 40 };
/* Times that a column of large scores is asked again at a smaller scale. */
enum { ROUNDS_MAX = 14 };

/* Weights are cut here, so that noise cannot make a logit infinite. */
static const double weight_least = 0.01;
/* Scores: the error of a reading is flat about 1.5, and a column has some twice its mean. */
static const double score_mean = 0.75;
/*
 * A weight above it, a score of 3.3, or one as near to zero is asked for again at a smaller scale:
 * where it is so by more than noise, and where noise leaves a weight to be read at all.
 */
static const double weight_large = 0.964;
static const double weight_deviations = 2;
static const double weight_deviation_max = 0.25;
/* How far outside of 0 and 1 a weight proves that there is more than a head: beyond any noise. */
static const double outside_deviations = 8;
static const double outside_least = 1e-3;
/* Room for the rounding of tokens below the largest norm. */
static const double norm_margin = 0x1p-20;

/*
 * frame     d x d, anchored; slopes: u_i.v
 * readings  d x d, row j: u_i'W e_j of all i;  variances: theirs
 * t         d: the last token of column j is t_j e_j
 * x, y      the questions of one call;  s: their reach, with its sign
 */
struct noisy {
    struct oracle *oracle;
    const struct conditions *conditions;
    struct random *random;
    int32_t d;
    int32_t anchors;
    double norm;
    double *v;
    double *v_error;
    double *frame;
    double *slopes;
    double *readings;
    double *variances;
    double *t;
    double *x;
    double *y;
    double *s;
};

/*
 * score     s u'W b
 * variance  of it
 * is_large  it is to be asked again at a smaller scale
 */
struct reading {
    double score;
    double variance;
    int is_large;
};

/* u_0 enters all rows of W: asked sqrt(d) / 2 times it adds as much error as the others. */
static int32_t anchors_of(int32_t d)
{
    int32_t anchors = (int32_t)round(sqrt(d) / 2);

    return anchors > 1 ? anchors : 1;
}

uint64_t noisy_count(int32_t d)
{
    return (uint64_t)d * (uint64_t)(VALUE_REPEATS + d + anchors_of(d) - 1);
}

static double *numbers_new(size_t rows, int32_t columns, enum lattn_status *status)
{
    double *numbers = memory_zeroed(rows * (size_t)columns, sizeof *numbers);

    if (numbers == NULL)
        *status = LATTN_NO_MEMORY;
    return numbers;
}

static void noisy_done(struct noisy *noisy)
{
    memory_release(noisy->frame);
    memory_release(noisy->slopes);
    memory_release(noisy->readings);
    memory_release(noisy->variances);
    memory_release(noisy->t);
    memory_release(noisy->x);
    memory_release(noisy->y);
    memory_release(noisy->s);
}

static enum lattn_status noisy_init(struct noisy *noisy, struct oracle *oracle,
                                    const struct conditions *conditions, struct random *random,
                                    struct lattn_attention *attention)
{
    int32_t d = oracle->d;
    size_t n = (size_t)d;
    enum lattn_status status = LATTN_OK;

    *noisy = (struct noisy){
        .oracle = oracle,
        .conditions = conditions,
        .random = random,
        .d = d,
        .anchors = anchors_of(d),
        .norm = conditions->norm * (1 - norm_margin),
        .v = attention->V,
        .v_error = attention->V_error,
        .frame = numbers_new(n, d, &status),
        .slopes = numbers_new(1, d, &status),
        .readings = numbers_new(n, d, &status),
        .variances = numbers_new(n, d, &status),
        .t = numbers_new(1, d, &status),
        .x = numbers_new(2 * (size_t)LATTN_QUESTIONS_MAX, d, &status),
        .y = numbers_new(LATTN_QUESTIONS_MAX, 1, &status),
        .s = numbers_new(LATTN_QUESTIONS_MAX, 1, &status),
    };
    return status;
}

/*
 * The size of a repeated question. The same question is rounded to the same answer: where no noise
 * does it, sizes that differ make the errors of repeats independent.
 */
static double size_draw(struct noisy *noisy)
{
    if (noisy->conditions->noise >= noisy->conditions->step)
        return 1;
    return 0.5 + random_uniform(noisy->random) / 2;
}

/* ---- v ------------------------------------------------------------------------------------- */

/* Entry j from its repeats, least squares of y = size v_j. */
static void value_read(struct noisy *noisy, int32_t j)
{
    double sum = 0, square = 0, variance = 0;

    for (int32_t k = 0; k < VALUE_REPEATS; k++) {
        double size = noisy->x[(size_t)k * (size_t)noisy->d + (size_t)j];
        double error = size * conditions_error(noisy->conditions, noisy->y[k]);

        sum += size * noisy->y[k];
        square += size * size;
        variance += error * error;
    }
    noisy->v[j] = sum / square;
    noisy->v_error[j] = sqrt(variance) / square;
}

static enum lattn_status values_learn(struct noisy *noisy)
{
    size_t n = (size_t)noisy->d;
    enum lattn_status status = LATTN_OK;

    for (int32_t j = 0; j < noisy->d && status == LATTN_OK; j++) {
        memset(noisy->x, 0, VALUE_REPEATS * n * sizeof *noisy->x);
        for (size_t k = 0; k < VALUE_REPEATS; k++)
            noisy->x[k * n + (size_t)j] = noisy->conditions->norm * size_draw(noisy);
        status = oracle_ask(noisy->oracle, ORACLE_LEARN, VALUE_REPEATS, 1, noisy->x, noisy->y);
        if (status == LATTN_OK)
            value_read(noisy, j);
    }
    return status;
}

/* Is |v|^2 what errors alone reach once in ten million (a tail bound of chi squared)? */
static int values_vanish(const struct noisy *noisy)
{
    double d = noisy->d;
    double squares = dense_dot(noisy->d, noisy->v, noisy->v);
    double errors = dense_dot(noisy->d, noisy->v_error, noisy->v_error);

    return squares <= errors * (d + 8 * sqrt(d) + 32) / d;
}

/* ---- one question -------------------------------------------------------------------------- */

/*
 * Write question k: direction u_i and the last token b, which stands in its place already. s is as
 * large as |s u + b| <= norm lets it, on the side where it may be larger.
 */
static void question_write(struct noisy *noisy, size_t k, int32_t i, double norm)
{
    size_t n = (size_t)noisy->d;
    const double *u = noisy->frame + (size_t)i * n;
    double *first = noisy->x + 2 * k * n;
    const double *b = first + n;
    double along = dense_dot(noisy->d, u, b);
    double s = fabs(along) + sqrt(along * along - dense_dot(noisy->d, b, b) + norm * norm);

    noisy->s[k] = along > 0 ? -s : s;
    memcpy(first, b, n * sizeof *first);
    dense_add(noisy->d, noisy->s[k], u, first);
}

/* Variance of y - (attended token).v, of an answer and of what v is known to. */
static double answer_variance(const struct noisy *noisy, const double *tokens, double alpha,
                              double y)
{
    double error = conditions_error(noisy->conditions, y);
    double variance = error * error;

    for (int32_t l = 0; l < noisy->d; l++) {
        double z = alpha * tokens[l] + (1 - alpha) * tokens[noisy->d + l];

        variance += pow(z * noisy->v_error[l], 2);
    }
    return variance;
}

/* Read the answer to question k in direction u_i. */
static enum lattn_status answer_read(struct noisy *noisy, size_t k, int32_t i,
                                     struct reading *ret_reading)
{
    const double *tokens = noisy->x + 2 * k * (size_t)noisy->d;
    double range = noisy->s[k] * noisy->slopes[i];
    double alpha = (noisy->y[k] - dense_dot(noisy->d, tokens + noisy->d, noisy->v)) / range;
    double deviation = sqrt(answer_variance(noisy, tokens, alpha, noisy->y[k])) / fabs(range);
    double larger = fmax(alpha, 1 - alpha);
    double slope;

    if (larger - 1 > outside_least + outside_deviations * deviation)
        return complain(&noisy->oracle->complaint, LATTN_NO_CONVERGENCE,
                        "a token has weight %.4g, where those of one head lie between 0 and 1",
                        alpha);
    alpha = fmin(fmax(alpha, weight_least), 1 - weight_least);
    slope = alpha * (1 - alpha);
    *ret_reading = (struct reading){
        .score = log(alpha / (1 - alpha)),
        .variance = pow(deviation / slope, 2) + pow(noisy->conditions->epsilon, 2),
        .is_large = deviation < weight_deviation_max &&
                    larger > weight_large + weight_deviations * deviation,
    };
    return LATTN_OK;
}

/* ---- scale --------------------------------------------------------------------------------- */

/* One trial at |b| = t: is a score too large, and the root of their mean square. */
static enum lattn_status trial_ask(struct noisy *noisy, double t, int *ret_is_large,
                                   double *ret_mean)
{
    size_t n = (size_t)noisy->d;
    int32_t rows[TRIAL_QUESTIONS];
    double square = 0;
    enum lattn_status status;

    *ret_is_large = 0;
    for (size_t k = 0; k < TRIAL_QUESTIONS; k++) {
        double *b = noisy->x + (2 * k + 1) * n;
        double norm;

        random_normals(noisy->random, b, noisy->d);
        norm = dense_norm(noisy->d, b);
        for (size_t l = 0; l < n; l++)
            b[l] *= t / norm;
        rows[k] = (int32_t)random_below(noisy->random, (uint32_t)noisy->d);
        question_write(noisy, k, rows[k], noisy->norm);
    }
    status = oracle_ask(noisy->oracle, ORACLE_TRIAL, TRIAL_QUESTIONS, 2, noisy->x, noisy->y);
    for (size_t k = 0; k < TRIAL_QUESTIONS && status == LATTN_OK; k++) {
        struct reading reading;

        status = answer_read(noisy, k, rows[k], &reading);
        if (status != LATTN_OK)
            break;
        *ret_is_large |= reading.is_large;
        square += reading.score * reading.score;
    }
    *ret_mean = sqrt(square / TRIAL_QUESTIONS);
    return status;
}

/*
 * The size of b at which scores are about score_mean; smaller by eights until they can be read.
 * Beyond norm / sqrt 3 a larger b takes more from s than it gives.
 */
static enum lattn_status scale_find(struct noisy *noisy, double *ret_t)
{
    double largest = noisy->norm / sqrt(3);
    double scale = noisy->conditions->scale / sqrt(noisy->d);
    double t = scale > 0 ? fmin(largest, score_mean / (noisy->norm * scale)) : largest;
    double mean = 0;
    int is_large = 0;
    enum lattn_status status;

    for (int32_t trial = 0; trial < TRIALS_MAX; trial++) {
        status = trial_ask(noisy, t, &is_large, &mean);
        if (status != LATTN_OK)
            return status;
        if (!is_large) {
            *ret_t = fmin(largest, t * score_mean / fmax(mean, 0.02));
            return LATTN_OK;
        }
        t /= 8;
    }
    return complain(&noisy->oracle->complaint, LATTN_NO_CONVERGENCE,
                    "a score stays large however small the last token is");
}

/* ---- W ------------------------------------------------------------------------------------- */

/* Write the questions of column j, the anchor first; returns the next free one. */
static size_t column_write(struct noisy *noisy, int32_t j, size_t k)
{
    size_t n = (size_t)noisy->d;
    int32_t questions = noisy->d + noisy->anchors - 1;

    for (int32_t q = 0; q < questions; q++, k++) {
        int32_t i = q < noisy->anchors ? 0 : q - noisy->anchors + 1;
        double size = q < noisy->anchors && noisy->anchors > 1 ? size_draw(noisy) : 1;
        double *b = noisy->x + (2 * k + 1) * n;

        memset(b, 0, n * sizeof *b);
        b[j] = noisy->t[j] * size;
        question_write(noisy, k, i, noisy->norm * size);
    }
    return k;
}

/* Read them: repeats of the anchor are weighted by what they know. */
static enum lattn_status column_read(struct noisy *noisy, int32_t j, size_t k, int *ret_is_large)
{
    size_t n = (size_t)noisy->d;
    double *readings = noisy->readings + (size_t)j * n,
           *variances = noisy->variances + (size_t)j * n;

    *ret_is_large = 0;
    for (int32_t i = 0; i < noisy->d; i++) {
        double sum = 0, weights = 0;

        for (int32_t q = 0; q < (i == 0 ? noisy->anchors : 1); q++, k++) {
            double unit = noisy->s[k] * noisy->x[(2 * k + 1) * n + (size_t)j];
            struct reading reading;
            enum lattn_status status = answer_read(noisy, k, i, &reading);
            double weight;

            if (status != LATTN_OK)
                return status;
            weight = unit * unit / reading.variance;
            *ret_is_large |= reading.is_large;
            sum += weight * reading.score / unit;
            weights += weight;
        }
        readings[i] = sum / weights;
        variances[i] = 1 / weights;
    }
    return LATTN_OK;
}

/* Ask for `count` columns in one call; those of large scores are added to `again`. */
static enum lattn_status block_ask(struct noisy *noisy, enum oracle_purpose purpose, int32_t count,
                                   const int32_t *columns, int32_t *again, int32_t *again_count)
{
    size_t questions = (size_t)(noisy->d + noisy->anchors - 1);
    size_t k = 0;
    enum lattn_status status;

    for (int32_t c = 0; c < count; c++)
        k = column_write(noisy, columns[c], k);
    status = oracle_ask(noisy->oracle, purpose, k, 2, noisy->x, noisy->y);
    for (int32_t c = 0; c < count && status == LATTN_OK; c++) {
        int32_t j = columns[c];
        int is_large;

        status = column_read(noisy, j, (size_t)c * questions, &is_large);
        if (status == LATTN_OK && is_large) {
            noisy->t[j] /= 2.5;
            again[(*again_count)++] = j;
        }
    }
    return status;
}

static enum lattn_status columns_learn(struct noisy *noisy)
{
    int32_t block = LATTN_QUESTIONS_MAX / (noisy->d + noisy->anchors - 1);
    int32_t columns[LATTN_DIM_MAX]; /* those of large scores move to its front */
    int32_t count = noisy->d;

    for (int32_t j = 0; j < count; j++)
        columns[j] = j;
    for (int32_t round = 0; round < ROUNDS_MAX; round++) {
        int32_t again = 0;

        for (int32_t c = 0; c < count; c += block) {
            int32_t part = count - c < block ? count - c : block;
            enum lattn_status status = block_ask(noisy, round == 0 ? ORACLE_LEARN : ORACLE_TRIAL,
                                                 part, columns + c, columns, &again);

            if (status != LATTN_OK)
                return status;
        }
        if (again == 0)
            return LATTN_OK;
        count = again;
    }
    return complain(&noisy->oracle->complaint, LATTN_NO_CONVERGENCE,
                    "a score of coordinate %d stays large however small it is", columns[0]);
}

/* Everything but memory; LATTN_RANK where v is none. */
static enum lattn_status head_learn(struct noisy *noisy, struct lattn_attention *attention)
{
    enum lattn_status status;
    double t;

    oracle_phase(noisy->oracle, "learning v", 0);
    status = values_learn(noisy);
    if (status != LATTN_OK)
        return status;
    if (values_vanish(noisy)) {
        memset(noisy->v, 0, (size_t)noisy->d * sizeof *noisy->v);
        return complain(&noisy->oracle->complaint, LATTN_RANK,
                        "v cannot be told from zero: %.3g is the error of its entries",
                        noisy->v_error[0]);
    }
    frame_anchor(noisy->d, noisy->v, noisy->frame);
    dense_multiply_vector(DENSE_PLAIN, noisy->d, noisy->d, 1, noisy->frame, (size_t)noisy->d,
                          noisy->v, 0, noisy->slopes);
    oracle_phase(noisy->oracle, "finding the scale of W", 0);
    status = scale_find(noisy, &t);
    if (status != LATTN_OK)
        return status;
    for (int32_t j = 0; j < noisy->d; j++)
        noisy->t[j] = t;
    oracle_phase(noisy->oracle, "learning W", 0);
    status = columns_learn(noisy);
    if (status != LATTN_OK)
        return status;
    return frame_solve(noisy->d, noisy->frame, noisy->readings, noisy->variances, attention->W,
                       attention->W_error);
}

enum lattn_status noisy_learn(struct oracle *oracle, const struct conditions *conditions,
                              struct random *random, struct lattn_attention **ret_attention)
{
    struct lattn_attention *attention;
    struct noisy noisy;
    enum lattn_status status = lattn_attention_open(&attention, oracle->d, 1, 1);

    assert(oracle->m == 1);
    if (status != LATTN_OK)
        return status;
    status = noisy_init(&noisy, oracle, conditions, random, attention);
    if (status == LATTN_OK)
        status = head_learn(&noisy, attention);
    noisy_done(&noisy);
    if (status >= LATTN_OK)
        *ret_attention = attention;
    else
        lattn_attention_close(&attention);
    return status;
}
