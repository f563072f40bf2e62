#include <lattn/tasks.h>

#include "base/memory.h"
#include "support/machine.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lattn_task *open_automaton(int32_t states, int32_t symbols, int32_t length,
                                         enum lattn_automaton_query query)
{
    const struct lattn_automaton_settings settings = {
        .states = states, .symbols = symbols, .length = length, .query = query, .seed = 5};
    struct lattn_task *task;

    cr_assert_eq(lattn_automaton_open(&task, &settings), LATTN_OK);
    return task;
}

/* All numbers are small and whole, so the layer that makes the labels makes them exactly. */
static void expect_label(const struct lattn_model *truth, const struct lattn_item *item,
                         const double *tokens)
{
    double y[64];

    cr_assert_eq(lattn_item_check(item, NULL), LATTN_OK);
    cr_assert_eq(item->m, truth->m);
    lattn_model_apply(truth, tokens, item->n, y);
    cr_expect_arr_eq(y, item->y, (size_t)item->m * sizeof *y);
}

static int32_t one_of(const double *numbers, int32_t count)
{
    int32_t i = 0;

    while (i < count && numbers[i] != 1)
        i++;
    return i;
}

Test(automaton, goes_step_by_step_as_its_table_says)
{
    struct lattn_task *task = open_automaton(3, 4, 10, LATTN_AUTOMATON_STEP);

    for (int machines = 0; machines < 20; machines++) {
        struct machine machine = {0};

        for (int32_t t = 0; t < 10; t++) {
            double tokens[13 * 15];
            struct lattn_item item;
            int32_t key;

            lattn_task_next(task, &item);
            cr_assert(item.n == 13 && item.d == 15 && item.m == 3);
            lattn_item_expand(&item, 15, tokens);
            if (t == 0)
                machine_read_automaton(&machine, 3, 4, &item);
            key = one_of(tokens + 12 * 15, 12);
            cr_assert_eq(key / 4, machine.state);
            machine.state = machine.next[key];
            cr_expect_eq(one_of(item.y, 3), machine.state);
            expect_label(lattn_task_truth(task), &item, tokens);
        }
    }
    lattn_task_close(&task);
}

/* The word is in the context; each label, rounded, is the next query, up to the last. */
Test(automaton, of_a_whole_word_goes_on_by_itself)
{
    enum { STATES = 3, SYMBOLS = 2, LENGTH = 6, KEYS = 6, DIM = 17 };
    struct lattn_task *task = open_automaton(STATES, SYMBOLS, LENGTH, LATTN_AUTOMATON_WORD);
    const struct lattn_model *truth = lattn_task_truth(task);

    cr_assert(truth->d == DIM && truth->m == DIM && truth->heads == 2);
    for (int machines = 0; machines < 20; machines++) {
        double follows[DIM] = {0};
        struct machine machine = {0};

        for (int32_t t = 0; t < LENGTH; t++) {
            double tokens[(KEYS + 2 * LENGTH) * DIM];
            struct lattn_item item;
            const double *query, *word;

            lattn_task_next(task, &item);
            cr_assert_eq(item.n, KEYS + LENGTH + t + 1);
            lattn_item_expand(&item, DIM, tokens);
            if (t == 0)
                machine_read_automaton(&machine, STATES, SYMBOLS, &item);
            query = tokens + (item.n - 1) * DIM;
            word = tokens + (KEYS + t) * DIM;
            cr_expect_eq(one_of(query, KEYS) / SYMBOLS, machine.state);
            cr_expect_eq(one_of(query, KEYS) % SYMBOLS, one_of(word + KEYS + STATES, SYMBOLS));
            if (t > 0)
                cr_expect_arr_eq(query, follows, sizeof follows);
            expect_label(truth, &item, tokens);
            machine.state = machine.next[one_of(query, KEYS)];
            memcpy(follows, item.y, sizeof follows);
            lattn_model_round(truth, follows);
            cr_expect_eq(one_of(follows, KEYS) / SYMBOLS, machine.state);
        }
    }
    lattn_task_close(&task);
}

Test(automaton, names_states_symbols_and_places)
{
    struct lattn_task *step = open_automaton(2, 2, 8, LATTN_AUTOMATON_STEP);
    struct lattn_task *word = open_automaton(2, 2, 8, LATTN_AUTOMATON_WORD);
    const struct lattn_names *names = &lattn_task_truth(step)->names;

    cr_expect_str_eq(names->coordinates[1], "q0,1");
    cr_expect_str_eq(names->coordinates[5], "to q1");
    cr_expect_str_eq(names->outputs[1], "q1");
    cr_expect_eq(names->blocks_count, 2);
    names = &lattn_task_truth(word)->names;
    cr_expect_str_eq(names->coordinates[6], "symbol 0");
    cr_expect_str_eq(names->outputs[15], "at 7");
    cr_expect_eq(names->blocks_count, 4);
    cr_expect_eq(names->blocks[3].start, 8);
    lattn_task_close(&step);
    lattn_task_close(&word);
}

Test(automaton, refuses_settings_out_of_range)
{
    struct lattn_automaton_settings bad[6];
    struct lattn_task *task = NULL;

    for (size_t i = 0; i < 6; i++)
        bad[i] = lattn_automaton_settings_default();
    bad[0].states = 0;
    bad[1].symbols = 0;
    bad[2].length = 0;
    bad[3].states = bad[3].symbols = 16; /* 256 keys and 16 states */
    bad[4].states = INT32_MAX;
    bad[5].query = LATTN_AUTOMATON_WORD;
    bad[5].length = 249;
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(lattn_automaton_open(&task, &bad[i]), LATTN_RANGE, "case %zu", i);
    cr_expect_null(task);
    bad[5].length = 248;
    cr_expect_eq(lattn_automaton_open(&task, &bad[5]), LATTN_OK);
    lattn_task_close(&task);
}

Test(automaton, says_so_where_memory_ran_out)
{
    const struct lattn_automaton_settings settings = lattn_automaton_settings_default();
    struct lattn_task *task = NULL;
    enum lattn_status status;
    uint64_t k = 0;

    do {
        memory_fail(++k, 0);
        status = lattn_automaton_open(&task, &settings);
        cr_assert(status == LATTN_OK || (status == LATTN_NO_MEMORY && task == NULL));
    } while (status != LATTN_OK);
    memory_fail(0, 0);
    cr_expect_gt(k, 4);
    lattn_task_close(&task);
}
