/*
 * One word says all that threads compete for: the number of the round, and how many of its shares
 * nobody has begun. To take a share is one compare and swap of that word, so a thread that wakes up
 * late can take one of its own round or none: what it read of the round before holds if the word is
 * still the same. Nobody has to be waited for who has taken none.
 */
#include "base/team.h"

#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

enum {
    /* How long a thread looks before it sleeps or lets others run: about as long as it takes to be
     * woken. A pause takes 4 to 50 ns, so the clock must tell, every so many of them. */
    SPIN_NS = 50000,
    LOOKS_PER_TIME = 64,
    SHARES_BITS = 32
};

struct member {
    struct team *team;
    pthread_t thread;
    int32_t number;
    void *scratch;
};

/*
 * open        round << SHARES_BITS | shares that nobody has begun
 * work .. shares  of the round; written while no share is open or under way
 * unfinished  shares not done
 * mutex       of sleep alone: is_over, and that nobody falls asleep just as there is work
 */
struct team {
    _Atomic uint64_t open;
    _Atomic(team_fn) work;
    _Atomic(void *) arg;
    _Atomic int32_t shares;
    _Atomic int32_t unfinished;
    pthread_mutex_t mutex;
    pthread_cond_t begun;
    pthread_cond_t done;
    int is_over;
    int32_t threads;
    size_t scratch_bytes; /* of each member */
    struct member members[TEAM_THREADS_MAX];
};

/* A thread that waits without sleeping. */
struct spin {
    int32_t looks;
    int64_t since_ns;
};

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* it is there, and the pointer is right */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Before it looks again. Returns 0 once it has looked for long enough. */
static int spin_goes_on(struct spin *spin)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
    if (spin->looks++ % LOOKS_PER_TIME != 0)
        return 1;
    if (spin->looks == 1)
        spin->since_ns = now_ns();
    return now_ns() - spin->since_ns < SPIN_NS;
}

void team_await(const _Atomic int32_t *number, int32_t least)
{
    struct spin spin = {0};

    while (atomic_load_explicit(number, memory_order_acquire) < least)
        if (!spin_goes_on(&spin))
            (void)sched_yield(); /* it cannot fail */
}

/* ---- shares ---- */

static int32_t shares_open(struct team *team)
{
    return (int32_t)(uint32_t)atomic_load_explicit(&team->open, memory_order_acquire);
}

/* Do the next share, if there is one that nobody has begun. */
static int share_do(struct team *team, int32_t thread)
{
    uint64_t open = atomic_load_explicit(&team->open, memory_order_acquire);

    while ((uint32_t)open > 0) {
        team_fn work = atomic_load_explicit(&team->work, memory_order_relaxed);
        void *arg = atomic_load_explicit(&team->arg, memory_order_relaxed);
        int32_t shares = atomic_load_explicit(&team->shares, memory_order_relaxed);

        if (!atomic_compare_exchange_weak_explicit(&team->open, &open, open - 1,
                                                   memory_order_acq_rel, memory_order_acquire))
            continue;
        work(arg, shares - (int32_t)(uint32_t)open, thread);
        if (atomic_fetch_sub_explicit(&team->unfinished, 1, memory_order_acq_rel) == 1 &&
            thread != 0) {
            pthread_mutex_lock(&team->mutex);
            pthread_cond_signal(&team->done);
            pthread_mutex_unlock(&team->mutex);
        }
        return 1;
    }
    return 0;
}

/* ---- threads ---- */

/* Wait for shares. Returns 0 where there will be none any more. */
static int member_wait(struct team *team)
{
    struct spin spin = {0};
    int is_over;

    while (spin_goes_on(&spin))
        if (shares_open(team) > 0)
            return 1;
    pthread_mutex_lock(&team->mutex);
    while (shares_open(team) == 0 && !team->is_over)
        pthread_cond_wait(&team->begun, &team->mutex);
    is_over = team->is_over;
    pthread_mutex_unlock(&team->mutex);
    return !is_over;
}

static void *member_run(void *arg)
{
    struct member *member = arg;

    while (member_wait(member->team))
        while (share_do(member->team, member->number))
            ;
    return NULL;
}

enum lattn_status team_open(struct team **ret_team, int32_t threads)
{
    struct team *team;

    assert(threads >= 1 && threads <= TEAM_THREADS_MAX);
    team = memory_zeroed(1, sizeof *team);
    if (team == NULL)
        return LATTN_NO_MEMORY;
    (void)pthread_mutex_init(&team->mutex, NULL); /* with default attributes they cannot fail */
    (void)pthread_cond_init(&team->begun, NULL);
    (void)pthread_cond_init(&team->done, NULL);
    for (team->threads = 1; team->threads < threads; team->threads++) {
        struct member *member = &team->members[team->threads];

        *member = (struct member){.team = team, .number = team->threads};
        if (pthread_create(&member->thread, NULL, member_run, member) != 0)
            break;
    }
    *ret_team = team;
    return LATTN_OK;
}

void team_close(struct team **team)
{
    struct team *old = *team;

    *team = NULL;
    if (old == NULL)
        return;
    pthread_mutex_lock(&old->mutex);
    old->is_over = 1;
    pthread_cond_broadcast(&old->begun);
    pthread_mutex_unlock(&old->mutex);
    for (int32_t i = 1; i < old->threads; i++) {
        (void)pthread_join(old->members[i].thread, NULL); /* it is there and not joined yet */
        memory_release(old->members[i].scratch);
    }
    (void)pthread_cond_destroy(&old->done);
    (void)pthread_cond_destroy(&old->begun);
    (void)pthread_mutex_destroy(&old->mutex);
    memory_release(old);
}

int32_t team_threads(const struct team *team)
{
    return team == NULL ? 1 : team->threads;
}

enum lattn_status team_reserve(struct team *team, size_t bytes)
{
    if (team == NULL || bytes <= team->scratch_bytes)
        return LATTN_OK;
    for (int32_t i = 1; i < team->threads; i++) {
        void *scratch = memory_raw(bytes, 1);

        if (scratch == NULL)
            return LATTN_NO_MEMORY; /* what is larger than it need be by now does no harm */
        memory_release(team->members[i].scratch);
        team->members[i].scratch = scratch;
    }
    team->scratch_bytes = bytes;
    return LATTN_OK;
}

void *team_scratch(const struct team *team, int32_t thread)
{
    assert(thread > 0 && thread < team->threads);
    return team->members[thread].scratch;
}

/* ---- rounds ---- */

/* Open a round: first what it is, then its shares. */
static void round_open(struct team *team, team_fn work, void *arg, int32_t shares)
{
    uint64_t round = (atomic_load_explicit(&team->open, memory_order_relaxed) >> SHARES_BITS) + 1;

    atomic_store_explicit(&team->work, work, memory_order_relaxed);
    atomic_store_explicit(&team->arg, arg, memory_order_relaxed);
    atomic_store_explicit(&team->shares, shares, memory_order_relaxed);
    atomic_store_explicit(&team->unfinished, shares, memory_order_relaxed);
    atomic_store_explicit(&team->open, round << SHARES_BITS | (uint64_t)shares,
                          memory_order_release);
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->begun);
    pthread_mutex_unlock(&team->mutex);
}

/* Wait for those who have begun the last shares. */
static void round_end(struct team *team)
{
    struct spin spin = {0};

    while (spin_goes_on(&spin))
        if (atomic_load_explicit(&team->unfinished, memory_order_acquire) == 0)
            return;
    pthread_mutex_lock(&team->mutex);
    while (atomic_load_explicit(&team->unfinished, memory_order_acquire) > 0)
        pthread_cond_wait(&team->done, &team->mutex);
    pthread_mutex_unlock(&team->mutex);
}

void team_run(struct team *team, team_fn work, void *arg, int32_t shares)
{
    assert(shares >= 0);
    if (team_threads(team) == 1 || shares <= 1) {
        for (int32_t i = 0; i < shares; i++)
            work(arg, i, 0);
        return;
    }
    round_open(team, work, arg, shares);
    while (share_do(team, 0))
        ;
    round_end(team);
}
