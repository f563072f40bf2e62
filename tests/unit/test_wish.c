#include "solve/wish.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <getopt.h>
#include <string.h>

enum { ARGUMENTS = 16 };

/* Read words that are separated by blanks. */
static enum wish_outcome wish_of(const char *line, int is_silent, struct wish *ret_wish)
{
    static char copy[200];
    static char *argv[ARGUMENTS + 1] = {(char *)"lattn-solve"};
    int argc = 1;

    (void)snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    optind = 0; /* glibc begins anew */
    return wish_read(argc, argv, is_silent, ret_wish);
}

Test(wish, has_what_was_asked_for)
{
    struct wish wish;

    cr_assert_eq(wish_of("one two -o model --expect 3 --json --heads 5", 0, &wish), WISH_READ);
    cr_expect_str_eq(wish.model_path, "model");
    cr_expect_eq(wish.shards.count, 2);
    cr_expect_str_eq(wish.shards.paths[1], "two");
    cr_expect_eq(wish.shards.expect, 3);
    cr_expect_not(wish.shards.allow_missing);
    cr_expect(wish.is_json);
    cr_expect_eq(wish.outcome.heads, LATTN_HEADS_COUNT);
    cr_expect_eq(wish.outcome.count, 5);
    cr_assert_eq(wish_of("--explain -n 64 one --heads svd --allow-missing", 0, &wish), WISH_READ);
    cr_expect(wish.is_explain);
    cr_expect(wish.shards.allow_missing);
    cr_expect_eq(wish.ranks, 64);
    cr_expect_eq(wish.outcome.heads, LATTN_HEADS_SVD);
}

static const struct {
    const char *line;
    const char *said;
} misuses[] = {
    {"-o model", "no STATE is given: lattn-solve --help says what is asked for"},
    {"one", "-o is missing: where shall the model go?"},
    {"one -o model -n 2", "-n goes with --explain: mpirun -n tells how many ranks there are"},
    {"one --heads most", "--heads \"most\" is neither fewest, svd nor a number of heads"},
    {"one --heads 0", "--heads \"0\" is neither fewest, svd nor a number of heads"},
    {"one --expect 2x", "--expect \"2x\" is no number from 1 on"},
    {"one -n 99999999999", "-n \"99999999999\" is no number from 1 on"},
    {"one --expect", "--expect asks for a value"},
    {"one -o", "-o asks for a value"},
    {"one --sum", "there is no option --sum"},
};

Test(wish, names_what_is_wrong_in_one_line, .init = cr_redirect_stderr)
{
    char want[4000] = "";
    struct wish wish;

    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        cr_expect_eq(wish_of(misuses[i].line, 0, &wish), WISH_MISUSED, "%s", misuses[i].line);
        cr_expect_eq(wish_of(misuses[i].line, 1, &wish), WISH_MISUSED, "silent: %s",
                     misuses[i].line);
        (void)snprintf(want + strlen(want), sizeof want - strlen(want), "lattn-solve: %s\n",
                       misuses[i].said);
    }
    (void)fflush(stderr);
    cr_expect_stderr_eq_str(want);
}
