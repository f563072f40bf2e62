/*
 * One softmax head from vector answers. The rows u_i of the mixture are asked in groups that fill a
 * question, each group once with every last token t e_j: an answer is a piece of column j of U W.
 */
#include "query/vector.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"
#include "query/mixture.h"
#include "query/scale.h"
#include "query/value.h"

#include <math.h>
#include <string.h>

/*
 * How much rows lean into weak directions of V: makes the sum of the squared errors of W least, as
 * each is proportional to 1 / (s_j g_j) and the g_j have a given sum.
 */
static const double power = 2.0 / 3;

enum {
    /* Numbers of the questions that are asked together: 32 MiB. */
    BLOCK = 1 << 22,
    /* A step is divided by 4 or more each time it saturates. */
    ROUNDS_MAX = 40
};

/*
 * step       t
 * entries    d x d: row j is column j of U W
 * variances  d x d: of the entries, in that order
 * room       questions of a block
 * x, y       its questions and answers
 * pending    which of a span they are
 * steps      t of each
 */
struct workspace {
    struct oracle *oracle;
    struct mixture mixture;
    double step;
    double *entries;
    double *variances;
    size_t room;
    double *x;
    double *y;
    size_t *pending;
    double *steps;
};

/* Groups of equally many rows, one after the other: question i has group i / d and column i % d. */
struct span {
    int32_t first;
    int32_t rows;
    int32_t groups;
};

static enum lattn_status workspace_init(struct workspace *workspace, struct oracle *oracle,
                                        const struct conditions *conditions,
                                        const struct lattn_attention *attention)
{
    size_t d = (size_t)oracle->d, size;
    enum lattn_status status;

    *workspace = (struct workspace){.oracle = oracle};
    status = mixture_init(&workspace->mixture, oracle->d, oracle->m, conditions, attention->V,
                          attention->V_error, power);
    if (status != LATTN_OK)
        return status;
    size = (size_t)(workspace->mixture.width + 1) * d;
    workspace->room = BLOCK / size < LATTN_QUESTIONS_MAX ? BLOCK / size : LATTN_QUESTIONS_MAX;
    workspace->entries = memory_raw(d * d, sizeof(double));
    workspace->variances = memory_raw(d * d, sizeof(double));
    workspace->x = memory_raw(workspace->room * size, sizeof(double));
    workspace->y = memory_raw(workspace->room * (size_t)oracle->m, sizeof(double));
    workspace->pending = memory_raw(workspace->room, sizeof(size_t));
    workspace->steps = memory_raw(workspace->room, sizeof(double));
    return workspace->entries == NULL || workspace->variances == NULL || workspace->x == NULL ||
                   workspace->y == NULL || workspace->pending == NULL || workspace->steps == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

static void workspace_done(struct workspace *workspace)
{
    mixture_done(&workspace->mixture);
    memory_release(workspace->entries);
    memory_release(workspace->variances);
    memory_release(workspace->x);
    memory_release(workspace->y);
    memory_release(workspace->pending);
    memory_release(workspace->steps);
}

/* [u_first + z; ...; z] */
static void question_write(const struct workspace *workspace, int32_t first, int32_t rows,
                           const double *z, double *ret_x)
{
    size_t d = (size_t)workspace->oracle->d;

    for (size_t i = 0; i <= (size_t)rows; i++)
        memcpy(ret_x + i * d, z, d * sizeof *ret_x);
    dense_add(rows * workspace->oracle->d, 1, workspace->mixture.tokens + (size_t)first * d, ret_x);
}

static enum lattn_status reading_refuse(struct oracle *oracle,
                                        const struct mixture_reading *reading)
{
    if (reading->least <= 0)
        return complain(&oracle->complaint, LATTN_NO_CONVERGENCE,
                        "weights between 0 and 1: of several tokens one would have %.6g, which one "
                        "softmax head cannot give",
                        reading->least);
    return complain(&oracle->complaint, LATTN_NO_CONVERGENCE,
                    "answers within the range of V: one is off by %.3g standard deviations, which "
                    "one softmax head cannot give",
                    reading->stray);
}

/* ---- the scale ------------------------------------------------------------------------------- */

/*
 * Questions of one trial: the logits of one answer move together, as its rows lean the same way, so
 * that one question is enough only where it has many.
 */
static size_t trials_count(int32_t rows)
{
    size_t more = 32 / (size_t)(rows + 1);

    return 1 + (more < SCALE_TRIALS ? more : SCALE_TRIALS - 1);
}

static void direction_draw(int32_t d, double length, struct random *random, double *ret_z)
{
    double norm;

    random_normals(random, ret_z, d);
    norm = dense_norm(d, ret_z);
    for (int32_t j = 0; j < d; j++)
        ret_z[j] *= length / norm;
    frame_round(d, ret_z);
}

static void trial_add(const struct mixture_reading *reading, int32_t rows, const double *logits,
                      struct scale_trial *trial)
{
    trial->is_rough = trial->is_rough && mixture_is_rough(reading);
    trial->logit += pow(dense_norm(rows, logits), 2) / rows;
    trial->largest = fmax(trial->largest, reading->largest);
    trial->error = fmax(trial->error, reading->blur * (rows + 1));
}

/* Ask full groups in turn, each with a last token at random. */
static enum lattn_status trials_ask(struct workspace *workspace, double step, struct random *random,
                                    struct scale_trial *ret_trial)
{
    int32_t d = workspace->oracle->d, rows = workspace->mixture.width;
    size_t count = trials_count(rows), groups = (size_t)(d / rows);
    size_t size = (size_t)(rows + 1) * (size_t)d;
    struct scale_trial trial = {.is_rough = 1};
    double z[SCALE_TRIALS][LATTN_DIM_MAX], logits[LATTN_DIM_MAX], errors[LATTN_DIM_MAX];
    enum lattn_status status;

    for (size_t i = 0; i < count; i++) {
        direction_draw(d, step, random, z[i]);
        question_write(workspace, (int32_t)(i % groups) * rows, rows, z[i],
                       workspace->x + i * size);
    }
    status =
        oracle_ask(workspace->oracle, ORACLE_TRIAL, count, rows + 1, workspace->x, workspace->y);
    for (size_t i = 0; status == LATTN_OK && i < count; i++) {
        struct mixture_reading reading;

        mixture_read(&workspace->mixture, (int32_t)(i % groups) * rows, rows, z[i],
                     workspace->y + i * (size_t)workspace->oracle->m, logits, errors, &reading);
        if (!mixture_is_possible(&reading))
            return reading_refuse(workspace->oracle, &reading);
        trial_add(&reading, rows, logits, &trial);
    }
    trial.logit = sqrt(trial.logit / (double)count);
    *ret_trial = trial;
    return status;
}

static enum lattn_status product_find(struct workspace *workspace, double norm,
                                      struct random *random, double *ret_product)
{
    double product_max = norm * scale_power(norm / 2);
    double product = fmin(scale_first(), product_max);
    enum lattn_status status = mixture_stretch(&workspace->mixture, norm / 2);

    for (int turn = 0; status == LATTN_OK && turn < SCALE_TURNS_MAX; turn++) {
        double step = scale_power(product / norm);
        struct scale_trial trial;

        product = norm * step;
        status = trials_ask(workspace, step, random, &trial);
        if (status == LATTN_OK && scale_turn(&product, product_max, &trial))
            break;
    }
    *ret_product = product;
    return status;
}

/* As in bilinear_scale: t is a power of two, half the norm at most, and rows have the rest. */
static enum lattn_status scale_choose(struct workspace *workspace,
                                      const struct conditions *conditions, struct random *random)
{
    double norm = conditions->norm;
    double product;
    enum lattn_status status = LATTN_OK;

    if (conditions->scale > 0)
        product = scale_told(conditions);
    else
        status = product_find(workspace, norm, random, &product);
    if (status != LATTN_OK)
        return status;
    workspace->step = scale_power(fmin(product / norm, norm / 2));
    return mixture_stretch(&workspace->mixture, (norm - workspace->step) * (1 - exp2(-20)));
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Question i of a span: its first row, and its last token. */
static int32_t question_locate(const struct workspace *workspace, const struct span *span, size_t i,
                               double step, double *ret_z)
{
    size_t d = (size_t)workspace->oracle->d;

    memset(ret_z, 0, d * sizeof *ret_z);
    ret_z[i % d] = step;
    return span->first + (int32_t)(i / d) * span->rows;
}

/* Take the entries of question i out of its answer y. */
static struct mixture_reading answer_take(struct workspace *workspace, const struct span *span,
                                          size_t i, double step, const double *y)
{
    size_t d = (size_t)workspace->oracle->d;
    double z[LATTN_DIM_MAX], errors[LATTN_DIM_MAX];
    int32_t first = question_locate(workspace, span, i, step, z);
    double *entries = workspace->entries + i % d * d + (size_t)first;
    double *variances = workspace->variances + i % d * d + (size_t)first;
    struct mixture_reading reading;

    mixture_read(&workspace->mixture, first, span->rows, z, y, entries, errors, &reading);
    for (int32_t k = 0; k < span->rows; k++) {
        entries[k] /= step;
        variances[k] = pow(errors[k] / step, 2);
    }
    return reading;
}

/* Ask those that are pending once; saturated ones stay so, with a smaller step. */
static enum lattn_status pending_ask(struct workspace *workspace, enum oracle_purpose purpose,
                                     const struct span *span, size_t *count)
{
    size_t size = (size_t)(span->rows + 1) * (size_t)workspace->oracle->d, left = 0;
    size_t *pending = workspace->pending;
    double *steps = workspace->steps;
    enum lattn_status status;

    for (size_t i = 0; i < *count; i++) {
        double z[LATTN_DIM_MAX];
        int32_t first = question_locate(workspace, span, pending[i], steps[i], z);

        question_write(workspace, first, span->rows, z, workspace->x + i * size);
    }
    status =
        oracle_ask(workspace->oracle, purpose, *count, span->rows + 1, workspace->x, workspace->y);
    for (size_t i = 0; status == LATTN_OK && i < *count; i++) {
        struct mixture_reading reading = answer_take(
            workspace, span, pending[i], steps[i], workspace->y + i * (size_t)workspace->oracle->m);

        if (!mixture_is_possible(&reading))
            status = reading_refuse(workspace->oracle, &reading);
        if (mixture_is_saturated(&reading)) {
            pending[left] = pending[i];
            steps[left] = scale_lower(steps[i], reading.largest, mixture_is_rough(&reading));
            left++;
        }
    }
    *count = left;
    return status;
}

/* Questions first .. first + count - 1 of a span, until none is saturated. */
static enum lattn_status block_ask(struct workspace *workspace, const struct span *span,
                                   size_t first, size_t count)
{
    enum lattn_status status;

    for (size_t i = 0; i < count; i++) {
        workspace->pending[i] = first + i;
        workspace->steps[i] = workspace->step;
    }
    status = pending_ask(workspace, ORACLE_LEARN, span, &count);
    for (int round = 0; status == LATTN_OK && count > 0 && round < ROUNDS_MAX; round++)
        status = pending_ask(workspace, ORACLE_TRIAL, span, &count);
    if (status != LATTN_OK || count == 0)
        return status;
    return complain(&workspace->oracle->complaint, LATTN_NO_CONVERGENCE,
                    "weights between 0 and 1: of several tokens one has no weight however small "
                    "the last is, which one softmax head cannot give");
}

static enum lattn_status span_ask(struct workspace *workspace, const struct span *span)
{
    size_t total = (size_t)span->groups * (size_t)workspace->oracle->d;
    enum lattn_status status = LATTN_OK;

    for (size_t done = 0, part; status == LATTN_OK && done < total; done += part) {
        part = total - done < workspace->room ? total - done : workspace->room;
        status = block_ask(workspace, span, done, part);
    }
    return status;
}

/* Full questions, then those of the rows that are left over. */
static enum lattn_status entries_ask(struct workspace *workspace)
{
    int32_t d = workspace->oracle->d, width = workspace->mixture.width;
    const struct span full = {0, width, d / width};
    const struct span rest = {d / width * width, d % width, 1};
    enum lattn_status status = span_ask(workspace, &full);

    return status == LATTN_OK && rest.rows > 0 ? span_ask(workspace, &rest) : status;
}

/* ---- the head -------------------------------------------------------------------------------- */

enum lattn_status vector_learn_weights(struct oracle *oracle, const struct conditions *conditions,
                                       struct random *random, struct lattn_attention *attention)
{
    struct workspace workspace;
    enum lattn_status status = workspace_init(&workspace, oracle, conditions, attention);

    if (status == LATTN_OK) {
        oracle_phase(oracle, "finding the scale of W", 0);
        status = scale_choose(&workspace, conditions, random);
    }
    if (status == LATTN_OK) {
        oracle_phase(oracle, "learning W",
                     oracle_count(oracle) + vector_count(oracle->d, workspace.mixture.width) -
                         (uint64_t)oracle->d);
        status = entries_ask(&workspace);
    }
    if (status == LATTN_OK)
        status = frame_solve(oracle->d, workspace.mixture.tokens, workspace.entries,
                             workspace.variances, attention->W, attention->W_error);
    workspace_done(&workspace);
    return status;
}

enum lattn_status vector_learn(struct oracle *oracle, const struct conditions *conditions,
                               struct random *random, struct lattn_attention **ret_attention)
{
    return value_learn_layer(oracle, conditions, random, vector_learn_weights, ret_attention);
}

uint64_t vector_count(int32_t d, int32_t width)
{
    return (uint64_t)d + (uint64_t)d * (uint64_t)((d + width - 1) / width);
}
