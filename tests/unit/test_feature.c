#include "core/feature.h"

#include "base/memory.h"
#include "base/random.h"
#include "support/approx.h"

#include <lattn/limits.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D_MAX = 6, N_MAX = 9, P_MAX = D_MAX * D_MAX * (D_MAX + 1) / 2 };

static struct lattn_item item_make(const double *z, int32_t n, int32_t d, enum lattn_labels labels)
{
    return (struct lattn_item){.z = z, .weight = 1, .n = n, .d = d, .m = 1, .labels = labels};
}

/* Token t, coordinate j of an item with the bias in front. */
static long double token_of(const struct lattn_item *item, int32_t bias, int32_t t, int32_t j)
{
    const double *list = item->z;

    if (bias && j == 0)
        return 1;
    if (item->tokens == LATTN_TOKENS_ONES) {
        for (; t > 0; t--)
            list += 1 + (int)list[0];
        for (int i = 1; i <= (int)list[0]; i++)
            if ((int)list[i] == j - bias)
                return 1;
        return 0;
    }
    return j - bias < item->d ? item->z[t * item->d + j - bias] : 0;
}

/* phi by the definition: tokens 0 .. seen-1 are seen, `query` asks. */
static void phi_literal(const struct lattn_item *item, int32_t d, int32_t bias, int32_t seen,
                        int32_t query, long double *ret_phi)
{
    int32_t i = 0;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++)
            for (int32_t l = 0; l < d; l++, i++) {
                long double s = 0;

                for (int32_t t = 0; t < seen; t++)
                    s += token_of(item, bias, t, j) * token_of(item, bias, t, k);
                ret_phi[i] = s * token_of(item, bias, query, l);
            }
}

/* Rows and lists of one item against the definition. */
static void expect_features(struct feature_reader *reader, const struct lattn_item *item)
{
    int32_t d = reader->d, p = feature_count(d), rows = 0;
    struct feature_view view;

    feature_reader_start(reader, item);
    while (feature_reader_next(reader, &view)) {
        int32_t query = item->labels == LATTN_LABELS_LAST ? item->n - 1 : rows;
        int32_t seen = item->labels == LATTN_LABELS_CAUSAL ? rows + 1 : item->n;
        double row[P_MAX], value[P_MAX];
        int32_t index[P_MAX], count, next = 0;
        long double want[P_MAX];

        phi_literal(item, d, reader->bias, seen, query, want);
        feature_row(d, &view, 2, row);
        count = feature_list(d, &view, index, value);
        for (int32_t i = 0; i < p; i++) {
            cr_assert_float_eq(row[i], (double)(2 * want[i]), approx_sum(seen + 1, 64));
            if (next < count && index[next] == i)
                cr_assert_eq(2 * value[next++], row[i]);
            else
                cr_assert_eq(row[i], 0);
        }
        cr_assert_eq(next, count, "the list is sorted and holds nothing else");
        rows++;
    }
    cr_assert_eq(rows, lattn_item_rows(item));
}

Test(feature, rows_and_lists_follow_the_definition_for_all_sizes)
{
    struct random random = {.state = 1};
    double z[N_MAX * D_MAX];

    for (int32_t bias = 0; bias <= 1; bias++) {
        for (int32_t d = 1 + bias; d <= D_MAX; d++) {
            struct feature_reader reader;

            cr_assert_eq(feature_reader_init(&reader, d, bias), LATTN_OK);
            for (int32_t n = 1; n <= N_MAX; n++) {
                for (int labels = LATTN_LABELS_LAST; labels <= LATTN_LABELS_FULL; labels++) {
                    struct lattn_item item = item_make(z, n, d - bias, (enum lattn_labels)labels);

                    random_normals(&random, z, N_MAX * D_MAX);
                    for (int i = 0; i < N_MAX * D_MAX; i++)
                        z[i] *= random_below(&random, 3) > 0;
                    expect_features(&reader, &item);
                }
            }
            feature_reader_done(&reader);
        }
    }
}

/* Tokens without zeros are added many at a time; with a zero here and there, one at a time. */
Test(feature, long_sequences_follow_the_definition)
{
    enum { LONG = 53 };
    struct random random = {.state = 3};
    double z[LONG * D_MAX];

    for (int32_t bias = 0; bias <= 1; bias++) {
        for (int32_t d = 1 + bias; d <= D_MAX; d++) {
            struct feature_reader reader;

            cr_assert_eq(feature_reader_init(&reader, d, bias), LATTN_OK);
            for (int32_t zeros = 0; zeros <= 2; zeros++) {
                for (int labels = LATTN_LABELS_LAST; labels <= LATTN_LABELS_FULL; labels++) {
                    struct lattn_item item =
                        item_make(z, LONG - zeros, d - bias, (enum lattn_labels)labels);

                    random_normals(&random, z, LONG * D_MAX);
                    for (int32_t i = 0; i < zeros; i++)
                        z[random_below(&random, (uint32_t)(LONG * (d - bias)))] = 0;
                    expect_features(&reader, &item);
                }
            }
            feature_reader_done(&reader);
        }
    }
}

/* Lists of ones in no order, as wide as the reader and narrower. */
static void lists_make(struct random *random, int32_t n, int32_t d, double *ret_z)
{
    for (int32_t t = 0; t < n; t++) {
        double *list = ret_z++;

        *list = 0;
        for (int32_t j = d - 1; j >= 0; j--)
            if (random_below(random, 2) > 0) {
                *list += 1;
                *ret_z++ = (j + t) % d;
            }
    }
}

Test(feature, ones_follow_the_definition)
{
    const double dense[D_MAX] = {1, 2, 3, 4, 5, 6};
    struct random random = {.state = 4};
    double z[N_MAX * (D_MAX + 1)];

    for (int32_t bias = 0; bias <= 1; bias++) {
        struct lattn_item between = item_make(dense, 1, D_MAX - bias, LATTN_LABELS_LAST);
        struct feature_reader reader;

        cr_assert_eq(feature_reader_init(&reader, D_MAX, bias), LATTN_OK);
        for (int32_t d = 1; d <= D_MAX - bias; d++) {
            for (int labels = LATTN_LABELS_LAST; labels <= LATTN_LABELS_FULL; labels++) {
                struct lattn_item item = item_make(z, N_MAX, d, (enum lattn_labels)labels);

                item.tokens = LATTN_TOKENS_ONES;
                lists_make(&random, N_MAX, d, z);
                expect_features(&reader, &item);
                expect_features(&reader, &between);
            }
        }
        feature_reader_done(&reader);
    }
}

Test(feature, nothing_of_the_item_before_is_left)
{
    const double dense[6] = {1, 2, 3, 4, 5, 6}, sparse[3] = {0, 7, 0};
    struct lattn_item first = item_make(dense, 2, 3, LATTN_LABELS_LAST);
    struct lattn_item second = item_make(sparse, 1, 3, LATTN_LABELS_LAST);
    struct feature_reader reader;

    cr_assert_eq(feature_reader_init(&reader, 3, 0), LATTN_OK);
    for (int round = 0; round < 2; round++) {
        expect_features(&reader, &first);
        expect_features(&reader, &second);
    }
    /* Abandoned in the middle of its rows. */
    first.labels = LATTN_LABELS_CAUSAL;
    feature_reader_start(&reader, &first);
    cr_expect(feature_reader_next(&reader, &(struct feature_view){0}));
    expect_features(&reader, &second);
    feature_reader_done(&reader);
}

Test(feature, narrow_tokens_are_padded_with_zeros)
{
    const double wide[4] = {1, 2, 3, 4}, narrow[2] = {5, 6};
    struct lattn_item first = item_make(wide, 1, 4, LATTN_LABELS_LAST);
    struct lattn_item second = item_make(narrow, 1, 2, LATTN_LABELS_LAST);
    struct feature_reader reader;

    cr_assert_eq(feature_reader_init(&reader, 5, 1), LATTN_OK);
    expect_features(&reader, &first);
    expect_features(&reader, &second);
    feature_reader_done(&reader);
}

Test(feature, a_token_of_the_bias_alone)
{
    const double none[1] = {0};
    struct lattn_item item = item_make(none, 4, 0, LATTN_LABELS_CAUSAL);
    struct feature_reader reader;

    cr_assert_eq(feature_reader_init(&reader, 1, 1), LATTN_OK);
    expect_features(&reader, &item);
    feature_reader_done(&reader);
}

Test(feature, the_guard_makes_cancelled_products_exactly_zero)
{
    /* Mirrored tokens: S_01 = 0.1 * 0.3 - 0.1 * 0.3 summed with rounding in between. */
    const double z[8] = {0.1, 0.3, 1, 1. / 3, -0.1, 0.3, -1, 1. / 3};
    struct lattn_item item = item_make(z, 4, 2, LATTN_LABELS_LAST);
    struct feature_reader reader;
    struct feature_view view;

    cr_assert_eq(feature_reader_init(&reader, 2, 0), LATTN_OK);
    feature_reader_start(&reader, &item);
    cr_assert(feature_reader_next(&reader, &view));
    cr_expect_eq(view.S[feature_pair(2, 0, 1)], 0);
    cr_expect_gt(view.S[feature_pair(2, 0, 0)], 0);
    feature_reader_done(&reader);
}

Test(feature, a_zero_query_has_no_features)
{
    const double z[4] = {1, 2, 0, 0};
    struct lattn_item item = item_make(z, 2, 2, LATTN_LABELS_LAST);
    struct feature_reader reader;
    struct feature_view view;
    int32_t index[6];
    double value[6];

    cr_assert_eq(feature_reader_init(&reader, 2, 0), LATTN_OK);
    feature_reader_start(&reader, &item);
    cr_assert(feature_reader_next(&reader, &view));
    cr_expect_eq(feature_list(2, &view, index, value), 0);
    feature_reader_done(&reader);
}

/* The square of the largest that does not count is no normal number: S_jj would say too little. */
Test(feature, coordinates_whose_squares_are_lost_count_as_zero)
{
    static const double least = 0x1p-511;
    struct feature_reader reader;
    struct feature_view view;

    for (int32_t n = 1; n <= 17; n += 16) { /* 16 tokens without zeros are added at once */
        for (int is_less = 0; is_less <= 1; is_less++) {
            double z[17 * 3], row[18];
            const struct lattn_item item = item_make(z, n, 3, LATTN_LABELS_LAST);

            for (int32_t i = 0; i < n; i++) {
                z[3 * i] = 1;
                z[3 * i + 1] = is_less ? -nextafter(least, 0) : -least;
                z[3 * i + 2] = 2;
            }
            cr_assert_eq(feature_reader_init(&reader, 3, 0), LATTN_OK);
            feature_reader_start(&reader, &item);
            cr_assert(feature_reader_next(&reader, &view));
            cr_expect_eq(view.support_count, is_less ? 2 : 3);
            cr_expect_eq(view.query_count, is_less ? 2 : 3);
            feature_row(3, &view, 1, row);
            cr_expect_eq(row[feature_index(3, (struct feature){0, 1, 0})] == 0, is_less);
            feature_reader_done(&reader);
        }
    }
}

Test(feature, bound_holds_and_overflows_to_infinity)
{
    const double z[4] = {3, -4, 1, 2};
    struct lattn_item item = item_make(z, 2, 2, LATTN_LABELS_FULL);
    long double phi[P_MAX];

    for (int32_t query = 0; query < 2; query++) {
        phi_literal(&item, 3, 1, 2, query, phi);
        for (int32_t i = 0; i < feature_count(3); i++)
            cr_expect_leq(fabsl(phi[i]), feature_bound(2, 4, 1));
    }
    cr_expect_lt(feature_bound(2, 4, 1), 1000, "and it is no more than a bound");
    cr_expect(isinf(feature_bound(1, 1e200, 0)));
    cr_expect_geq(feature_bound(1, 1e-200, 1), 1, "the bias counts");
}

Test(feature, counts_stay_within_an_int_at_the_largest_dimension)
{
    int32_t d = LATTN_DIM_MAX;
    struct feature last = {(uint16_t)(d - 1), (uint16_t)(d - 1), (uint16_t)(d - 1)};

    cr_expect_eq(feature_count(d), 256 * 256 * 257 / 2);
    cr_expect_eq(feature_index(d, last), feature_count(d) - 1);
    cr_expect_eq(feature_count(0), 0);
    cr_expect(feature_coef_fits(d, 255));
    cr_expect_not(feature_coef_fits(d, 256));
}

Test(feature, indices_count_pairs_along_the_rows_of_the_triangle)
{
    int32_t index = 0;

    for (uint16_t j = 0; j < 5; j++)
        for (uint16_t k = j; k < 5; k++)
            for (uint16_t l = 0; l < 5; l++)
                cr_expect_eq(feature_index(5, (struct feature){j, k, l}), index++);
}

Test(feature, a_reader_without_memory_owns_nothing)
{
    struct feature_reader reader;
    uint64_t k = 1;

    for (;; k++) {
        enum lattn_status status;

        memory_fail(k, 0);
        status = feature_reader_init(&reader, 3, 1);
        if (!memory_failed())
            break;
        cr_expect_eq(status, LATTN_NO_MEMORY);
        cr_expect_null(reader.sum);
    }
    memory_fail(0, 0);
    cr_expect_gt(k, 1);
    feature_reader_done(&reader);
}
