#include "serve/tcp.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct lattn_complaint complaint;

static void done(struct tcp *tcp)
{
    for (int i = 0; i < tcp->count; i++)
        close(tcp->descriptors[i]);
}

static uint16_t port_of(int descriptor)
{
    char text[TCP_TEXT_MAX];

    tcp_text(descriptor, text);
    return (uint16_t)strtoul(strrchr(text, ':') + 1, NULL, 10);
}

static int option_of(int descriptor, int option)
{
    int value = -1;
    socklen_t length = sizeof value;

    cr_assert_eq(getsockopt(descriptor, SOL_SOCKET, option, &value, &length), 0);
    return value;
}

Test(tcp, listens_on_all_addresses_at_one_port)
{
    struct tcp tcp;

    cr_assert_eq(tcp_open(&tcp, "localhost", 0, TCP_REACH_LOOPBACK, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_assert_geq(tcp.count, 1);
    for (int i = 0; i < tcp.count; i++) {
        cr_expect_eq(option_of(tcp.descriptors[i], SO_ACCEPTCONN), 1);
        cr_expect_eq(option_of(tcp.descriptors[i], SO_REUSEADDR), 1);
        cr_expect_eq(port_of(tcp.descriptors[i]), port_of(tcp.descriptors[0]));
        cr_expect_neq(port_of(tcp.descriptors[i]), 0);
    }
    done(&tcp);
}

Test(tcp, says_who_holds_a_port)
{
    struct tcp first;
    struct tcp second = {.count = 7};
    char text[TCP_TEXT_MAX];

    cr_assert_eq(tcp_open(&first, "127.0.0.1", 0, TCP_REACH_LOOPBACK, &complaint), LATTN_OK);
    cr_assert_eq(tcp_open(&second, "127.0.0.1", port_of(first.descriptors[0]), TCP_REACH_LOOPBACK,
                          &complaint),
                 LATTN_IN_USE);
    tcp_text(first.descriptors[0], text);
    cr_assert(strstr(complaint.text, text) != NULL, "%s", complaint.text);
    cr_assert_eq(second.count, 7, "a refusal leaves the result alone");
    done(&first);
}

Test(tcp, keeps_others_out)
{
    static const char *const hosts[] = {"0.0.0.0",   "::",  "192.0.2.1",
                                        "128.0.0.1", "::2", "::ffff:127.0.0.1"};
    struct tcp tcp;

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        cr_expect_eq(tcp_open(&tcp, hosts[i], 7, TCP_REACH_LOOPBACK, &complaint), LATTN_ADDRESS,
                     "%s", hosts[i]);
        cr_expect(strstr(complaint.text, "--allow-remote") != NULL, "%s", complaint.text);
    }
    cr_assert_eq(tcp_open(&tcp, "no.such.invalid", 7, TCP_REACH_LOOPBACK, &complaint),
                 LATTN_ADDRESS);
    cr_assert(strstr(complaint.text, "cannot look up the host") != NULL, "%s", complaint.text);
}

Test(tcp, is_the_whole_of_127)
{
    struct tcp tcp;

    cr_assert_eq(tcp_open(&tcp, "127.255.0.9", 0, TCP_REACH_LOOPBACK, &complaint), LATTN_OK, "%s",
                 complaint.text);
    done(&tcp);
}
