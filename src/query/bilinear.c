/*
 * The two-token question: asked in calls of LATTN_QUESTIONS_MAX, each of them until none of its
 * entries is saturated.
 *
 * Steps t are powers of two, and rows are float32: t b is exact in both arithmetics, u + t b in
 * double, and the algebra uses the very numbers that the oracle gets.
 */
#include "query/bilinear.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"
#include "query/scale.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* An alpha nearer to 0 or 1 than this is asked again: its logit has lost a digit. */
static const double weight_min = 0.03;
/* So many deviations outside of (0, 1), no noise and no order of summation explains an alpha. */
static const double deviations_max = 64;
/* So many deviations away from 0 and 1 a weight still tells the size of its logit. */
static const double significance = 16;

/* A step is divided by 4 or more each time it saturates. */
enum { ROUNDS_MAX = 40 };

/* What one answer says. */
struct reading {
    double weight; /* alpha */
    double blur;   /* its standard deviation */
    double logit;  /* where 0 < alpha < 1 */
    double error;  /* its standard deviation */
};

enum lattn_status bilinear_init(struct bilinear *bilinear, struct oracle *oracle,
                                const struct conditions *conditions, const double *v,
                                const double *v_error)
{
    size_t tokens = 2 * (size_t)LATTN_QUESTIONS_MAX;

    assert(oracle->m == 1);
    *bilinear = (struct bilinear){
        .oracle = oracle,
        .conditions = conditions,
        .v = v,
        .v_error = v_error,
        .reach = conditions->norm / 2,
        .x = memory_raw(tokens * (size_t)oracle->d, sizeof(double)),
        .y = memory_raw(LATTN_QUESTIONS_MAX, sizeof(double)),
        .steps = memory_raw(LATTN_QUESTIONS_MAX, sizeof(double)),
        .pending = memory_raw(LATTN_QUESTIONS_MAX, sizeof(size_t)),
    };
    return bilinear->x == NULL || bilinear->y == NULL || bilinear->steps == NULL ||
                   bilinear->pending == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

void bilinear_done(struct bilinear *bilinear)
{
    memory_release(bilinear->x);
    memory_release(bilinear->y);
    memory_release(bilinear->steps);
    memory_release(bilinear->pending);
    *bilinear = (struct bilinear){0};
}

static void question_write(const struct bilinear *bilinear, const struct bilinear_form *form,
                           double step, double *ret_x)
{
    size_t d = (size_t)bilinear->oracle->d;

    for (size_t j = 0; j < d; j++) {
        ret_x[d + j] = step * form->b[j];
        ret_x[j] = form->u[j] + ret_x[d + j];
    }
}

/* Rounding of the score and of the exponential come to what the answer itself is off by. */
static struct reading answer_read(const struct bilinear *bilinear, const struct bilinear_form *form,
                                  double step, double y)
{
    int32_t d = bilinear->oracle->d;
    double whole = dense_dot(d, form->u, bilinear->v);
    double first = y - step * dense_dot(d, form->b, bilinear->v);
    double spread = conditions_error(bilinear->conditions, y);
    double variance = spread * spread;
    struct reading reading = {.weight = first / whole};

    for (int32_t j = 0; j < d; j++) {
        double error = (reading.weight * form->u[j] + step * form->b[j]) * bilinear->v_error[j];

        variance += error * error;
    }
    reading.blur = sqrt(variance) / fabs(whole) + bilinear->conditions->epsilon;
    reading.logit = log(first / (whole - first));
    reading.error = reading.blur / (reading.weight * (1 - reading.weight));
    return reading;
}

static int reading_is_possible(const struct reading *reading)
{
    double room = deviations_max * reading->blur;

    return reading->weight > -room && reading->weight < 1 + room;
}

static int reading_is_saturated(const struct reading *reading)
{
    return reading->weight < weight_min || reading->weight > 1 - weight_min;
}

/* Far enough from 0 and 1 that the logit tells a scale, if no more. */
static int reading_is_rough(const struct reading *reading)
{
    double margin = significance * reading->blur;

    return reading->weight > margin && reading->weight < 1 - margin;
}

static enum lattn_status reading_refuse(const struct bilinear *bilinear,
                                        const struct reading *reading)
{
    return complain(&bilinear->oracle->complaint, LATTN_NO_CONVERGENCE,
                    "weights between 0 and 1: of two tokens the first would have %.6g, which one "
                    "softmax head cannot give",
                    reading->weight);
}

/* ---- the scale ------------------------------------------------------------------------------- */

/* The last token may be half as long as tokens may be; rounding to float32 is left room for. */
static void step_set(struct bilinear *bilinear, double step)
{
    double norm = bilinear->conditions->norm;

    bilinear->step = scale_power(fmin(step, norm / 2));
    bilinear->reach = (norm - bilinear->step) * (1 - exp2(-20));
}

/* A direction at random that leans towards v: an anchored one, a unit vector and their rest. */
static void trial_draw(const struct bilinear *bilinear, struct random *random, double *ret_u,
                       double *ret_b)
{
    int32_t d = bilinear->oracle->d;
    double norm = dense_norm(d, bilinear->v);
    double p[LATTN_DIM_MAX];
    double length;

    random_normals(random, p, d);
    dense_add(d, -dense_dot(d, p, bilinear->v) / norm / norm, bilinear->v, p);
    length = dense_norm(d, p);
    for (int32_t j = 0; j < d; j++)
        p[j] = d > 1 ? p[j] / length : 0;
    frame_lean(d, bilinear->v, p, ret_u);
    bilinear_stretch(bilinear, 1, ret_u);
    frame_draw(d, random, ret_b);
}

static enum lattn_status trials_ask(struct bilinear *bilinear, double step, struct random *random,
                                    struct scale_trial *ret_trial)
{
    double u[SCALE_TRIALS][LATTN_DIM_MAX], b[SCALE_TRIALS][LATTN_DIM_MAX];
    struct bilinear_form forms[SCALE_TRIALS];
    struct scale_trial trial = {.is_rough = 1};
    enum lattn_status status;

    for (size_t i = 0; i < SCALE_TRIALS; i++) {
        trial_draw(bilinear, random, u[i], b[i]);
        forms[i] = (struct bilinear_form){.u = u[i], .b = b[i]};
        question_write(bilinear, &forms[i], step,
                       bilinear->x + i * 2 * (size_t)bilinear->oracle->d);
    }
    status = oracle_ask(bilinear->oracle, ORACLE_TRIAL, SCALE_TRIALS, 2, bilinear->x, bilinear->y);
    if (status != LATTN_OK)
        return status;
    for (size_t i = 0; i < SCALE_TRIALS; i++) {
        struct reading reading = answer_read(bilinear, &forms[i], step, bilinear->y[i]);

        if (!reading_is_possible(&reading))
            return reading_refuse(bilinear, &reading);
        trial.error = fmax(trial.error, 4 * reading.blur);
        if (!reading_is_rough(&reading))
            trial.is_rough = 0;
        trial.logit += reading.logit * reading.logit / SCALE_TRIALS;
        trial.largest = fmax(trial.largest, fabs(reading.logit));
    }
    trial.logit = sqrt(trial.logit);
    *ret_trial = trial;
    return LATTN_OK;
}

enum lattn_status bilinear_scale(struct bilinear *bilinear, struct random *random)
{
    double norm = bilinear->conditions->norm;
    double product_max = norm * scale_power(norm / 2);
    double product = fmin(scale_first(), product_max);

    if (bilinear->conditions->scale > 0) {
        step_set(bilinear, scale_told(bilinear->conditions) / norm);
        return LATTN_OK;
    }
    for (int turn = 0; turn < SCALE_TURNS_MAX; turn++) {
        double step = scale_power(product / norm);
        struct scale_trial trial;
        enum lattn_status status = trials_ask(bilinear, step, random, &trial);

        if (status != LATTN_OK)
            return status;
        product = norm * step;
        if (scale_turn(&product, product_max, &trial))
            break;
    }
    step_set(bilinear, product / norm);
    return LATTN_OK;
}

void bilinear_stretch(const struct bilinear *bilinear, int32_t count, double *rows)
{
    int64_t size = (int64_t)count * bilinear->oracle->d;

    for (int64_t i = 0; i < size; i++)
        rows[i] *= bilinear->reach;
    frame_round(size, rows);
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Ask those that are pending once; saturated ones stay so, with a smaller step. */
static enum lattn_status pending_ask(struct bilinear *bilinear, enum oracle_purpose purpose,
                                     size_t *count, struct bilinear_form *forms)
{
    size_t width = 2 * (size_t)bilinear->oracle->d;
    size_t *pending = bilinear->pending;
    double *steps = bilinear->steps;
    size_t left = 0;
    enum lattn_status status;

    for (size_t i = 0; i < *count; i++)
        question_write(bilinear, &forms[pending[i]], steps[i], bilinear->x + i * width);
    status = oracle_ask(bilinear->oracle, purpose, *count, 2, bilinear->x, bilinear->y);
    for (size_t i = 0; status == LATTN_OK && i < *count; i++) {
        struct bilinear_form *form = &forms[pending[i]];
        struct reading reading = answer_read(bilinear, form, steps[i], bilinear->y[i]);

        if (!reading_is_possible(&reading))
            status = reading_refuse(bilinear, &reading);
        form->value = reading.logit / steps[i];
        form->error = reading.error / steps[i];
        if (reading_is_saturated(&reading)) {
            pending[left] = pending[i];
            steps[left] = scale_lower(steps[i], reading.logit, reading_is_rough(&reading));
            left++;
        }
    }
    *count = left;
    return status;
}

/* At most LATTN_QUESTIONS_MAX entries. */
static enum lattn_status call(struct bilinear *bilinear, enum oracle_purpose purpose, size_t count,
                              struct bilinear_form *forms)
{
    enum lattn_status status;

    for (size_t i = 0; i < count; i++) {
        bilinear->pending[i] = i;
        bilinear->steps[i] = bilinear->step;
    }
    status = pending_ask(bilinear, purpose, &count, forms);
    for (int round = 0; status == LATTN_OK && count > 0 && round < ROUNDS_MAX; round++)
        status = pending_ask(bilinear, ORACLE_TRIAL, &count, forms);
    if (status != LATTN_OK || count == 0)
        return status;
    return complain(&bilinear->oracle->complaint, LATTN_NO_CONVERGENCE,
                    "weights between 0 and 1: of two tokens one has all the weight however small "
                    "the last is, which one softmax head cannot give");
}

enum lattn_status bilinear_ask(struct bilinear *bilinear, enum oracle_purpose purpose, size_t count,
                               struct bilinear_form *forms)
{
    enum lattn_status status = LATTN_OK;

    for (size_t done = 0, part; status == LATTN_OK && done < count; done += part) {
        part = count - done < LATTN_QUESTIONS_MAX ? count - done : LATTN_QUESTIONS_MAX;
        status = call(bilinear, purpose, part, forms + done);
    }
    return status;
}
