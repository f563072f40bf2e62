#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <lattn/learner.h>
#include <lattn/state.h>
#include <lattn/status.h>

#include "store/arrivals.h"
#include "store/origin.h"
#include "store/producer.h"
#include "store/record.h"
#include "store/tally.h"

#include <stdint.h>

struct image_moment;

/*
 * Everything that survives: what was learned, who sent what and how much, of which shard and how
 * far its streams were taken.
 *
 *     checkpoint, then the records behind it, one by one: state_load, state_apply ...
 *
 * The same steps in the same order give the same bits, whoever takes them: the daemon as the pairs
 * come, or recovery from the journal.
 */
struct state {
    struct lattn_learner *learner;
    struct producers *producers;
    struct arrivals *arrivals;
    struct origin origin;
    struct tally tally;
};

/* Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY. */
enum lattn_status state_open(struct state *ret_state,
                             const struct lattn_learner_settings *settings);
/* Accepts a state of zeros, and leaves one. */
void state_done(struct state *state);

/* An independent copy: the snapshot that another thread may save. LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status state_copy(const struct state *state, struct state *ret_copy);

/*
 * The same in the memory of an earlier copy (learner_copy_over).
 *
 * copy  in/out  an earlier copy, or zeros; then the new one, or zeros where there is no memory
 */
enum lattn_status state_copy_over(const struct state *state, struct state *copy);

/* Leave of a copy only what the next one can use; state_done or state_copy_over may follow. */
void state_strip(struct state *state);

/*
 * Learn admitted items, so many at a time that the blocks depend on `count` alone. Cannot fail.
 * The caller sees to producers and tally.
 */
void state_learn(struct state *state, const struct lattn_item *items, size_t count);

/*
 * Forget everything that was learned and who sent it. What came from streams was taken: it does not
 * come again. Returns as lattn_learner_reset.
 */
enum lattn_status state_reset(struct state *state);

/*
 * Let a state take the place of another, of which it keeps the threads (learner_succeed).
 *
 * state    given, left as zeros
 * earlier  in/out
 *
 * Returns 1; 0 where it has fewer coordinates or outputs, and is of another function.
 */
int state_succeed(struct state *state, struct state *earlier);

/*
 * Take one step of the journal, as it was taken before: admit, learn, note, count; name; or reset.
 * The memory limit of the learner does not hold for it. Names that were refused then are refused
 * now, which is no failure.
 *
 * Returns LATTN_OK; LATTN_DAMAGED where the step does not fit the state; LATTN_NO_MEMORY with part
 * of the step taken: the state is of no use then.
 */
enum lattn_status state_apply(struct state *state, const struct record *record,
                              struct lattn_complaint *complaint);

/*
 * Take over what another state has learned and counted, its producers and its streams. The sum is
 * of no shard.
 *
 * Returns as lattn_learner_merge; LATTN_CONFLICT where a producer, a stream or a publisher is in
 * both, or a shard of one epoch; LATTN_RANGE for more streams than there can be.
 */
enum lattn_status state_merge(struct state *state, const struct state *other,
                              struct lattn_complaint *complaint);

/* Would state_merge refuse? Costs a copy of who sent what. Returns as that, and changes nothing. */
enum lattn_status state_merge_check(const struct state *state, const struct state *other,
                                    struct lattn_complaint *complaint);

/*
 * Write and read an image: a header with version, engine and length; origin; arrivals; tally;
 * producers; the learner; a checksum of all that. Drawn in store/README.md.
 *
 * Returns as lattn_learner_save and lattn_learner_load. An image with a wrong checksum is
 * LATTN_DAMAGED, whatever it says.
 */
uint64_t state_bytes(const struct state *state);
enum lattn_status state_save(const struct state *state, lattn_sink_fn sink, void *arg);
enum lattn_status state_load(struct state *ret_state, lattn_source_fn source, void *arg,
                             uint64_t length, struct lattn_complaint *complaint);

/*
 * Read an image without the learner's large arrays and without looking at the checksum: its learner
 * has settings, sizes, names and sums, but no component. Such states merge as whole ones do.
 *
 * ret_state       out  given; zeros where it is refused
 * ret_learner_at  out  byte at which the learner's image begins, from which ret_moment counts
 * ret_moment      out  given where the learner is all one moment (core/image.h)
 *
 * Returns LATTN_OK; LATTN_MORE where the learner has another form; or as state_load.
 */
enum lattn_status state_load_head(struct state *ret_state, uint64_t *ret_learner_at,
                                  struct image_moment *ret_moment, lattn_source_fn source,
                                  void *arg, uint64_t length, struct lattn_complaint *complaint);

/* Is the checksum at the end that of the bytes? Returns LATTN_OK, LATTN_DAMAGED, or the source's.
 */
enum lattn_status state_verify(lattn_source_fn source, void *arg, uint64_t length,
                               struct lattn_complaint *complaint);

#endif
