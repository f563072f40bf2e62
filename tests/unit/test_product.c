#include "core/product.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MOST = 400 };

/* All pairs of `tokens` with all of `queries`, in order. */
static int32_t product_list(int32_t d, const int32_t *tokens, int32_t e, const int32_t *queries,
                            struct feature *features)
{
    int32_t count = 0;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++)
            for (int32_t l = 0; l < e; l++)
                features[count++] = (struct feature){(uint16_t)tokens[j], (uint16_t)tokens[k],
                                                     (uint16_t)queries[l]};
    return count;
}

Test(product, finds_all_pairs_of_some_coordinates_with_some_others)
{
    static const int32_t tokens[] = {0, 2, 3, 7, 8}, queries[] = {1, 2, 9, 10};
    struct feature features[MOST];

    for (int32_t d = 1; d <= 5; d++)
        for (int32_t e = 1; e <= 4; e++) {
            int32_t count = product_list(d, tokens, e, queries, features);
            int32_t ret_d = 0, ret_e = 0;

            cr_assert(product_find(features, count, &ret_d, &ret_e));
            cr_expect_eq(ret_d, d);
            cr_expect_eq(ret_e, e);
            /* One less is none, unless it is a smaller one by chance: (d, 1) without its last. */
            if (d > 1 && e > 1)
                cr_expect_not(product_find(features, count - 1, &ret_d, &ret_e));
        }
}

Test(product, finds_none_where_a_feature_is_another_one_or_elsewhere)
{
    static const int32_t tokens[] = {1, 3, 4, 6}, queries[] = {0, 5, 6};
    struct feature features[MOST];
    int32_t count = product_list(4, tokens, 3, queries, features);
    int32_t d, e;

    for (int32_t i = 0; i < count; i++) {
        struct feature kept = features[i];
        int32_t other = (i + 7) % count;

        features[i].l = 9;
        cr_expect_not(product_find(features, count, &d, &e), "%d", i);
        features[i] = kept;
        features[i].k = 5;
        cr_expect_not(product_find(features, count, &d, &e), "%d", i);
        features[i] = features[other];
        features[other] = kept;
        cr_expect_not(product_find(features, count, &d, &e), "%d", i);
        features[other] = features[i];
        features[i] = kept;
    }
    cr_expect(product_find(features, count, &d, &e));
}

Test(product, sorts_by_the_index_of_features)
{
    static const int32_t all[] = {0, 1, 2, 3};
    struct feature features[MOST];
    int32_t count = product_list(4, all, 4, all, features);

    for (int32_t i = 0; i < count; i++) {
        struct feature kept = features[i];
        int32_t other = (i * 13 + 5) % count;

        features[i] = features[other];
        features[other] = kept;
    }
    qsort(features, (size_t)count, sizeof *features, product_compare);
    for (int32_t i = 0; i < count; i++)
        cr_expect_eq(feature_index(4, features[i]), i);
}

Test(product, gathers_s_and_z_at_its_coordinates)
{
    static const int32_t tokens[] = {0, 2}, queries[] = {1, 2};
    struct feature features[MOST];
    int32_t count = product_list(2, tokens, 2, queries, features);
    double S[] = {1, 2, 3, 4, 5, 6}, z[] = {7, 8, 9};
    struct feature_view view = {.S = S, .z = z};
    double s[3], q[2];

    product_gather(features, count, 2, 3, &view, s, q);
    cr_expect_eq(s[0], 1);
    cr_expect_eq(s[1], 3);
    cr_expect_eq(s[2], 6);
    cr_expect_eq(q[0], 8);
    cr_expect_eq(q[1], 9);
}
