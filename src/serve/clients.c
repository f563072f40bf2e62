#include "serve/clients.h"

#include "serve/bounds.h"
#include "serve/descriptors.h"
#include "serve/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

enum { NANOSECONDS_PER_MS = 1000000 };

size_t clients_places(size_t wish, size_t others)
{
    int64_t descriptors = descriptors_raise();
    int64_t most = descriptors - DESCRIPTORS_OWN - (int64_t)others;

    if (descriptors <= 0 || (int64_t)wish <= most)
        return wish;
    if (most < 1)
        most = 1;
    log_event(LOG_LEVEL_WARN, "fewer clients than max-clients can be served",
              LOG_FIELDS(log_count("clients", most), log_count("descriptors", descriptors)));
    return (size_t)most;
}

void clients_init(struct clients *clients, size_t places)
{
    *clients = (struct clients){.places = places};
}

void clients_add(struct clients *clients, struct session *session)
{
    struct session_links *links = session_links(session);

    links->next = clients->first;
    links->previous = NULL;
    if (clients->first != NULL)
        session_links(clients->first)->previous = session;
    clients->first = session;
    clients->count++;
}

static void waiting_remove(struct clients *clients, struct session *session)
{
    struct session_links *links = session_links(session);

    if (links->next_waiting != NULL)
        session_links(links->next_waiting)->previous_waiting = links->previous_waiting;
    else
        clients->last_waiting = links->previous_waiting;
    if (links->previous_waiting != NULL)
        session_links(links->previous_waiting)->next_waiting = links->next_waiting;
    else
        clients->first_waiting = links->next_waiting;
    links->is_waiting = 0;
    clients->waiting--;
}

void clients_remove(struct clients *clients, struct session *session)
{
    struct session_links *links = session_links(session);

    if (links->is_waiting)
        waiting_remove(clients, session);
    if (links->next != NULL)
        session_links(links->next)->previous = links->previous;
    if (links->previous != NULL)
        session_links(links->previous)->next = links->next;
    else
        clients->first = links->next;
    clients->count--;
}

void clients_each(const struct clients *clients, void (*act)(struct session *session))
{
    for (struct session *session = clients->first; session != NULL;
         session = session_links(session)->next)
        act(session);
}

int clients_want_spectrum(const struct clients *clients)
{
    for (struct session *session = clients->first; session != NULL;
         session = session_links(session)->next) {
        if (session_wants_spectrum(session))
            return 1;
    }
    return 0;
}

int clients_are_idle(const struct clients *clients)
{
    for (struct session *session = clients->first; session != NULL;
         session = session_links(session)->next) {
        if (!session_is_idle(session))
            return 0;
    }
    return 1;
}

size_t clients_turns(const struct clients *clients)
{
    if (clients->waiting >= TURNS_AT_ONCE)
        return 1;
    return clients->waiting == 0 ? TURNS_AT_ONCE : TURNS_AT_ONCE / clients->waiting;
}

void clients_wait(struct clients *clients, struct session *session)
{
    struct session_links *links = session_links(session);

    assert(!links->is_waiting);
    links->is_waiting = 1;
    links->next_waiting = NULL;
    links->previous_waiting = clients->last_waiting;
    if (clients->last_waiting != NULL)
        session_links(clients->last_waiting)->next_waiting = session;
    else
        clients->first_waiting = session;
    clients->last_waiting = session;
    clients->waiting++;
}

int clients_take_turns(struct clients *clients, const int *is_paused)
{
    const struct session *last = clients->last_waiting;
    struct session *session = NULL;

    while (session != last && !*is_paused) {
        session = clients->first_waiting;
        waiting_remove(clients, session);
        session_flow(session);
    }
    return clients->first_waiting != NULL;
}

/* ---- who has to go ---- */

static void count_event(struct clients_count *count, enum log_level level, const char *message,
                        const char *why)
{
    uint64_t now_ns = uv_hrtime();

    count->count++;
    if (count->reported > 0 && now_ns - count->reported_ns < REPORT_EVERY_NS)
        return;
    log_event(level, message,
              LOG_FIELDS(log_count("count", (int64_t)(count->count - count->reported)),
                         log_count("total", (int64_t)count->count), log_text("last", why)));
    count->reported = count->count;
    count->reported_ns = now_ns;
}

static struct session *idle_longest(const struct clients *clients, uint64_t *ret_since_ms)
{
    struct session *longest = NULL;

    *ret_since_ms = UINT64_MAX;
    for (struct session *session = clients->first; session != NULL;
         session = session_links(session)->next) {
        uint64_t since_ms = session_idle_ms(session);

        if (since_ms < *ret_since_ms) {
            *ret_since_ms = since_ms;
            longest = session;
        }
    }
    return longest;
}

/* Sessions whose connection is closed wait for what is under way only: they take no place. */
static size_t places_taken(const struct clients *clients)
{
    size_t taken = 0;

    if (clients->count < clients->places)
        return clients->count;
    for (struct session *session = clients->first; session != NULL;
         session = session_links(session)->next)
        taken += !session_is_gone(session);
    return taken;
}

enum lattn_status clients_make_place(struct clients *clients, uint64_t now_ms)
{
    uint64_t since_ms;
    struct session *longest;

    if (places_taken(clients) < clients->places)
        return LATTN_OK;
    longest = idle_longest(clients, &since_ms);
    if (longest == NULL || now_ms - since_ms < PLACE_IDLE_NS / NANOSECONDS_PER_MS) {
        count_event(&clients->refused, LOG_LEVEL_WARN, "clients refused", "all places are taken");
        return LATTN_BUSY;
    }
    count_event(&clients->displaced, LOG_LEVEL_INFO, "clients displaced",
                "idle longest, and all places are taken");
    session_abort(longest);
    return LATTN_OK;
}

static struct session *owes_most(const struct clients *clients)
{
    struct session *most = clients->first;

    for (struct session *session = most; session != NULL; session = session_links(session)->next) {
        if (session_output(session) > session_output(most))
            most = session;
    }
    return most;
}

void clients_relieve(struct clients *clients, struct pool *output)
{
    while (output->bytes > output->bytes_max) {
        struct session *most = owes_most(clients);

        assert(most != NULL && session_output(most) > 0);
        session_drop(most, "the most answers unread, and max-output is exceeded");
    }
}

void clients_note_dropped(struct clients *clients, const char *why)
{
    count_event(&clients->dropped, LOG_LEVEL_WARN, "clients dropped", why);
}
