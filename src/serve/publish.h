#ifndef SERVE_PUBLISH_H
#define SERVE_PUBLISH_H

#include <lattn/certificate.h>
#include <lattn/learner.h>
#include <lattn/limits.h>
#include <lattn/model.h>
#include <lattn/status.h>
#include <lattn/wire.h>

#include "monitor/metrics.h"
#include "serve/pace.h"

#include <stdint.h>

/*
 * Emissions, made on a thread of their own from a copy of the learner, so that learning does not
 * wait for them: written to the directory first, then laid out as a bulletin for the loop. And
 * models that somebody asks for, which nobody else gets to see.
 */
struct publisher;

enum publisher_job { PUBLISHER_EMISSION, PUBLISHER_MODEL };

/* So many values has enum lattn_format. */
enum { BULLETIN_FORMATS = 2 };

/*
 * An emission as the loop gets it: numbers, and texts that are put together where they are sent.
 * Immutable, so that any thread may read it.
 *
 * holders      how many bulletin_close release it; whoever took it counts them
 * number       counts up from 1
 * report       owned
 * service      as of the snapshot; the heads are those of this emission
 * aggregate    that the service points to; owned, or NULL
 * outputs      names of the first ones; "" where an output has none, and before there is a model
 * status, model, spectrum  in both formats. No model before there is one; no spectrum where nobody
 *              wants it. That of an earlier emission, where a new one would cost too much: it says
 *              of which generation it is
 * safetensors  the model as a file; empty without a model, and where the settings ask for none
 */
struct bulletin {
    size_t holders;
    uint64_t number;
    struct lattn_report report;
    struct lattn_service service;
    struct lattn_aggregate *aggregate;
    char outputs[METRICS_OUTPUTS_MAX][LATTN_NAME_MAX];
    struct lattn_text status[BULLETIN_FORMATS];
    struct lattn_text model[BULLETIN_FORMATS];
    struct lattn_text spectrum[BULLETIN_FORMATS];
    struct lattn_text safetensors;
};

struct publisher_settings {
    enum lattn_heads heads;
    int32_t heads_count;
    const char *emit_dir; /* NULL: no files; kept */
    int with_safetensors; /* in bulletins, whether there are files or not */
    /* Called on the publisher's thread when a job is done, with a result or not. */
    void (*done)(void *arg);
    void *arg;
};

/*
 * What became of a job.
 *
 * status       LATTN_OK, or why there is nothing; then only job, epoch and end_ns mean something
 * epoch        as given at the start
 * end_ns       when it ended, less what the spectrum took: that is rationed by itself, and no
 *              reason to make emissions more rarely
 * has_spectrum     of an emission: there is one in it
 * spectrum_due_ns  where an older spectrum was repeated, when a new one may be made; else, and
 *                  where it could not be made, never, UINT64_MAX
 * certificate  for lattn_learner_note
 * heads, heads_count  as the copy was asked for its model
 * model        given; NULL in an emission that has none yet
 */
struct publisher_result {
    enum publisher_job job;
    enum lattn_status status;
    uint64_t epoch;
    uint64_t end_ns;
    int has_spectrum;
    uint64_t spectrum_due_ns;
    struct lattn_certificate certificate;
    enum lattn_heads heads;
    int32_t heads_count;
    struct lattn_model *model;
};

/* Starts the thread. Returns LATTN_OK, LATTN_INPUT_OUTPUT (the directory) or LATTN_NO_MEMORY. */
enum lattn_status publisher_open(struct publisher **ret_publisher,
                                 const struct publisher_settings *settings,
                                 struct lattn_complaint *complaint);
/* Finishes the job under way, ends the thread; accepts a pointer to NULL. */
void publisher_close(struct publisher **publisher);

/*
 * Copy the learner and make an emission of that. The publisher must be idle. It keeps the memory of
 * the copy for the next one.
 *
 * service   counters as of now, for its status; heads and pairs_to_go are filled in here
 * pace      of the rank, up to the emission before
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing begun.
 */
enum lattn_status publisher_start(struct publisher *publisher, const struct lattn_learner *learner,
                                  const struct lattn_service *service, const struct pace *pace,
                                  uint64_t epoch);

/*
 * Copy the learner and look for this model of it, as lattn_learner_model. The publisher must be
 * idle. Returns as publisher_start.
 */
enum lattn_status publisher_start_model(struct publisher *publisher,
                                        const struct lattn_learner *learner, enum lattn_heads heads,
                                        int32_t heads_count, uint64_t epoch);

/*
 * Does anybody want the spectrum? Any thread may say; the next emission goes by it.
 */
void publisher_want_spectrum(struct publisher *publisher, int is_wanted);

/* Is no job under way? Between its start and its result the publisher is not idle. */
int publisher_is_idle(struct publisher *publisher);

/* Wait until the job under way, if there is one, has its result. */
void publisher_wait(struct publisher *publisher);

/* Take it. Returns LATTN_OK, or LATTN_MORE where none has become ready since the last call. */
enum lattn_status publisher_result(struct publisher *publisher,
                                   struct publisher_result *ret_result);

/*
 * Take the newest bulletin; any thread may. It is given, release it with bulletin_close.
 *
 * Returns LATTN_OK, or LATTN_MORE where none has come since the last call.
 */
enum lattn_status publisher_bulletin(struct publisher *publisher, struct bulletin **ret_bulletin);

/* Hold on to it once more; on the thread that took it. */
struct bulletin *bulletin_hold(struct bulletin *bulletin);

/* Let go of it and set the pointer to NULL; the last one releases it. Accepts a pointer to NULL. */
void bulletin_close(struct bulletin **bulletin);

#endif
