#include "serve/listener.h"

#include "serve/channel.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 256 };

typedef int (*name_fn)(int descriptor, struct sockaddr *address, socklen_t *length);

static struct access *access_any; /* asks nothing */
static struct channel *accepted;

static void nothing(void *arg)
{
    (void)arg;
}

static void take(void *arg, uv_stream_t *stream)
{
    static const struct channel_events events = {.closed = nothing};

    cr_assert_eq(channel_accept(&accepted, stream, access_any, &events, arg), LATTN_OK);
}

static struct sockaddr_in name_of(name_fn name, int descriptor)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;

    if (name(descriptor, (struct sockaddr *)&address, &length) != 0)
        address.sin_port = 0;
    return address;
}

static int option_of(int descriptor, int level, int option)
{
    int value = 0;
    socklen_t length = sizeof value;

    return getsockopt(descriptor, level, option, &value, &length) == 0 ? value : 0;
}

/* The descriptor of this process that listens. */
static int listening_find(void)
{
    int descriptor = 0;

    while (descriptor < DESCRIPTORS_MAX && !option_of(descriptor, SOL_SOCKET, SO_ACCEPTCONN))
        descriptor++;
    return descriptor;
}

/* The descriptor of this process at the other end of the client's connection. */
static int remote_find(int client)
{
    in_port_t port = name_of(getsockname, client).sin_port;
    int descriptor = 0;

    while (descriptor < DESCRIPTORS_MAX && name_of(getpeername, descriptor).sin_port != port)
        descriptor++;
    return descriptor;
}

/* Of two answers in a row the second must not wait until the first was received. */
Test(listener, does_not_hold_back_what_goes_over_tcp)
{
    const struct lattn_address address = {.kind = LATTN_ADDRESS_TCP, .host = "127.0.0.1"};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    const struct listener_settings settings = {.reach = TCP_REACH_LOOPBACK};
    const struct access_settings nothing_asked = {0};
    struct listener *listener = NULL;
    struct lattn_complaint complaint;
    struct sockaddr_in there;
    uv_loop_t loop;

    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(access_open(&access_any, &nothing_asked, &complaint), LATTN_OK);
    cr_assert_eq(listener_open(&listener, &loop, &address, &settings, take, NULL, &complaint),
                 LATTN_OK);
    cr_assert_eq(listener_listen(listener, &complaint), LATTN_OK);
    there = name_of(getsockname, listening_find());
    cr_assert_eq(connect(client, (struct sockaddr *)&there, sizeof there), 0);
    while (accepted == NULL)
        uv_run(&loop, UV_RUN_ONCE);
    cr_assert_lt(remote_find(client), DESCRIPTORS_MAX);
    cr_assert(option_of(remote_find(client), IPPROTO_TCP, TCP_NODELAY));
    close(client);
    channel_close(accepted);
    listener_close(&listener);
    uv_run(&loop, UV_RUN_DEFAULT);
    channel_release(&accepted);
    access_close(&access_any);
    cr_assert_eq(uv_loop_close(&loop), 0, "nothing is left on the loop");
}
