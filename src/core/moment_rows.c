/*
 * Rows of the information form: they wait in plain coordinates, are predicted, and turned into even
 * ones before they are added. A query is turned before it is squared, not its square.
 *
 * All of that is row by row, so slices of the rows are shared out to a team. They are cut the same
 * way for any number of threads, and what is summed over rows is not a part of them.
 */
#include "core/moment.h"

#include "base/team.h"
#include "core/dense.h"
#include "core/moment_turn.h"

#include <lattn/limits.h>

#include <assert.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum {
    /* Rows of a slice: a product of matrices is worth its preparation. */
    SLICE = 64,
    /* Numbers that are handled together. */
    STRIP = 4,
    /* Columns that are scaled together. */
    SCALED = 64
};

/* ---- waiting ------------------------------------------------------------------------------- */

/*
 * svec(z z') times weight, on top of what is there or not. Strips run over into the next rows of
 * the triangle, which are written later; the last rows are short, and written number by number.
 */
INLINE void square_write(int is_set, int32_t e, const double *padded, double weight, double *zz)
{
    for (int32_t l = 0; l < e; zz += e - l, l++) {
        double share = weight * padded[l];

        if (is_set && l + STRIP <= e)
            for (int32_t k = l; k < e; k += STRIP)
                for (int32_t i = k; i < k + STRIP; i++)
                    zz[i - l] = share * padded[i];
        else
            for (int32_t k = l; k < e; k++)
                zz[k - l] = (is_set ? 0 : zz[k - l]) + share * padded[k];
    }
}

/* z~ = B z */
INLINE void query_turn(const struct moment *moment, const double *z, double *ret_turned)
{
    int32_t e = moment->e;
    const double *B = moment->B;

    for (int32_t l = 0; l < e; l++, B += e) {
        double sum = B[l] * z[l];

        for (int32_t k = 0; k < l && !moment->only_scales; k++)
            sum += B[k] * z[k];
        ret_turned[l] = sum;
    }
}

/* The label of a row, or one of its labels. */
INLINE void label_write(int is_set, struct moment *moment, size_t row, const double *z,
                        const double *error, double weight)
{
    int32_t e = moment->e;
    double *zy = moment->zy + row * (size_t)moment->m * (size_t)e;
    double turned[LATTN_DIM_MAX + STRIP];

    query_turn(moment, z, turned);
    memset(turned + e, 0, STRIP * sizeof *z);
    square_write(is_set, e, turned, weight, moment->zz + row * moment->ldz);
    for (int32_t a = 0; a < moment->m; a++) {
        double share = weight * error[a];

        for (int32_t l = 0; l < e; l++)
            zy[a * e + l] = (is_set ? 0 : zy[a * e + l]) + share * turned[l];
    }
}

static void energy_add(struct moment *moment, const double *error, double weight)
{
    for (int32_t a = 0; a < moment->m; a++)
        moment->energy[a] += weight * error[a] * error[a];
}

void moment_take_sequence(struct moment *moment, const double *s)
{
    size_t row = (size_t)moment->waiting++;
    size_t width = (size_t)moment->m * (size_t)moment->e;

    assert(row < MOMENT_ROWS);
    memcpy(moment->s + row * moment->lds, s, (size_t)moment->q * sizeof *s);
    memset(moment->zz + row * moment->ldz, 0, moment->ldz * sizeof *s);
    memset(moment->zy + row * width, 0, width * sizeof *s);
}

void moment_put(struct moment *moment, int32_t place, const double *s, const double *z,
                const double *y, int32_t m)
{
    size_t e = (size_t)moment->e, width = (size_t)moment->m;
    double *question = moment->question + (size_t)place * (e + width);

    assert(place < MOMENT_ROWS);
    memcpy(moment->s + (size_t)place * moment->lds, s, (size_t)moment->q * sizeof *s);
    memcpy(question, z, e * sizeof *z);
    memcpy(question + e, y, (size_t)m * sizeof *y);
    memset(question + e + m, 0, (width - (size_t)m) * sizeof *y);
}

void moment_take(struct moment *moment, const double *s, const double *z, const double *y,
                 int32_t m)
{
    moment_put(moment, moment->waiting++, s, z, y, m);
}

void moment_take_label(struct moment *moment, const double *z, const double *error, double weight)
{
    assert(moment->waiting > 0);
    label_write(0, moment, (size_t)moment->waiting - 1, z, error, weight);
    energy_add(moment, error, weight);
}

void moment_look(const struct moment *moment, const double *s, const double *weights, double *ret_P)
{
    dense_multiply_vector(DENSE_TRANSPOSED, moment->q, moment->e * moment->m, 1, weights,
                          (size_t)moment->e * (size_t)moment->m, s, 0, ret_P);
}

/* ---- slices -------------------------------------------------------------------------------- */

/*
 * The arguments of what is done slice by slice.
 *
 * weights  of rows with one label; or those that predict
 */
struct slicing {
    struct moment *moment;
    const double *weights;
    const double *fades;
};

/* Rows first .. last - 1. */
struct slice {
    int32_t first, last;
};

static struct slice slice_at(const struct moment *moment, int32_t share)
{
    int32_t first = share * SLICE, last = first + SLICE;

    return (struct slice){first, last < moment->waiting ? last : moment->waiting};
}

static void slices_run(struct moment *moment, struct team *team, team_fn work,
                       struct slicing *slicing)
{
    team_run(team, work, slicing, (moment->waiting + SLICE - 1) / SLICE);
}

static void slice_predict(void *arg, int32_t share, int32_t thread)
{
    const struct slicing *slicing = arg;
    struct moment *moment = slicing->moment;
    struct slice slice = slice_at(moment, share);
    size_t e = (size_t)moment->e, m = (size_t)moment->m, first = (size_t)slice.first;
    double *P = moment->work + first * e * m; /* rows x (e m), entry l * m + a as weights have it */

    (void)thread;
    dense_multiply(DENSE_PLAIN, slice.last - slice.first, (int32_t)(e * m), moment->q, 1,
                   moment->s + first * moment->lds, moment->lds, slicing->weights, e * m, 0, P,
                   e * m);
    for (size_t i = first; i < (size_t)slice.last; i++) {
        const double *z = moment->question + i * (e + m);
        double *errors = moment->errors + i * m;

        memcpy(errors, z + e, m * sizeof *errors);
        for (size_t l = 0; l < e; l++, P += m)
            for (size_t a = 0; a < m; a++)
                errors[a] -= z[l] * P[a];
    }
}

void moment_predict(struct moment *moment, const double *weights, struct team *team)
{
    struct slicing slicing = {moment, weights, NULL};

    slices_run(moment, team, slice_predict, &slicing);
}

static double row_weight(const struct slicing *slicing, int32_t i)
{
    return slicing->fades != NULL ? slicing->weights[i] * slicing->fades[i] : slicing->weights[i];
}

/* Labels of rows that have one: they were waiting for their errors. */
static void slice_label(void *arg, int32_t share, int32_t thread)
{
    const struct slicing *slicing = arg;
    struct moment *moment = slicing->moment;
    struct slice slice = slice_at(moment, share);
    size_t e = (size_t)moment->e, m = (size_t)moment->m;

    (void)thread;
    for (int32_t i = slice.first; i < slice.last; i++)
        if (slicing->weights[i] > 0)
            label_write(1, moment, (size_t)i, moment->question + (size_t)i * (e + m),
                        moment->errors + (size_t)i * m, row_weight(slicing, i));
}

/* x = x diag(T) for the rows of a slice. */
static void rows_scale(struct slice slice, int32_t n, const double *t, double *x, size_t ldx)
{
    double diagonal[SCALED];

    x += (size_t)slice.first * ldx;
    for (int32_t c = 0, count; c < n; c += count, x += count) {
        count = n - c < SCALED ? n - c : SCALED;
        for (int32_t i = 0; i < count; i++)
            diagonal[i] = t[(size_t)(c + i) * (size_t)(n + 1)];
        for (int32_t row = 0; row < slice.last - slice.first; row++)
            for (int32_t i = 0; i < count; i++)
                x[(size_t)row * ldx + (size_t)i] *= diagonal[i];
    }
}

/* s~ = s AA */
static void slice_turn(void *arg, int32_t share, int32_t thread)
{
    const struct slicing *slicing = arg;
    struct moment *moment = slicing->moment;
    struct slice slice = slice_at(moment, share);

    (void)thread;
    if (moment->only_scales)
        rows_scale(slice, moment->q, moment->AA, moment->s, moment->lds);
    else
        dense_triangle_multiply_rows(DENSE_UPPER, DENSE_PLAIN, slice.last - slice.first, moment->q,
                                     moment->AA, (size_t)moment->q,
                                     moment->s + (size_t)slice.first * moment->lds, moment->lds);
}

/* Both, while the rows are near. */
static void slice_label_turn(void *arg, int32_t share, int32_t thread)
{
    slice_label(arg, share, thread);
    slice_turn(arg, share, thread);
}

/* Labels of the first rows, from the plain coordinates to those that were chosen by them. */
static void labels_turn(struct moment *moment)
{
    size_t columns = (size_t)moment_columns(moment), e = (size_t)moment->e;

    dense_triangle_multiply_rows(DENSE_UPPER, DENSE_PLAIN, moment->waiting, (int32_t)columns,
                                 moment->BB, columns, moment->zz, moment->ldz);
    dense_triangle_multiply_rows(DENSE_LOWER, DENSE_TRANSPOSED, moment->waiting * moment->m,
                                 moment->e, moment->B, e, moment->zy, e);
}

void moment_rows_turn(struct moment *moment, const double *weights, const double *fades,
                      struct team *team)
{
    struct slicing slicing = {moment, weights, fades};

    for (int32_t i = 0; i < moment->waiting; i++)
        if (weights[i] > 0)
            energy_add(moment, moment->errors + (size_t)i * (size_t)moment->m,
                       row_weight(&slicing, i));
    if (moment->rows > 0) {
        slices_run(moment, team, slice_label_turn, &slicing);
        return;
    }
    slices_run(moment, team, slice_label, &slicing);
    moment_turn_first(moment);
    labels_turn(moment);
    slices_run(moment, team, slice_turn, &slicing);
}
