#include <lattn/limits.h>
#include <lattn/secret.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_A "0123456789abcdef"
#define TOKEN_B "a-token/with+signs=\"\\"

static struct lattn_complaint complaint;

/* A file that says `text`, with this mode. */
static const char *file_make(const char *text, mode_t mode)
{
    static char path[] = "/tmp/test_secret.XXXXXX";
    int descriptor;

    memcpy(path + sizeof path - sizeof "XXXXXX", "XXXXXX", sizeof "XXXXXX");
    descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(fchmod(descriptor, mode), 0);
    close(descriptor);
    return path;
}

static enum lattn_status read_text(const char *text, mode_t mode, struct lattn_secret *ret_secret)
{
    const char *path = file_make(text, mode);
    enum lattn_status status;

    complaint.text[0] = '\0';
    status = lattn_secret_read(path, ret_secret, &complaint);
    unlink(path);
    return status;
}

static void expect_refused(const char *path, enum lattn_status expected, const char *said)
{
    struct lattn_secret secret;

    memset(&secret, 0x5a, sizeof secret);
    cr_expect_eq(lattn_secret_read(path, &secret, &complaint), expected, "%s", path);
    cr_expect_not_null(strstr(complaint.text, said), "%s: %s", path, complaint.text);
    cr_expect_eq(((unsigned char *)&secret)[0], 0x5a, "the result was touched");
}

Test(secret, reads_a_file_that_others_cannot)
{
    static const mode_t modes[] = {0400, 0600, 0640, 0660};

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct lattn_secret secret;

        cr_assert_eq(read_text("a key", modes[i], &secret), LATTN_OK, "%s", complaint.text);
        cr_expect_eq(secret.length, 5);
        cr_expect_str_eq(secret.bytes, "a key");
        lattn_secret_done(&secret);
        cr_expect_null(secret.bytes);
    }
}

Test(secret, refuses_a_file_that_others_can)
{
    static const struct {
        mode_t mode;
        const char *said;
    } cases[] = {{0604, "mode 0604"}, {0602, "mode 0602"}, {0644, "mode 0644"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = file_make(TOKEN_A, cases[i].mode);

        expect_refused(path, LATTN_DENIED, cases[i].said);
        cr_expect_null(strstr(complaint.text, TOKEN_A));
        unlink(path);
    }
}

Test(secret, refuses_what_is_no_file)
{
    char large[(256 << 10) + 2];
    const char *path;

    expect_refused("/nowhere/at/all", LATTN_INPUT_OUTPUT, "No such file");
    expect_refused("/tmp", LATTN_FIELD, "not a regular file");
    expect_refused("/dev/zero", LATTN_FIELD, "not a regular file");
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    path = file_make(large, 0600);
    expect_refused(path, LATTN_TOO_BIG, "larger than 262144");
    unlink(path);
}

static void expect_token(const struct lattn_secret *secret, size_t *at, const char *expected)
{
    const char *token;
    size_t length;

    cr_assert_eq(lattn_secret_token(secret, at, &token, &length, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_expect_eq(length, strlen(expected));
    cr_expect_eq(memcmp(token, expected, length), 0, "%s", expected);
}

Test(secret, takes_one_token_of_each_line)
{
    struct lattn_secret secret;
    const char *token;
    size_t length;
    size_t at = 0;

    cr_assert_eq(
        read_text("# of today\n\n  " TOKEN_A "\r\n\t\n#" TOKEN_A "\n" TOKEN_B, 0600, &secret),
        LATTN_OK);
    expect_token(&secret, &at, TOKEN_A);
    expect_token(&secret, &at, TOKEN_B);
    cr_expect_eq(lattn_secret_token(&secret, &at, &token, &length, &complaint), LATTN_MORE);
    lattn_secret_done(&secret);
}

static void expect_no_token(char *text, const char *said)
{
    struct lattn_secret secret = {.bytes = text, .length = strlen(text)};
    const char *token;
    size_t length;
    size_t at = 0;
    enum lattn_status status;

    do
        status = lattn_secret_token(&secret, &at, &token, &length, &complaint);
    while (status == LATTN_OK);
    cr_expect_eq(status, LATTN_FIELD, "%s", text);
    cr_expect_not_null(strstr(complaint.text, said), "%s", complaint.text);
}

Test(secret, says_which_line_is_no_token)
{
    char longest[LATTN_TOKEN_MAX + 1];
    char blank[] = TOKEN_A "\n# one with a blank:\n01234567 89abcdef\n";
    char brief[] = "0123456789abcde";
    char binary[] = "0123456789abcdef\x01";

    expect_no_token(blank, "line 3 is no token");
    expect_no_token(brief, "line 1 is no token");
    expect_no_token(binary, "line 1 is no token");
    memset(longest, 'x', LATTN_TOKEN_MAX);
    longest[LATTN_TOKEN_MAX] = '\0';
    expect_no_token(longest, "16 to 256");
}

static enum lattn_status first_of(const char *text, char ret_token[LATTN_TOKEN_MAX])
{
    const char *path = file_make(text, 0600);
    enum lattn_status status = lattn_secret_first(path, ret_token, &complaint);

    unlink(path);
    return status;
}

Test(secret, shows_the_first_token_of_a_file)
{
    char token[LATTN_TOKEN_MAX] = "";

    cr_expect_eq(first_of("# mine\n" TOKEN_A "\n" TOKEN_B, token), LATTN_OK);
    cr_expect_str_eq(token, TOKEN_A);
    cr_expect_eq(first_of("# none\n", token), LATTN_DENIED);
    cr_expect_not_null(strstr(complaint.text, ": there is no token in it"), "%s", complaint.text);
    cr_expect_eq(lattn_secret_first("/nowhere/token", token, &complaint), LATTN_DENIED);
    cr_expect_str_eq(complaint.text, "/nowhere/token: No such file or directory");
    cr_expect_str_eq(token, TOKEN_A);
}
