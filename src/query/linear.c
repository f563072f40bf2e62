/*
 * Linear attention by its canonical design. A slice is asked in the order of its pairs; its
 * diagonal pair (k, k) is the token z alone. Answers come to stand where their coefficients will.
 *
 * Tokens are powers of two times rows of the basis (but for gamma): multiplying and dividing by
 * them costs no rounding, and the largest ones that may be asked drown noise and decimals, since
 * answers grow with the third power.
 */
#include "query/linear.h"

#include "query/reading.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"
#include "core/heads.h"

#include <math.h>
#include <string.h>

/* Rows of an orthonormal basis may be longer than one by their rounding, d 2^-53 and some. */
static const double basis_excess = 0x1p-40;

double linear_gamma(int32_t d)
{
    return (double)(float)sqrt(sqrt(d));
}

uint64_t linear_count(int32_t d)
{
    return (uint64_t)feature_count(d);
}

/*
 * A slice of the design.
 *
 * length  of z and of x_i: were z longer, the answer to [z] would be larger than what is left when
 *         it is subtracted
 * cube    length^3: what the answer to [z], and to a pair, is divided by
 * square  gamma^2 times that
 */
struct design {
    const double *basis;
    int32_t d;
    int32_t q;
    double length;
    double gamma;
    double cube;
    double square;
};

static double power_below(double limit)
{
    return exp2(floor(log2(limit)));
}

static struct design design_make(int32_t d, const double *basis, double norm)
{
    double gamma = linear_gamma(d);
    double most = basis == NULL ? norm : norm * (1 - basis_excess);
    double length = power_below(most / fmax(gamma, M_SQRT2));
    double cube = length * length * length;

    return (struct design){
        .basis = basis,
        .d = d,
        .q = d * (d + 1) / 2,
        .length = length,
        .gamma = gamma,
        .cube = cube,
        .square = gamma * gamma * cube,
    };
}

/* token += length x_i */
static void token_add(const struct design *design, int32_t i, double length, double *token)
{
    if (design->basis == NULL)
        token[i] += length;
    else
        dense_add(design->d, length, design->basis + (size_t)i * (size_t)design->d, token);
}

static enum lattn_status alone_ask(struct oracle *oracle, const struct design *design,
                                   int32_t first, int32_t count, double *slices)
{
    size_t d = (size_t)design->d, m = (size_t)oracle->m, q = (size_t)design->q;
    double *x = memory_zeroed((size_t)count * d, sizeof *x);
    double *y = memory_raw((size_t)count * m, sizeof *y);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (x == NULL || y == NULL)
        goto done;
    for (int32_t k = 0; k < count; k++)
        token_add(design, first + k, design->length, x + (size_t)k * d);
    status = oracle_ask(oracle, ORACLE_LEARN, (size_t)count, 1, x, y);
    for (int32_t k = 0; status == LATTN_OK && k < count; k++)
        memcpy(slices + ((size_t)k * q + (size_t)feature_pair(design->d, first + k, first + k)) * m,
               y + (size_t)k * m, m * sizeof *y);
done:
    memory_release(x);
    memory_release(y);
    return status;
}

/* Where a walk over the pairs of all slices is. */
struct place {
    int32_t slice;
    int32_t i;
    int32_t j;
};

static void place_step(const struct design *design, struct place *place)
{
    if (++place->j < design->d)
        return;
    place->j = ++place->i;
    if (place->i < design->d)
        return;
    place->slice++;
    place->i = place->j = 0;
}

/* x is zero before. */
static void pair_write(const struct design *design, const struct place *place, double *x)
{
    if (place->i == place->j) {
        token_add(design, place->i, design->gamma * design->length, x);
    } else {
        token_add(design, place->i, design->length, x);
        token_add(design, place->j, design->length, x);
    }
    token_add(design, place->slice, design->length, x + design->d);
}

/* Zero what pair_write wrote. */
static void pair_erase(const struct design *design, const struct place *place, double *x)
{
    if (design->basis != NULL)
        memset(x, 0, 2 * (size_t)design->d * sizeof *x);
    else
        x[place->i] = x[place->j] = x[design->d + place->slice] = 0;
}

/* Up to a call full of pairs of slices before `end`, on zeros; at[]: where answers belong. */
static size_t pairs_write(const struct design *design, struct place *place, int32_t end, double *x,
                          struct place *at)
{
    size_t count = 0;

    for (; count < LATTN_QUESTIONS_MAX && place->slice < end; place_step(design, place)) {
        if (place->i == place->slice && place->j == place->slice)
            continue;
        pair_write(design, place, x + count * 2 * (size_t)design->d);
        at[count++] = *place;
    }
    return count;
}

static enum lattn_status pairs_ask(struct oracle *oracle, const struct design *design,
                                   int32_t first, int32_t count, double *slices)
{
    size_t d = (size_t)design->d, m = (size_t)oracle->m, q = (size_t)design->q;
    struct place place = {.slice = first};
    struct place *at = memory_raw(LATTN_QUESTIONS_MAX, sizeof *at);
    double *x = memory_zeroed(LATTN_QUESTIONS_MAX * 2 * d, sizeof *x);
    double *y = memory_raw(LATTN_QUESTIONS_MAX * m, sizeof *y);
    enum lattn_status status = at == NULL || x == NULL || y == NULL ? LATTN_NO_MEMORY : LATTN_OK;
    size_t asked;

    while (status == LATTN_OK && (asked = pairs_write(design, &place, first + count, x, at)) > 0) {
        status = oracle_ask(oracle, ORACLE_LEARN, asked, 2, x, y);
        for (size_t t = 0; status == LATTN_OK && t < asked; t++) {
            size_t pair = (size_t)feature_pair(design->d, at[t].i, at[t].j);

            memcpy(slices + ((size_t)(at[t].slice - first) * q + pair) * m, y + t * m,
                   m * sizeof *y);
            pair_erase(design, &at[t], x + t * 2 * d);
        }
    }
    memory_release(at);
    memory_release(x);
    memory_release(y);
    return status;
}

/* ---- from answers to coefficients ------------------------------------------------------------ */

/* Output a of a slice's number (i, j), i and j in any order. */
static double *slice_at(const struct design *design, int32_t m, double *slice, int32_t i, int32_t j,
                        int32_t a)
{
    int32_t pair = feature_pair(design->d, i < j ? i : j, i < j ? j : i);

    return slice + (size_t)pair * (size_t)m + (size_t)a;
}

static double square(double x)
{
    return x * x;
}

/* Variances of output a, summed over the slice; its answers still stand there. */
static double variance_sum(const struct design *design, const struct conditions *conditions,
                           int32_t m, double *slice, int32_t k, int32_t a)
{
    double alone = conditions_error(conditions, *slice_at(design, m, slice, k, k, a));
    double sum = square(alone / design->cube);

    for (int32_t i = 0; i < design->d; i++)
        for (int32_t j = i; j < design->d; j++) {
            double error = conditions_error(conditions, *slice_at(design, m, slice, i, j, a));
            double from_alone = i == j ? -1 / design->square : -1 / design->cube;
            double from_squares = 0;

            if (i == k && j == k)
                continue;
            for (int end = 0; i < j && end < 2; end++) {
                int32_t e = end == 0 ? i : j;
                double answer = *slice_at(design, m, slice, e, e, a);

                from_alone += e == k ? -1 / design->cube : 1 / design->square;
                if (e != k)
                    from_squares += square(conditions_error(conditions, answer) / design->square);
            }
            sum += square(error / (i == j ? design->square : design->cube)) + from_squares +
                   square(from_alone * alone);
        }
    return sum;
}

/* Replace the answers of output a by coefficients. */
static void slice_solve(const struct design *design, int32_t m, double *slice, int32_t k, int32_t a)
{
    double alone = *slice_at(design, m, slice, k, k, a);

    for (int32_t i = 0; i < design->d; i++) {
        double *number = slice_at(design, m, slice, i, i, a);

        *number = i == k ? alone / design->cube : (*number - alone) / design->square;
    }
    for (int32_t i = 0; i < design->d; i++)
        for (int32_t j = i + 1; j < design->d; j++) {
            double *number = slice_at(design, m, slice, i, j, a);

            *number = (*number - alone) / design->cube - *slice_at(design, m, slice, i, i, a) -
                      *slice_at(design, m, slice, j, j, a);
        }
}

enum lattn_status linear_slices(struct oracle *oracle, const struct conditions *conditions,
                                const double *basis, int32_t first, int32_t count,
                                double *ret_slices, double *ret_variance)
{
    struct design design = design_make(oracle->d, basis, conditions->norm);
    int32_t m = oracle->m;
    enum lattn_status status = alone_ask(oracle, &design, first, count, ret_slices);

    if (status == LATTN_OK)
        status = pairs_ask(oracle, &design, first, count, ret_slices);
    if (status != LATTN_OK)
        return status;
    for (int32_t k = 0; k < count; k++) {
        double *slice = ret_slices + (size_t)k * (size_t)design.q * (size_t)m;

        ret_variance[k] = 0;
        for (int32_t a = 0; a < m; a++) {
            ret_variance[k] += variance_sum(&design, conditions, m, slice, first + k, a);
            slice_solve(&design, m, slice, first + k, a);
        }
        ret_variance[k] /= (double)design.q * m;
    }
    return LATTN_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum lattn_status size_check(struct oracle *oracle)
{
    int64_t entries = (int64_t)oracle->m * oracle->d * oracle->d * oracle->d;

    if (entries > HEADS_ENTRIES_MAX || !feature_coef_fits(oracle->d, oracle->m))
        return complain(&oracle->complaint, LATTN_MEMORY_LIMIT,
                        "the heads of d = %d and %d outputs have %lld entries, more than %d",
                        oracle->d, oracle->m, (long long)entries, HEADS_ENTRIES_MAX);
    return LATTN_OK;
}

enum lattn_status linear_learn(struct oracle *oracle, const struct conditions *conditions,
                               struct lattn_model **ret_model, double *ret_error)
{
    int32_t d = oracle->d, m = oracle->m;
    double *slices = NULL, *variances = NULL;
    double sum = 0;
    enum lattn_status status = size_check(oracle);

    if (status != LATTN_OK)
        return status;
    oracle_phase(oracle, "learning coefficients", oracle_count(oracle) + linear_count(d));
    slices = memory_raw((size_t)linear_count(d) * (size_t)m, sizeof *slices);
    variances = memory_raw((size_t)d, sizeof *variances);
    status = slices == NULL || variances == NULL ? LATTN_NO_MEMORY : LATTN_OK;
    if (status == LATTN_OK)
        status = linear_slices(oracle, conditions, NULL, 0, d, slices, variances);
    if (status == LATTN_OK) {
        for (int32_t k = 0; k < d; k++)
            sum += variances[k];
        status = reading_make(d, m, slices, sqrt(sum / d), ret_model);
    }
    if (status == LATTN_OK)
        *ret_error = hypot(sqrt(sum / d), reading_misfit(slices, *ret_model));
    memory_release(slices);
    memory_release(variances);
    return status;
}
