#include "serve/pusher.h"

#include "core/dense.h"
#include "support/folder.h"
#include "support/sharing.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

enum { WAIT_US = 1000, WAITS_MAX = 20000 };

static const char file[] = "shard-0-of-1.state";

static struct folder folder;
static char address[PATH_MAX + 4];
static struct pusher *pusher;
static struct state state;
static struct lattn_pushed reading;
static uint64_t now_ns;

static void nothing(void *arg)
{
    (void)arg;
}

static void pusher_begin(void)
{
    const struct pusher_settings settings = {
        .address = address, .every_ns = SECOND, .done = nothing};

    dense_threads_one();
    folder = folder_make();
    snprintf(address, sizeof address, "dir:%s", folder.path);
    cr_assert_eq(pusher_open(&pusher, &settings), LATTN_OK);
    state = sharing_state(&(struct sharing){SHARING_A, 0, 1, .pairs = 3});
    now_ns = SECOND;
}

static void pusher_end(void)
{
    pusher_close(&pusher);
    cr_assert_null(pusher);
    pusher_close(&pusher);
    state_done(&state);
    folder_remove(&folder);
}

TestSuite(pusher, .init = pusher_begin, .fini = pusher_end);

/* Go on, whatever time it takes, until that is so. */
static void tend_until(int (*is_so)(void))
{
    for (int waits = 0;; waits++) {
        cr_assert_lt(waits, WAITS_MAX);
        pusher_tend(pusher, &state, 0, now_ns);
        pusher_describe(pusher, now_ns, &reading);
        if (is_so())
            return;
        (void)usleep(WAIT_US);
        if (pusher_due(pusher) != UINT64_MAX && pusher_due(pusher) > now_ns)
            now_ns = pusher_due(pusher);
    }
}

static int is_pushed(void)
{
    return reading.pairs == 3 && reading.error[0] == '\0';
}

static int has_failed(void)
{
    return reading.error[0] != '\0';
}

Test(pusher, leaves_what_was_learned)
{
    pusher_describe(pusher, now_ns, &reading);
    cr_expect_eq(reading.pairs, LATTN_NEVER);
    cr_expect_eq(reading.pushed_age_s, LATTN_NEVER);
    tend_until(is_pushed);
    cr_expect(folder_has(&folder, file));
    cr_expect(reading.connected);
    cr_expect_str_eq(reading.address, address);
    pusher_describe(pusher, now_ns + 7 * SECOND, &reading);
    cr_expect_geq(reading.pushed_age_s, 7);
}

/* Nothing is new, so all that tells that it is well again is a greeting. */
Test(pusher, says_when_all_is_well_again)
{
    tend_until(is_pushed);
    cr_assert_eq(rename(folder_file(&folder, file), folder_file(&folder, "aside")), 0);
    cr_assert_eq(symlink(file, folder_file(&folder, file)), 0);
    tend_until(has_failed);
    cr_expect_not(reading.connected);
    cr_assert_eq(rename(folder_file(&folder, "aside"), folder_file(&folder, file)), 0);
    tend_until(is_pushed);
    cr_expect(reading.connected);
}

Test(pusher, shows_the_last_state_at_the_end)
{
    struct state later = sharing_state(&(struct sharing){SHARING_A, 0, 1, .pairs = 5});
    size_t length;

    tend_until(is_pushed);
    state.tally.accepted = 9; /* nothing that tells a state from another */
    pusher_finish(pusher, &state, 0);
    free(folder_read(folder_file(&folder, file), &length));
    cr_expect_eq(length, state_bytes(&state));
    pusher_finish(pusher, &later, 1);
    free(folder_read(folder_file(&folder, file), &length));
    cr_expect_eq(length, state_bytes(&later));
    state_done(&later);
}
