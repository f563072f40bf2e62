#ifndef BENCH_DAEMON_H
#define BENCH_DAEMON_H

#include "bench_pairs.h"
#include "child.h"
#include "client.h"

/*
 * A daemon of our own, on a socket in a temporary folder, and a connection to it. Both go away with
 * us, even if we are killed.
 */
struct bench_daemon {
    struct child child;
    char folder[256];
    char address[288];
    struct link_settings settings;
    struct client client;
    const struct lattn_text *messages; /* borrowed: all pairs, as the connection takes them */
    uint64_t sent;                     /* pairs */
    struct lattn_complaint complaint;  /* of the last feed that was refused */
};

/*
 * Start it, connect, and let it learn the layer: as many pairs of their own as there are features.
 *
 * program  in  path of lattnd, or its name
 * engine   in  as for lattnd --engine
 * pairs    in  kept until bench_daemon_end
 * format   in  of the pairs
 *
 * Returns VERB_DONE; or says why not and returns VERB_REFUSED with nothing to end.
 */
enum verb_exit bench_daemon_start(struct bench_daemon *daemon, const char *program,
                                  const char *engine, const struct bench_pairs *pairs,
                                  enum lattn_format format);
void bench_daemon_end(struct bench_daemon *daemon);

/*
 * Send all pairs so many times, and wait until they are learned. For stopwatch_measure: arg is the
 * daemon.
 *
 * Returns LATTN_OK; LATTN_REFUSED with the complaint where it did not take them all; or why it
 * cannot be reached.
 */
enum lattn_status bench_daemon_feed(void *arg, uint64_t times);

/* Say why a feed failed. Returns VERB_REFUSED. */
enum verb_exit bench_daemon_refuse(const struct bench_daemon *daemon, enum lattn_status status);

#endif
