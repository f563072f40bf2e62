#include "serve/gate.h"

#include <lattn/limits.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN "0123456789abcdef"
#define AUTH "{\"id\":7,\"method\":\"auth\",\"params\":{\"token\":\"" TOKEN "\"}}\n"
#define GRANTED "{\"id\":7,\"result\":{\"access\":\"granted\"}}\n"

static struct lattn_complaint complaint;
static struct access *asking;
static struct gate *gate;
static char room[READ_BYTES_MAX];

/* A gate that asks for TOKEN and does not encrypt. */
static void setup(void)
{
    char path[] = "/tmp/test_gate.XXXXXX";
    const struct access_settings settings = {.token_file = path};
    int descriptor = mkstemp(path);

    cr_assert_eq(write(descriptor, TOKEN, strlen(TOKEN)), (ssize_t)strlen(TOKEN));
    close(descriptor);
    cr_assert_eq(access_open(&asking, &settings, &complaint), LATTN_OK, "%s", complaint.text);
    unlink(path);
    cr_assert_eq(gate_open(&gate, asking), LATTN_OK);
}

static void teardown(void)
{
    gate_close(&gate);
    access_close(&asking);
}

TestSuite(gate, .init = setup, .fini = teardown);

/* Take what can be had of the fed bytes: appended to `text`. */
static enum lattn_status take_all(char *text)
{
    enum lattn_status status;
    const char *bytes;
    size_t length;

    while ((status = gate_take(gate, room, &bytes, &length, &complaint)) == LATTN_OK)
        strncat(text, bytes, length);
    return status;
}

static void expect_output(const char *expected)
{
    const struct lattn_text *output = gate_output(gate);

    cr_expect_eq(output->length, strlen(expected));
    if (output->length > 0)
        cr_expect_str_eq(output->data, expected);
}

Test(gate, passes_on_what_comes_behind_the_token)
{
    const char *text = AUTH "{\"id\":8}\nand so on";
    char passed[64] = "";

    gate_feed(gate, text, strlen(text));
    cr_expect_eq(take_all(passed), LATTN_MORE);
    cr_expect(gate_is_passed(gate));
    cr_expect_str_eq(passed, "{\"id\":8}\nand so on");
    expect_output(GRANTED);
}

Test(gate, takes_a_token_in_any_pieces)
{
    const char *text = AUTH "rest";

    for (size_t cut = 0; cut <= strlen(text); cut++) {
        char passed[64] = "";

        gate_close(&gate);
        cr_assert_eq(gate_open(&gate, asking), LATTN_OK);
        gate_feed(gate, text, cut);
        cr_expect_eq(take_all(passed), LATTN_MORE);
        gate_feed(gate, text + cut, strlen(text) - cut);
        cr_expect_eq(take_all(passed), LATTN_MORE);
        cr_expect_str_eq(passed, "rest", "cut at %zu", cut);
        expect_output(GRANTED);
    }
}

Test(gate, takes_a_token_as_messagepack)
{
    static const char call[] = "\x94\x00\x05\xa4"
                               "auth"
                               "\x81\xa5"
                               "token"
                               "\xb0" TOKEN "rest";
    static const char answer[] = "\x94\x01\x05\xc0\xdf\0\0\0\1\xa6"
                                 "access"
                                 "\xa7"
                                 "granted";
    char passed[64] = "";

    gate_feed(gate, call, sizeof call - 1);
    cr_expect_eq(take_all(passed), LATTN_MORE);
    cr_expect_str_eq(passed, "rest");
    cr_expect_eq(gate_output(gate)->length, sizeof answer - 1);
    cr_expect_arr_eq(gate_output(gate)->data, answer, sizeof answer - 1);
}

static void expect_denied(const char *text, const char *why)
{
    char passed[64] = "";

    gate_close(&gate);
    cr_assert_eq(gate_open(&gate, asking), LATTN_OK);
    gate_feed(gate, text, strlen(text));
    cr_expect_eq(take_all(passed), LATTN_DENIED, "%s", text);
    cr_expect_not(gate_is_passed(gate));
    cr_expect_str_eq(passed, "");
    cr_expect_not_null(strstr(complaint.text, why), "%s: %s", text, complaint.text);
    cr_expect_null(strstr(complaint.text, "01234"), "%s", complaint.text);
    if (text[0] == '{') {
        cr_expect_not_null(strstr(gate_output(gate)->data, "denied"), "%s", text);
        cr_expect_null(strstr(gate_output(gate)->data, "01234"), "%s", gate_output(gate)->data);
    }
    gate_feed(gate, AUTH, strlen(AUTH));
    cr_expect_eq(take_all(passed), LATTN_MORE, "nothing more is taken");
    cr_expect_not(gate_is_passed(gate));
}

Test(gate, refuses_all_else)
{
    char long_line[GATE_BYTES_MAX + 1];

    expect_denied("{\"id\":7,\"method\":\"status\"}\n" AUTH, "must be auth");
    expect_denied("{\"z\":[[1]],\"y\":1}\n", "must be auth");
    expect_denied("\n" AUTH, "must be auth");
    expect_denied("{\"method\":\"auth\"}\n", "must be auth");
    expect_denied("{\"method\":\"auth\",\"params\":{\"token\":\"" TOKEN "0\"}}\n",
                  "none that is known");
    expect_denied("{\"method\":\"auth\",\"params\":{\"token\":\"0123456789abcde\"}}\n",
                  "none that is known");
    expect_denied("{\"method\":\"auth\",\"params\":{\"token\":\"" TOKEN "\",\"x\":1}}\n",
                  "must be auth");
    expect_denied("\x94\x01\x02\xc0\xc0", "must be auth");
    memset(long_line, '{', sizeof long_line);
    long_line[GATE_BYTES_MAX] = '\0';
    expect_denied(long_line, "must be auth");
}

Test(gate, survives_a_lack_of_memory)
{
    for (uint64_t k = 1;; k++) {
        char passed[64] = "";
        enum lattn_status status;

        gate_close(&gate);
        memory_fail(k, 0);
        status = gate_open(&gate, asking);
        if (status == LATTN_OK) {
            gate_feed(gate, AUTH, strlen(AUTH));
            status = take_all(passed);
        }
        if (!memory_failed()) {
            cr_expect_eq(status, LATTN_MORE);
            memory_fail(0, 0);
            return;
        }
        memory_fail(0, 0);
        cr_expect_eq(status, LATTN_NO_MEMORY, "allocation %d", (int)k);
    }
}
