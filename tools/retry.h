#ifndef RETRY_H
#define RETRY_H

#include <stdint.h>

/*
 * When to try again what failed. Pauses grow, so that a daemon in trouble is left alone, and vary,
 * so that those who failed together do not come back together.
 */
struct retry {
    uint64_t limit_ms; /* without progress; 0: nothing is tried again */
    uint64_t since_ms; /* the first failure behind the last progress; 0: there was none */
    uint64_t step_ms;  /* the longest that the next pause may be */
    uint64_t random;
};

enum { RETRY_STEP_MS_MIN = 50, RETRY_STEP_MS_MAX = 5000 };

/* random is any number, and makes the pauses. */
void retry_init(struct retry *retry, uint64_t limit_ms, uint64_t random);

/*
 * It failed, at a time in milliseconds that is not 0 and never runs back.
 *
 * ret_pause_ms  out  how long to pause before it is tried again; ends with the limit
 *
 * Returns 1, or 0 if the time is up.
 */
int retry_fail(struct retry *retry, uint64_t now_ms, uint64_t *ret_pause_ms);

/* It did not fail. */
void retry_succeed(struct retry *retry);

#endif
