#ifndef SERVE_OVERVIEW_H
#define SERVE_OVERVIEW_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "base/complaint.h"
#include "monitor/metrics.h"
#include "serve/gauges.h"
#include "serve/publish.h"
#include "serve/source.h"
#include "serve/traffic.h"

/*
 * What those who watch the daemon are told: what the learner thread tells in its gauges, and what
 * the loop knows itself. On the loop's thread; the learner is not waited for.
 *
 * gauges   told by the pipeline
 * traffic, sources  kept
 */
struct overview {
    struct gauges gauges;
    const struct traffic *traffic;
    struct sources *sources;
};

void overview_init(struct overview *overview, const struct traffic *traffic,
                   struct sources *sources);

/* What status says about the service, as of now. */
void overview_service(struct overview *overview, struct lattn_service *ret_service);

/*
 * Is what comes refused, since it cannot be kept? Not while only checkpoints fail, nor once a disk
 * that was full would be tried again: whoever waits for us to be ready would wait for ever.
 *
 * Returns LATTN_OK, or LATTN_INPUT_OUTPUT with the reason.
 */
enum lattn_status overview_keeps(struct overview *overview, struct lattn_complaint *complaint);

/*
 * All numbers, as of now, but those of HTTP, which are 0.
 *
 * newest  in  what was published last, borrowed by ret_metrics; NULL: nothing yet
 */
void overview_metrics(struct overview *overview, const struct bulletin *newest,
                      struct metrics *ret_metrics);

#endif
