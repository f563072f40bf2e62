#ifndef SERVE_EMITTER_H
#define SERVE_EMITTER_H

#include <lattn/learner.h>
#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/fold.h"
#include "serve/pace.h"
#include "serve/publish.h"

#include <stdint.h>

/*
 * Emissions, seen from the learner thread, to which it belongs: when one is due a copy of the
 * learner goes to the publisher, and what that found out comes back into the learner. The same way
 * go models that somebody asks for: nothing here is evaluated on the learner thread.
 */
struct emitter;

/*
 * every_ns, every_pairs  one of them is 0
 * emit_dir               NULL: no files; kept
 * has_web                bulletins have the model as a file, and the first one is made at once
 * service                counters and facts for the status of an emission, as of now
 * done                   called on another thread: emitter_tend has something to do
 */
struct emitter_settings {
    uint64_t every_ns;
    uint64_t every_pairs;
    enum lattn_heads heads;
    int32_t heads_count;
    const char *emit_dir;
    int has_web;
    void (*service)(void *arg, struct lattn_service *ret_service);
    void (*done)(void *arg);
    void *arg;
};

/*
 * fold  kept. What it has learned already is emitted without waiting for more.
 *
 * Returns LATTN_OK, LATTN_INPUT_OUTPUT (the directory) or LATTN_NO_MEMORY.
 */
enum lattn_status emitter_open(struct emitter **ret_emitter,
                               const struct emitter_settings *settings, struct fold *fold,
                               struct lattn_complaint *complaint);
/* Finishes what is under way; accepts a pointer to NULL. */
void emitter_close(struct emitter **emitter);

/*
 * Take in what has been found out, begin what is due. The fold's block must be empty.
 *
 * Returns 1 where something that was asked for has come to its end, else 0. Whoever waits has to
 * ask what before the next call.
 */
int emitter_tend(struct emitter *emitter, uint64_t now_ns);

/* When emitter_tend has to be called, if nothing happens before; UINT64_MAX: never. */
uint64_t emitter_due(struct emitter *emitter);

/* Emit soon, whatever the schedule says; any thread may ask. */
void emitter_ask(struct emitter *emitter);

/*
 * An emission of the state as it is now, or as it will be when the emission is begun: all who ask
 * before get the same one.
 *
 * ticket          in/out  0 at first; then of what is waited for
 * ret_generation  out     of the emission
 *
 * Returns LATTN_MORE: call again with the same ticket when emitter_tend has news; LATTN_OK: it can
 * be seen; or why there is none.
 */
enum lattn_status emitter_emission(struct emitter *emitter, uint64_t *ticket,
                                   uint64_t *ret_generation);

/*
 * The model of the state as it is now or will be, as emitter_emission; at once where the last one
 * that was found, also for an emission, is of these heads and this state.
 *
 * heads, count  in      as lattn_learner_model
 * ticket        in/out  0 at first, and where others are to be looked for before
 * ret_model     out     borrowed until emitter_tend
 *
 * Returns as emitter_emission, and what lattn_learner_model refuses with.
 */
enum lattn_status emitter_model(struct emitter *emitter, enum lattn_heads heads, int32_t count,
                                uint64_t *ticket, const struct lattn_model **ret_model);

/* Make a last emission if there is something new, or the last one failed, and wait for it. */
void emitter_finish(struct emitter *emitter);

/* Everything was forgotten. */
void emitter_forget(struct emitter *emitter);

/*
 * Emissions since the emitter was opened.
 *
 * failed           begun or due, and not made
 * end_ns, took_ns  of the last that was made: when it was done, since it was begun
 */
struct emitter_tally {
    uint64_t made;
    uint64_t failed;
    uint64_t end_ns;
    uint64_t took_ns;
};

struct emitter_tally emitter_tally(const struct emitter *emitter);

/* Fill in what the last emission found: the heads. */
void emitter_describe(const struct emitter *emitter, struct lattn_service *service);

/*
 * Does anybody want the spectrum? Any thread may say. Whoever comes to want it gets an emission
 * soon, though nothing may have been learned since the last one, unless that has it or there is
 * none to be had before the first pair.
 */
void emitter_want_spectrum(struct emitter *emitter, int is_wanted);

/* How fast the rank grows; borrowed until emitter_close. */
const struct pace *emitter_pace(const struct emitter *emitter);

/* The newest bulletin, as publisher_bulletin; any thread may. */
enum lattn_status emitter_bulletin(struct emitter *emitter, struct bulletin **ret_bulletin);

#endif
