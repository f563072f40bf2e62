/* Gradients in the linear pieces that a chord passes. */
#include "query/pieces.h"

#include "base/memory.h"
#include "core/dense.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK_QUESTIONS = LATTN_QUESTIONS_MAX, /* asked at once, and the room for their tokens */
    SHORTENINGS = 16                       /* by 8 each: doubles do not reach further */
};

/* Standard deviations that a comparison allows for, as in kinks.c. */
#define PIECES_SIGMAS 32

/*
 * Steps relative to the distance of the nearest kink on the chord. One of d steps to one side meets
 * a kink in one piece of a hundred; four times as long it is one in thirty, for a fourth of the
 * error. The longer steps to both sides are checked one by one.
 */
#define STEP_ONE_SIDED(d) (1.0 / (16 * (d)))
#define STEP_TWO_SIDED(d) (0.25 / sqrt(d))

/* Relative noise of answers above which steps to one side are too short to measure anything. */
#define NOISE_ONE_SIDED 1e-13

/*
 * clear  count: on the chord no kink is nearer to x, in units of tokens
 * slope  count: along the chord, per unit of tokens
 * x, y   room for questions and answers
 */
struct work {
    const struct chord *chord;
    struct pieces *pieces;
    double *clear;
    double *slope;
    double *x;
    double *y;
};

static enum lattn_status pieces_open(struct pieces *pieces, int32_t count, int32_t d)
{
    size_t numbers = (size_t)count * (size_t)d;

    *pieces = (struct pieces){
        .count = count,
        .d = d,
        .x = memory_raw(numbers, sizeof(double)),
        .value = memory_raw((size_t)count, sizeof(double)),
        .gradient = memory_raw(numbers, sizeof(double)),
        .error = memory_raw((size_t)count, sizeof(double)),
    };
    return pieces->x == NULL || pieces->value == NULL || pieces->gradient == NULL ||
                   pieces->error == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

void pieces_close(struct pieces *pieces)
{
    memory_release(pieces->x);
    memory_release(pieces->value);
    memory_release(pieces->gradient);
    memory_release(pieces->error);
    *pieces = (struct pieces){0};
}

static void work_close(struct work *work)
{
    memory_release(work->clear);
    memory_release(work->slope);
    memory_release(work->x);
    memory_release(work->y);
}

static enum lattn_status work_open(struct work *work, const struct chord *chord,
                                   struct pieces *pieces)
{
    size_t count = (size_t)pieces->count;

    *work = (struct work){
        .chord = chord,
        .pieces = pieces,
        .clear = memory_raw(count, sizeof(double)),
        .slope = memory_raw(count, sizeof(double)),
        .x = memory_raw((size_t)BLOCK_QUESTIONS * (size_t)pieces->d, sizeof(double)),
        .y = memory_raw(BLOCK_QUESTIONS, sizeof(double)),
    };
    return work->clear == NULL || work->slope == NULL || work->x == NULL || work->y == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

/* Of an answer in piece i. */
static double answer_error(const struct work *work, int32_t i)
{
    const struct pieces *pieces = work->pieces;

    return terrain_error(&work->chord->terrain, work->chord->conditions,
                         dense_norm(pieces->d, pieces->x + (size_t)i * (size_t)pieces->d));
}

/* ---- along the chord ------------------------------------------------------------------------- */

/* The part of the chord that stands for piece i: beyond the last kinks not all of it is needed. */
static void piece_bounds(const struct chord *chord, const struct kinks *kinks, int32_t i,
                         double *ret_left, double *ret_right)
{
    int32_t n = kinks->count;
    double first = n == 0 ? 0 : kinks->at[0], last = n == 0 ? 0 : kinks->at[n - 1];

    *ret_left = i > 0 ? kinks->at[i - 1] : fmax(-chord->reach, first - fmax(1, fabs(first)));
    *ret_right = i < n ? kinks->at[i] : fmin(chord->reach, last + fmax(1, fabs(last)));
}

/* Values and slopes from two questions far apart in each piece. */
static enum lattn_status chord_measure(struct work *work, const struct kinks *kinks)
{
    struct pieces *pieces = work->pieces;
    double radius = work->chord->terrain.radius;
    size_t count = (size_t)pieces->count;
    double *t = memory_raw(4 * count, sizeof *t), *y;
    enum lattn_status status;

    if (t == NULL)
        return LATTN_NO_MEMORY;
    y = t + 2 * count;
    for (int32_t i = 0; i < pieces->count; i++) {
        double left, right, middle, half;

        piece_bounds(work->chord, kinks, i, &left, &right);
        middle = (left + right) / 2;
        half = (right - left) / 2;
        chord_point(work->chord, middle, pieces->x + (size_t)i * (size_t)pieces->d);
        work->clear[i] = half * radius;
        t[2 * i] = middle - 0.8 * half;
        t[2 * i + 1] = middle + 0.8 * half;
    }
    status = chord_ask(work->chord, 2 * count, t, y);
    for (size_t i = 0; i < count && status == LATTN_OK; i++) {
        pieces->value[i] = (y[2 * i] + y[2 * i + 1]) / 2;
        work->slope[i] = (y[2 * i + 1] - y[2 * i]) / ((t[2 * i + 1] - t[2 * i]) * radius);
    }
    memory_release(t);
    return status;
}

/* ---- steps to one side ----------------------------------------------------------------------- */

static double one_sided_step(const struct work *work, int32_t i)
{
    return work->clear[i] * STEP_ONE_SIDED(work->pieces->d);
}

/* The gradients of pieces first .. first + count - 1, which fit into one block. */
static enum lattn_status one_sided(struct work *work, int32_t first, int32_t count)
{
    struct pieces *pieces = work->pieces;
    size_t d = (size_t)pieces->d;
    enum lattn_status status;

    for (size_t i = 0; i < (size_t)count; i++)
        for (size_t j = 0; j < d; j++) {
            double *x = work->x + (i * d + j) * d;

            memcpy(x, pieces->x + ((size_t)first + i) * d, d * sizeof *x);
            x[j] += one_sided_step(work, first + (int32_t)i);
        }
    status = oracle_ask(work->chord->oracle, ORACLE_LEARN, (size_t)count * d, 1, work->x, work->y);
    for (size_t i = 0; i < (size_t)count && status == LATTN_OK; i++) {
        size_t piece = (size_t)first + i;
        double step = one_sided_step(work, (int32_t)piece);

        for (size_t j = 0; j < d; j++)
            pieces->gradient[piece * d + j] =
                (work->y[i * d + j] - pieces->value[piece]) /
                (work->x[(i * d + j) * d + j] - pieces->x[piece * d + j]);
        pieces->error[piece] = M_SQRT2 * answer_error(work, (int32_t)piece) / step;
    }
    return status;
}

/* Does the gradient of piece i say what the chord does? A kink in any step would show. */
static int is_believed(const struct work *work, int32_t i)
{
    const struct pieces *pieces = work->pieces;
    const double *gradient = pieces->gradient + (size_t)i * (size_t)pieces->d;
    double slope =
        dense_dot(pieces->d, gradient, work->chord->direction) / work->chord->terrain.radius;
    double error = pieces->error[i] + answer_error(work, i) / work->clear[i];

    return fabs(slope - work->slope[i]) <= PIECES_SIGMAS * error;
}

/* ---- steps to both sides --------------------------------------------------------------------- */

/* The coordinates still to be measured in a piece, and how far to step in each. */
struct steps {
    int32_t count;
    int32_t coordinate[LATTN_DIM_MAX];
    double length[LATTN_DIM_MAX];
    double squares; /* of the errors of those measured */
};

static enum lattn_status steps_ask(struct work *work, int32_t i, const struct steps *steps)
{
    size_t d = (size_t)work->pieces->d;

    for (size_t k = 0; k < 2 * (size_t)steps->count; k++) {
        int32_t j = steps->coordinate[k / 2];
        double *x = work->x + k * d;

        memcpy(x, work->pieces->x + (size_t)i * d, d * sizeof *x);
        x[j] += k % 2 == 0 ? steps->length[k / 2] : -steps->length[k / 2];
    }
    return oracle_ask(work->chord->oracle, ORACLE_LEARN, 2 * (size_t)steps->count, 1, work->x,
                      work->y);
}

/* Keep what is straight, shorten the others. */
static void steps_settle(struct work *work, int32_t i, struct steps *steps, int is_last)
{
    struct pieces *pieces = work->pieces;
    size_t d = (size_t)pieces->d;
    double error = answer_error(work, i);
    int32_t left = 0;

    for (int32_t k = 0; k < steps->count; k++) {
        int32_t j = steps->coordinate[k];
        double up = work->y[2 * k], down = work->y[2 * k + 1];
        double span =
            work->x[2 * (size_t)k * d + (size_t)j] - work->x[(2 * (size_t)k + 1) * d + (size_t)j];

        pieces->gradient[(size_t)i * d + (size_t)j] = (up - down) / span;
        if (is_last || fabs(up + down - 2 * pieces->value[i]) <= PIECES_SIGMAS * 2 * error) {
            steps->squares += 2 * error * error / (span * span);
            continue;
        }
        steps->coordinate[left] = j;
        steps->length[left++] = steps->length[k] / 8;
    }
    steps->count = left;
}

static enum lattn_status two_sided(struct work *work, int32_t i)
{
    int32_t d = work->pieces->d;
    struct steps steps = {.count = d};
    enum lattn_status status = LATTN_OK;

    for (int32_t j = 0; j < d; j++) {
        steps.coordinate[j] = j;
        steps.length[j] = work->clear[i] * STEP_TWO_SIDED(d);
    }
    for (int tries = 0; status == LATTN_OK && steps.count > 0; tries++) {
        status = steps_ask(work, i, &steps);
        if (status == LATTN_OK)
            steps_settle(work, i, &steps, tries == SHORTENINGS);
    }
    work->pieces->error[i] = sqrt(steps.squares / d);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------- */

static enum lattn_status gradients_measure(struct work *work)
{
    int32_t count = work->pieces->count;
    int32_t block = BLOCK_QUESTIONS / work->pieces->d;
    int exact = terrain_noise(&work->chord->terrain, work->chord->conditions) <= NOISE_ONE_SIDED;
    enum lattn_status status = LATTN_OK;

    for (int32_t i = 0; exact && status == LATTN_OK && i < count; i += block)
        status = one_sided(work, i, count - i < block ? count - i : block);
    for (int32_t i = 0; status == LATTN_OK && i < count; i++)
        if (!exact || !is_believed(work, i))
            status = two_sided(work, i);
    return status;
}

enum lattn_status pieces_measure(const struct chord *chord, const struct kinks *kinks,
                                 struct pieces *ret_pieces)
{
    struct work work = {0};
    enum lattn_status status = pieces_open(ret_pieces, kinks->count + 1, chord->oracle->d);

    if (status == LATTN_OK)
        status = work_open(&work, chord, ret_pieces);
    if (status == LATTN_OK)
        status = chord_measure(&work, kinks);
    if (status == LATTN_OK)
        status = gradients_measure(&work);
    work_close(&work);
    return status;
}
