#include <lattn/tasks.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

enum { DIM = 8, HALF = 4 };

static struct lattn_task *open_memory(double mix, double noise)
{
    struct lattn_memory_settings settings = lattn_memory_settings_default();
    struct lattn_task *task;

    settings.mix = mix;
    settings.noise = noise;
    cr_assert_eq(lattn_memory_open(&task, &settings), LATTN_OK);
    return task;
}

static double product(const double *a, const double *b)
{
    double sum = 0;

    for (int k = 0; k < HALF; k++)
        sum += a[k] * b[k];
    return sum;
}

Test(associative_memory, labels_as_its_layer_does)
{
    struct lattn_task *task = open_memory(0.5, 0);

    for (int i = 0; i < 100; i++) {
        struct lattn_item item;
        double y[DIM];

        lattn_task_next(task, &item);
        cr_assert_eq(lattn_item_check(&item, NULL), LATTN_OK);
        cr_assert(item.n == HALF + 1 && item.d == DIM && item.m == DIM);
        lattn_model_apply(lattn_task_truth(task), item.z, item.n, y);
        for (int a = 0; a < DIM; a++)
            cr_expect_float_eq(item.y[a], y[a], 1000 * DBL_EPSILON);
    }
    lattn_task_close(&task);
    cr_expect_null(task);
}

/* Where keys are orthonormal the label is the value stored, and the noise. */
Test(associative_memory, recalls_the_value_of_an_orthonormal_key)
{
    struct lattn_task *task = open_memory(1, 0);

    for (int i = 0; i < 100; i++) {
        const double *query, *found = NULL;
        struct lattn_item item;

        lattn_task_next(task, &item);
        query = item.z + HALF * DIM;
        for (int s = 0; s < HALF; s++) {
            for (int t = 0; t <= s; t++) {
                double want = s == t ? 1 : 0;

                cr_expect_float_eq(product(item.z + s * DIM, item.z + t * DIM), want, 1e-12);
                cr_expect_float_eq(product(item.z + s * DIM + HALF, item.z + t * DIM + HALF), want,
                                   1e-12);
            }
            if (product(item.z + s * DIM, query) > 0.5)
                found = item.z + s * DIM + HALF;
        }
        cr_assert_not_null(found);
        for (int a = 0; a < HALF; a++) {
            cr_expect_eq(item.y[a], 0);
            cr_expect_float_eq(item.y[HALF + a], found[a] + query[HALF + a], 1e-11);
        }
    }
    lattn_task_close(&task);
}

Test(associative_memory, mixes_as_it_is_told)
{
    struct lattn_task *task = open_memory(0.75, 0);
    int unitary = 0;

    for (int i = 0; i < 10000; i++) {
        struct lattn_item item;

        lattn_task_next(task, &item);
        unitary += fabs(product(item.z, item.z) - 1) < 1e-12;
    }
    /* Five standard deviations of 43. */
    cr_expect_float_eq(unitary, 7500, 217, "%d", unitary);
    lattn_task_close(&task);
}

Test(associative_memory, adds_noise_to_labels_and_nothing_else)
{
    struct lattn_task *clean = open_memory(0.95, 0), *noisy = open_memory(0.95, 0.5);
    double square = 0;

    for (int i = 0; i < 1000; i++) {
        struct lattn_item a, b;

        lattn_task_next(clean, &a);
        lattn_task_next(noisy, &b);
        cr_assert_arr_eq(a.z, b.z, (HALF + 1) * DIM * sizeof *a.z);
        for (int k = 0; k < DIM; k++)
            square += pow(b.y[k] - a.y[k], 2);
    }
    cr_expect_float_eq(square / 8000 / 0.25, 1, 5 * sqrt(2 / 8000.0));
    lattn_task_close(&clean);
    lattn_task_close(&noisy);
}

Test(associative_memory, names_keys_and_values)
{
    struct lattn_task *task = open_memory(1, 0);
    const struct lattn_names *names = &lattn_task_truth(task)->names;

    cr_assert_eq(names->coordinates_count, DIM);
    cr_assert_eq(names->outputs_count, DIM);
    cr_expect_str_eq(names->coordinates[0], "key 0");
    cr_expect_str_eq(names->outputs[7], "value 3");
    cr_expect_eq(names->blocks_count, 0);
    lattn_task_close(&task);
}

Test(associative_memory, refuses_settings_out_of_range)
{
    struct lattn_memory_settings bad[6];
    struct lattn_task *task = NULL;

    for (size_t i = 0; i < 6; i++)
        bad[i] = lattn_memory_settings_default();
    bad[0].dim = 7;
    bad[1].dim = 0;
    bad[2].dim = LATTN_DIM_MAX + 2;
    bad[3].mix = 1.5;
    bad[4].mix = NAN;
    bad[5].noise = INFINITY;
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(lattn_memory_open(&task, &bad[i]), LATTN_RANGE, "case %zu", i);
    cr_expect_null(task);
}

Test(associative_memory, says_so_where_memory_ran_out)
{
    const struct lattn_memory_settings settings = lattn_memory_settings_default();
    struct lattn_task *task = NULL;
    enum lattn_status status;
    uint64_t k = 0;

    do {
        memory_fail(++k, 0);
        status = lattn_memory_open(&task, &settings);
        cr_assert(status == LATTN_OK || (status == LATTN_NO_MEMORY && task == NULL));
    } while (status != LATTN_OK);
    memory_fail(0, 0);
    cr_expect_gt(k, 4);
    lattn_task_close(&task);
}
