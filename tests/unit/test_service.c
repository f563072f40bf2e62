#include "serve/service.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 256 };

static uv_loop_t loop;
static struct service service;
static int manager;
static char text[TEXT_BYTES_MAX];

static int count_up(void *arg)
{
    int *asked = arg;

    return ++*asked % 2; /* alive, hung, alive, ... */
}

static void begin(const char *watchdog_us, int *asked)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "@lattn-test-%d", getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length);

    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    address.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    cr_assert_eq(bind(manager, (const struct sockaddr *)&address, size), 0);
    if (watchdog_us != NULL)
        setenv("WATCHDOG_USEC", watchdog_us, 1);
    cr_assert_eq(uv_loop_init(&loop), 0);
    service_init(&service, count_up, asked);
}

/* The next message that was sent; "" if there is none. */
static const char *told(void)
{
    ssize_t length = recv(manager, text, sizeof text - 1, 0);

    text[length < 0 ? 0 : length] = '\0';
    return text;
}

static void end(void)
{
    service_done(&service);
    service_done(&service);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

Test(service, tells_what_it_has_learned)
{
    struct lattn_certificate certificate = {.rank = 3, .p = 18, .pairs = 4};

    begin(NULL, NULL);
    cr_expect_str_eq(told(), "STATUS=starting");
    service_ready(&service, &loop);
    cr_expect_str_eq(told(), "READY=1\nSTATUS=listening");
    service_report(&service, &certificate);
    cr_expect_str_eq(told(), "STATUS=not identifying, rank 3 of 18, 4 pairs");
    certificate.verdict = LATTN_CANNOT_TELL;
    service_report(&service, &certificate);
    cr_expect_str_eq(told(), "STATUS=cannot tell, rank 3 of 18, 4 pairs");
    certificate.verdict = LATTN_IDENTIFYING;
    certificate.identifying_since = 1234;
    certificate.pairs = 5678;
    service_report(&service, &certificate);
    cr_expect_str_eq(told(), "STATUS=identifying since pair 1234, 5678 pairs");
    service_report(&service, &certificate);
    cr_expect_str_eq(told(), "", "the same is not told twice");
    service_stopping(&service, UINT64_C(30000000000));
    cr_expect_str_eq(told(), "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=35000000");
    end();
}

Test(service, runs_no_timer_where_nobody_watches)
{
    begin(NULL, NULL);
    service_ready(&service, &loop);
    cr_expect_eq(uv_loop_alive(&loop), 0);
    end();
}

Test(service, is_not_watched_in_place_of_another_process)
{
    setenv("WATCHDOG_PID", "1", 1);
    begin("1000000", NULL);
    service_ready(&service, &loop);
    cr_expect_eq(uv_loop_alive(&loop), 0);
    end();
}

Test(service, gives_signs_of_life_only_when_alive)
{
    int asked = 0;

    begin("4000", &asked);
    cr_expect_eq(uv_loop_alive(&loop), 0, "not before it is ready");
    service_ready(&service, &loop);
    cr_expect_eq(service.watchdog_ms, 1);
    cr_expect_str_eq(told(), "STATUS=starting");
    cr_expect_str_eq(told(), "READY=1\nSTATUS=listening");
    while (asked < 4)
        (void)uv_run(&loop, UV_RUN_ONCE);
    cr_expect_str_eq(told(), "WATCHDOG=1");
    cr_expect_str_eq(told(), "WATCHDOG=1");
    cr_expect_str_eq(told(), "", "two of four times it was hung");
    end();
}

Test(service, does_without_a_manager)
{
    const struct lattn_certificate certificate = {.pairs = 1};

    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "1000", 1);
    cr_assert_eq(uv_loop_init(&loop), 0);
    service_init(&service, count_up, NULL);
    service_ready(&service, &loop);
    service_report(&service, &certificate);
    service_stopping(&service, 1);
    cr_expect_eq(uv_loop_alive(&loop), 0);
    end();
}
