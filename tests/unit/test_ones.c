#include "wire/ones.h"

#include <criterion/criterion.h>
#include <string.h>

Test(ones, counts_and_indices_stand_behind_one_another)
{
    static const double expected[] = {2, 3, 0, 0, 1, 7};
    double numbers[8];
    struct ones ones = {.numbers = numbers};
    struct lattn_item item = {0};

    cr_assert_eq(ones_add_token(&ones, NULL), LATTN_OK);
    cr_assert_eq(ones_add_index(&ones, 3, NULL), LATTN_OK);
    cr_assert_eq(ones_add_index(&ones, 0, NULL), LATTN_OK);
    cr_assert_eq(ones_add_token(&ones, NULL), LATTN_OK);
    cr_assert_eq(ones_add_token(&ones, NULL), LATTN_OK);
    cr_assert_eq(ones_add_index(&ones, 7, NULL), LATTN_OK);
    cr_assert_eq(ones_finish(&ones, &item, NULL), LATTN_OK);
    cr_assert_eq(ones.used, 6);
    cr_assert_eq(memcmp(numbers, expected, sizeof expected), 0);
    cr_assert_eq(item.z, numbers);
    cr_assert_eq(item.n, 3);
    cr_assert_eq(item.d, 8, "one more than the largest index");
    cr_assert_eq(item.tokens, LATTN_TOKENS_ONES);
    cr_assert_eq(lattn_item_numbers(&item), 6);
}

Test(ones, tokens_of_no_ones_have_no_coordinate)
{
    double numbers[2];
    struct ones ones = {.numbers = numbers};
    struct lattn_item item = {0};

    cr_assert_eq(ones_add_token(&ones, NULL), LATTN_OK);
    cr_assert_eq(ones_finish(&ones, &item, NULL), LATTN_OK);
    cr_assert_eq(item.n, 1);
    cr_assert_eq(item.d, 0);
}

Test(ones, refuses_what_no_item_can_hold)
{
    static double numbers[LATTN_TOKENS_MAX + 1];
    struct ones ones = {.numbers = numbers};
    struct lattn_complaint complaint;
    struct lattn_item item = {0};

    cr_assert_eq(ones_finish(&ones, &item, &complaint), LATTN_EMPTY);
    cr_assert_str_eq(complaint.text, "t has no token");
    cr_assert_eq(ones_add_token(&ones, NULL), LATTN_OK);
    cr_assert_eq(ones_add_index(&ones, LATTN_DIM_MAX, &complaint), LATTN_RANGE);
    cr_assert_str_eq(complaint.text, "t[0][0] is 256, at most 255 is accepted");
    cr_assert_eq(ones_add_index(&ones, LATTN_DIM_MAX - 1, &complaint), LATTN_OK);
    cr_assert_eq(ones_add_index(&ones, LATTN_DIM_MAX - 1, &complaint), LATTN_RANGE);
    cr_assert_str_eq(complaint.text, "t[0] names coordinate 255 twice");
    ones = (struct ones){.numbers = numbers};
    for (int32_t i = 0; i < LATTN_TOKENS_MAX; i++)
        cr_assert_eq(ones_add_token(&ones, NULL), LATTN_OK);
    cr_assert_eq(ones_add_token(&ones, &complaint), LATTN_RANGE);
    cr_assert_str_eq(complaint.text, "t has more than 65536 tokens");
}
