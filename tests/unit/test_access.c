#include "serve/access.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OLD "the-token-of-before"
#define NEW "the-token-of-now!!!"

static struct lattn_complaint complaint;

static void file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static int admits(const struct access *access, const char *token)
{
    return access_admits(access, token, strlen(token));
}

Test(access, asks_nothing_unless_told_to)
{
    const struct access_settings settings = {.token_file = NULL};
    struct access *access = NULL;

    cr_assert_eq(access_open(&access, &settings, &complaint), LATTN_OK);
    cr_expect_not(access_is_guarded(access));
    cr_expect_not(access_asks_token(access));
    cr_expect_null(access_identity(access));
    access_close(&access);
    cr_expect_null(access);
    access_close(&access);
}

Test(access, reads_its_files_again_or_keeps_what_it_had)
{
    char path[] = "/tmp/test_access.XXXXXX";
    const struct access_settings settings = {.token_file = path};
    struct access *access = NULL;

    close(mkstemp(path));
    file_write(path, OLD "\n");
    cr_assert_eq(access_open(&access, &settings, &complaint), LATTN_OK, "%s", complaint.text);
    cr_expect(access_is_guarded(access) && access_asks_token(access));
    cr_expect(admits(access, OLD) && !admits(access, NEW));
    file_write(path, NEW "\n" OLD "\n");
    cr_assert_eq(access_reload(access, &complaint), LATTN_OK);
    cr_expect(admits(access, OLD) && admits(access, NEW));
    file_write(path, NEW "\n");
    cr_assert_eq(access_reload(access, &complaint), LATTN_OK);
    cr_expect(!admits(access, OLD) && admits(access, NEW));
    file_write(path, "short\n");
    cr_assert_eq(access_reload(access, &complaint), LATTN_FIELD);
    cr_expect_not_null(strstr(complaint.text, path), "%s", complaint.text);
    cr_expect_null(strstr(complaint.text, "short"), "%s", complaint.text);
    cr_expect(admits(access, NEW), "what it had");
    unlink(path);
    cr_assert_eq(access_reload(access, &complaint), LATTN_INPUT_OUTPUT);
    cr_expect(admits(access, NEW), "what it had");
    access_close(&access);
}

Test(access, counts_who_is_refused)
{
    const struct access_settings settings = {.token_file = NULL};
    const struct peer peer = {.text = "tcp:192.0.2.1:7", .host = "192.0.2.1"};
    struct access *access = NULL;

    cr_assert_eq(access_open(&access, &settings, &complaint), LATTN_OK);
    for (int i = 0; i < 5; i++)
        access_refuse(access, &peer, "it is a test");
    cr_expect_eq(access_denied(access), 5);
    access_close(&access);
}
