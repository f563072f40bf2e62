/*
 * Weights of tokens in a vector answer: alpha = K^+ A'(y - V t b) with K = A' V U', A the range of
 * V. K is made of V itself, not of its singular values, so that only the rounding of the answer is
 * amplified.
 */
#include "query/mixture.h"

#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"

#include <lattn/limits.h>

#include <assert.h>
#include <math.h>
#include <string.h>

/* Share of the seen direction in a row with one that V does not see: as in frame_anchor. */
#define SEEN_SHARE (M_SQRT2 - 1)

/* Singular values below so much of the largest leave no digits of a logit to learn. */
static const double cut = 1e-6;
/* A singular value has to be so many deviations of V. */
static const double significance = 16;
/* So many deviations outside of what softmax gives, neither noise nor summation explains. */
static const double deviations_max = 64;
/* A larger logit is asked again. */
static const double logit_max = 3.5;

/* Singular value decomposition of V with rows of zeros below, so that there are d vectors b_j. */
struct factors {
    int32_t rows;
    double *a;
    double *s;
    double *u;  /* column j: a_j, rows long */
    double *vt; /* column l: entry l of b_1 .. b_d */
};

static enum lattn_status factors_init(struct factors *factors, int32_t d, int32_t m,
                                      const double *V)
{
    size_t n = (size_t)d, rows = (size_t)(m > d ? m : d);

    *factors = (struct factors){
        .rows = (int32_t)rows,
        .a = memory_zeroed(rows * n, sizeof(double)),
        .s = memory_raw(n, sizeof(double)),
        .u = memory_raw(rows * n, sizeof(double)),
        .vt = memory_raw(n * n, sizeof(double)),
    };
    if (factors->a == NULL || factors->s == NULL || factors->u == NULL || factors->vt == NULL)
        return LATTN_NO_MEMORY;
    for (size_t a = 0; a < (size_t)m; a++)
        for (size_t j = 0; j < n; j++)
            factors->a[j * rows + a] = V[a * n + j];
    return dense_svd(factors->rows, d, factors->a, factors->s, factors->u, factors->vt);
}

static void factors_done(struct factors *factors)
{
    memory_release(factors->a);
    memory_release(factors->s);
    memory_release(factors->u);
    memory_release(factors->vt);
}

/* Singular values of V that are some; errors of all entries together move one by their norm. */
static int32_t rank_count(const struct factors *factors, int32_t d, int32_t m,
                          const double *V_error)
{
    double noise = dense_norm(d * m, V_error) * sqrt(1.0 / d + 1.0 / m);
    double least = fmax(cut * factors->s[0], significance * noise);
    int32_t rank = 1;

    while (rank < d && rank < m && factors->s[rank] > least)
        rank++;
    return rank;
}

/* Row i of the cosine transform of length k; all of its entries are about 1 / sqrt k. */
static double cosine(int32_t k, int32_t i, int32_t j)
{
    return j == 0 ? sqrt(1.0 / k) : sqrt(2.0 / k) * cos(M_PI * (i + 0.5) * j / k);
}

/* Rows i < rank: in the row space of V; then with what V does not see. All of length <= 1. */
static void directions_make(struct mixture *mixture, const struct factors *factors, double power)
{
    size_t d = (size_t)mixture->d;
    int32_t k = mixture->rank;
    double longest = 0;

    memset(mixture->directions, 0, d * d * sizeof *mixture->directions);
    for (int32_t i = 0; i < k; i++) {
        double *row = mixture->directions + (size_t)i * d;

        for (int32_t j = 0; j < k; j++) {
            double share = cosine(k, i, j) * pow(factors->s[j] / factors->s[0], -power / 2);

            for (size_t l = 0; l < d; l++)
                row[l] += share * factors->vt[l * d + (size_t)j];
        }
        longest = fmax(longest, dense_norm(mixture->d, row));
    }
    for (size_t i = 0; i < (size_t)k * d; i++)
        mixture->directions[i] /= longest;
    for (size_t i = (size_t)k; i < d; i++)
        for (size_t l = 0; l < d; l++)
            mixture->directions[i * d + l] =
                sqrt(SEEN_SHARE) * mixture->directions[i % (size_t)k * d + l] +
                sqrt(1 - SEEN_SHARE) * factors->vt[l * d + i];
}

static enum lattn_status parts_make(struct mixture *mixture, const struct factors *factors,
                                    double power)
{
    size_t d = (size_t)mixture->d, m = (size_t)mixture->m;

    mixture->rank = rank_count(factors, mixture->d, mixture->m, mixture->V_error);
    mixture->width = mixture->conditions->length - 1 < mixture->rank
                         ? mixture->conditions->length - 1
                         : mixture->rank;
    mixture->range = memory_raw((size_t)mixture->rank * m, sizeof(double));
    mixture->directions = memory_raw(d * d, sizeof(double));
    mixture->tokens = memory_raw(d * d, sizeof(double));
    mixture->images = memory_raw(d * m, sizeof(double));
    mixture->inverse = memory_raw(d * m, sizeof(double));
    if (mixture->range == NULL || mixture->directions == NULL || mixture->tokens == NULL ||
        mixture->images == NULL || mixture->inverse == NULL)
        return LATTN_NO_MEMORY;
    for (size_t j = 0; j < (size_t)mixture->rank; j++)
        memcpy(mixture->range + j * m, factors->u + j * (size_t)factors->rows,
               m * sizeof *mixture->range);
    directions_make(mixture, factors, power);
    return LATTN_OK;
}

enum lattn_status mixture_init(struct mixture *mixture, int32_t d, int32_t m,
                               const struct conditions *conditions, const double *V,
                               const double *V_error, double power)
{
    struct factors factors;
    enum lattn_status status;

    assert(conditions->length >= 2);
    *mixture =
        (struct mixture){.d = d, .m = m, .conditions = conditions, .V = V, .V_error = V_error};
    status = factors_init(&factors, d, m, V);
    if (status == LATTN_OK)
        status = parts_make(mixture, &factors, power);
    factors_done(&factors);
    return status;
}

void mixture_done(struct mixture *mixture)
{
    memory_release(mixture->range);
    memory_release(mixture->directions);
    memory_release(mixture->tokens);
    memory_release(mixture->images);
    memory_release(mixture->inverse);
    *mixture = (struct mixture){0};
}

/* Rows first .. first + count - 1 of the inverse; scratch: 2 x rank x rank. */
static enum lattn_status group_invert(struct mixture *mixture, int32_t first, int32_t count,
                                      double *scratch)
{
    int32_t k = mixture->rank;
    size_t m = (size_t)mixture->m, n = (size_t)k;
    double *columns = scratch, *inverse = scratch + n * n;
    enum lattn_status status;

    dense_multiply_rows(count, k, mixture->m, 1, mixture->images + (size_t)first * m, m,
                        mixture->range, m, 0, columns, n);
    memset(inverse, 0, n * n * sizeof *inverse);
    for (size_t i = 0; i < n; i++)
        inverse[i * n + i] = 1;
    status = dense_least_squares(k, count, columns, k, inverse, 0, NULL);
    if (status == LATTN_OK)
        dense_multiply(DENSE_TRANSPOSED, count, mixture->m, k, 1, inverse, n, mixture->range, m, 0,
                       mixture->inverse + (size_t)first * m, m);
    return status;
}

enum lattn_status mixture_stretch(struct mixture *mixture, double reach)
{
    int32_t d = mixture->d, m = mixture->m;
    size_t n = (size_t)d, k = (size_t)mixture->rank;
    double *scratch = memory_raw(2 * k * k, sizeof *scratch);
    enum lattn_status status = scratch == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    for (size_t i = 0; i < n * n; i++)
        mixture->tokens[i] = reach * mixture->directions[i];
    frame_round((int64_t)(n * n), mixture->tokens);
    dense_multiply_rows(d, m, d, 1, mixture->tokens, n, mixture->V, n, 0, mixture->images,
                        (size_t)m);
    for (int32_t first = 0; status == LATTN_OK && first < d; first += mixture->width)
        status = group_invert(mixture, first,
                              d - first < mixture->width ? d - first : mixture->width, scratch);
    memory_release(scratch);
    return status;
}

/* What is left of an answer beyond the last token, and the variance of each number of it. */
struct remainder {
    double y[LATTN_OUTPUTS_MAX];
    double variance[LATTN_OUTPUTS_MAX];
};

static void remainder_make(const struct mixture *mixture, const double *z, const double *y,
                           struct remainder *ret_remainder)
{
    for (int32_t a = 0; a < mixture->m; a++) {
        double error = conditions_error(mixture->conditions, y[a]);

        ret_remainder->y[a] =
            y[a] - dense_dot(mixture->d, mixture->V + (size_t)a * (size_t)mixture->d, z);
        ret_remainder->variance[a] = error * error;
    }
}

/*
 * Errors of V act on what was attended to, p = z + sum_i alpha_i u_i; and the oracle sums d
 * products V_aj p_j, whose roundings walk at random.
 */
static void variance_add(const struct mixture *mixture, int32_t first, int32_t count,
                         const double *z, const double *weights, struct remainder *remainder)
{
    size_t d = (size_t)mixture->d;
    double summing = mixture->conditions->epsilon * sqrt((double)mixture->d + count);
    double p[LATTN_DIM_MAX];

    memcpy(p, z, d * sizeof *p);
    for (int32_t i = 0; i < count; i++)
        dense_add(mixture->d, weights[i], mixture->tokens + (size_t)(first + i) * d, p);
    for (size_t a = 0; a < (size_t)mixture->m; a++)
        for (size_t j = 0; j < d; j++) {
            double error = mixture->V_error[a * d + j];
            double rounding = summing * mixture->V[a * d + j];

            remainder->variance[a] += p[j] * p[j] * (error * error + rounding * rounding);
        }
}

/* Add what the remainder says to the weights, and take it off the remainder. */
static void weights_add(const struct mixture *mixture, int32_t first, int32_t count,
                        struct remainder *remainder, double *weights)
{
    size_t m = (size_t)mixture->m;
    double more[LATTN_DIM_MAX];

    for (int32_t i = 0; i < count; i++)
        more[i] = dense_dot(mixture->m, mixture->inverse + (size_t)(first + i) * m, remainder->y);
    for (int32_t i = 0; i < count; i++) {
        weights[i] += more[i];
        dense_add(mixture->m, -more[i], mixture->images + (size_t)(first + i) * m, remainder->y);
    }
}

/* What the weights left of the answer, over its deviation. */
static double stray_measure(const struct mixture *mixture, const struct remainder *remainder)
{
    double left = dense_norm(mixture->m, remainder->y);
    double variance = 0;

    for (int32_t a = 0; a < mixture->m; a++)
        variance += remainder->variance[a];
    return left > 0 ? left / sqrt(variance) : 0;
}

/* The variance of  scale weight_i + shift sum weights. */
static double variance_of(const struct mixture *mixture, const struct remainder *remainder,
                          const double *row, double scale, const double *sums, double shift)
{
    double variance = 0;

    for (int32_t a = 0; a < mixture->m; a++) {
        double slope = scale * row[a] + shift * sums[a];

        variance += slope * slope * remainder->variance[a];
    }
    return variance;
}

/* Logits against the rest, which is reading->least on entry, with blur its variance. */
static void read_logits(const struct mixture *mixture, const struct remainder *remainder,
                        const double *rows, int32_t count, const double *weights,
                        const double *sums, double *ret_logits, double *ret_errors,
                        struct mixture_reading *reading)
{
    size_t m = (size_t)mixture->m;
    double rest = reading->least;

    for (int32_t i = 0; i < count; i++) {
        const double *row = rows + (size_t)i * m;
        int is_positive = weights[i] > 0 && rest > 0;

        ret_logits[i] = is_positive ? log(weights[i] / rest) : 0;
        ret_errors[i] = sqrt(variance_of(mixture, remainder, row, 1 / weights[i], sums, 1 / rest));
        reading->blur = fmax(reading->blur, variance_of(mixture, remainder, row, 1, sums, 0));
        reading->least = fmin(reading->least, weights[i]);
        reading->largest = fmax(reading->largest, is_positive ? fabs(ret_logits[i]) : INFINITY);
    }
    reading->blur = sqrt(reading->blur);
}

/* The second time around takes back what rounding did in an inverse of large numbers. */
void mixture_read(const struct mixture *mixture, int32_t first, int32_t count, const double *z,
                  const double *y, double *ret_logits, double *ret_errors,
                  struct mixture_reading *ret_reading)
{
    size_t m = (size_t)mixture->m;
    const double *rows = mixture->inverse + (size_t)first * m;
    struct mixture_reading reading = {.least = 1};
    struct remainder remainder;
    double weights[LATTN_DIM_MAX] = {0}, sums[LATTN_OUTPUTS_MAX] = {0};

    remainder_make(mixture, z, y, &remainder);
    weights_add(mixture, first, count, &remainder, weights);
    weights_add(mixture, first, count, &remainder, weights);
    variance_add(mixture, first, count, z, weights, &remainder);
    for (int32_t i = 0; i < count; i++) {
        dense_add(mixture->m, 1, rows + (size_t)i * m, sums);
        reading.least -= weights[i];
    }
    reading.stray = stray_measure(mixture, &remainder);
    reading.blur = variance_of(mixture, &remainder, rows, 0, sums, 1);
    read_logits(mixture, &remainder, rows, count, weights, sums, ret_logits, ret_errors, &reading);
    *ret_reading = reading;
}

int mixture_is_possible(const struct mixture_reading *reading)
{
    return reading->least > -deviations_max * reading->blur && reading->stray < deviations_max;
}

int mixture_is_saturated(const struct mixture_reading *reading)
{
    return reading->largest > logit_max;
}

int mixture_is_rough(const struct mixture_reading *reading)
{
    return reading->least > significance * reading->blur;
}
