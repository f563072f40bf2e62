#ifndef SERVE_PIPELINE_H
#define SERVE_PIPELINE_H

#include <lattn/learner.h>
#include <lattn/status.h>

#include "serve/access.h"
#include "serve/chunk.h"
#include "serve/gauges.h"
#include "serve/publish.h"
#include "serve/pusher.h"
#include "serve/shards.h"
#include "store/state.h"
#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The learner thread, and all that the loop knows of it: chunks go in, come back with their
 * answers, and now and then there is a bulletin.
 *
 *     loop    pipeline_submit ->  queue  -> learner thread: fold_entry, dispatch_request
 *     loop    pipeline_collect <- queue <- [chunk with its answers]
 *     loop    pipeline_bulletin <- publisher's thread <- snapshot, when one is due
 */
struct pipeline;
struct sources;

/*
 * emit_every_ns, emit_every_pairs  one of them is 0
 * emit_dir                         NULL: no files; kept
 * has_web                          as emitter.h
 * frame_bytes_max                  of a message, which the loop holds to; hello tells it
 * access                           whose refusals status tells of; kept
 * store                            of the state; NULL: memory only; kept
 * state_dir                        its directory, for messages; kept
 * checkpoint_every_ns              as keeper.h
 * sources                          what status says of them (source.h); kept
 * gauges                           told what the learner thread knows; kept
 * wake                             called on other threads: there is something to collect, or the
 *                                  pipeline has ended
 */
struct pipeline_settings {
    uint64_t emit_every_ns;
    uint64_t emit_every_pairs;
    enum lattn_heads heads;
    int32_t heads_count;
    const char *emit_dir;
    int has_web;
    size_t frame_bytes_max;
    const struct access *access;
    struct store *store;
    const char *state_dir;
    uint64_t checkpoint_every_ns;
    struct sources *sources;
    struct shards_settings shards;
    const char *from;
    struct pusher_settings push;
    struct gauges *gauges;
    void (*wake)(void *arg);
    void *wake_arg;
};

/*
 * Starts the threads.
 *
 * state  taken over: what the learner begins with; refused, some of it may be left to the caller
 *
 * Returns LATTN_OK, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY.
 */
enum lattn_status pipeline_open(struct pipeline **ret_pipeline,
                                const struct pipeline_settings *settings, struct state *state,
                                struct lattn_complaint *complaint);
/* Ends it if pipeline_end was not called, and waits for the threads; accepts a pointer to NULL. */
void pipeline_close(struct pipeline **pipeline);

/* Hand in a sealed chunk; it is given until pipeline_collect gives it back. */
void pipeline_submit(struct pipeline *pipeline, struct chunk *chunk);

/* Bytes handed in and not yet learned: what back-pressure goes by. */
size_t pipeline_bytes(struct pipeline *pipeline);

/* A chunk with its answers, in the order of pipeline_submit. LATTN_OK, or LATTN_MORE for none. */
enum lattn_status pipeline_collect(struct pipeline *pipeline, struct chunk **ret_chunk);

/* The newest bulletin, as publisher_bulletin. */
enum lattn_status pipeline_bulletin(struct pipeline *pipeline, struct bulletin **ret_bulletin);

/*
 * Does anybody want the spectrum in emissions? To be called where that changes; an emission that
 * has it then comes soon.
 */
void pipeline_want_spectrum(struct pipeline *pipeline, int is_wanted);

/* Emit soon, whatever the schedule says, and make a checkpoint. */
void pipeline_emit(struct pipeline *pipeline);

/* Those who want to know whether the learner thread is alive. */
enum pipeline_watcher { PIPELINE_WATCHDOG, PIPELINE_PROBE, PIPELINE_WATCHERS };

/*
 * Has the learner thread come round since this watcher asked the last time? Asks it to come round
 * again, which it does as soon as it has finished what it is at; the first answer is yes.
 */
int pipeline_is_alive(struct pipeline *pipeline, enum pipeline_watcher watcher);

/* Nothing more will be handed in: learn what is there and emit for the last time. */
void pipeline_end(struct pipeline *pipeline);

/* Is that done? Then all chunks and the last bulletin wait to be collected. */
int pipeline_has_ended(struct pipeline *pipeline);

#endif
