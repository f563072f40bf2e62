#include "query/overlap.h"

#include "base/memory.h"
#include "core/dense.h"

#include <math.h>

/*
 * An eigenvalue counts from so many times sqrt(d) errors of an entry: the norm of d x d errors is
 * about 2 sqrt(d) of them, and rounding within the oracle a few times that of its answer.
 */
static const double eigenvalue_errors = 64;

/* 1 - cos of an angle from which on two directions are apart: errors grow with 1 / angle. */
static const double apart_least = 1e-6;

/* vectors, values: OVERLAP_SLICES x d eigenvectors as rows; those that count span the range. */
struct ranges {
    int32_t d;
    const double *variance;
    double *vectors;
    double *values;
};

void overlap_unpack(int32_t d, const double *slices, int32_t k, double *ret_matrix)
{
    size_t n = (size_t)d;
    const double *number = slices + (size_t)k * (n * (n + 1) / 2);

    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++, number++)
            ret_matrix[i * n + j] = ret_matrix[j * n + i] = i == j ? *number : *number / 2;
}

static enum lattn_status ranges_init(struct ranges *ranges, int32_t d, const double *slices,
                                     const double *variance)
{
    size_t n = (size_t)d;
    enum lattn_status status = LATTN_OK;

    *ranges = (struct ranges){
        .d = d,
        .variance = variance,
        .vectors = memory_raw(OVERLAP_SLICES * n * n, sizeof(double)),
        .values = memory_raw(OVERLAP_SLICES * n, sizeof(double)),
    };
    if (ranges->vectors == NULL || ranges->values == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t k = 0; status == LATTN_OK && k < OVERLAP_SLICES; k++) {
        double *matrix = ranges->vectors + (size_t)k * n * n;

        overlap_unpack(d, slices, k, matrix);
        status = dense_symmetric(d, matrix, ranges->values + (size_t)k * n);
    }
    return status;
}

static void ranges_done(struct ranges *ranges)
{
    memory_release(ranges->vectors);
    memory_release(ranges->values);
}

/* Is eigenvalue i, counted through all slices, more than an error? */
static int value_counts(const struct ranges *ranges, int32_t i)
{
    double error = sqrt(ranges->variance[i / ranges->d]) * sqrt(ranges->d);

    return fabs(ranges->values[i]) > eigenvalue_errors * error;
}

static int32_t range_rank(const struct ranges *ranges, int32_t k)
{
    int32_t rank = 0;

    for (int32_t i = k * ranges->d; i < (k + 1) * ranges->d; i++)
        rank += value_counts(ranges, i);
    return rank;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static const double *vector_at(const struct ranges *ranges, int32_t i)
{
    return ranges->vectors + (size_t)i * (size_t)ranges->d;
}

/* The sum of the projections on both ranges. */
static void projections_add(const struct ranges *ranges, double *sum)
{
    int32_t d = ranges->d;

    for (int32_t i = 0; i < OVERLAP_SLICES * d; i++) {
        const double *vector = vector_at(ranges, i);

        for (int32_t j = 0; value_counts(ranges, i) && j < d; j++)
            dense_add(d, vector[j], vector, sum + (size_t)j * (size_t)d);
    }
}

/* The last row first. */
static void rows_turn(int32_t d, double *rows)
{
    for (int32_t i = 0; i < d / 2; i++)
        for (int32_t j = 0; j < d; j++) {
            double *low = rows + (size_t)i * (size_t)d + j;
            double *high = rows + (size_t)(d - 1 - i) * (size_t)d + j;
            double kept = *low;

            *low = *high;
            *high = kept;
        }
}

/*
 * Errors E of the slices: to first order frame_a moves out of the range of slice k by E S_k^+
 * frame_a, and both moves together are met by one that the angles between what is left of the
 * ranges enlarge, by the sum of 1 / (1 - cos).
 */
static void variance_find(const struct ranges *ranges, double enlarged, struct overlap *overlap)
{
    int32_t d = overlap->d;

    for (int32_t a = 0; a < overlap->heads; a++)
        for (int32_t i = 0; i < OVERLAP_SLICES * d; i++) {
            double share =
                dense_dot(d, vector_at(ranges, i), overlap->frame + (size_t)a * (size_t)d);

            if (value_counts(ranges, i))
                overlap->variance[a] += enlarged * (ranges->variance[i / d] / OVERLAP_SLICES) *
                                        pow(share / ranges->values[i], 2);
        }
}

/*
 * Where the ranges meet the sum of their projections has the eigenvalue 2, elsewhere 1 + cos of
 * their angle. They meet in all v_h, H of them at least, and since a slice has at most rank 2H, in
 * half their dimension only where nothing else is common to them.
 */
static enum lattn_status ranges_meet(const struct ranges *ranges, struct overlap *overlap)
{
    int32_t d = overlap->d, heads = overlap->heads;
    double *values = memory_raw((size_t)d, sizeof *values);
    double enlarged = 0;
    enum lattn_status status;

    if (values == NULL)
        return LATTN_NO_MEMORY;
    projections_add(ranges, overlap->frame);
    status = dense_symmetric(d, overlap->frame, values);
    if (status == LATTN_OK) {
        rows_turn(d, overlap->frame);
        overlap->fits = 2 - values[d - 1 - heads] > apart_least &&
                        (heads == 0 || 2 - values[d - heads] <= apart_least);
        for (int32_t i = 0; i < d - heads; i++)
            enlarged += 1 / (2 - values[i]);
        if (overlap->fits)
            variance_find(ranges, enlarged, overlap);
    }
    memory_release(values);
    return status;
}

enum lattn_status overlap_find(int32_t d, const double *slices, const double *variance,
                               struct overlap *ret_overlap)
{
    struct ranges ranges;
    enum lattn_status status = ranges_init(&ranges, d, slices, variance);

    *ret_overlap = (struct overlap){
        .d = d,
        .frame = memory_zeroed((size_t)d * (size_t)d, sizeof(double)),
        .variance = memory_zeroed((size_t)d, sizeof(double)),
    };
    if (ret_overlap->frame == NULL || ret_overlap->variance == NULL)
        status = LATTN_NO_MEMORY;
    if (status == LATTN_OK) {
        for (int32_t k = 0; k < OVERLAP_SLICES; k++)
            ret_overlap->heads = larger(ret_overlap->heads, range_rank(&ranges, k) / 2);
        status = ranges_meet(&ranges, ret_overlap);
    }
    ranges_done(&ranges);
    return status;
}

void overlap_done(struct overlap *overlap)
{
    memory_release(overlap->frame);
    memory_release(overlap->variance);
}
