#ifndef SERVE_WEB_H
#define SERVE_WEB_H

#include <lattn/status.h>

#include "monitor/http.h"
#include "serve/access.h"
#include "serve/config.h"
#include "serve/overview.h"
#include "serve/publish.h"
#include "serve/reception.h"

#include <stdint.h>
#include <uv.h>

/*
 * HTTP of this daemon (--http): what monitor/http.h asks of its owner. On the loop's thread; zeroed
 * there is none, and nothing but web_open does anything.
 *
 * is_alive     has the learner thread come round since this was asked the last time?
 * watched      the first follower of emissions has come, or the last one gone
 * emptied      after web_finish: nobody is connected any more
 * overview     numbers as of now
 * traffic      where what is posted goes
 * newest       borrowed until the next web_publish
 * round_ns     when the learner thread was last seen to go round
 * is_stopping  the daemon takes nothing more
 */
struct web {
    struct http *http;
    struct access *access;
    struct overview *overview;
    struct traffic *traffic;
    struct reception learn;
    struct reception predict;
    int (*is_alive)(void *arg);
    void (*watched)(void *arg, int is_watched);
    void (*emptied)(void *arg);
    void *arg;
    const struct bulletin *newest;
    uint64_t round_ns;
    int is_stopping;
    int is_empty;
};

/*
 * Listen, if the configuration says so. What goes wrong is logged.
 *
 * web     in/out  overview, traffic, is_alive, watched, emptied and arg are set, all else is zero
 * config, access  kept
 *
 * Returns what tcp_open and http_open do.
 */
enum lattn_status web_open(struct web *web, uv_loop_t *loop, const struct config *config,
                           struct access *access);

/* There is a new bulletin; it is held as long as answers of it are on their way. */
void web_publish(struct web *web, struct bulletin *bulletin);

/* The daemon takes nothing more: from now on it is not ready. */
void web_stop(struct web *web);

/* Everything was published: let those go who are there. Nobody new comes in. */
void web_finish(struct web *web);

/* Is nobody connected any more, after web_finish? Also where there is no HTTP. */
int web_is_empty(const struct web *web);

/* As http_close does. */
void web_close(struct web *web);

#endif
