#ifndef BASE_TEAM_H
#define BASE_TEAM_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * A fixed team of threads: its owner hands out work in shares, does some of them itself, and goes
 * on when all are done.
 *
 * Shares are begun in ascending order, so that one may wait for another before it. Who does which
 * is left to chance: results are the same for any number of threads where each share writes what
 * is its own. A team with nothing to do spins for some tens of microseconds, then sleeps.
 *
 * NULL is a team of one: the caller.
 */
struct team;

enum { TEAM_THREADS_MAX = 64 };

/*
 * thread  0 (the caller) .. team_threads() - 1: no two shares run at once with the same number, so
 *         it chooses scratch
 */
typedef void (*team_fn)(void *arg, int32_t share, int32_t thread);

/*
 * Start threads, so that there are `threads` with the caller, 1 .. TEAM_THREADS_MAX. Where the
 * system starts no more of them the team is as large as it got.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status team_open(struct team **ret_team, int32_t threads);
void team_close(struct team **team);

/* Threads there are, the caller included. */
int32_t team_threads(const struct team *team);

/*
 * Let every thread but the caller's have scratch of so many bytes. It keeps what it has where that
 * is enough.
 *
 * Returns LATTN_OK; LATTN_NO_MEMORY: work alone then.
 */
enum lattn_status team_reserve(struct team *team, size_t bytes);

/* The scratch of thread 1 .. team_threads() - 1, aligned as memory is; until the next reserve. */
void *team_scratch(const struct team *team, int32_t thread);

/* Do all shares; one call at a time. What was written before is seen by all, and what they wrote
 * by the caller. Allocates nothing. */
void team_run(struct team *team, team_fn work, void *arg, int32_t shares);

/* Wait until the number is `least` or more, spinning at first: for what another share is about to
 * reach. What was written before the number was is seen. */
void team_await(const _Atomic int32_t *number, int32_t least);

#endif
