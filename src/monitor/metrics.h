#ifndef MONITOR_METRICS_H
#define MONITOR_METRICS_H

#include <lattn/learner.h>
#include <lattn/limits.h>
#include <lattn/wire.h>

#include "monitor/histogram.h"
#include "monitor/process.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Outputs that have series of their own: there may be LATTN_OUTPUTS_MAX, and each series is stored
 * by whoever scrapes. The first ones have; lattn_outputs says how many there are.
 */
enum { METRICS_OUTPUTS_MAX = 32 };

/*
 * Clients of the sockets.
 *
 * refused    for want of a place
 * displaced  to make one
 * dropped    since they did not read, or broke off
 */
struct metrics_clients {
    uint64_t now;
    uint64_t places;
    uint64_t refused;
    uint64_t displaced;
    uint64_t dropped;
};

/* What waits for the learner; is_paused: nobody is read from until there is room. */
struct metrics_queue {
    uint64_t bytes_high;
    uint64_t requests;
    int32_t is_paused;
};

/* age_s, duration_s  of the newest emission; NaN: none yet */
struct metrics_emissions {
    uint64_t made;
    uint64_t failed;
    double age_s;
    double duration_s;
};

/*
 * What is kept, beside what struct lattn_kept says; counts nothing where nothing is kept.
 *
 * checkpoint_lag_s  since the first change that is in no checkpoint; 0: all is in one
 * commits           those that succeeded, and how long each took
 */
struct metrics_kept {
    uint64_t checkpoints;
    uint64_t checkpoints_failed;
    double checkpoint_lag_s;
    uint64_t commits_failed;
    struct histogram commits;
};

/* Answers given with a status code of HTTP. */
struct metrics_code {
    int32_t code;
    uint64_t count;
};

/* codes, codes_count  borrowed; each code once */
struct metrics_http {
    const struct metrics_code *codes;
    size_t codes_count;
    uint64_t event_clients;
};

/*
 * All numbers that an operator may want, as of now.
 *
 * report         of the newest emission, borrowed; NULL: none yet
 * outputs        names of the first outputs_count of its outputs, borrowed; "": it has none
 * aggregate      of the newest emission, borrowed; NULL: pairs are learned
 * service        live, not as of the emission
 * pairs          label rows learned, live
 * memory_bytes   of what was learned, live
 */
struct metrics {
    const struct lattn_report *report;
    const char (*outputs)[LATTN_NAME_MAX];
    int32_t outputs_count;
    const struct lattn_aggregate *aggregate;
    struct lattn_service service;
    uint64_t pairs;
    uint64_t memory_bytes;
    struct metrics_clients clients;
    struct metrics_queue queue;
    struct metrics_emissions emissions;
    struct metrics_kept kept;
    struct metrics_http http;
    struct process process;
};

#endif
