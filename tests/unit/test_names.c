#include <lattn/names.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static int32_t coordinate(struct lattn_names *names, const char *name)
{
    int32_t index = -7;

    cr_assert_eq(lattn_names_coordinate(names, name, &index), LATTN_OK);
    return index;
}

static struct lattn_block block_make(const char *name, int32_t start, int32_t size)
{
    struct lattn_block block = {.start = start, .size = size};

    snprintf(block.name, sizeof block.name, "%s", name);
    return block;
}

Test(names, number_in_order_and_find_again)
{
    struct lattn_names names;

    lattn_names_init(&names);
    cr_expect_eq(coordinate(&names, "a"), 0);
    cr_expect_eq(coordinate(&names, "b"), 1);
    cr_expect_eq(coordinate(&names, "a"), 0);
    cr_expect_eq(names.coordinates_count, 2);
    lattn_names_done(&names);
}

Test(names, coordinates_and_outputs_are_apart)
{
    struct lattn_names names;
    int32_t index;

    lattn_names_init(&names);
    coordinate(&names, "a");
    coordinate(&names, "b");
    cr_assert_eq(lattn_names_output(&names, "b", &index), LATTN_OK);
    cr_expect_eq(index, 0);
    cr_expect_eq(names.outputs_count, 1);
    lattn_names_done(&names);
}

Test(names, refuse_empty_and_long_ones)
{
    char longest[LATTN_NAME_MAX], longer[LATTN_NAME_MAX + 1];
    struct lattn_names names;
    int32_t index = -7;

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    lattn_names_init(&names);
    cr_expect_eq(lattn_names_coordinate(&names, "", &index), LATTN_NAME);
    cr_expect_eq(lattn_names_coordinate(&names, longer, &index), LATTN_NAME);
    cr_expect_eq(index, -7);
    cr_expect_eq(coordinate(&names, longest), 0);
    cr_expect_str_eq(names.coordinates[0], longest);
    lattn_names_done(&names);
}

Test(names, stop_at_the_limit_of_coordinates)
{
    struct lattn_names names;
    char name[16];
    int32_t index = -7;

    lattn_names_init(&names);
    for (int i = 0; i < LATTN_DIM_MAX; i++) {
        snprintf(name, sizeof name, "c%d", i);
        cr_assert_eq(coordinate(&names, name), i);
    }
    cr_expect_eq(lattn_names_coordinate(&names, "one more", &index), LATTN_RANGE);
    cr_expect_eq(index, -7);
    cr_expect_eq(coordinate(&names, "c7"), 7);
    lattn_names_done(&names);
}

Test(names, extend_with_unnamed_ones_and_never_shrink)
{
    struct lattn_names names;

    lattn_names_init(&names);
    coordinate(&names, "a");
    cr_assert_eq(lattn_names_extend(&names, 3, 2), LATTN_OK);
    cr_assert_eq(lattn_names_extend(&names, 1, 1), LATTN_OK);
    cr_expect_eq(names.coordinates_count, 3);
    cr_expect_eq(names.outputs_count, 2);
    cr_expect_str_eq(names.coordinates[0], "a");
    cr_expect_str_eq(names.coordinates[2], "");
    cr_expect_eq(coordinate(&names, "b"), 3);
    lattn_names_done(&names);
}

Test(names, replace_a_block_of_the_same_name)
{
    struct lattn_block first = block_make("state", 0, 2), second = block_make("state", 1, 3);
    struct lattn_names names;

    lattn_names_init(&names);
    cr_assert_eq(lattn_names_extend(&names, 4, 0), LATTN_OK);
    cr_expect_eq(lattn_names_block(&names, &first), LATTN_OK);
    cr_expect_eq(lattn_names_block(&names, &second), LATTN_OK);
    cr_expect_eq(names.blocks_count, 1);
    cr_expect_eq(names.blocks[0].start, 1);
    cr_expect_eq(names.blocks[0].size, 3);
    lattn_names_done(&names);
}

Test(names, refuse_blocks_outside_the_coordinates)
{
    const int32_t bad[][2] = {{-1, 2},        {0, 0},         {0, -1},
                              {0, 5},         {4, 1},         {2, 3},
                              {1, INT32_MAX}, {INT32_MAX, 1}, {INT32_MAX, INT32_MAX}};
    struct lattn_names names;

    lattn_names_init(&names);
    cr_assert_eq(lattn_names_extend(&names, 4, 0), LATTN_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lattn_block block = block_make("b", bad[i][0], bad[i][1]);

        cr_expect_eq(lattn_names_block(&names, &block), LATTN_RANGE, "%d %d", bad[i][0], bad[i][1]);
    }
    cr_expect_eq(names.blocks_count, 0);
    lattn_names_done(&names);
}

Test(names, stop_at_the_limit_of_blocks)
{
    struct lattn_names names;
    struct lattn_block block;
    char name[16];

    lattn_names_init(&names);
    cr_assert_eq(lattn_names_extend(&names, 1, 0), LATTN_OK);
    for (int i = 0; i < LATTN_BLOCKS_MAX; i++) {
        snprintf(name, sizeof name, "b%d", i);
        block = block_make(name, 0, 1);
        cr_assert_eq(lattn_names_block(&names, &block), LATTN_OK);
    }
    block = block_make("one more", 0, 1);
    cr_expect_eq(lattn_names_block(&names, &block), LATTN_RANGE);
    block = block_make("", 0, 1);
    cr_expect_eq(lattn_names_block(&names, &block), LATTN_NAME);
    lattn_names_done(&names);
}

Test(names, copies_are_independent)
{
    struct lattn_block block = block_make("state", 0, 1);
    struct lattn_names names, copy;
    int32_t index;

    lattn_names_init(&names);
    coordinate(&names, "a");
    cr_assert_eq(lattn_names_output(&names, "y", &index), LATTN_OK);
    cr_assert_eq(lattn_names_block(&names, &block), LATTN_OK);
    cr_assert_eq(lattn_names_copy(&names, &copy), LATTN_OK);
    coordinate(&names, "b");
    cr_expect_eq(copy.coordinates_count, 1);
    cr_expect_str_eq(copy.coordinates[0], "a");
    cr_expect_str_eq(copy.outputs[0], "y");
    cr_expect_str_eq(copy.blocks[0].name, "state");
    lattn_names_done(&copy);
    lattn_names_done(&names);
}

Test(names, an_empty_set_can_be_copied_and_released_twice)
{
    struct lattn_names names, copy;

    lattn_names_init(&names);
    cr_assert_eq(lattn_names_copy(&names, &copy), LATTN_OK);
    cr_expect_eq(copy.coordinates_count, 0);
    lattn_names_done(&copy);
    lattn_names_done(&copy);
    lattn_names_done(NULL);
}

Test(names, a_refused_copy_owns_nothing_and_changes_nothing)
{
    struct lattn_names names, copy = {.blocks_count = 42};

    lattn_names_init(&names);
    coordinate(&names, "a");
    for (uint64_t k = 1;; k++) {
        enum lattn_status status;

        memory_fail(k, 0);
        status = lattn_names_copy(&names, &copy);
        if (!memory_failed()) {
            cr_expect_eq(status, LATTN_OK);
            break;
        }
        cr_expect_eq(status, LATTN_NO_MEMORY);
        cr_expect_eq(copy.blocks_count, 42);
    }
    memory_fail(0, 0);
    lattn_names_done(&copy);
    lattn_names_done(&names);
}
