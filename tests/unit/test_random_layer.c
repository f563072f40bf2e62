#include <lattn/tasks.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

static struct lattn_task *open_random(const struct lattn_random_settings *settings)
{
    struct lattn_task *random = NULL;

    cr_assert_eq(lattn_random_open(&random, settings), LATTN_OK);
    return random;
}

static struct lattn_random_settings settings_wide(void)
{
    struct lattn_random_settings settings = lattn_random_settings_default();

    settings.dim = 5;
    settings.heads = 3;
    settings.outputs = 2;
    settings.length = 17;
    return settings;
}

/* A label is a sum of terms of its own size at most; n d^2 of them are rounded. */
static void expect_labels(const struct lattn_model *truth, const struct lattn_item *item)
{
    double tolerance = 4.0 * item->n * item->d * item->d * DBL_EPSILON;
    double y[2];

    for (int32_t t = 0; t < item->n; t++) {
        lattn_model_apply(truth, item->z, t + 1, y);
        for (int32_t a = 0; a < item->m; a++)
            cr_expect_float_eq(item->y[t * item->m + a], y[a], tolerance);
    }
}

Test(random_layer, labels_every_prefix_as_the_layer_does)
{
    struct lattn_random_settings settings = settings_wide();
    struct lattn_task *random = open_random(&settings);
    struct lattn_item item;

    for (int sequence = 0; sequence < 10; sequence++) {
        lattn_task_next(random, &item);
        cr_assert_eq(item.n, 17);
        cr_assert_eq(item.d, 5);
        cr_assert_eq(item.m, 2);
        cr_assert_eq(lattn_item_rows(&item), 17);
        cr_assert_eq(lattn_item_check(&item, NULL), LATTN_OK);
        expect_labels(lattn_task_truth(random), &item);
    }
    lattn_task_close(&random);
    cr_expect_null(random);
}

Test(random_layer, labels_only_the_last_prefix_if_asked)
{
    struct lattn_random_settings every = settings_wide();
    struct lattn_random_settings last = settings_wide();
    struct lattn_task *random_every;
    struct lattn_task *random_last;

    last.labels = LATTN_LABELS_LAST;
    random_every = open_random(&every);
    random_last = open_random(&last);
    for (int sequence = 0; sequence < 5; sequence++) {
        struct lattn_item a;
        struct lattn_item b;

        lattn_task_next(random_every, &a);
        lattn_task_next(random_last, &b);
        cr_assert_eq(lattn_item_rows(&b), 1);
        cr_assert_arr_eq(a.z, b.z, (size_t)(a.n * a.d) * sizeof *a.z);
        cr_assert_arr_eq(a.y + (a.n - 1) * a.m, b.y, (size_t)a.m * sizeof *a.y);
    }
    lattn_task_close(&random_every);
    lattn_task_close(&random_last);
}

Test(random_layer, has_the_spread_it_promises)
{
    struct lattn_random_settings settings = lattn_random_settings_default();
    struct lattn_task *random;
    double square = 0;
    int64_t count = 0;

    settings.dim = 16;
    settings.labels = LATTN_LABELS_LAST;
    random = open_random(&settings);
    for (int sequence = 0; sequence < 500; sequence++) {
        struct lattn_item item;

        lattn_task_next(random, &item);
        for (int32_t i = 0; i < item.n * item.d; i++, count++)
            square += item.z[i] * item.z[i];
    }
    /* A mean of squares of N normals has relative standard deviation sqrt(2/N); five of them. */
    cr_expect_float_eq(square / (double)count * 100, 1, 5 * sqrt(2 / (double)count));
    square = 0;
    for (int32_t i = 0; i < 256; i++)
        square += pow(lattn_task_truth(random)->Q[i], 2);
    cr_expect_float_eq(square / 16, 1, 5 * sqrt(2 / 256.0));
    lattn_task_close(&random);
}

Test(random_layer, adds_noise_to_labels_and_nothing_else)
{
    struct lattn_random_settings settings = settings_wide();
    struct lattn_task *clean;
    struct lattn_task *noisy;
    struct lattn_item a;
    struct lattn_item b;
    double square = 0;

    settings.length = 2000;
    clean = open_random(&settings);
    settings.noise = 0.5;
    noisy = open_random(&settings);
    lattn_task_next(clean, &a);
    lattn_task_next(noisy, &b);
    cr_assert_arr_eq(a.z, b.z, (size_t)(a.n * a.d) * sizeof *a.z);
    for (int32_t i = 0; i < a.n * a.m; i++)
        square += pow(b.y[i] - a.y[i], 2);
    cr_expect_float_eq(square / 4000 / 0.25, 1, 5 * sqrt(2 / 4000.0));
    lattn_task_close(&clean);
    lattn_task_close(&noisy);
}

Test(random_layer, gives_the_same_numbers_for_a_seed)
{
    struct lattn_random_settings settings = settings_wide();
    struct lattn_task *one = open_random(&settings);
    struct lattn_task *same = open_random(&settings);
    struct lattn_task *other;
    struct lattn_item a;
    struct lattn_item b;

    settings.seed = 2;
    other = open_random(&settings);
    lattn_task_next(one, &a);
    lattn_task_next(same, &b);
    cr_expect_arr_eq(a.z, b.z, (size_t)(a.n * a.d) * sizeof *a.z);
    cr_expect_arr_eq(a.y, b.y, (size_t)(a.n * a.m) * sizeof *a.y);
    lattn_task_next(other, &b);
    cr_expect_neq(a.z[0], b.z[0]);
    lattn_task_close(&one);
    lattn_task_close(&same);
    lattn_task_close(&other);
}

Test(random_layer, puts_the_largest_head_first)
{
    struct lattn_random_settings settings = settings_wide();
    struct lattn_task *random;
    const struct lattn_model *truth;

    settings.heads = 20;
    random = open_random(&settings);
    truth = lattn_task_truth(random);
    for (int32_t h = 1; h < truth->heads; h++)
        cr_expect_leq(truth->sigma[h], truth->sigma[h - 1]);
    lattn_task_close(&random);
}

Test(random_layer, refuses_settings_out_of_range)
{
    const struct lattn_random_settings good = lattn_random_settings_default();
    struct lattn_random_settings bad[8];
    struct lattn_task *random = NULL;

    for (size_t i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].dim = 0;
    bad[1].dim = LATTN_DIM_MAX + 1;
    bad[2].heads = 0;
    bad[3].outputs = LATTN_OUTPUTS_MAX + 1;
    bad[4].length = LATTN_TOKENS_MAX + 1;
    bad[5].noise = -1;
    bad[6].noise = NAN;
    bad[7].labels = LATTN_LABELS_FULL;
    for (size_t i = 0; i < 8; i++)
        cr_expect_eq(lattn_random_open(&random, &bad[i]), LATTN_RANGE, "case %zu", i);
    cr_expect_null(random);
}

Test(random_layer, says_so_where_memory_ran_out)
{
    struct lattn_random_settings settings = settings_wide();
    struct lattn_task *random = NULL;
    uint64_t k = 1;

    for (;; k++) {
        enum lattn_status status;

        memory_fail(k, 0);
        status = lattn_random_open(&random, &settings);
        if (status == LATTN_OK)
            break;
        cr_assert_eq(status, LATTN_NO_MEMORY);
        cr_assert_null(random);
    }
    memory_fail(0, 0);
    cr_expect_gt(k, 2);
    lattn_task_close(&random);
}
