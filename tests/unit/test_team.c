/*
 * Teams as large as the test likes: what they do must not depend on how many cores there are.
 */

#include "base/memory.h"
#include "base/team.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { SHARES = 100, ROUNDS = 300 };

/* So many threads may still be started; below 0: as many as one likes. */
static int32_t threads_left = -1;

/* What team.c calls in this program: refuses as a system at its limits does. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    int (*start)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (threads_left == 0)
        return EAGAIN;
    if (threads_left > 0)
        threads_left--;
    *(void **)&start = dlsym(RTLD_NEXT, "pthread_create");
    return start(thread, attr, run, arg);
}

/* counts: how often each share was done. begun: shares so far; out_of_order: begun before its turn.
 * inside: who is at work with each number. */
struct record {
    _Atomic int32_t counts[SHARES];
    _Atomic int32_t inside[TEAM_THREADS_MAX];
    _Atomic int32_t clashes;
    int64_t sums[SHARES];
};

static void share_record(void *arg, int32_t share, int32_t thread)
{
    struct record *record = arg;

    if (atomic_fetch_add(&record->inside[thread], 1) != 0)
        atomic_fetch_add(&record->clashes, 1);
    atomic_fetch_add(&record->counts[share], 1);
    record->sums[share] += share; /* plain: each share's own, round after round */
    atomic_fetch_sub(&record->inside[thread], 1);
}

static void check_rounds(struct team *team, int32_t shares)
{
    struct record record = {.clashes = 0};

    for (int32_t i = 0; i < ROUNDS; i++)
        team_run(team, share_record, &record, shares);
    for (int32_t i = 0; i < shares; i++) {
        cr_assert_eq(atomic_load(&record.counts[i]), ROUNDS);
        cr_assert_eq(record.sums[i], (int64_t)ROUNDS * i);
    }
    for (int32_t i = shares; i < SHARES; i++)
        cr_assert_eq(atomic_load(&record.counts[i]), 0);
    cr_assert_eq(atomic_load(&record.clashes), 0);
}

Test(team, does_each_share_once)
{
    for (int32_t threads = 1; threads <= 5; threads++) {
        struct team *team = NULL;

        cr_assert_eq(team_open(&team, threads), LATTN_OK);
        cr_assert_eq(team_threads(team), threads);
        check_rounds(team, SHARES);
        check_rounds(team, 2);
        check_rounds(team, 1);
        check_rounds(team, 0);
        team_close(&team);
        cr_assert_null(team);
    }
}

Test(team, of_nobody_is_the_caller)
{
    struct team *team = NULL;

    cr_assert_eq(team_threads(NULL), 1);
    check_rounds(NULL, SHARES);
    team_close(&team);
}

/* Every share waits for the one before it to be done, which would be for ever if it had not begun.
 */
struct chain {
    _Atomic int32_t done;
    int32_t numbers[SHARES];
    int32_t count;
};

static void share_follow(void *arg, int32_t share, int32_t thread)
{
    struct chain *chain = arg;

    (void)thread;
    team_await(&chain->done, share);
    chain->numbers[chain->count++] = share;
    atomic_store_explicit(&chain->done, share + 1, memory_order_release);
}

Test(team, begins_shares_in_order)
{
    for (int32_t threads = 1; threads <= 4; threads++) {
        struct team *team = NULL;

        cr_assert_eq(team_open(&team, threads), LATTN_OK);
        for (int32_t round = 0; round < ROUNDS; round++) {
            struct chain chain = {.count = 0};

            team_run(team, share_follow, &chain, SHARES);
            cr_assert_eq(chain.count, SHARES);
            for (int32_t i = 0; i < SHARES; i++)
                cr_assert_eq(chain.numbers[i], i);
        }
        team_close(&team);
    }
}

/* The threads fall asleep between two rounds, as they do where nobody learns. */
Test(team, wakes_up_again)
{
    struct team *team = NULL;

    cr_assert_eq(team_open(&team, 3), LATTN_OK);
    for (int32_t round = 0; round < 5; round++) {
        check_rounds(team, 7);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    team_close(&team);
}

Test(team, that_nobody_asks_ends)
{
    for (int32_t i = 0; i < 100; i++) {
        struct team *team = NULL;

        cr_assert_eq(team_open(&team, 2), LATTN_OK);
        team_close(&team);
    }
}

Test(team, goes_on_with_the_threads_it_got)
{
    for (int32_t left = 0; left < 3; left++) {
        struct team *team = NULL;

        threads_left = left;
        cr_assert_eq(team_open(&team, 4), LATTN_OK);
        threads_left = -1;
        cr_assert_eq(team_threads(team), left + 1);
        check_rounds(team, SHARES);
        team_close(&team);
    }
}

Test(team, gives_each_member_scratch)
{
    struct team *team = NULL;

    cr_assert_eq(team_reserve(NULL, 100), LATTN_OK);
    cr_assert_eq(team_open(&team, 3), LATTN_OK);
    cr_assert_eq(team_reserve(team, 1000), LATTN_OK);
    memset(team_scratch(team, 1), 1, 1000);
    memset(team_scratch(team, 2), 2, 1000);
    memory_fail(2, 0);
    cr_assert_eq(team_reserve(team, 2000), LATTN_NO_MEMORY);
    cr_assert_eq(team_reserve(team, 1000), LATTN_OK);
    memset(team_scratch(team, 1), 1, 1000);
    memset(team_scratch(team, 2), 2, 1000);
    cr_assert_eq(*(unsigned char *)team_scratch(team, 1), 1);
    cr_assert_eq(team_reserve(team, 2000), LATTN_OK);
    memset(team_scratch(team, 2), 2, 2000);
    team_close(&team);
}

Test(team, without_memory_is_none)
{
    struct team *team = NULL;

    memory_fail(1, 0);
    cr_assert_eq(team_open(&team, 2), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_assert_null(team);
}
