#ifndef MONITOR_EXPOSITION_H
#define MONITOR_EXPOSITION_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "monitor/metrics.h"

#define EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Add the page that Prometheus reads: its text format 0.0.4, UTF-8. What is not known is NaN. The
 * series that a daemon has do not come and go, but for those of outputs that it gets to know, and
 * for codes that were never answered with; series of what is kept are there with --state.
 *
 * Every value reads back as the very number. Returns LATTN_OK, or LATTN_NO_MEMORY with the text
 * as it was.
 */
enum lattn_status exposition_write(struct lattn_text *text, const struct metrics *metrics);

#endif
