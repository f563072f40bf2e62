#include "bench_row.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* 1000 pairs in half a second. */
static const struct bench_row row = {
    .dim = 4,
    .stage = "absorb",
    .engine = "rls",
    .unit = BENCH_PAIRS,
    .count = 1000,
    .bound = BENCH_DGEMM,
    .share = 0.25,
    .time = {.seconds = 0.5, .spread = 0.125, .runs = 7},
};

typedef void (*print_fn)(FILE *file, const struct bench_row *row);

static void assert_prints(print_fn print, const struct bench_row *printed, const char *expected)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    cr_assert_not_null(file);
    print(file, printed);
    cr_assert_eq(fclose(file), 0);
    cr_expect_str_eq(text, expected);
    free(text);
}

Test(bench_row, is_a_line_or_an_object)
{
    struct bench_row other = row;

    assert_prints(bench_row_print, &row,
                  "  4  absorb              rls            2000 pairs/s      25.00 % dgemm      "
                  "12 %\n");
    assert_prints(bench_row_print_json, &row,
                  "{\"d\":4,\"stage\":\"absorb\",\"engine\":\"rls\",\"value\":2000,"
                  "\"unit\":\"pairs/s\",\"share\":0.25,\"bound\":\"dgemm\",\"spread\":0.125,"
                  "\"runs\":7}");
    other.bound = BENCH_MEMORY;
    other.share = 2;
    other.engine = NULL;
    other.unit = BENCH_MS;
    other.time.spread = 0.25;
    assert_prints(bench_row_print, &other,
                  "  4  absorb              -               500 ms          200.00 % memory     "
                  "25 %  noisy\n");
}
