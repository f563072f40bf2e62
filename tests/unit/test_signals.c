#include "serve/signals.h"

#include <criterion/criterion.h>
#include <signal.h>

struct wishes {
    int stops;
    int emissions;
    int reloads;
};

static uv_loop_t loop;
static struct signals signals;

static void stop(void *arg)
{
    ((struct wishes *)arg)->stops++;
}

static void emit(void *arg)
{
    ((struct wishes *)arg)->emissions++;
}

static void reload(void *arg)
{
    ((struct wishes *)arg)->reloads++;
}

static void begin(struct wishes *wishes)
{
    const struct signals_calls calls = {stop, emit, reload, wishes};

    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(signals_start(&signals, &loop, &calls), 0);
}

/* libuv passes a signal on through a pipe of its own, so it has arrived when raise returns. */
static void take(int number)
{
    cr_assert_eq(raise(number), 0);
    (void)uv_run(&loop, UV_RUN_ONCE);
}

static void end(void)
{
    signals_stop(&signals);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

Test(signals, ask_for_an_emission_each_time)
{
    struct wishes wishes = {0};

    begin(&wishes);
    take(SIGUSR1);
    take(SIGUSR1);
    cr_expect_eq(wishes.emissions, 2);
    cr_expect_eq(wishes.stops, 0);
    end();
}

Test(signals, ask_to_read_files_again)
{
    struct wishes wishes = {0};

    begin(&wishes);
    take(SIGHUP);
    cr_expect_eq(wishes.reloads, 1);
    cr_expect_eq(wishes.stops + wishes.emissions, 0);
    end();
}

Test(signals, ask_for_the_end_once_within_a_second)
{
    struct wishes wishes = {0};

    begin(&wishes);
    take(SIGINT);
    signals.stop_ns = uv_hrtime(); /* however slow this machine is, the first one came just now */
    take(SIGTERM);
    cr_expect_eq(wishes.stops, 1);
    end();
}

Test(signals, end_the_process_when_asked_again, .signal = SIGTERM)
{
    struct wishes wishes = {0};

    begin(&wishes);
    take(SIGTERM);
    cr_assert_eq(wishes.stops, 1);
    signals.stop_ns -= UINT64_C(1000000000);
    take(SIGTERM);
}
