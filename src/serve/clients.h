#ifndef SERVE_CLIENTS_H
#define SERVE_CLIENTS_H

#include <lattn/status.h>

#include "serve/pool.h"
#include "serve/session.h"

#include <stddef.h>
#include <stdint.h>

/* Events that others can cause at will: counted, and logged now and then. */
struct clients_count {
    uint64_t count;
    uint64_t reported;
    uint64_t reported_ns;
};

/*
 * All sessions, whoever they serve.
 *
 * places   for so many of them
 * first_waiting, last_waiting  who waits for a turn; waiting: so many
 * refused  for want of a place; displaced: to make one; dropped: see session_drop
 */
struct clients {
    struct session *first;
    struct session *first_waiting;
    struct session *last_waiting;
    size_t waiting;
    size_t count;
    size_t places;
    struct clients_count refused;
    struct clients_count displaced;
    struct clients_count dropped;
};

/*
 * Places for so many clients, but no more than there can be connections beside so many descriptors
 * of others; fewer than were wished for are logged. Raises the limit on descriptors.
 */
size_t clients_places(size_t wish, size_t others);

/* Allocates nothing. */
void clients_init(struct clients *clients, size_t places);

/* The session is kept until it is removed. */
void clients_add(struct clients *clients, struct session *session);
void clients_remove(struct clients *clients, struct session *session);

/* Do something with each; it may end sessions, but not remove them. */
void clients_each(const struct clients *clients, void (*act)(struct session *session));

/* Does any of them want the spectrum in emissions? */
int clients_want_spectrum(const struct clients *clients);

/* Is there nothing of any client under way? */
int clients_are_idle(const struct clients *clients);

/*
 * How many turns a client may take at once: those who wait share TURNS_AT_ONCE, so that no round is
 * longer for it than one in which so many wait.
 */
size_t clients_turns(const struct clients *clients);

/* The session waits for its turn, behind all who do. */
void clients_wait(struct clients *clients, struct session *session);

/*
 * Give each one turn who waits now, in their order, until *is_paused. Whoever wants another waits
 * behind the others: so each has its share, however much more some ask for.
 *
 * Returns 1 where somebody still waits, else 0.
 */
int clients_take_turns(struct clients *clients, const int *is_paused);

/*
 * Is there a place for one more? Where all are taken, the client idle longest loses its own, if
 * that has been idle for PLACE_IDLE_NS.
 *
 * now_ms  in  uv_now
 *
 * Returns LATTN_OK or LATTN_BUSY.
 */
enum lattn_status clients_make_place(struct clients *clients, uint64_t now_ms);

/* Drop those who leave the most answers unread until the pool is not exceeded. */
void clients_relieve(struct clients *clients, struct pool *output);

/* A session has dropped its client. */
void clients_note_dropped(struct clients *clients, const char *why);

#endif
