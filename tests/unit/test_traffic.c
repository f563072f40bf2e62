#include "serve/traffic.h"

#include "base/memory.h"
#include "serve/access.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct traffic traffic;
static uint64_t ended_count;
static uv_loop_t loop;
static uv_pipe_t listener;
static char folder[] = "/tmp/traffic-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void came(uv_stream_t *stream, int error)
{
    cr_assert_eq(error, 0);
    traffic_arrive(&traffic, stream);
}

static void idle(void *arg, struct session *session)
{
    (void)arg;
    (void)session;
}

static void ended(void *arg, struct session *session)
{
    (void)arg;
    ended_count++;
    session_close(&session);
}

static void begin(struct access *access)
{
    static struct config config;

    config = (struct config){.clients_max = 4, .frame_bytes_max = 1 << 20};
    cr_assert_eq(uv_loop_init(&loop), 0);
    traffic_init(&traffic, &config, &loop, idle, ended, NULL);
    traffic.host.access = access;
    traffic_start(&traffic);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", folder);
    cr_assert_eq(uv_pipe_init(&loop, &listener, 0), 0);
    cr_assert_eq(uv_pipe_bind(&listener, address.sun_path), 0);
    cr_assert_eq(uv_listen((uv_stream_t *)&listener, 8, came), 0);
}

static void end(void)
{
    clients_each(&traffic.clients, session_abort);
    uv_close((uv_handle_t *)&listener, NULL);
    traffic_stop(&traffic);
    cr_assert_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(uv_loop_close(&loop), 0);
    (void)rmdir(folder);
}

static int client_open(void)
{
    int client = socket(AF_UNIX, SOCK_STREAM, 0);

    cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

/* Whichever allocation fails: each connection is taken, be it to be dropped at once. */
Test(traffic, takes_whoever_found_no_memory)
{
    const struct access_settings nothing_asked = {0};
    struct access *access = NULL;
    struct lattn_complaint complaint;
    int has_failed = 1;

    cr_assert_eq(access_open(&access, &nothing_asked, &complaint), LATTN_OK);
    begin(access);
    for (uint64_t k = 1; has_failed; k++) {
        int client = client_open();

        memory_fail(k, 0);
        while (traffic.clients.count == 0 && ended_count < k)
            (void)uv_run(&loop, UV_RUN_ONCE);
        has_failed = memory_failed();
        memory_fail(0, 0);
        clients_each(&traffic.clients, session_abort);
        while (traffic.clients.count > 0)
            (void)uv_run(&loop, UV_RUN_ONCE);
        cr_assert_eq(ended_count, k);
        close(client);
    }
    cr_assert_geq(ended_count, 3, "session and channel at least need memory");
    end();
    access_close(&access);
}
