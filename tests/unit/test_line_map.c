#include "line_map.h"

#include <criterion/criterion.h>

Test(line_map, is_empty_at_first)
{
    struct line_map map = {0};

    cr_expect_eq(line_map_find(&map, 1), 0);
    line_map_forget(&map, 1);
    line_map_done(&map);
}

Test(line_map, knows_lines_behind_requests_and_blank_lines)
{
    struct line_map map = {0};

    /* Line 1 of the connection is a request of ours; input line 3 is blank. */
    cr_assert_eq(line_map_note(&map, 2, 1), LATTN_OK);
    cr_assert_eq(line_map_note(&map, 3, 2), LATTN_OK);
    cr_assert_eq(line_map_note(&map, 4, 4), LATTN_OK);
    cr_assert_eq(line_map_note(&map, 7, 5), LATTN_OK);
    cr_expect_eq(line_map_find(&map, 1), 0);
    cr_expect_eq(line_map_find(&map, 2), 1);
    cr_expect_eq(line_map_find(&map, 3), 2);
    cr_expect_eq(line_map_find(&map, 4), 4);
    cr_expect_eq(line_map_find(&map, 7), 5);
    cr_expect_eq(map.end - map.start, 3, "lines that stay in step are one run");
    line_map_done(&map);
}

Test(line_map, forgets_only_what_is_answered)
{
    struct line_map map = {0};

    for (uint64_t line = 1; line <= 100000; line++) {
        cr_assert_eq(line_map_note(&map, line, 2 * line), LATTN_OK);
        if (line % 1000 == 0)
            line_map_forget(&map, line - 10);
        cr_assert_eq(line_map_find(&map, line), 2 * line);
    }
    cr_expect_eq(line_map_find(&map, 99990), 2 * 99990);
    cr_expect_lt(map.capacity, 10000, "memory is bounded by what waits for an answer");
    line_map_done(&map);
}
