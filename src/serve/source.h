#ifndef SERVE_SOURCE_H
#define SERVE_SOURCE_H

#include <lattn/layout.h>
#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/chunk.h"
#include "serve/config.h"
#include "serve/pipeline.h"
#include "source/course.h"
#include "source/tap.h"
#include "store/state.h"

#include <stdatomic.h>
#include <stddef.h>

struct sources;

/*
 * One stream of --source: its messages become entries of chunks, as those of a client do, on the
 * tap's thread; what became of them goes back to the tap.
 *
 *     tap's thread    source_read, source_hand -> pipeline
 *     loop            pipeline_collect -> source_settle -> tap_settle
 *
 * known_as    the stream's name with its epoch: so the state tells it from one that is made anew
 * mark        where it begins
 * chunk       read, and about to be handed on
 * given_up    numbers of its publishers that will not be learned any more
 * is_stopped  it hands nothing on any more
 */
struct source {
    struct sources *owner;
    struct tap *tap;
    struct course_mark mark;
    struct lattn_layout layout;
    char known_as[LATTN_LAYOUT_TEXT_MAX + 11];
    struct chunk *chunk;
    _Atomic uint64_t given_up;
    _Atomic int is_stopped;
};

/*
 * All of them.
 *
 * woken  called on the taps' threads: one has stopped
 */
struct sources {
    const struct config *config;
    struct source list[CONFIG_SOURCES_MAX];
    _Atomic size_t count;
    char worker[ORIGIN_WORKER_MAX];
    struct pipeline *pipeline;
    void (*woken)(void *arg);
    void *arg;
};

/*
 * Learn from the state, which the pipeline will have, where to begin. Allocates nothing.
 *
 * config  kept
 */
void sources_init(struct sources *sources, const struct config *config, const struct state *state,
                  void (*woken)(void *arg), void *arg);

/* Start their threads. pipeline: kept. Returns LATTN_OK or LATTN_NO_MEMORY, and is logged. */
enum lattn_status sources_start(struct sources *sources, struct pipeline *pipeline);

/* Let them end; they are idle once all that they handed on was settled. */
void sources_stop(struct sources *sources);
int sources_are_idle(const struct sources *sources);

/* End their threads, at once: nothing is handed on or woken any more. */
void sources_end(struct sources *sources);
/* Release them, once the pipeline is closed. */
void sources_close(struct sources *sources);

/* A chunk came back from the pipeline. Closes it. */
void source_settle(struct source *source, struct chunk *chunk);

/* What status says of them; any thread. sources may be NULL: there are none. */
void sources_describe(struct sources *sources, struct lattn_source *ret_source);

#endif
