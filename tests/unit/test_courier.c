#include "serve/courier.h"

#include "support/folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct lattn_offer offer = {
    .shard = 0, .shards = 1, .epoch = 1, .worker = "a", .pairs = 3};

static struct folder folder;
static struct courier *courier;
static struct lattn_complaint complaint;

static void courier_make(const char *address)
{
    const struct courier_settings settings = {.address = address};

    cr_assert_eq(courier_open(&courier, &settings), LATTN_OK);
}

static enum lattn_status greet(int *ret_whole)
{
    complaint.text[0] = '\0';
    return courier_greet(courier, &offer, ret_whole, &complaint);
}

Test(courier, knows_where_it_can_go)
{
    static const char *const good[] = {"unix:/s", "tcp:host:7", "tls:host:7", "dir:/somewhere"};
    static const char *const bad[] = {"stdin", "fd:3", "dir:", "tcp:host", "ftp:host:7"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_eq(courier_check(good[i], &complaint), LATTN_OK, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(courier_check(bad[i], &complaint), LATTN_ADDRESS, "%s", bad[i]);
}

/* What another worker has left there is no sign of life of ours. */
Test(courier, leaves_a_state_in_a_directory)
{
    char address[PATH_MAX + 4];
    int whole = 1;

    folder = folder_make();
    snprintf(address, sizeof address, "dir:%s", folder.path);
    courier_make(address);
    folder_write(folder_file(&folder, "shard-0-of-1.state"), "of somebody else", 16);
    folder_write(folder_file(&folder, "shard-0-of-1.state.aaaaaa"), "half of", 7);
    cr_expect_eq(greet(&whole), LATTN_OK);
    cr_expect_not(whole);
    cr_expect_eq(courier_carry(courier, &offer, "the state of now", 16, &complaint), LATTN_OK);
    cr_expect_not(folder_has(&folder, "shard-0-of-1.state.aaaaaa"), "what was never finished");
    cr_expect_eq(greet(&whole), LATTN_OK);
    cr_expect(whole);
    folder_write(folder_file(&folder, "shard-0-of-1.state"), "of somebody else", 16);
    cr_expect_eq(greet(&whole), LATTN_OK);
    cr_expect_not(whole);
    cr_expect(courier_is_connected(courier));
    folder_remove(&folder);
    cr_expect_eq(courier_carry(courier, &offer, "the state of now", 16, &complaint),
                 LATTN_INPUT_OUTPUT);
    cr_expect_not(courier_is_connected(courier));
    courier_close(&courier);
    cr_expect_null(courier);
    courier_close(&courier);
}

/* Somebody who takes one question and has this to say. Returns its process. */
static pid_t answerer_start(const char *words, size_t length)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    static char address[sizeof place.sun_path + 5];
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    pid_t child;

    folder = folder_make();
    snprintf(place.sun_path, sizeof place.sun_path, "%.100s", folder_file(&folder, "s"));
    snprintf(address, sizeof address, "unix:%s", place.sun_path);
    cr_assert_eq(bind(listener, (struct sockaddr *)&place, sizeof place), 0);
    cr_assert_eq(listen(listener, 1), 0);
    child = fork();
    if (child == 0) {
        char bytes[256];
        int peer = accept(listener, NULL, NULL);

        (void)!read(peer, bytes, sizeof bytes);
        (void)!write(peer, words, length);
        _exit(0);
    }
    close(listener);
    courier_make(address);
    return child;
}

static void expect_refusal(const char *words, size_t length, enum lattn_status status,
                           const char *said)
{
    pid_t child = answerer_start(words, length);
    int whole = 0;

    cr_expect_eq(greet(&whole), status, "%s", complaint.text);
    cr_expect_str_eq(complaint.text, said);
    cr_expect_not(courier_is_connected(courier));
    cr_assert_eq(waitpid(child, NULL, 0), child);
    courier_close(&courier);
    folder_remove(&folder);
}

#define LINE "{\"error\":{\"code\":\"busy\",\"message\":\"a full house\"}}\n"

Test(courier, quotes_who_turns_it_away)
{
    expect_refusal(LINE, strlen(LINE), LATTN_REFUSED, "a full house");
    expect_refusal("", 0, LATTN_CLOSED, "it hung up");
    expect_refusal("HTTP/1.1 400\r\n", 14, LATTN_CLOSED, "what answers is not lattnd");
    expect_refusal("{\"HTTP\"}\n", 9, LATTN_CLOSED, "what answers is not lattnd");
    expect_refusal("\x15\x03\x03\x00\x02\x02\x0a", 7, LATTN_CLOSED,
                   "it speaks TLS: connect to tls:HOST:PORT");
}

Test(courier, gives_up_once_it_is_stopped)
{
    pid_t child = answerer_start("\x94", 1);
    int whole = 0;

    courier_stop(courier);
    cr_expect_eq(greet(&whole), LATTN_CLOSED);
    courier_close(&courier);
    folder_remove(&folder);
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
}
