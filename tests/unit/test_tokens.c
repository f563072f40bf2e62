#include "serve/tokens.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_A "0123456789abcdef"
#define TOKEN_B "another-token-that-is-longer"

static struct lattn_complaint complaint;

static enum lattn_status read_text(const char *text, mode_t mode, struct tokens *ret_tokens)
{
    char path[] = "/tmp/test_tokens.XXXXXX";
    int descriptor = mkstemp(path);
    enum lattn_status status;

    cr_assert_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(fchmod(descriptor, mode), 0);
    close(descriptor);
    complaint.text[0] = '\0';
    status = tokens_read(ret_tokens, path, &complaint);
    unlink(path);
    return status;
}

Test(tokens, admit_each_that_is_in_the_file_and_no_other)
{
    struct tokens tokens;
    char close_by[] = TOKEN_A;

    cr_assert_eq(read_text("# two\n" TOKEN_A "\n" TOKEN_B "\n", 0600, &tokens), LATTN_OK);
    cr_expect_eq(tokens.count, 2);
    cr_expect(tokens_have(&tokens, TOKEN_A, strlen(TOKEN_A)));
    cr_expect(tokens_have(&tokens, TOKEN_B, strlen(TOKEN_B)));
    cr_expect_not(tokens_have(&tokens, "# two", 5));
    cr_expect_not(tokens_have(&tokens, "", 0));
    for (size_t i = 0; i < strlen(TOKEN_A); i++) {
        close_by[i] ^= 1;
        cr_expect_not(tokens_have(&tokens, close_by, strlen(close_by)), "%zu", i);
        close_by[i] ^= 1;
    }
}

Test(tokens, are_compared_to_their_ends)
{
    struct tokens tokens;
    char padded[LATTN_TOKEN_MAX] = TOKEN_A;
    char other[LATTN_TOKEN_MAX] = TOKEN_B TOKEN_B;

    cr_assert_eq(read_text(TOKEN_A, 0600, &tokens), LATTN_OK);
    for (size_t length = 0; length < sizeof other; length++)
        cr_expect_not(tokens_have(&tokens, other, length), "another of %zu", length);
    for (size_t length = 0; length < strlen(TOKEN_A); length++)
        cr_expect_not(tokens_have(&tokens, TOKEN_A, length), "a beginning of %zu", length);
    padded[strlen(TOKEN_A)] = 'x';
    cr_expect_not(tokens_have(&tokens, padded, strlen(padded)), "a longer one");
    cr_expect_not(tokens_have(&tokens, padded, sizeof padded), "one that is too long");
}

Test(tokens, are_refused_as_a_whole)
{
    char many[(TOKENS_MAX + 1) * sizeof TOKEN_A + 1] = "";
    struct tokens tokens = {.count = 7};

    for (int i = 0; i <= TOKENS_MAX; i++)
        memcpy(many + (size_t)i * sizeof TOKEN_A, TOKEN_A "\n", sizeof TOKEN_A + 1);
    cr_expect_eq(read_text(many, 0600, &tokens), LATTN_RANGE);
    cr_expect_str_eq(complaint.text, "more than 64 tokens");
    cr_expect_eq(read_text("# none\n", 0600, &tokens), LATTN_RANGE);
    cr_expect_str_eq(complaint.text, "there is no token");
    cr_expect_eq(read_text(TOKEN_A "\nshort\n", 0600, &tokens), LATTN_FIELD);
    cr_expect_null(strstr(complaint.text, "short"), "no complaint shows what a file says");
    cr_expect_eq(read_text(TOKEN_A, 0644, &tokens), LATTN_DENIED);
    cr_expect_eq(tokens.count, 7, "a refusal leaves the result alone");
}

Test(tokens, are_cleared)
{
    static const struct tokens nothing;
    struct tokens tokens;

    cr_assert_eq(read_text(TOKEN_A, 0600, &tokens), LATTN_OK);
    tokens_done(&tokens);
    cr_expect_arr_eq(&tokens, &nothing, sizeof tokens);
}
