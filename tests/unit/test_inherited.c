#include "serve/inherited.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct lattn_complaint complaint;

/* A TCP socket that listens at an address of this machine. */
static int listening_make(in_addr_t host)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(host)}};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(descriptor, (const struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(descriptor, 1), 0);
    return descriptor;
}

static void refuses(int descriptor, const char *mention)
{
    cr_expect_eq(inherited_check(descriptor, TCP_REACH_LOOPBACK, &complaint), LATTN_ADDRESS, "%s",
                 mention);
    cr_expect(strstr(complaint.text, mention) != NULL, "\"%s\" does not mention \"%s\"",
              complaint.text, mention);
}

static void variables_set(long process, int count)
{
    char text[32];

    snprintf(text, sizeof text, "%ld", process);
    setenv("LISTEN_PID", text, 1);
    snprintf(text, sizeof text, "%d", count);
    setenv("LISTEN_FDS", text, 1);
}

Test(inherited, takes_a_socket_that_listens_and_closes_it_on_exec)
{
    int descriptor = listening_make(INADDR_LOOPBACK);

    cr_assert_eq(inherited_check(descriptor, TCP_REACH_LOOPBACK, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
}

Test(inherited, refuses_what_cannot_be_served)
{
    refuses(0, "0 to 2 are input, output and the log");
    refuses(1000, "not open");
    refuses(open("/dev/null", O_RDWR), "no socket");
    refuses(socket(AF_UNIX, SOCK_DGRAM, 0), "no stream socket");
    refuses(socket(AF_UNIX, SOCK_STREAM, 0), "does not listen");
    refuses(listening_make(INADDR_ANY), "--allow-remote");
}

Test(inherited, keeps_to_what_was_passed_to_this_process)
{
    int descriptor = listening_make(INADDR_LOOPBACK);

    variables_set(getpid(), descriptor - 3);
    refuses(descriptor, "not passed on: LISTEN_FDS is");
    variables_set(getpid(), descriptor - 2);
    cr_assert_eq(inherited_check(descriptor, TCP_REACH_LOOPBACK, &complaint), LATTN_OK, "%s",
                 complaint.text);
    variables_set(getpid() + 1L, 0);
    cr_assert_eq(inherited_check(descriptor, TCP_REACH_LOOPBACK, &complaint), LATTN_OK, "%s",
                 complaint.text);
}
