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

Test(feature, scales_bound_the_features)
{
    struct random random = {.state = 2};
    struct feature_reader reader;
    struct feature_view view;
    double z[N_MAX * 3], row[18], scales[18] = {0};
    struct lattn_item item = item_make(z, N_MAX, 3, LATTN_LABELS_CAUSAL);
    double squares[18] = {0};

    random_normals(&random, z, N_MAX * 3);
    cr_assert_eq(feature_reader_init(&reader, 3, 0), LATTN_OK);
    feature_reader_start(&reader, &item);
    while (feature_reader_next(&reader, &view)) {
        feature_scales_add(3, &view, 2, scales);
        feature_row(3, &view, 1, row);
        for (int i = 0; i < 18; i++)
            squares[i] += 2 * row[i] * row[i];
    }
    for (int i = 0; i < 18; i++)
        cr_expect_leq(squares[i], scales[i] * (1 + 1e-14));
    /* Features of one coordinate, S_jj z_l, attain it. */
    for (int l = 0; l < 3; l++)
        cr_expect_float_eq(squares[l], scales[l], approx_sum(N_MAX, scales[l]));
    feature_reader_done(&reader);
}

/* S_jj of an item by the definition. */
static long double diagonal_of(const struct lattn_item *item, int32_t j)
{
    long double sum = 0;

    for (int32_t t = 0; t < item->n; t++)
        sum += token_of(item, 0, t, j) * token_of(item, 0, t, j);
    return sum;
}

Test(feature, scales_are_the_products_of_the_diagonal)
{
    struct random random = {.state = 5};

    for (int32_t d = 1; d <= D_MAX; d++) {
        for (int zeros = 0; zeros <= 1; zeros++) {
            double z[N_MAX * D_MAX], scales[P_MAX] = {0};
            struct lattn_item item = item_make(z, N_MAX, d, LATTN_LABELS_LAST);
            struct feature_reader reader;
            struct feature_view view;

            random_normals(&random, z, N_MAX * D_MAX);
            if (zeros)
                z[(N_MAX - 1) * d] = 0;
            cr_assert_eq(feature_reader_init(&reader, d, 0), LATTN_OK);
            feature_reader_start(&reader, &item);
            cr_assert(feature_reader_next(&reader, &view));
            feature_scales_add(d, &view, 2, scales);
            for (int32_t j = 0, i = 0; j < d; j++)
                for (int32_t k = j; k < d; k++)
                    for (int32_t l = 0; l < d; l++, i++) {
                        long double q = token_of(&item, 0, N_MAX - 1, l);
                        double want =
                            (double)(2 * diagonal_of(&item, j) * diagonal_of(&item, k) * q * q);

                        cr_expect_float_eq(scales[i], want, approx_sum(4 * N_MAX, want));
                    }
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
