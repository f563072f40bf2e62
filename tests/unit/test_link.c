#include <lattn/link.h>

#include "support/folder.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOOKS_MAX = 2 };

static struct folder folder;
static char address[PATH_MAX + 8];
static int listener;

static void listener_open(void)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};

    folder = folder_make();
    snprintf(place.sun_path, sizeof place.sun_path, "%.100s", folder_file(&folder, "s"));
    snprintf(address, sizeof address, "unix:%s", place.sun_path);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&place, sizeof place), 0);
    cr_assert_eq(listen(listener, 0), 0);
}

static void listener_close(void)
{
    close(listener);
    folder_remove(&folder);
}

TestSuite(link, .init = listener_open, .fini = listener_close);

static int over_after_looks(void *arg)
{
    int *looks = arg;

    return ++*looks > LOOKS_MAX;
}

static enum lattn_status refusal(const char *where, struct lattn_complaint *complaint)
{
    const struct lattn_link_settings settings = {.address = where};
    struct lattn_link *link = NULL;
    enum lattn_status status = lattn_link_open(&link, &settings, complaint);

    cr_expect_null(link);
    return status;
}

Test(link, carries_bytes_both_ways)
{
    const struct lattn_link_settings settings = {.address = address};
    struct lattn_complaint complaint = {""};
    struct lattn_link *link = NULL;
    char bytes[8] = "";
    int peer;

    cr_assert_eq(lattn_link_open(&link, &settings, &complaint), LATTN_OK, "%s", complaint.text);
    peer = accept(listener, NULL, NULL);
    cr_expect_eq(lattn_link_guard(link, &complaint), LATTN_OK, "nobody else is on the way");
    cr_expect_eq(lattn_link_read(link, bytes, sizeof bytes), -1);
    cr_expect_eq(errno, EAGAIN);
    cr_expect_eq(lattn_link_await(link, 0, 20), LATTN_TIMEOUT);
    cr_expect_eq(lattn_link_await(link, 1, 20), LATTN_OK);
    cr_expect_eq(lattn_link_write(link, "ask", 3), 3);
    cr_expect_eq(read(peer, bytes, sizeof bytes), 3);
    cr_expect_eq(write(peer, "told", 4), 4);
    cr_expect_eq(lattn_link_await(link, 0, 1000), LATTN_OK);
    cr_expect_eq(lattn_link_read(link, bytes, sizeof bytes), 4);
    cr_expect_arr_eq(bytes, "told", 4);
    cr_expect_null(lattn_link_reason(link));
    close(peer);
    cr_expect_eq(lattn_link_read(link, bytes, sizeof bytes), 0);
    lattn_link_close(&link);
    cr_expect_null(link);
    lattn_link_close(&link);
}

Test(link, knows_an_alert_of_tls_where_none_is_spoken)
{
    const struct lattn_link_settings settings = {.address = address};
    struct lattn_complaint complaint;
    struct lattn_link *link = NULL;
    char bytes[8];
    int peer;

    cr_assert_eq(lattn_link_open(&link, &settings, &complaint), LATTN_OK);
    peer = accept(listener, NULL, NULL);
    cr_assert_eq(write(peer, "\x15\x03\x03\x00\x02\x02\x0a", 7), 7);
    cr_expect_eq(lattn_link_read(link, bytes, sizeof bytes), 0);
    cr_expect_str_eq(lattn_link_reason(link), "it speaks TLS: connect to tls:HOST:PORT");
    close(peer);
    lattn_link_close(&link);
}

Test(link, says_why_there_is_none)
{
    struct lattn_complaint complaint = {""};

    cr_expect_eq(refusal("stdin", &complaint), LATTN_ADDRESS);
    cr_expect_str_eq(complaint.text, "one connects to unix:PATH, tcp:HOST:PORT or tls:HOST:PORT");
    cr_expect_eq(refusal("tls:localhost", &complaint), LATTN_ADDRESS);
    cr_expect_eq(refusal("unix:/nowhere/s", &complaint), LATTN_CLOSED);
    cr_expect_str_eq(complaint.text, "No such file or directory");
    close(listener);
    cr_expect_eq(refusal(address, &complaint), LATTN_CLOSED);
    cr_expect_str_eq(complaint.text, "Connection refused");
    cr_expect_eq(refusal("tcp:nobody.invalid:7", &complaint), LATTN_INPUT_OUTPUT);
}

/* A queue that is full takes us later, or never: whoever waits may give up. */
Test(link, waits_for_a_place_until_it_is_over)
{
    struct lattn_link *links[16] = {NULL};
    struct lattn_complaint complaint;
    int looks = 0;
    struct lattn_link_settings settings = {
        .address = address, .is_over = over_after_looks, .arg = &looks};
    enum lattn_status status = LATTN_OK;
    size_t count = 0;

    while (status == LATTN_OK && count < 16) {
        looks = 0;
        status = lattn_link_open(&links[count], &settings, &complaint);
        count += status == LATTN_OK;
    }
    cr_expect_eq(status, LATTN_CLOSED);
    cr_expect_eq(looks, LOOKS_MAX + 1);
    cr_assert_gt(count, 0);
    looks = 0;
    cr_expect_eq(lattn_link_await(links[0], 0, 60000), LATTN_CLOSED);
    while (count > 0)
        lattn_link_close(&links[--count]);
}

Test(link, says_which_file_is_none)
{
    struct lattn_link_settings settings = {.address = address, .ca_file = "/nowhere/ca.pem"};
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct lattn_complaint complaint = {""};
    socklen_t length = sizeof place;
    struct lattn_link *link = NULL;

    cr_assert_eq(bind(server, (struct sockaddr *)&place, sizeof place), 0);
    cr_assert_eq(listen(server, 1), 0);
    cr_assert_eq(getsockname(server, (struct sockaddr *)&place, &length), 0);
    snprintf(address, sizeof address, "tls:127.0.0.1:%d", ntohs(place.sin_port));
    cr_expect_eq(lattn_link_open(&link, &settings, &complaint), LATTN_INPUT_OUTPUT);
    cr_expect_not_null(strstr(complaint.text, "/nowhere/ca.pem: "), "%s", complaint.text);
    close(server);
}
