#include "child.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct child start(const char *command)
{
    struct lattn_complaint complaint = {""};
    struct child child;

    cr_assert_eq(child_start(&child, command, &complaint), LATTN_OK, "%s", complaint.text);
    return child;
}

/* Read until so many bytes or the end have come. */
static size_t read_all(const struct child *child, char *bytes, size_t length)
{
    size_t there = 0;

    while (there < length) {
        struct pollfd polled = {.fd = child->output, .events = POLLIN};
        ssize_t got;

        cr_assert_eq(poll(&polled, 1, 60000), 1);
        got = child_read(child, bytes + there, length - there);
        if (got == 0)
            break;
        cr_assert_gt(got, 0);
        there += (size_t)got;
    }
    return there;
}

Test(child, reads_and_writes)
{
    struct child child = start("cat");
    char bytes[6] = "";
    char words[CHILD_WORDS_MAX];

    cr_assert_eq(child_write(&child, "hello", 5), 5);
    cr_assert_eq(read_all(&child, bytes, 5), 5);
    cr_expect_str_eq(bytes, "hello");
    cr_expect_eq(child_end(&child, words), 0);
    cr_expect_str_eq(words, "exit status 0");
    cr_expect_eq(child.input, -1);
}

Test(child, tells_how_it_ended)
{
    struct child child = start("exit 3");
    char words[CHILD_WORDS_MAX];

    cr_expect_eq(child_end(&child, words), 3);
    cr_expect_str_eq(words, "exit status 3");
    child = start("kill -9 $$");
    cr_expect_eq(child_end(&child, words), -1);
    cr_expect_str_eq(words, "signal 9, Killed");
    child = start("/no/such/program 2>/dev/null");
    cr_expect_eq(child_end(&child, words), 127);
    child = (struct child){.input = -1, .output = -1};
    cr_expect_eq(child_end(&child, NULL), -1);
}

Test(child, does_not_block)
{
    struct child child = start("sleep 60");
    char bytes[65536] = {0};
    ssize_t sent;

    cr_expect_eq(child_read(&child, bytes, sizeof bytes), -1);
    cr_expect_eq(errno, EAGAIN);
    do {
        sent = child_write(&child, bytes, sizeof bytes);
    } while (sent > 0);
    cr_expect_eq(errno, EAGAIN);
    cr_expect_eq(child_end(&child, NULL), -1);
}

Test(child, that_reads_no_more_is_no_signal)
{
    struct child child = start("exec 0<&-; echo closed; sleep 60");
    char bytes[7];

    cr_assert_eq(read_all(&child, bytes, 7), 7);
    cr_expect_eq(child_write(&child, "x", 1), -1);
    cr_expect_eq(errno, EPIPE);
    cr_expect_eq(child_end(&child, NULL), -1);
}

/* Neither ignoring SIGTERM nor leaving somebody behind keeps the pipe open. */
Test(child, ends_with_all_that_it_started)
{
    struct child child = start("trap '' TERM; sleep 300 & echo; wait; sleep 300");
    int output = dup(child.output);
    struct pollfd polled = {.fd = output, .events = POLLIN};
    char words[CHILD_WORDS_MAX];
    char byte;

    cr_assert_eq(read_all(&child, &byte, 1), 1);
    cr_expect_eq(child_end(&child, words), -1);
    cr_expect_str_eq(words, "signal 9, Killed");
    cr_assert_eq(poll(&polled, 1, 60000), 1);
    cr_expect_eq(read(output, &byte, 1), 0);
    (void)close(output);
}

/* Who is left behind does not keep the pipe open by ignoring SIGTERM either. */
Test(child, ends_with_those_whom_it_left)
{
    struct child child = start("(trap '' TERM; echo; sleep 300) & exit 3");
    int output = dup(child.output);
    struct pollfd polled = {.fd = output, .events = POLLIN};
    char byte;

    cr_assert_eq(read_all(&child, &byte, 1), 1);
    cr_expect_eq(child_end(&child, NULL), 3);
    cr_assert_eq(poll(&polled, 1, 60000), 1);
    cr_expect_eq(read(output, &byte, 1), 0);
    (void)close(output);
}
