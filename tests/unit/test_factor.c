#include "core/factor.h"

#include "base/random.h"
#include "core/admission.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 3, P = 18, N = 4 };

static struct lattn_item item_make(const double *z, const double *y, int32_t d, int32_t m)
{
    return (struct lattn_item){
        .z = z, .y = y, .weight = 1, .n = N, .d = d, .m = m, .labels = LATTN_LABELS_CAUSAL};
}

static void teach(struct factor *factor, const struct lattn_item *item)
{
    cr_assert_eq(admission_make(factor, item, 0), LATTN_OK);
    factor_absorb(factor, &(struct lattn_batch){item, 1});
}

/* Sum over components of [R C]'[R C] at two features, or at a feature and output b. */
static double product(const struct factor *factor, int32_t a, int32_t b, int32_t output)
{
    const struct slot one = factor->slots[a], two = factor->slots[output < 0 ? b : a];
    const struct component *component;
    double sum = 0;

    if (one.component == 0 || two.component != one.component)
        return 0;
    component = factor->components[one.component - 1];
    for (int32_t i = 0; i < component->columns; i++) {
        const double *row = component->factor + (size_t)i * component->ld;
        int32_t column = output < 0 ? two.column : component->columns + output;

        if (i <= one.column && i <= column)
            sum += row[one.column] * row[column];
    }
    return sum;
}

Test(factor, holds_the_second_moments_whatever_the_components)
{
    struct random random = {.state = 1};
    struct feature_reader reader;
    struct factor factor;
    double gram[P][P] = {{0}}, labels[P] = {0};

    factor_init(&factor, 0, 1, 0, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_resize(&factor, D, 1), LATTN_OK);
    cr_assert_eq(feature_reader_init(&reader, D, 0), LATTN_OK);
    for (int pass = 0; pass < 12; pass++) {
        double z[N * D], y[N], row[P];
        struct lattn_item item = item_make(z, y, D, 1);
        struct feature_view view;

        random_normals(&random, z, N * D);
        random_normals(&random, y, N);
        for (int i = 0; i < N * D; i++)
            z[i] *= pass > 6 || i % D == pass % D;
        teach(&factor, &item);
        feature_reader_start(&reader, &item);
        while (feature_reader_next(&reader, &view)) {
            feature_row(D, &view, 1, row);
            for (int a = 0; a < P; a++) {
                labels[a] += row[a] * *view.y;
                for (int b = 0; b < P; b++)
                    gram[a][b] += row[a] * row[b];
            }
        }
        for (int a = 0; a < P; a++) {
            cr_assert_float_eq(product(&factor, a, 0, 0), labels[a], approx_sum(P * P, 1000));
            for (int b = 0; b < P; b++)
                cr_assert_float_eq(product(&factor, a, b, -1), gram[a][b], approx_sum(P * P, 1000));
        }
    }
    feature_reader_done(&reader);
    factor_done(&factor);
}

Test(factor, resizing_keeps_every_moment_and_scale)
{
    struct random random = {.state = 2};
    struct factor factor;
    double z[N * D] = {0}, y[N] = {0}, before, scale;
    struct lattn_item item = item_make(z, y, D, 1);
    struct feature feature = {0, 2, 1};
    uint64_t generation;

    random_normals(&random, z, N * D);
    random_normals(&random, y, N);
    factor_init(&factor, 0, 1, 0, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_resize(&factor, D, 1), LATTN_OK);
    teach(&factor, &item);
    before = product(&factor, feature_index(D, feature), feature_index(D, feature), -1);
    scale = factor.scales[feature_index(D, feature)];
    generation = factor.generation;
    cr_assert_eq(factor_resize(&factor, 5, 3), LATTN_OK);
    cr_expect_gt(factor.generation, generation);
    cr_expect_eq(product(&factor, feature_index(5, feature), feature_index(5, feature), -1),
                 before);
    cr_expect_eq(factor.scales[feature_index(5, feature)], scale);
    cr_expect_eq(factor.yy[1], 0);
    cr_expect_not(factor_is_dense(&factor));
    teach(&factor, &item);
    cr_expect_float_eq(product(&factor, feature_index(5, feature), feature_index(5, feature), -1),
                       2 * before, approx_sum(P, before));
    factor_done(&factor);
}

Test(factor, dense_data_is_one_component_in_order)
{
    struct random random = {.state = 3};
    struct factor factor;
    double z[N * D] = {0}, y[N] = {1};
    struct lattn_item item = item_make(z, y, D, 1);

    random_normals(&random, z, N * D);
    factor_init(&factor, 0, 1, 0, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_resize(&factor, D, 1), LATTN_OK);
    cr_expect_not(factor_is_dense(&factor));
    teach(&factor, &item);
    cr_expect(factor_is_dense(&factor));
    cr_expect_eq(factor.components_count, 1);
    factor_done(&factor);
}

Test(factor, labels_of_rows_without_features_are_residual)
{
    const double z[N * D] = {0}, y[N] = {3, 0, -4, 0};
    struct lattn_item item = item_make(z, y, D, 1);
    struct factor factor;
    double rss;

    factor_init(&factor, 0, 0.5, 0, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_resize(&factor, D, 1), LATTN_OK);
    teach(&factor, &item);
    factor_residual(&factor, &rss);
    cr_expect_float_eq(rss, 9. / 8 + 16. / 2, 1e-14);
    cr_expect_eq(factor.pairs, N);
    cr_expect_eq(factor.progressive_sum, 25);
    factor_done(&factor);
}

Test(factor, the_recent_loss_forgets_over_rows_without_features_too)
{
    double z[N * D] = {0}, y[N] = {1, 1, 1, 1};
    struct lattn_item item = item_make(z, y, D, 1);
    struct factor factor;
    double recent;

    factor_init(&factor, 0, 1, 0, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_resize(&factor, D, 1), LATTN_OK);
    teach(&factor, &item);
    memset(y, 0, sizeof y);
    for (int i = 0; i < 5000; i++)
        teach(&factor, &item);
    recent = factor.recent_sum / factor.recent_weight;
    cr_expect_lt(recent, 1e-6, "the errors are 20000 pairs old, and the loss is %g", recent);
    factor_done(&factor);
}

Test(factor, counts_weights_and_their_squares)
{
    const double z[N * D] = {0}, y[N] = {1, 2, 3, 4};
    struct lattn_item item = item_make(z, y, D, 1);
    struct factor factor;

    item.weight = 3;
    factor_init(&factor, 0, 0.5, 0, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_resize(&factor, D, 1), LATTN_OK);
    teach(&factor, &item);
    cr_expect_eq(factor.weight, 3 * (1 + 0.5 + 0.25 + 0.125));
    cr_expect_eq(factor.weight2, 9 * (1 + 0.25 + 0.0625 + 0.015625));
    cr_expect_eq(factor.weight_ever, 12);
    cr_expect_eq(factor.yy[0], 3 * (16 + 9 * 0.5 + 4 * 0.25 + 0.125));
    cr_expect_eq(factor.tokens_max, N);
    factor_done(&factor);
}

Test(factor, an_empty_one_is_released_and_copied)
{
    struct factor factor, copy;

    factor_init(&factor, 1, 0.9, 0.1, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_copy(&factor, NULL, &copy), LATTN_OK);
    cr_expect_eq(copy.d, 0);
    cr_expect_eq(copy.forget, 0.9);
    factor_done(&copy);
    factor_done(&factor);
    factor_done(&factor);
}

/* Two components that lie apart; then they meet, and one of all features takes their place. */
Test(factor, a_copy_over_an_earlier_one_first_drops_what_does_not_fit)
{
    double z[N * D] = {0}, y[N] = {1, 2, 3, 4};
    struct lattn_item item = item_make(z, y, D, 1);
    struct random random = {.state = 3};
    struct factor factor, earlier, copy;

    factor_init(&factor, 0, 1, 0, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_resize(&factor, D, 1), LATTN_OK);
    z[0] = 1;
    teach(&factor, &item);
    z[0] = 0;
    z[1] = 1;
    teach(&factor, &item);
    cr_assert_eq(factor_copy(&factor, NULL, &earlier), LATTN_OK);
    cr_assert_eq(earlier.components_count, 2);
    random_normals(&random, z, N * D);
    teach(&factor, &item);
    cr_assert_eq(factor_copy(&factor, &earlier, &copy), LATTN_OK);
    cr_expect_null(earlier.components[0]);
    cr_expect_null(earlier.components[1]);
    for (int a = 0; a < P; a++)
        for (int b = 0; b < P; b++)
            cr_expect_eq(product(&copy, a, b, -1), product(&factor, a, b, -1));
    factor_done(&earlier);
    factor_done(&copy);
    factor_done(&factor);
}
