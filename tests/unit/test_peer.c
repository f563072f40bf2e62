#include "serve/peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct peer peer;

/* The accepted end of a connection to this address. */
static int connected_make(int family, struct sockaddr *address, socklen_t length, int *ret_client)
{
    int listening = socket(family, SOCK_STREAM, 0);
    socklen_t room = length;

    if (listening < 0 || bind(listening, address, length) != 0)
        return -1;
    cr_assert_eq(listen(listening, 1), 0);
    cr_assert_eq(getsockname(listening, address, &room), 0);
    *ret_client = socket(family, SOCK_STREAM, 0);
    cr_assert_eq(connect(*ret_client, address, length), 0);
    return accept(listening, NULL, NULL);
}

Test(peer, by_unix_socket_is_process_user_and_group)
{
    char expected[PEER_TEXT_MAX];
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer_find(ends[0], &peer);
    snprintf(expected, sizeof expected, "unix pid %ld uid %lu gid %lu", (long)getpid(),
             (unsigned long)getuid(), (unsigned long)getgid());
    cr_expect_str_eq(peer.text, expected);
    snprintf(expected, sizeof expected, "unix uid %lu", (unsigned long)getuid());
    cr_expect_str_eq(peer.host, expected);
}

Test(peer, by_tcp_is_address_and_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    char expected[PEER_TEXT_MAX];
    int client;
    int accepted = connected_make(AF_INET, (struct sockaddr *)&address, sizeof address, &client);

    cr_assert_eq(getsockname(client, (struct sockaddr *)&own, &length), 0);
    peer_find(accepted, &peer);
    snprintf(expected, sizeof expected, "tcp:127.0.0.1:%d", ntohs(own.sin_port));
    cr_expect_str_eq(peer.text, expected);
    cr_expect_str_eq(peer.host, "127.0.0.1");
}

Test(peer, by_ipv6_is_counted_by_its_network)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int client;
    int accepted = connected_make(AF_INET6, (struct sockaddr *)&address, sizeof address, &client);

    if (accepted < 0)
        cr_skip_test("no IPv6 here");
    peer_find(accepted, &peer);
    cr_expect_eq(strncmp(peer.text, "tcp:[::1]:", 10), 0, "%s", peer.text);
    cr_expect_str_eq(peer.host, "::/64");
}

Test(peer, that_is_gone_is_unknown)
{
    peer_find(-1, &peer);
    cr_expect_str_eq(peer.text, "?");
    cr_expect_str_eq(peer.host, "?");
}
