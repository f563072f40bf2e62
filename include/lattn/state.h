#ifndef LATTN_STATE_H
#define LATTN_STATE_H

#include <lattn/learner.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/*
 * A learner as bytes, the same on every machine, to be read for ever: it goes on learning to the
 * very bits of its original, as long as both have one BLAS thread and the same kind of processor.
 * Results that follow from the factor are not in it. Format: src/core/README.md, section 6.
 */

/* Takes the next bytes; borrowed until it returns. What it returns but LATTN_OK ends the writing.
 */
typedef enum lattn_status (*lattn_sink_fn)(void *arg, const void *bytes, size_t length);

/* Gives exactly `length` bytes, the next ones, or says why it cannot: then the reading ends. */
typedef enum lattn_status (*lattn_source_fn)(void *arg, void *ret_bytes, size_t length);

/* Bytes that lattn_learner_save writes. O(components). */
LATTN_API uint64_t lattn_learner_saved_bytes(const struct lattn_learner *learner);

/*
 * Write a learner, in pieces of at most 64 KiB; allocates nothing.
 *
 * Returns LATTN_OK, or what the sink returned.
 */
LATTN_API enum lattn_status lattn_learner_save(const struct lattn_learner *learner,
                                               lattn_sink_fn sink, void *arg);

/*
 * Read a learner that was saved. The bytes are not trusted: whatever they are, the result is a
 * learner that is sound in itself or a refusal, and no more memory is asked for than so many bytes
 * can fill.
 *
 * length       in   bytes that the learner has; all of them are read
 * ret_learner  out  given
 * complaint    out  may be NULL: what is wrong with them, and where
 *
 * Returns LATTN_OK; LATTN_DAMAGED; LATTN_OTHER_VERSION for another format or engine, which it
 * names; LATTN_NO_MEMORY; or what the source returned.
 */
LATTN_API enum lattn_status lattn_learner_load(struct lattn_learner **ret_learner,
                                               lattn_source_fn source, void *arg, uint64_t length,
                                               struct lattn_complaint *complaint);

/* The settings, as given at open or by lattn_learner_adjust. */
LATTN_API struct lattn_learner_settings
lattn_learner_settings_get(const struct lattn_learner *learner);

/*
 * Change settings that do not enter the state: precision, ridge and memory_max are taken over, the
 * others are not looked at. A state that is larger than memory_max stays and grows no more.
 *
 * Returns LATTN_OK, or LATTN_RANGE with nothing changed.
 */
LATTN_API enum lattn_status lattn_learner_adjust(struct lattn_learner *learner,
                                                 const struct lattn_learner_settings *settings);

/* What merged states amount to: label rows, sizes (d with the bias), bytes of the image. */
struct lattn_merged {
    uint64_t pairs;
    int32_t d;
    int32_t m;
    uint64_t bytes;
};

/*
 * Merge the states of disjoint streams: directories of lattnd --state whose daemons have ended, or
 * copies of lattn checkpoint. They are read, and not changed.
 *
 * paths       in   count >= 1 directories
 * sink        in   takes the image of the merged state, which a directory can begin with
 * complaint   out  may be NULL: which one, and why not
 *
 * To be called by a process that has no threads of its own: whatever may be damaged is first read
 * by a child. Returns LATTN_OK; as lattn_learner_merge; LATTN_CONFLICT also where a producer, or a
 * directory, comes twice; LATTN_NO_DATA, LATTN_IN_USE, LATTN_DAMAGED, LATTN_OTHER_VERSION,
 * LATTN_INPUT_OUTPUT of a directory; or what the sink returned.
 */
LATTN_API enum lattn_status lattn_state_merge(const char *const *paths, size_t count,
                                              lattn_sink_fn sink, void *arg,
                                              struct lattn_merged *ret_merged,
                                              struct lattn_complaint *complaint);

LATTN_END

#endif
