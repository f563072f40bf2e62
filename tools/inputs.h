#ifndef INPUTS_H
#define INPUTS_H

#include "client.h"
#include "numbers.h"

#include <lattn/batch.h>
#include <lattn/limits.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Inputs for one request. Zeroed is empty.
 *
 * tokens   of each input, with its text behind them: an allocation of its own
 * texts    the lines as they were, each with a zero byte behind it
 * lines    where each of them stood
 * numbers  in all tokens
 */
struct inputs {
    struct lattn_item items[LATTN_INPUTS_MAX];
    double *tokens[LATTN_INPUTS_MAX];
    const char *texts[LATTN_INPUTS_MAX];
    uint64_t lines[LATTN_INPUTS_MAX];
    size_t count;
    size_t numbers;
    struct numbers line;
};

/* Add the input of a line; there must be room. Returns as input_line_read. */
enum lattn_status inputs_take(struct inputs *inputs, const char *text, size_t length, uint64_t line,
                              struct lattn_complaint *complaint);

/* Are they as many as one request should hold? */
int inputs_are_enough(const struct inputs *inputs);

/* Keep these alone, each of them once, in this order. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status inputs_keep(struct inputs *inputs, const int32_t *order, size_t count);

/* Ask about the first `count` of them; the reply may be an error. Says why there is none. */
enum verb_exit inputs_exchange(const struct inputs *inputs, size_t count, struct client *client,
                               enum lattn_method method, uint64_t n, struct lattn_reply *ret_reply);

/* Is this a refusal because they are too many at once? */
int inputs_are_too_many(const struct inputs *inputs, const struct lattn_reply *reply);

/*
 * Say why they were refused, and release the reply. A refusal that names one by its place,
 * "candidates[5]: ...", is said of its line.
 *
 * object  in  what lines are of, for talk; may be NULL
 *
 * Returns VERB_REFUSED.
 */
enum verb_exit inputs_refuse(const struct inputs *inputs, const struct client *client,
                             const char *object, struct lattn_reply *reply);

/* Make it empty, and release what it holds. */
void inputs_clear(struct inputs *inputs);
void inputs_done(struct inputs *inputs);

#endif
