/*
 * W from labels. First how long the last token b of each column may be, so that labels change
 * between GAIN_LOW and GAIN_HIGH times beta: the longest power of two, since small scores say
 * little. Then the column's entry along n, from which the rest of u'W b is told apart, and the
 * other entries, a call full of them at a time. An entry so large that labels do not change in
 * that range is asked with a shorter s.
 */
#include "query/label.h"

#include "query/bisection.h"
#include "query/boundary.h"
#include "query/frame.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"

#include <math.h>
#include <string.h>

/*
 * gamma / beta where labels are asked to change: scores from -ln 3 to 3.5. Tokens reach norms of
 * 4 beta + s + |b| <= 5 distance + 6 |b|.
 */
static const double gain_low = 1.03;
static const double gain_high = 4;

/* Between 2^-24 / d and 2^-53: d = 256 coordinates in float hardly ever change. */
static const double tilt_unseen = 0x1p-38;
static const double epsilon_float = 0x1p-24;

enum {
    /* Halvings of the longest b that may be: scores fall with the second power. */
    LENGTHS = 64,
    /* Directions in which a length of b is tried: n, and n with a random p to either side. */
    SIDES = 3,
    /* How often s is divided by SHORTER before an entry of W is called infinite. */
    SHORTER = 4,
    SHORTER_MAX = 40
};

/* One line of questions: [gamma n + s p + t b ; t b], gamma = at beta; entry of scores it is for.
 */
struct line {
    size_t entry;
    const double *aside; /* p; NULL: none */
    double s;
    const double *last; /* b, of length one */
    double t;
    double tilt; /* of the last token alone: t (1 + tilt) */
    double beta;
};

/*
 * epsilon  of the oracle's arithmetic, as conditions say until labels say otherwise
 * frame    d x d: n, then the other directions p
 * lasts    d x d: b_j, of length one, b_j.n < 0: the frame turned towards -n
 * asides   d x d: a random direction p for each column
 * t, slope d: length of b_j, n'W (t b_j);   slope_error  its standard deviation
 * scores   d x d: row i, column j is frame_i'W b_j;  variance  of each
 * lines    a call full, or SIDES d where that is more; low, high, reached, changes  of each
 */
struct learner {
    struct oracle *oracle;
    const struct conditions *conditions;
    double epsilon;
    struct boundary boundary;
    struct bisection bisection;
    int32_t d;
    double *frame;
    double *lasts;
    double *asides;
    double *t;
    double *slope;
    double *slope_error;
    double *scores;
    double *variance;
    struct line *lines;
    double *low;
    double *high;
    uint8_t *reached;
    uint8_t *changes;
};

uint64_t label_count(int32_t d, const struct conditions *conditions)
{
    return (uint64_t)bisection_steps(conditions->epsilon) * (uint64_t)d * (uint64_t)(d + 1);
}

static void line_write(const void *items, size_t item, double at, double *ret_x)
{
    const struct learner *learner = items;
    const struct line *line = &learner->lines[item];
    int32_t d = learner->d;

    memset(ret_x, 0, 2 * (size_t)d * sizeof *ret_x);
    dense_add(d, line->t, line->last, ret_x);
    dense_add(d, line->t * (1 + line->tilt), line->last, ret_x + d);
    dense_add(d, at * line->beta, learner->boundary.direction, ret_x);
    if (line->aside != NULL)
        dense_add(d, line->s, line->aside, ret_x);
}

static void learner_done(struct learner *learner)
{
    bisection_done(&learner->bisection);
    memory_release(learner->frame);
    memory_release(learner->t);
    memory_release(learner->lines);
    memory_release(learner->low);
    memory_release(learner->reached);
}

static enum lattn_status learner_init(struct learner *learner, struct oracle *oracle,
                                      const struct conditions *conditions)
{
    size_t d = (size_t)oracle->d;
    size_t lines = SIDES * d > LATTN_QUESTIONS_MAX ? SIDES * d : LATTN_QUESTIONS_MAX;
    enum lattn_status status;

    *learner = (struct learner){
        .oracle = oracle, .conditions = conditions, .epsilon = conditions->epsilon, .d = oracle->d};
    status = bisection_init(&learner->bisection, oracle, 2, line_write, learner);
    learner->frame = memory_zeroed(5 * d * d, sizeof(double));
    learner->t = memory_zeroed(3 * d, sizeof(double));
    learner->lines = memory_raw(lines, sizeof *learner->lines);
    learner->low = memory_raw(2 * lines, sizeof(double));
    learner->reached = memory_raw(2 * lines, sizeof *learner->reached);
    if (learner->frame == NULL || learner->t == NULL || learner->lines == NULL ||
        learner->low == NULL || learner->reached == NULL)
        return LATTN_NO_MEMORY;
    learner->lasts = learner->frame + d * d;
    learner->asides = learner->lasts + d * d;
    learner->scores = learner->asides + d * d;
    learner->variance = learner->scores + d * d;
    learner->slope = learner->t + d;
    learner->slope_error = learner->slope + d;
    learner->high = learner->low + lines;
    learner->changes = learner->reached + lines;
    return status;
}

/* The directions, once n is known. */
static void directions_make(struct learner *learner, struct random *random)
{
    int32_t d = learner->d;
    size_t n = (size_t)d;
    double backward[LATTN_DIM_MAX], mixture[LATTN_DIM_MAX];

    frame_complete(d, learner->boundary.direction, learner->frame);
    for (int32_t i = 0; i < d; i++)
        backward[i] = -learner->boundary.direction[i];
    memcpy(learner->lasts, backward, n * sizeof *backward);
    for (size_t j = 1; j < n; j++)
        frame_lean(d, backward, learner->frame + j * n, learner->lasts + j * n);
    for (size_t j = 0; d > 1 && j < n; j++) {
        double size;

        random_normals(random, mixture, d - 1);
        size = dense_norm(d - 1, mixture);
        for (size_t i = 1; i < n; i++)
            dense_add(d, mixture[i - 1] / size, learner->frame + i * n, learner->asides + j * n);
    }
}

/* ---- lines of questions ---------------------------------------------------------------------- */

static double beta_of(const struct learner *learner, int32_t j, double t)
{
    return learner->boundary.distance -
           t * dense_dot(learner->d, learner->boundary.direction,
                         learner->lasts + (size_t)j * (size_t)learner->d);
}

/* Line of column j with a last token of length t. */
static struct line line_make(const struct learner *learner, int32_t j, double t,
                             const double *aside, double share)
{
    double beta = beta_of(learner, j, t);

    return (struct line){
        .aside = aside,
        .s = share * beta,
        .last = learner->lasts + (size_t)j * (size_t)learner->d,
        .t = t,
        .beta = beta,
    };
}

/*
 * Do labels change between gain_low and gain_high, which become low and high? For `count` lines
 * from the first on: learner->changes says so, from its begin.
 */
static enum lattn_status changes_ask(struct learner *learner, size_t first, size_t count)
{
    double *low = learner->low + first, *high = learner->high + first;
    enum lattn_status status;

    for (size_t i = 0; i < count; i++) {
        low[i] = gain_low;
        high[i] = gain_high;
    }
    status = bisection_ask(&learner->bisection, ORACLE_TRIAL, first, count, low, learner->reached);
    if (status == LATTN_OK)
        status =
            bisection_ask(&learner->bisection, ORACLE_TRIAL, first, count, high, learner->changes);
    for (size_t i = 0; status == LATTN_OK && i < count; i++)
        learner->changes[i] &= !learner->reached[i];
    return status;
}

static enum lattn_status lines_find(struct learner *learner, size_t count)
{
    return bisection_find(&learner->bisection, bisection_steps(learner->epsilon), count,
                          learner->low, learner->high);
}

static enum lattn_status fits_not(struct learner *learner, int32_t j)
{
    return complain(&learner->oracle->complaint, LATTN_NO_CONVERGENCE,
                    "labels of two tokens do not change where those of a softmax head would, "
                    "whatever their size: column %d in the frame of v",
                    j);
}

/* ---- lengths --------------------------------------------------------------------------------- */

/* Try one length of b in each column. */
static enum lattn_status lengths_try(struct learner *learner, const double *t, uint8_t *ret_fits)
{
    enum lattn_status status;
    int32_t d = learner->d;

    for (int32_t j = 0; j < d; j++)
        for (int32_t side = 0; side < SIDES; side++) {
            const double *aside = learner->asides + (size_t)j * (size_t)d;

            learner->lines[SIDES * j + side] = line_make(learner, j, t[j], aside, side - 1);
        }
    status = changes_ask(learner, 0, SIDES * (size_t)d);
    for (int32_t j = 0; status == LATTN_OK && j < d; j++) {
        const uint8_t *changes = learner->changes + SIDES * j;

        ret_fits[j] = changes[0] && changes[1] && changes[2];
    }
    return status;
}

/* The longest power of two, column by column: where one fits every shorter one does. */
static enum lattn_status lengths_find(struct learner *learner)
{
    double room = (learner->conditions->norm - 5 * learner->boundary.distance) / 6;
    double longest = exp2(floor(log2(room)));
    int32_t halvings[LATTN_DIM_MAX] = {0};
    uint8_t fits[LATTN_DIM_MAX];

    for (int32_t step = LENGTHS / 2; step > 0; step /= 2) {
        enum lattn_status status;

        for (int32_t j = 0; j < learner->d; j++)
            learner->t[j] = ldexp(longest, -(halvings[j] + step - 1));
        status = lengths_try(learner, learner->t, fits);
        if (status != LATTN_OK)
            return status;
        for (int32_t j = 0; j < learner->d; j++)
            halvings[j] += fits[j] ? 0 : step;
    }
    for (int32_t j = 0; j < learner->d; j++)
        learner->t[j] = ldexp(longest, -halvings[j]);
    return LATTN_OK;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* u'W (t b) of a line whose change is found. */
static double logit_of(const struct learner *learner, size_t i)
{
    return -log((learner->low[i] + learner->high[i]) / 2 - 1);
}

static double square(double x)
{
    return x * x;
}

/*
 * Its variance: f is off by the rounding of its terms, by that of the boundary, and by what is left
 * of the bisection; it grows by gamma alpha (1 - alpha) for each unit of the logit, alpha = 1/gain.
 */
static double logit_variance(const struct learner *learner, size_t i)
{
    const struct line *line = &learner->lines[i];
    double gain = (learner->low[i] + learner->high[i]) / 2;
    double terms = gain * line->beta + fabs(line->s) + 2 * line->t;
    double rounding = learner->epsilon * terms;
    double boundary =
        learner->boundary.error * (fabs(line->s) / gain + line->t + learner->boundary.distance);
    double width = (learner->high[i] - learner->low[i]) * line->beta / sqrt(12) / gain;

    return (square(rounding) + square(boundary) + square(width)) *
           square(gain / (line->beta * (gain - 1)));
}

/*
 * Are labels those of double arithmetic? Beside a change, tilting the last token by a share that
 * float does not know moves the change, and one of the two labels; in float no token is another
 * one. Chance spares or strikes a column, hence the majority.
 */
static enum lattn_status arithmetic_check(struct learner *learner, size_t count)
{
    enum lattn_status status;
    size_t moved = 0;

    for (size_t i = 0; i < count; i++)
        learner->lines[i].tilt = tilt_unseen;
    status =
        bisection_ask(&learner->bisection, ORACLE_TRIAL, 0, count, learner->low, learner->reached);
    if (status == LATTN_OK)
        status = bisection_ask(&learner->bisection, ORACLE_TRIAL, 0, count, learner->high,
                               learner->changes);
    for (size_t i = 0; status == LATTN_OK && i < count; i++)
        moved += learner->reached[i] || !learner->changes[i];
    if (status == LATTN_OK && 2 * moved < count)
        learner->epsilon = epsilon_float;
    return status;
}

/* Entries along n, of all columns. */
static enum lattn_status slopes_find(struct learner *learner)
{
    size_t d = (size_t)learner->d;
    enum lattn_status status;

    for (int32_t j = 0; j < learner->d; j++)
        learner->lines[j] = line_make(learner, j, learner->t[j], NULL, 0);
    status = changes_ask(learner, 0, d);
    for (int32_t j = 0; status == LATTN_OK && j < learner->d; j++)
        if (!learner->changes[j])
            return fits_not(learner, j);
    if (status == LATTN_OK)
        status = lines_find(learner, d);
    if (status == LATTN_OK && learner->epsilon < epsilon_float)
        status = arithmetic_check(learner, d);
    for (size_t j = 0; status == LATTN_OK && j < d; j++) {
        double gamma = learner->lines[j].beta * (learner->low[j] + learner->high[j]) / 2;

        learner->slope[j] = logit_of(learner, j) / gamma;
        learner->slope_error[j] = sqrt(logit_variance(learner, j)) / gamma;
        learner->scores[j] = learner->slope[j] / learner->t[j];
        learner->variance[j] = square(learner->slope_error[j] / learner->t[j]);
    }
    return status;
}

/* The lines whose labels change come first; s of the others is shortened. Returns how many do. */
static size_t lines_part(struct learner *learner, size_t first, size_t count)
{
    size_t kept = first;

    for (size_t i = first; i < count; i++) {
        struct line line = learner->lines[i];

        if (!learner->changes[i - first]) {
            learner->lines[i].s /= SHORTER;
            continue;
        }
        learner->lines[i] = learner->lines[kept];
        learner->lines[kept++] = line;
    }
    return kept;
}

/* Shorten s where labels do not change within the range, until they do in all lines. */
static enum lattn_status sides_shorten(struct learner *learner, size_t count)
{
    size_t fit = 0;

    for (int32_t times = 0; fit < count && times < SHORTER_MAX; times++) {
        enum lattn_status status = changes_ask(learner, fit, count - fit);

        if (status != LATTN_OK)
            return status;
        fit = lines_part(learner, fit, count);
    }
    return fit == count
               ? LATTN_OK
               : fits_not(learner, (int32_t)(learner->lines[fit].entry % (size_t)learner->d));
}

/* Entries first .. first + count - 1 of scores, none of them in row 0. */
static enum lattn_status entries_find(struct learner *learner, size_t first, size_t count)
{
    size_t d = (size_t)learner->d;
    enum lattn_status status;

    for (size_t i = 0; i < count; i++) {
        size_t entry = first + i;

        learner->lines[i] = line_make(learner, (int32_t)(entry % d), learner->t[entry % d],
                                      learner->frame + entry / d * d, 1);
        learner->lines[i].entry = entry;
    }
    status = sides_shorten(learner, count);
    if (status == LATTN_OK)
        status = lines_find(learner, count);
    for (size_t i = 0; status == LATTN_OK && i < count; i++) {
        const struct line *line = &learner->lines[i];
        size_t j = line->entry % d;
        double gamma = line->beta * (learner->low[i] + learner->high[i]) / 2;
        double unit = line->s * line->t;

        learner->scores[line->entry] = (logit_of(learner, i) - gamma * learner->slope[j]) / unit;
        learner->variance[line->entry] =
            (logit_variance(learner, i) + square(gamma * learner->slope_error[j])) / square(unit);
    }
    return status;
}

static enum lattn_status scores_find(struct learner *learner)
{
    size_t d = (size_t)learner->d;
    enum lattn_status status = slopes_find(learner);

    for (size_t first = d, part; status == LATTN_OK && first < d * d; first += part) {
        part = d * d - first < LATTN_QUESTIONS_MAX ? d * d - first : LATTN_QUESTIONS_MAX;
        status = entries_find(learner, first, part);
    }
    return status;
}

/* ---- W --------------------------------------------------------------------------------------- */

/*
 * W = P' scores B^-T with P the frame and B the rows b_j; variances go through the squares of both.
 */
static enum lattn_status weights_solve(const struct learner *learner, double *ret_W,
                                       double *ret_error)
{
    int32_t d = learner->d;
    size_t n = (size_t)d;
    double *B = memory_raw(4 * n * n, sizeof *B);
    double *inverse, *squares, *turned;
    int32_t *pivot = memory_raw(n, sizeof *pivot);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (B == NULL || pivot == NULL)
        goto done;
    inverse = B + n * n;
    squares = inverse + n * n;
    turned = squares + n * n;
    memcpy(B, learner->lasts, n * n * sizeof *B);
    status = dense_lu(d, B, pivot);
    if (status != LATTN_OK)
        goto done;
    dense_multiply(DENSE_TRANSPOSED, d, d, d, 1, learner->frame, n, learner->scores, n, 0, ret_W,
                   n);
    dense_lu_solve(d, B, pivot, d, ret_W);
    for (size_t i = 0; i < n * n; i++)
        inverse[i] = i % (n + 1) == 0;
    dense_lu_solve(d, B, pivot, d, inverse);
    for (size_t i = 0; i < n * n; i++) {
        inverse[i] = square(inverse[i]);
        squares[i] = square(learner->frame[i]);
    }
    dense_multiply(DENSE_TRANSPOSED, d, d, d, 1, squares, n, learner->variance, n, 0, turned, n);
    dense_multiply(DENSE_PLAIN, d, d, d, 1, turned, n, inverse, n, 0, ret_error, n);
    for (size_t i = 0; i < n * n; i++)
        ret_error[i] = sqrt(ret_error[i]);
done:
    memory_release(B);
    memory_release(pivot);
    return status;
}

static enum lattn_status attention_make(const struct learner *learner,
                                        struct lattn_attention **ret_attention)
{
    double sign = learner->boundary.reached == 1 ? 1 : -1;
    struct lattn_attention *attention = NULL;
    enum lattn_status status = lattn_attention_open(&attention, learner->d, 1, 1);

    if (status == LATTN_OK)
        status = weights_solve(learner, attention->W, attention->W_error);
    if (status != LATTN_OK) {
        lattn_attention_close(&attention);
        return status;
    }
    for (int32_t i = 0; i < learner->d; i++) {
        attention->V[i] = sign * learner->boundary.direction[i];
        attention->V_error[i] = fmax(learner->epsilon, learner->boundary.error);
    }
    attention->threshold = sign * learner->boundary.distance;
    *ret_attention = attention;
    return LATTN_OK;
}

/* v = 0: every answer is the label of 0 >= threshold. */
static enum lattn_status silence_make(const struct learner *learner,
                                      struct lattn_attention **ret_attention)
{
    int label = learner->boundary.reached == 0;
    enum lattn_status status = lattn_attention_open(ret_attention, learner->d, 1, 1);

    if (status != LATTN_OK)
        return status;
    (*ret_attention)->threshold = label ? 0 : 1;
    return complain(&learner->oracle->complaint, LATTN_RANK,
                    "the label of single tokens is %d along every coordinate, up to norm %.3g",
                    label, learner->conditions->norm);
}

enum lattn_status label_learn(struct oracle *oracle, const struct conditions *conditions,
                              struct random *random, struct lattn_attention **ret_attention,
                              uint32_t *ret_freedoms)
{
    uint64_t total = oracle_count(oracle) + label_count(oracle->d, conditions);
    struct learner learner;
    enum lattn_status status;

    if (oracle->m != 1)
        return complain(&oracle->complaint, LATTN_RANGE,
                        "a label is one number, the oracle answers %d", oracle->m);
    oracle_phase(oracle, "learning v from labels", total);
    status = learner_init(&learner, oracle, conditions);
    if (status == LATTN_OK)
        status = boundary_learn(oracle, conditions, &learner.boundary);
    if (status == LATTN_RANK) {
        status = silence_make(&learner, ret_attention);
        if (status == LATTN_RANK)
            *ret_freedoms = LATTN_FREEDOM_SILENT;
        goto done;
    }
    if (status != LATTN_OK)
        goto done;
    learner.bisection.reached = learner.boundary.reached;
    directions_make(&learner, random);
    oracle_phase(oracle, "learning W from labels", total);
    status = lengths_find(&learner);
    if (status == LATTN_OK)
        status = scores_find(&learner);
    if (status == LATTN_OK)
        status = attention_make(&learner, ret_attention);
    if (status == LATTN_OK)
        *ret_freedoms = LATTN_FREEDOM_SCALE;
done:
    learner_done(&learner);
    return status;
}
