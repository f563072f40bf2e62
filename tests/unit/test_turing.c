#include <lattn/tasks.h>

#include "base/memory.h"
#include "support/machine.h"

#include <criterion/criterion.h>
#include <string.h>

enum { STEPS = 40, MACHINES = 20, DIM_MAX = 31, TOKENS_MAX = 120 };

struct size {
    int32_t states;
    int32_t symbols;
    int32_t cells;
    int32_t d;
};

static const struct size sizes[] = {
    {2, 2, 3, 22}, {2, 2, 4, 25}, {2, 2, 5, 28}, {3, 2, 4, 28}, {2, 2, 6, 31}, {3, 2, 5, 31},
};

static struct lattn_task *open_turing(const struct size *size)
{
    const struct lattn_turing_settings settings = {
        .states = size->states,
        .symbols = size->symbols,
        .cells = size->cells,
        .length = STEPS,
        .seed = 11,
    };
    struct lattn_task *task;

    cr_assert_eq(lattn_turing_open(&task, &settings), LATTN_OK);
    return task;
}

/* The pair's query is the token, and the layer says the label, which rounds to the next token. */
static void expect_pair(struct lattn_task *task, const struct lattn_item *item, const double *query,
                        const double *follows)
{
    double tokens[TOKENS_MAX * DIM_MAX], y[DIM_MAX];
    size_t bytes = (size_t)item->d * sizeof *y;

    cr_assert_eq(lattn_item_check(item, NULL), LATTN_OK);
    cr_assert(item->n <= TOKENS_MAX && item->d <= DIM_MAX && item->m == item->d);
    lattn_item_expand(item, item->d, tokens);
    cr_expect_arr_eq(tokens + (item->n - 1) * item->d, query, bytes);
    lattn_model_apply(lattn_task_truth(task), tokens, item->n, y);
    cr_expect_arr_eq(y, item->y, bytes);
    lattn_model_round(lattn_task_truth(task), y);
    cr_expect_arr_eq(y, follows, bytes);
}

static void expect_history(struct lattn_task *task, const struct size *size)
{
    double before[DIM_MAX], during[DIM_MAX];
    struct machine machine;
    struct lattn_item item;

    for (int32_t t = 0; t < STEPS; t++) {
        lattn_task_next(task, &item);
        if (t == 0)
            machine_read_turing(&machine, size->states, size->symbols, size->cells, &item);
        machine_before(&machine, before);
        machine_during(&machine, during);
        expect_pair(task, &item, before, during);
        machine_step(&machine);
        machine_before(&machine, before);
        lattn_task_next(task, &item);
        expect_pair(task, &item, during, before);
    }
}

/* The hand-built layer: no wrong step in 20 machines at any size. */
Test(turing, makes_every_step_as_a_machine_does)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lattn_task *task = open_turing(&sizes[i]);
        const struct lattn_model *truth = lattn_task_truth(task);

        cr_assert_eq(truth->d, sizes[i].d);
        cr_assert_eq(truth->heads, 2 + 3 * sizes[i].cells + sizes[i].symbols +
                                       sizes[i].states * sizes[i].symbols);
        for (int32_t machine = 0; machine < MACHINES; machine++)
            expect_history(task, &sizes[i]);
        lattn_task_close(&task);
    }
}

Test(turing, names_every_coordinate_once)
{
    struct lattn_task *task = open_turing(&sizes[0]);
    const struct lattn_names *names = &lattn_task_truth(task)->names;
    int32_t covered = 0;

    cr_assert_eq(names->coordinates_count, 22);
    for (int32_t i = 0; i < 22; i++) {
        cr_expect_neq(names->coordinates[i][0], '\0', "coordinate %d", i);
        cr_expect_str_eq(names->coordinates[i], names->outputs[i]);
        for (int32_t j = 0; j < i; j++)
            cr_expect_str_neq(names->coordinates[i], names->coordinates[j]);
    }
    for (int32_t b = 0; b < names->blocks_count; b++) {
        cr_expect_eq(names->blocks[b].start, covered);
        covered += names->blocks[b].size;
    }
    cr_expect_eq(covered, 22);
    lattn_task_close(&task);
}

Test(turing, refuses_settings_out_of_range)
{
    struct lattn_turing_settings bad[6];
    struct lattn_task *task = NULL;

    for (size_t i = 0; i < 6; i++)
        bad[i] = lattn_turing_settings_default();
    bad[0].states = 0;
    bad[1].symbols = LATTN_DIM_MAX + 1;
    bad[2].cells = 0;
    bad[3].length = 0;
    bad[4].cells = 82; /* 257 coordinates */
    bad[5].length = LATTN_TOKENS_MAX;
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(lattn_turing_open(&task, &bad[i]), LATTN_RANGE, "case %zu", i);
    cr_expect_null(task);
    bad[4].cells = 81;
    cr_expect_eq(lattn_turing_open(&task, &bad[4]), LATTN_OK);
    lattn_task_close(&task);
}

Test(turing, says_so_where_memory_ran_out)
{
    const struct lattn_turing_settings settings = lattn_turing_settings_default();
    struct lattn_task *task = NULL;
    enum lattn_status status;
    uint64_t k = 0;

    do {
        memory_fail(++k, 0);
        status = lattn_turing_open(&task, &settings);
        cr_assert(status == LATTN_OK || (status == LATTN_NO_MEMORY && task == NULL));
    } while (status != LATTN_OK);
    memory_fail(0, 0);
    cr_expect_gt(k, 4);
    lattn_task_close(&task);
}
