#include "serve/notify.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct notify notify;
static struct lattn_complaint complaint;

/* A socket of a service manager, in the abstract namespace; its name is left in the environment. */
static int manager_make(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
    int length = snprintf(address.sun_path, sizeof address.sun_path, "@lattn-test-%d", getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length);

    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    address.sun_path[0] = '\0';
    cr_assert_eq(bind(descriptor, (const struct sockaddr *)&address, size), 0);
    return descriptor;
}

Test(notify, opens_nothing_where_nobody_wants_to_know)
{
    int lowest = dup(0);

    close(lowest);
    unsetenv("NOTIFY_SOCKET");
    cr_assert_eq(notify_init(&notify, &complaint), LATTN_OK);
    cr_expect_eq(dup(0), lowest, "a descriptor was taken");
    cr_expect_eq(notify_send(&notify, "READY=1", NOTIFY_MUST), LATTN_OK);
    notify_done(&notify);
    notify_done(&notify);
}

Test(notify, sends_one_datagram_for_each_message)
{
    int manager = manager_make();
    char text[64];

    cr_assert_eq(notify_init(&notify, &complaint), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(notify_send(&notify, "READY=1\nSTATUS=here", NOTIFY_MUST), LATTN_OK);
    cr_assert_eq(notify_send(&notify, "WATCHDOG=1", NOTIFY_MAY), LATTN_OK);
    cr_assert_eq(recv(manager, text, sizeof text, 0), (ssize_t)strlen("READY=1\nSTATUS=here"));
    cr_expect_arr_eq(text, "READY=1\nSTATUS=here", strlen("READY=1\nSTATUS=here"));
    cr_expect_eq(recv(manager, text, sizeof text, 0), (ssize_t)strlen("WATCHDOG=1"));
    notify_done(&notify);
}

Test(notify, gives_up_on_a_manager_that_reads_nothing)
{
    int count = 0;

    (void)manager_make();
    cr_assert_eq(notify_init(&notify, &complaint), LATTN_OK);
    while (notify_send(&notify, "WATCHDOG=1", NOTIFY_MAY) == LATTN_OK)
        count++;
    cr_expect_gt(count, 0);
    cr_expect_eq(notify_send(&notify, "STOPPING=1", NOTIFY_MUST), LATTN_INPUT_OUTPUT);
    notify_done(&notify);
}

Test(notify, outlives_its_manager)
{
    int manager = manager_make();

    cr_assert_eq(notify_init(&notify, &complaint), LATTN_OK);
    close(manager);
    cr_expect_eq(notify_send(&notify, "STATUS=alone", NOTIFY_MUST), LATTN_INPUT_OUTPUT);
    (void)manager_make();
    cr_expect_eq(notify_send(&notify, "STATUS=not alone", NOTIFY_MUST), LATTN_OK);
    notify_done(&notify);
}

Test(notify, refuses_what_is_no_unix_socket)
{
    char path[200];

    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    setenv("NOTIFY_SOCKET", path, 1);
    cr_expect_eq(notify_init(&notify, &complaint), LATTN_ADDRESS);
    cr_expect(strstr(complaint.text, "longer than 107 bytes") != NULL, "%s", complaint.text);
    setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
    cr_expect_eq(notify_init(&notify, &complaint), LATTN_ADDRESS);
    cr_expect_str_eq(complaint.text, "vsock:2:1234: no Unix socket");
    cr_expect_eq(notify_send(&notify, "READY=1", NOTIFY_MUST), LATTN_OK);
    notify_done(&notify);
}
