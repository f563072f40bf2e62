/*
 * Minimisers of the training error other than ours (README.md, section 3; arXiv 2410.10101, A.3 and
 * A.6): heads as gradient descent finds them from a random start. Where the data has full rank they
 * compute the function that was learned, whatever made the labels; where it has not, they fit as
 * well and compute others.
 */
#include "core/dense.h"
#include "support/corpus.h"

#include "base/memory.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(minimisers, .init = dense_threads_one);

enum { DIM = 3, OUTPUTS = 2, HEADS_ENOUGH = DIM * DIM, COUNT = 5, PAIRS = 80, INPUTS = 50 };
enum { OUTPUTS_MAX = 8 };

static const struct corpus_shape shape = {DIM, OUTPUTS, 2, 9, LATTN_LABELS_LAST};

/* ---- descent ------------------------------------------------------------------------------- */

/*
 * The layer is linear in V: y_a = sum_h V_h[a] . u_h with u_h = Z Z' Q_h z. One row of u for each
 * pair, heads * d of them.
 */
static void regressors_of(const struct lattn_model *model, const struct lattn_item *item,
                          double *ret_u)
{
    size_t d = (size_t)model->d;
    const double *query = item->z + (size_t)(item->n - 1) * d;

    for (size_t h = 0; h < (size_t)model->heads; h++, ret_u += d) {
        memset(ret_u, 0, d * sizeof *ret_u);
        for (size_t t = 0; t < (size_t)item->n; t++) {
            const double *z = item->z + t * d;
            double weight = 0;

            for (size_t k = 0; k < d; k++)
                for (size_t l = 0; l < d; l++)
                    weight += z[k] * model->Q[(h * d + k) * d + l] * query[l];
            for (size_t j = 0; j < d; j++)
                ret_u[j] += weight * z[j];
        }
    }
}

static double square_of(size_t count, const double *x)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sum;
}

/* ret = U x, and ret = U'x */
static void apply(size_t rows, size_t columns, const double *U, const double *x, double *ret)
{
    for (size_t i = 0; i < rows; i++) {
        ret[i] = 0;
        for (size_t j = 0; j < columns; j++)
            ret[i] += U[i * columns + j] * x[j];
    }
}

static void apply_transposed(size_t rows, size_t columns, const double *U, const double *x,
                             double *ret)
{
    memset(ret, 0, columns * sizeof *ret);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            ret[j] += U[i * columns + j] * x[i];
}

/*
 * Descend on |r - U v|^2 from v by conjugate gradients, which like plain gradient descent never
 * leave v + the row space of U; r becomes the residual. Source: Bjorck, Numerical Methods for Least
 * Squares Problems, algorithm 7.4.1 (CGLS).
 */
static void descend(size_t rows, size_t columns, const double *U, double *r, double *v)
{
    enum { STEPS_MAX = 2000 };
    double *work = memory_zeroed(rows + 2 * columns, sizeof *work);
    double *along = work, *slope = work + rows, *direction = slope + columns;
    double first, slope2;

    cr_assert_not_null(work);
    apply(rows, columns, U, v, along);
    for (size_t i = 0; i < rows; i++)
        r[i] -= along[i];
    apply_transposed(rows, columns, U, r, slope);
    memcpy(direction, slope, columns * sizeof *slope);
    first = slope2 = square_of(columns, slope);
    for (int step = 0; step < STEPS_MAX && slope2 > 1e-30 * first; step++) {
        double length, turn;

        apply(rows, columns, U, direction, along);
        length = slope2 / square_of(rows, along);
        for (size_t j = 0; j < columns; j++)
            v[j] += length * direction[j];
        for (size_t i = 0; i < rows; i++)
            r[i] -= length * along[i];
        apply_transposed(rows, columns, U, r, slope);
        turn = square_of(columns, slope) / slope2;
        slope2 *= turn;
        for (size_t j = 0; j < columns; j++)
            direction[j] = slope[j] + turn * direction[j];
    }
    memory_release(work);
}

/* The rows V_h[a] of one output, as one vector: take them out, and put them back. */
static void outputs_take(const struct lattn_model *model, size_t a, double *v)
{
    size_t d = (size_t)model->d;

    for (size_t h = 0; h < (size_t)model->heads; h++)
        memcpy(v + h * d, model->V + (h * (size_t)model->m + a) * d, d * sizeof *v);
}

static void outputs_put(struct lattn_model *model, size_t a, const double *v)
{
    size_t d = (size_t)model->d;

    for (size_t h = 0; h < (size_t)model->heads; h++)
        memcpy(model->V + (h * (size_t)model->m + a) * d, v + h * d, d * sizeof *v);
}

/* Heads with random Q, and V from a random start to the least training error. */
static struct lattn_model *minimiser(const struct corpus *corpus, int32_t heads,
                                     struct random *random)
{
    int32_t d = corpus->items[0].d, m = corpus->items[0].m;
    struct lattn_model *model = corpus_model(random, d, m, heads);
    size_t rows = corpus->count, columns = (size_t)heads * (size_t)d;
    double *U = memory_zeroed(rows * columns, sizeof *U);
    double *r = memory_zeroed(rows + columns, sizeof *r);
    double *v = r + rows;

    cr_assert(U != NULL && r != NULL);
    for (size_t i = 0; i < rows; i++)
        regressors_of(model, &corpus->items[i], U + i * columns);
    for (size_t a = 0; a < (size_t)m; a++) {
        for (size_t i = 0; i < rows; i++)
            r[i] = corpus->items[i].y[a];
        outputs_take(model, a, v);
        descend(rows, columns, U, r, v);
        outputs_put(model, a, v);
    }
    memory_release(U);
    memory_release(r);
    return model;
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* Root mean square of labels minus what a model says; of labels alone where there is no model. */
static double distance_of(const struct corpus *corpus, const struct lattn_model *model)
{
    double sum = 0;

    for (size_t i = 0; i < corpus->count; i++) {
        const struct lattn_item *item = &corpus->items[i];
        double y[OUTPUTS_MAX] = {0};

        if (model != NULL)
            lattn_model_apply(model, item->z, item->n, y);
        for (int32_t a = 0; a < item->m; a++)
            sum += (item->y[a] - y[a]) * (item->y[a] - y[a]);
    }
    return sqrt(sum / (double)corpus->count);
}

/* What was learned, and inputs labelled by it: of any kind, and of the kind that was learned. */
struct learned {
    struct corpus corpus;
    struct corpus inputs;
    struct corpus own_inputs;
    struct lattn_certificate certificate;
    double fit; /* distance of the training labels */
};

static void learned_init(struct learned *learned, int repeats, int realisable,
                         struct random *random)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_model *teacher = corpus_model(random, DIM, OUTPUTS, 2), *model;

    *learned = (struct learned){0};
    corpus_add_normals(&learned->corpus, random, PAIRS, &shape);
    corpus_add_normals(&learned->inputs, random, INPUTS, &shape);
    corpus_add_normals(&learned->own_inputs, random, INPUTS, &shape);
    if (repeats) {
        corpus_repeat(&learned->corpus);
        corpus_repeat(&learned->own_inputs);
    }
    if (realisable)
        corpus_label(&learned->corpus, random, teacher, 0);
    corpus_teach_blocks(&learned->corpus, 9, learner);
    learned->certificate = corpus_certify(learner);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_SVD, 0, &model), LATTN_OK);
    learned->fit = distance_of(&learned->corpus, model);
    corpus_label(&learned->inputs, random, model, 0);
    corpus_label(&learned->own_inputs, random, model, 0);
    lattn_model_close(&model);
    lattn_model_close(&teacher);
    lattn_learner_close(&learner);
}

static void learned_done(struct learned *learned)
{
    corpus_done(&learned->corpus);
    corpus_done(&learned->inputs);
    corpus_done(&learned->own_inputs);
}

/* Descent stops at a slope of 1e-15; the condition of the regressors, some 1e3, stands between. */
static const double equal_most = 1e-9;

/* All minimisers fit as well as W and say the same of inputs like those learned. */
static void expect_minimum(const struct learned *learned, const struct lattn_model *model)
{
    double scale = distance_of(&learned->corpus, NULL);
    double own_scale = distance_of(&learned->own_inputs, NULL);

    cr_expect_leq(fabs(distance_of(&learned->corpus, model) - learned->fit), equal_most * scale);
    cr_expect_leq(distance_of(&learned->own_inputs, model), equal_most * own_scale, "%g of %g",
                  distance_of(&learned->own_inputs, model), own_scale);
}

static void expect_one_function(int realisable, uint64_t seed)
{
    struct random random = {.state = seed};
    struct learned learned;

    learned_init(&learned, 0, realisable, &random);
    cr_assert(learned.certificate.verdict == LATTN_IDENTIFYING &&
              learned.certificate.lambda_min > 0);
    cr_expect(realisable ? learned.fit < 1e-12 : learned.fit > 0.1, "%g", learned.fit);
    for (int i = 0; i < COUNT; i++) {
        struct lattn_model *model = minimiser(&learned.corpus, HEADS_ENOUGH, &random);

        expect_minimum(&learned, model);
        cr_expect_leq(distance_of(&learned.inputs, model),
                      equal_most * distance_of(&learned.inputs, NULL));
        lattn_model_close(&model);
    }
    learned_done(&learned);
}

Test(minimisers, of_data_of_full_rank_compute_one_function)
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        expect_one_function(1, seed);
}

/* Labels that are noise: with d^2 heads it does not matter what made them. */
Test(minimisers, with_enough_heads_need_no_layer_behind_the_labels)
{
    for (uint64_t seed = 11; seed <= 14; seed++)
        expect_one_function(0, seed);
}

/* With one head, what is reached depends on the start: the condition is needed. */
Test(minimisers, with_too_few_heads_are_not_one_function)
{
    struct random random = {.state = 21};
    struct learned learned;

    learned_init(&learned, 0, 0, &random);
    for (int i = 0; i < COUNT; i++) {
        struct lattn_model *model = minimiser(&learned.corpus, 1, &random);

        cr_expect_gt(distance_of(&learned.corpus, model), 1.01 * learned.fit);
        cr_expect_gt(distance_of(&learned.inputs, model), 0.1 * distance_of(&learned.inputs, NULL));
        lattn_model_close(&model);
    }
    learned_done(&learned);
}

/* Below full rank each start has a function of its own, and no training error tells them apart. */
Test(minimisers, of_deficient_data_compute_many_functions)
{
    for (int realisable = 0; realisable <= 1; realisable++) {
        struct random random = {.state = 31 + (uint64_t)realisable};
        struct learned learned;

        learned_init(&learned, 1, realisable, &random);
        cr_assert_eq(learned.certificate.verdict, LATTN_NOT_IDENTIFYING);
        for (int i = 0; i < COUNT; i++) {
            struct lattn_model *model = minimiser(&learned.corpus, HEADS_ENOUGH, &random);

            expect_minimum(&learned, model);
            cr_expect_gt(distance_of(&learned.inputs, model),
                         0.1 * distance_of(&learned.inputs, NULL));
            lattn_model_close(&model);
        }
        learned_done(&learned);
    }
}

/* ---- key-value association ------------------------------------------------------------------ */

static void memory_fill(struct corpus *corpus, double mix, uint64_t seed, int32_t count)
{
    const struct lattn_memory_settings settings = {.dim = 8, .mix = mix, .seed = seed};
    struct lattn_task *task;

    cr_assert_eq(lattn_memory_open(&task, &settings), LATTN_OK);
    for (int32_t i = 0; i < count; i++)
        corpus_add_task(corpus, task);
    lattn_task_close(&task);
}

/*
 * Sequences of orthonormal keys and values only (arXiv 2410.10101, 4.2): the minimum-norm solution
 * happens to be the truth, but what starts elsewhere fits them as exactly, and errs on others.
 */
Test(minimisers, of_unitary_data_err_where_keys_are_not_orthonormal, .timeout = 300)
{
    struct random random = {.state = 41};
    struct corpus unitary = {0}, held_out = {0}, normal = {0};
    struct lattn_model *model;
    double fit, same, other;

    memory_fill(&unitary, 1, 1, 400);
    memory_fill(&held_out, 1, 2, 400);
    memory_fill(&normal, 0, 3, 400);
    model = minimiser(&unitary, 64, &random);
    fit = distance_of(&unitary, model);
    same = distance_of(&held_out, model);
    other = distance_of(&normal, model) / distance_of(&normal, NULL);
    printf("64 heads of 400 unitary sequences: error %.2g there, %.2g on new ones; of others %.3g "
           "of the labels\n",
           fit, same, other);
    cr_expect_leq(fit, equal_most);
    cr_expect_leq(same, equal_most);
    cr_expect_gt(other, 0.5);
    lattn_model_close(&model);
    corpus_done(&unitary);
    corpus_done(&held_out);
    corpus_done(&normal);
}
