#include "core/scales.h"

#include "base/random.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>

enum { D_MAX = 21, N_MAX = 9, P_MAX = D_MAX * D_MAX * (D_MAX + 1) / 2 };

static struct lattn_item item_make(const double *z, int32_t n, int32_t d, enum lattn_labels labels)
{
    return (struct lattn_item){.z = z, .weight = 1, .n = n, .d = d, .m = 1, .labels = labels};
}

Test(scales, bound_the_features)
{
    struct random random = {.state = 2};
    struct feature_reader reader;
    struct feature_view view;
    double z[N_MAX * 3] = {0}, row[18], scales[18] = {0};
    struct lattn_item item = item_make(z, N_MAX, 3, LATTN_LABELS_CAUSAL);
    double squares[18] = {0};

    random_normals(&random, z, N_MAX * 3);
    cr_assert_eq(feature_reader_init(&reader, 3, 0), LATTN_OK);
    feature_reader_start(&reader, &item);
    while (feature_reader_next(&reader, &view)) {
        scales_add(3, &view, 2, scales);
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
        sum += (long double)item->z[t * item->d + j] * item->z[t * item->d + j];
    return sum;
}

Test(scales, are_the_products_of_the_diagonal)
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
            scales_add(d, &view, 2, scales);
            for (int32_t j = 0, i = 0; j < d; j++)
                for (int32_t k = j; k < d; k++)
                    for (int32_t l = 0; l < d; l++, i++) {
                        long double q = z[(N_MAX - 1) * d + l];
                        double want =
                            (double)(2 * diagonal_of(&item, j) * diagonal_of(&item, k) * q * q);

                        cr_expect_float_eq(scales[i], want, approx_sum(4 * N_MAX, want));
                    }
            feature_reader_done(&reader);
        }
    }
}

/* The order of sums and products is the same in all versions, whatever their vectors. */
Test(scales, are_the_same_bits_in_all_versions)
{
    struct random random = {.state = 6};

    for (int32_t d = 1; d <= D_MAX; d++) {
        double z[N_MAX * D_MAX], scales[P_MAX] = {0}, portable[P_MAX] = {0};
        struct lattn_item item = item_make(z, N_MAX, d, LATTN_LABELS_CAUSAL);
        struct feature_reader reader;
        struct feature_view view;

        random_normals(&random, z, N_MAX * D_MAX);
        cr_assert_eq(feature_reader_init(&reader, d, 0), LATTN_OK);
        feature_reader_start(&reader, &item);
        while (feature_reader_next(&reader, &view)) {
            scales_add(d, &view, 0.7, scales);
            scales_add_portable(d, &view, 0.7, portable);
        }
        cr_expect_arr_eq(scales, portable, sizeof scales, "d=%d", d);
        feature_reader_done(&reader);
    }
}

/* Rows one after the other, and rows together. */
Test(scales, are_the_same_bits_for_rows_together)
{
    enum { ROWS = 150, LD = 24 };
    struct random random = {.state = 7};

    for (int32_t d = 1; d <= D_MAX; d++) {
        double z[N_MAX * D_MAX], diagonal[ROWS * D_MAX], squares[ROWS * LD] = {0};
        double scales[P_MAX] = {0}, together[P_MAX] = {0};
        struct lattn_item item = item_make(z, N_MAX, d, LATTN_LABELS_LAST);
        struct feature_reader reader;
        struct feature_view view;
        size_t ld = scales_ld(d);

        cr_assert(ld <= LD);
        cr_assert_eq(feature_reader_init(&reader, d, 0), LATTN_OK);
        for (int32_t i = 0; i < ROWS; i++) {
            random_normals(&random, z, N_MAX * D_MAX);
            feature_reader_query(&reader, &item, &view);
            scales_add(d, &view, 0.7, scales);
            for (int32_t l = 0; l < d; l++) {
                diagonal[i * d + l] = view.diagonal[l];
                squares[(size_t)i * ld + (size_t)l] = 0.7 * (view.z[l] * view.z[l]);
            }
        }
        for (int32_t j = d - 1; j >= 0; j--) {
            scales_add_rows(d, j, ROWS / 3, diagonal, squares, together);
            scales_add_rows(d, j, ROWS - ROWS / 3, diagonal + ROWS / 3 * d, squares + ROWS / 3 * ld,
                            together);
        }
        cr_expect_arr_eq(scales, together, sizeof scales, "d=%d", d);
        feature_reader_done(&reader);
    }
}

/* What is lost is what an update takes as zero; long doubles reach 1e-4932. */
static void expect_scales_far_apart(const double *z, double weight)
{
    const struct lattn_item item = item_make(z, 1, 3, LATTN_LABELS_LAST);
    double scales[18] = {0}, row[18];
    struct feature_reader reader;
    struct feature_view view;

    cr_assert_eq(feature_reader_init(&reader, 3, 0), LATTN_OK);
    feature_reader_start(&reader, &item);
    cr_assert(feature_reader_next(&reader, &view));
    scales_add(3, &view, weight, scales);
    feature_row(3, &view, sqrt(weight), row);
    for (int i = 0; i < 18; i++) {
        struct feature feature = feature_at(3, i);
        long double entry =
            (long double)view.z[feature.j] * view.z[feature.k] * view.z[feature.l] * sqrtl(weight);
        double want = (double)(entry * entry);

        if (fabsl(entry) >= 0x1p-510L)
            cr_expect_float_eq(scales[i], want, approx_sum(8, want), "%g %g %g, %g: %d", z[0], z[1],
                               z[2], weight, i);
        cr_expect(scales[i] > 0 || fabs(row[i]) < 1e-150, "%g %g %g, %g: %d", z[0], z[1], z[2],
                  weight, i);
    }
    feature_reader_done(&reader);
}

Test(scales, are_lost_only_where_the_entry_is)
{
    static const double sizes[] = {1e-320, 1e-170, 2e-154, 1e-100, 1e-82, 1e-40, 1, 1e40, 1e46};
    static const double weights[] = {1e-90, 1, 1e90};
    enum { SIZES = sizeof sizes / sizeof *sizes };

    for (int i = 0; i < SIZES * SIZES * SIZES; i++) {
        double z[] = {sizes[i % SIZES], -sizes[i / SIZES % SIZES], sizes[i / SIZES / SIZES]};

        for (int w = 0; w < 3; w++) {
            if (feature_bound(1, fmax(fmax(z[0], -z[1]), z[2]), 0) * sqrt(weights[w]) <= 1e140)
                expect_scales_far_apart(z, weights[w]);
        }
    }
}
