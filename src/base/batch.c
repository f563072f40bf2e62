#include "base/batch.h"

#include "base/complaint.h"

#include <lattn/limits.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

int32_t lattn_item_rows(const struct lattn_item *item)
{
    return item->labels == LATTN_LABELS_LAST ? 1 : item->n;
}

int64_t lattn_item_numbers(const struct lattn_item *item)
{
    int64_t at = 0;

    if (item->tokens == LATTN_TOKENS_DENSE)
        return (int64_t)item->n * item->d;
    for (int32_t t = 0; t < item->n; t++)
        at += 1 + (int64_t)item->z[at];
    return at;
}

struct lattn_item lattn_item_member(const struct lattn_item *first, size_t index)
{
    struct lattn_item member = *first;

    if (index == 0)
        return member;
    assert(first->tokens == LATTN_TOKENS_DENSE);
    member.z += index * (size_t)first->n * (size_t)first->d;
    if (first->y != NULL)
        member.y += index * (size_t)lattn_item_rows(first) * (size_t)first->m;
    return member;
}

void lattn_item_expand(const struct lattn_item *item, int32_t d, double *ret_z)
{
    const double *z = item->z;

    assert(d >= item->d);
    memset(ret_z, 0, (size_t)item->n * (size_t)d * sizeof *ret_z);
    for (int32_t t = 0; t < item->n; t++, ret_z += d) {
        if (item->tokens == LATTN_TOKENS_DENSE) {
            memcpy(ret_z, z, (size_t)item->d * sizeof *z);
            z += item->d;
            continue;
        }
        for (int32_t left = (int32_t)*z++; left > 0; left--)
            ret_z[(int32_t)*z++] = 1;
    }
}

/* ---- checks -------------------------------------------------------------------------------- */

static enum lattn_status check_sizes(const struct lattn_item *item,
                                     struct lattn_complaint *complaint)
{
    if (item->n == 0)
        return complain(complaint, LATTN_EMPTY, "z has no token");
    if (item->n < 0 || item->n > LATTN_TOKENS_MAX)
        return complain(complaint, LATTN_RANGE, "z has %d tokens, at most %d are accepted", item->n,
                        LATTN_TOKENS_MAX);
    if (item->d < 0 || item->d > LATTN_DIM_MAX)
        return complain(complaint, LATTN_RANGE,
                        "a token has %d coordinates, at most %d are accepted", item->d,
                        LATTN_DIM_MAX);
    if (item->y != NULL && (item->m < 1 || item->m > LATTN_OUTPUTS_MAX))
        return complain(complaint, LATTN_RANGE, "y has %d outputs, 1 to %d are accepted", item->m,
                        LATTN_OUTPUTS_MAX);
    return LATTN_OK;
}

static enum lattn_status check_scalars(const struct lattn_item *item,
                                       struct lattn_complaint *complaint)
{
    if (item->y != NULL && !(item->weight >= LATTN_WEIGHT_MIN && item->weight <= LATTN_WEIGHT_MAX))
        return complain(complaint, LATTN_RANGE, "the weight is %g, %g to %g are accepted",
                        item->weight, LATTN_WEIGHT_MIN, LATTN_WEIGHT_MAX);
    if (!(item->precision >= 0 && item->precision < 1))
        return complain(complaint, LATTN_RANGE, "the precision is %g, 0 to less than 1 is accepted",
                        item->precision);
    return LATTN_OK;
}

/*
 * The largest magnitude, or what is not finite where a number is not: magnitudes are in the order
 * of their bits, with NaN above infinity above all others.
 */
INLINE double largest_among(const double *numbers, int64_t count)
{
    const uint64_t sign = UINT64_C(1) << 63;
    uint64_t most = 0;
    double largest;

    for (int64_t i = 0; i < count; i++) {
        uint64_t bits;

        memcpy(&bits, &numbers[i], sizeof bits);
        most = (bits & ~sign) > most ? bits & ~sign : most;
    }
    memcpy(&largest, &most, sizeof largest);
    return largest;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static double largest_among_256(const double *numbers,
                                                                int64_t count)
{
    return largest_among(numbers, count);
}
#endif

static double largest_of(const double *numbers, int64_t count)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return largest_among_256(numbers, count);
#endif
    return largest_among(numbers, count);
}

/* Refuse a matrix for its first number that is not finite. */
static enum lattn_status refuse_numbers(const char *name, const double *numbers, int32_t columns,
                                        struct lattn_complaint *complaint)
{
    int64_t i = 0;

    while (isfinite(numbers[i]))
        i++;
    return complain(complaint, LATTN_NOT_FINITE, "%s[%d][%d] is not finite", name,
                    (int)(i / columns), (int)(i % columns));
}

/* Coordinates that one token has named. */
struct named {
    uint64_t bits[(LATTN_DIM_MAX + 63) / 64];
};

/* Is it one of 0 .. end-1, and a whole number? */
static int is_index(double number, int32_t end)
{
    return number >= 0 && number < end && number == floor(number);
}

static enum lattn_status check_list(const struct lattn_item *item, int32_t t, const double *list,
                                    struct lattn_complaint *complaint)
{
    struct named named = {{0}};
    int32_t count;

    if (!is_index(list[0], item->d + 1))
        return complain(complaint, LATTN_RANGE, "t[%d] names %g coordinates, 0 to %d can be", t,
                        list[0], item->d);
    count = (int32_t)list[0];
    for (int32_t i = 0; i < count; i++) {
        double index = list[1 + i];
        uint64_t bit;

        if (!is_index(index, item->d))
            return complain(complaint, LATTN_RANGE, "t[%d][%d] is %g, a coordinate is 0 to %d", t,
                            i, index, item->d - 1);
        bit = (uint64_t)1 << ((int32_t)index % 64);
        if ((named.bits[(int32_t)index / 64] & bit) != 0)
            return complain(complaint, LATTN_RANGE, "t[%d] names coordinate %g twice", t, index);
        named.bits[(int32_t)index / 64] |= bit;
    }
    return LATTN_OK;
}

static enum lattn_status check_tokens(const struct lattn_item *item, double *ret_largest,
                                      struct lattn_complaint *complaint)
{
    const double *list = item->z;
    enum lattn_status status = LATTN_OK;

    *ret_largest = 1;
    if (item->tokens == LATTN_TOKENS_DENSE) {
        *ret_largest = largest_of(item->z, (int64_t)item->n * item->d);
        return isfinite(*ret_largest) ? LATTN_OK : refuse_numbers("z", item->z, item->d, complaint);
    }
    for (int32_t t = 0; status == LATTN_OK && t < item->n; t++) {
        status = check_list(item, t, list, complaint);
        if (status == LATTN_OK)
            list += 1 + (int32_t)list[0];
    }
    return status;
}

enum lattn_status batch_check(const struct lattn_item *item, struct batch_extent *ret_extent,
                              struct lattn_complaint *complaint)
{
    struct batch_extent extent = {0};
    enum lattn_status status = check_sizes(item, complaint);

    if (status == LATTN_OK)
        status = check_scalars(item, complaint);
    if (status == LATTN_OK)
        status = check_tokens(item, &extent.z, complaint);
    if (status != LATTN_OK)
        return status;
    if (item->y != NULL)
        extent.y = largest_of(item->y, (int64_t)lattn_item_rows(item) * item->m);
    if (!isfinite(extent.y))
        return refuse_numbers("y", item->y, item->m, complaint);
    *ret_extent = extent;
    return LATTN_OK;
}

enum lattn_status lattn_item_check(const struct lattn_item *item, struct lattn_complaint *complaint)
{
    struct batch_extent extent;

    return batch_check(item, &extent, complaint);
}
