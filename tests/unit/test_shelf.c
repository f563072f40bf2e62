#include "core/shelf.h"

#include <criterion/criterion.h>
#include <string.h>

enum { D = 3, M = 2, HEADS = 2 };

static struct lattn_model *model_of(double first)
{
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, D, M, HEADS), LATTN_OK);
    for (int i = 0; i < HEADS * M * D; i++)
        model->V[i] = first + i;
    for (int i = 0; i < HEADS * D * D; i++)
        model->Q[i] = -first - i;
    model->sigma[0] = first;
    model->sigma[1] = 1;
    model->residual = 0.5;
    model->decomposition = LATTN_DECOMPOSITION_FEWEST;
    model->certified = LATTN_CERTIFIED_NOT;
    return model;
}

static void put(struct shelf *shelf, uint64_t generation, enum lattn_heads heads, int32_t count,
                double first)
{
    struct lattn_model *model = model_of(first);

    cr_assert_eq(shelf_put(shelf, generation, heads, count, model), LATTN_OK);
    lattn_model_close(&model);
}

/* The first number of the model that is taken, or 0 where there is none. */
static double taken(const struct shelf *shelf, uint64_t generation, enum lattn_heads heads,
                    int32_t count)
{
    struct lattn_model *model = NULL;
    enum lattn_status status = shelf_take(shelf, generation, heads, count, &model);
    double first;

    if (status == LATTN_MORE)
        return 0;
    cr_assert_eq(status, LATTN_OK);
    first = model->V[0];
    lattn_model_close(&model);
    return first;
}

Test(shelf, gives_what_was_put_there)
{
    struct shelf shelf = {0};
    struct lattn_model *want = model_of(7);
    struct lattn_model *got;

    put(&shelf, 5, LATTN_HEADS_FEWEST, 0, 7);
    cr_assert_eq(shelf_take(&shelf, 5, LATTN_HEADS_FEWEST, 0, &got), LATTN_OK);
    cr_expect_arr_eq(got->V, want->V, HEADS * M * D * sizeof(double));
    cr_expect_arr_eq(got->Q, want->Q, HEADS * D * D * sizeof(double));
    cr_expect_arr_eq(got->sigma, want->sigma, HEADS * sizeof(double));
    cr_expect_eq(got->residual, want->residual);
    cr_expect_eq(got->decomposition, want->decomposition);
    cr_expect_eq(got->certified, want->certified);
    lattn_model_close(&got);
    lattn_model_close(&want);
    shelf_clear(&shelf);
}

Test(shelf, holds_one_generation)
{
    struct shelf shelf = {0};

    cr_expect_eq(taken(&shelf, 0, LATTN_HEADS_SVD, 0), 0);
    put(&shelf, 5, LATTN_HEADS_SVD, 0, 1);
    put(&shelf, 5, LATTN_HEADS_FEWEST, 0, 2);
    cr_expect_eq(taken(&shelf, 5, LATTN_HEADS_SVD, 0), 1);
    cr_expect_eq(taken(&shelf, 5, LATTN_HEADS_FEWEST, 0), 2);
    cr_expect_eq(taken(&shelf, 6, LATTN_HEADS_SVD, 0), 0);
    put(&shelf, 6, LATTN_HEADS_FEWEST, 0, 3);
    cr_expect_eq(taken(&shelf, 6, LATTN_HEADS_FEWEST, 0), 3);
    cr_expect_eq(taken(&shelf, 6, LATTN_HEADS_SVD, 0), 0);
    cr_expect_eq(taken(&shelf, 5, LATTN_HEADS_SVD, 0), 0);
    shelf_clear(&shelf);
    cr_expect_eq(taken(&shelf, 6, LATTN_HEADS_FEWEST, 0), 0);
}

Test(shelf, tells_one_count_from_another)
{
    struct shelf shelf = {0};

    put(&shelf, 1, LATTN_HEADS_COUNT, 2, 4);
    cr_expect_eq(taken(&shelf, 1, LATTN_HEADS_COUNT, 2), 4);
    cr_expect_eq(taken(&shelf, 1, LATTN_HEADS_COUNT, 3), 0);
    put(&shelf, 1, LATTN_HEADS_COUNT, 3, 5);
    cr_expect_eq(taken(&shelf, 1, LATTN_HEADS_COUNT, 3), 5);
    shelf_clear(&shelf);
}

Test(shelf, is_copied_with_all_it_holds)
{
    struct shelf shelf = {0};
    struct shelf copy;

    put(&shelf, 1, LATTN_HEADS_COUNT, 2, 4);
    put(&shelf, 1, LATTN_HEADS_FEWEST, 0, 6);
    cr_assert_eq(shelf_copy(&shelf, &copy), LATTN_OK);
    shelf_clear(&shelf);
    cr_expect_eq(taken(&copy, 1, LATTN_HEADS_COUNT, 2), 4);
    cr_expect_eq(taken(&copy, 1, LATTN_HEADS_FEWEST, 0), 6);
    shelf_clear(&copy);
}
