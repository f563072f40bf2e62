/*
 * Kinks along a chord. Open segments lie on a stack; each round takes some from its top, asks all
 * that they want to know in one go, and puts back what is left of them. So kinks are found from the
 * first rounds on, and a function that has none but bends everywhere shows early.
 */
#include "query/kinks.h"

#include "base/complaint.h"
#include "base/memory.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum {
    ROUND_SEGMENTS = 64, /* asked about at once */
    SEGMENT_POINTS = 3,  /* at most, of each */
    /* A segment leaves two at most, 2^-60 of the chord at least: deeper there are no doubles. */
    STACK_SEGMENTS = 64 * ROUND_SEGMENTS,
    /* Questions per kink, far above the ten or so that it takes; a smooth function takes more. */
    KINK_QUESTIONS = 64,
    SPLIT_TRIES = 8 /* kinks so close to the middle are met once in some thousand */
};

/* Standard deviations that a comparison allows for; arithmetic loses a few units in the last place
 * where conditions_error counts one. */
#define KINKS_SIGMAS 32

/* Of a segment, relative to where it lies. */
#define WIDTH_MIN 0x1p-36

/*
 * Of a segment about which tangents at its ends are believed, in asinh(t): an even function that
 * is zero at both ends of a chord may have all its kinks in the middle.
 */
#define SPAN_MAX 5

/* What to do with a segment next. */
enum step { STEP_FIRST, STEP_STRAIGHT, STEP_BENT, STEP_SPLIT };

/* One end: the value there, the slope on the segment's side, and their errors. */
struct end {
    double t;
    double y;
    double slope;
    double y_error;
    double slope_error;
};

struct segment {
    struct end left;
    struct end right;
    enum step step;
    int tries;
    int32_t first; /* its points in the round's list */
    int32_t count;
};

struct search {
    const struct chord *chord;
    struct random *random;
    double share; /* of a distance, over which slopes are measured */
    uint64_t asked;
    struct segment *stack;
    int32_t open;
    double t[ROUND_SEGMENTS * SEGMENT_POINTS];
    double y[ROUND_SEGMENTS * SEGMENT_POINTS];
    struct kinks *kinks;
};

/* ---- what to ask ----------------------------------------------------------------------------- */

static double tangent(const struct end *end, double t)
{
    return end->y + end->slope * (t - end->t);
}

static double tangent_error(const struct end *end, double t)
{
    return end->y_error + end->slope_error * fabs(t - end->t);
}

static int is_straight(const struct segment *segment)
{
    const struct end *left = &segment->left, *right = &segment->right;

    return fabs(left->slope - right->slope) <=
               KINKS_SIGMAS * (left->slope_error + right->slope_error) &&
           fabs(tangent(left, right->t) - right->y) <=
               KINKS_SIGMAS * (tangent_error(left, right->t) + right->y_error);
}

/* Where the tangents meet; NAN: not inside. */
static double meeting(const struct segment *segment)
{
    const struct end *left = &segment->left, *right = &segment->right;
    double t = left->t + (right->y - left->y - right->slope * (right->t - left->t)) /
                             (left->slope - right->slope);

    return left->t < t && t < right->t ? t : NAN;
}

/* A point near the middle of asinh(t), elsewhere after a kink was met there. */
static double middle(struct search *search, const struct segment *segment)
{
    double spread = segment->tries == 0 ? 0.1 : 0.8;
    double share = 0.5 + spread * (random_uniform(search->random) - 0.5);
    double left = asinh(segment->left.t), right = asinh(segment->right.t);

    return sinh(left + share * (right - left));
}

static void point_add(struct search *search, struct segment *segment, double t)
{
    search->t[segment->first + segment->count++] = t;
}

static void split_choose(struct search *search, struct segment *segment)
{
    double t = middle(search, segment);
    double step = search->share * fmin(t - segment->left.t, segment->right.t - t);

    segment->step = STEP_SPLIT;
    point_add(search, segment, t - step);
    point_add(search, segment, t);
    point_add(search, segment, t + step);
}

/*
 * Where the tangents meet, and close by on both sides: of two kinks that face each other one
 * tangent passes there as well, and what lies between the points is not seen.
 */
static void bend_choose(struct search *search, struct segment *segment, double t)
{
    double room = fmin(t - segment->left.t, segment->right.t - t);
    double step = search->share * fmin(room, 1 + fabs(t));

    segment->step = STEP_BENT;
    point_add(search, segment, t - step);
    point_add(search, segment, t);
    point_add(search, segment, t + step);
}

static int is_wide(const struct segment *segment)
{
    return asinh(segment->right.t) - asinh(segment->left.t) > SPAN_MAX;
}

static void segment_choose(struct search *search, struct segment *segment, int32_t first)
{
    double t;

    segment->first = first;
    segment->count = 0;
    if (segment->step == STEP_FIRST && is_wide(segment))
        segment->step = STEP_SPLIT;
    if (segment->step == STEP_FIRST && is_straight(segment)) {
        segment->step = STEP_STRAIGHT;
        point_add(search, segment, segment->left.t + 0.3819 * (segment->right.t - segment->left.t));
        return;
    }
    t = segment->step == STEP_FIRST ? meeting(segment) : NAN;
    if (isnan(t)) {
        split_choose(search, segment);
        return;
    }
    bend_choose(search, segment, t);
}

/* ---- what the answers say -------------------------------------------------------------------- */

static int is_near(const struct search *search, const struct end *end, int32_t point)
{
    double t = search->t[point];
    double error = tangent_error(end, t) + chord_error(search->chord, t);

    return fabs(search->y[point] - tangent(end, t)) <= KINKS_SIGMAS * error;
}

static int is_straight_inside(const struct search *search, const struct segment *segment)
{
    return is_near(search, &segment->left, segment->first);
}

static int is_bent_once(const struct search *search, const struct segment *segment)
{
    const struct end *left = &segment->left, *right = &segment->right;
    int32_t first = segment->first;

    return is_near(search, left, first) && is_near(search, left, first + 1) &&
           is_near(search, right, first + 1) && is_near(search, right, first + 2);
}

/* Value and slope from three points in a line; the last tries take what they get. */
static int end_measure(const struct search *search, const struct segment *segment, struct end *ret)
{
    const double *t = search->t + segment->first, *y = search->y + segment->first;
    double error = chord_error(search->chord, t[1]);

    *ret = (struct end){
        .t = t[1],
        .y = y[1],
        .slope = (y[2] - y[0]) / (t[2] - t[0]),
        .y_error = error,
        .slope_error = M_SQRT2 * error / (t[2] - t[0]),
    };
    return fabs(y[0] + y[2] - 2 * y[1]) <= KINKS_SIGMAS * 2 * error ||
           segment->tries == SPLIT_TRIES;
}

/* Narrower segments have no points between their ends: nothing more can be told of them. */
static int is_narrow(const struct segment *segment)
{
    double left = segment->left.t, right = segment->right.t;

    return right - left <= WIDTH_MIN * (1 + fmin(fabs(left), fabs(right)));
}

static enum lattn_status push(struct search *search, const struct segment *segment)
{
    if (is_narrow(segment))
        return LATTN_OK;
    if (search->open == STACK_SEGMENTS)
        return complain(&search->chord->oracle->complaint, LATTN_NO_CONVERGENCE,
                        "answers along a line are not piecewise linear");
    search->stack[search->open++] = *segment;
    return LATTN_OK;
}

static enum lattn_status kink_add(struct search *search, double t)
{
    if (search->kinks->count == KINKS_MAX)
        return complain(&search->chord->oracle->complaint, LATTN_NO_CONVERGENCE,
                        "answers along a line bend more than %d times: they are smooth, or of too "
                        "many neurons",
                        KINKS_MAX);
    search->kinks->at[search->kinks->count++] = t;
    return LATTN_OK;
}

static enum lattn_status segment_split(struct search *search, struct segment *segment)
{
    struct end end;
    enum lattn_status status;

    if (!end_measure(search, segment, &end)) {
        segment->tries++;
        return push(search, segment);
    }
    status = push(search, &(struct segment){.left = segment->left, .right = end});
    return status != LATTN_OK
               ? status
               : push(search, &(struct segment){.left = end, .right = segment->right});
}

static enum lattn_status segment_settle(struct search *search, struct segment *segment)
{
    if (segment->step == STEP_SPLIT)
        return segment_split(search, segment);
    if (segment->step == STEP_STRAIGHT && is_straight_inside(search, segment))
        return LATTN_OK;
    if (segment->step == STEP_BENT && is_bent_once(search, segment))
        return kink_add(search, search->t[segment->first + 1]);
    segment->step = STEP_SPLIT;
    return push(search, segment);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static enum lattn_status round_ask(struct search *search, int32_t points)
{
    if (search->asked > KINK_QUESTIONS * ((uint64_t)search->kinks->count + ROUND_SEGMENTS))
        return complain(&search->chord->oracle->complaint, LATTN_NO_CONVERGENCE,
                        "answers along a line are not piecewise linear");
    search->asked += (uint64_t)points;
    return chord_ask(search->chord, (size_t)points, search->t, search->y);
}

static enum lattn_status round_run(struct search *search)
{
    struct segment taken[ROUND_SEGMENTS];
    int32_t count = search->open < ROUND_SEGMENTS ? search->open : ROUND_SEGMENTS;
    int32_t points = 0;
    enum lattn_status status;

    for (int32_t i = 0; i < count; i++) {
        taken[i] = search->stack[--search->open];
        segment_choose(search, &taken[i], points);
        points += taken[i].count;
    }
    status = round_ask(search, points);
    for (int32_t i = 0; i < count && status == LATTN_OK; i++)
        status = segment_settle(search, &taken[i]);
    return status;
}

/* The outermost ends; moved inwards where a kink lies between the points that give the slope. */
static enum lattn_status end_find(struct search *search, double t, struct end *ret)
{
    struct segment segment = {.count = SEGMENT_POINTS};
    enum lattn_status status;

    for (; segment.tries <= SPLIT_TRIES; segment.tries++, t *= 0.9) {
        double step = search->share * fabs(t);

        for (int i = 0; i < SEGMENT_POINTS; i++)
            search->t[i] = t + (i - 1) * step - copysign(step, t);
        status = round_ask(search, SEGMENT_POINTS);
        if (status != LATTN_OK || end_measure(search, &segment, ret))
            break;
    }
    return status;
}

static int increasing(const void *a, const void *b)
{
    const double *first = a, *second = b;

    return (*first > *second) - (*first < *second);
}

/*
 * Short steps meet few kinks, long ones measure well: between them a sixth root. With doubles a
 * thousandth, with rounded answers some hundredths.
 */
static double step_share(const struct chord *chord)
{
    double noise = terrain_noise(&chord->terrain, chord->conditions);

    return fmin(0.5 * pow(fmax(noise, DBL_EPSILON), 1.0 / 6), 0.1);
}

enum lattn_status kinks_find(const struct chord *chord, struct random *random,
                             struct kinks *ret_kinks)
{
    struct search search = {.chord = chord, .random = random, .kinks = ret_kinks};
    struct segment whole = {0};
    enum lattn_status status;

    ret_kinks->count = 0;
    search.share = step_share(chord);
    search.stack = memory_raw(STACK_SEGMENTS, sizeof *search.stack);
    if (search.stack == NULL)
        return LATTN_NO_MEMORY;
    status = end_find(&search, -chord->reach, &whole.left);
    if (status == LATTN_OK)
        status = end_find(&search, chord->reach, &whole.right);
    if (status == LATTN_OK)
        status = push(&search, &whole);
    while (status == LATTN_OK && search.open > 0)
        status = round_run(&search);
    qsort(ret_kinks->at, (size_t)ret_kinks->count, sizeof(double), increasing);
    memory_release(search.stack);
    return status;
}
