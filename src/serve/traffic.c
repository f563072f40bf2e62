/*
 * One round of the loop: turns of those who wait (idle), reading and new connections (poll), then
 * what was kept for its end (check). A client's bytes are read, handed on and answered in portions,
 * so that no round is long.
 */
#include "serve/traffic.h"

#include "monitor/http.h"
#include "serve/bounds.h"
#include "serve/log.h"
#include "serve/refusal.h"
#include "serve/source.h"

#include <assert.h>

enum { NS_PER_MS = 1000000, MEMORY_PATIENCE_MS = 100 };

/* ---- messages in ---- */

/* What was given back may be what others wait for. */
static void room_offer(struct traffic *traffic)
{
    traffic->has_room = 0;
    clients_each(&traffic->clients, session_publish);
    traffic->wants_spectrum = clients_want_spectrum(&traffic->clients);
    clients_each(&traffic->clients, session_flow);
}

/* Once in each round of the loop, between reading and reading. */
static void turns_came(uv_idle_t *idle)
{
    struct traffic *traffic = idle->data;
    int is_waited;

    if (traffic->has_room)
        room_offer(traffic);
    traffic->host.turns = clients_turns(&traffic->clients);
    is_waited = clients_take_turns(&traffic->clients, &traffic->host.is_paused);
    if (!traffic->has_room && traffic->late == NULL && (!is_waited || traffic->host.is_paused))
        (void)uv_idle_stop(idle); /* cannot fail */
}

static void turns_start(struct traffic *traffic)
{
    (void)uv_idle_start(&traffic->turns, turns_came); /* fails only if closing */
}

/*
 * Requests of one round of the loop are handed on together, behind the pairs of others: then one
 * solution answers them all, for nothing was learned in between. A client's own order stays. The
 * round shall not wait for bytes before it ends, which turns see to.
 */
static void chunk_delay(struct traffic *traffic, struct chunk *chunk)
{
    turns_start(traffic);
    session_links(chunk->session)->is_late = 1;
    chunk->next = NULL;
    *traffic->last_late = chunk;
    traffic->last_late = &chunk->next;
    traffic->late_bytes += chunk->bytes;
}

static void chunk_submitted(void *arg, struct chunk *chunk)
{
    struct traffic *traffic = arg;

    traffic->requests += chunk->requests_count;
    if (chunk->requests_count > 0 || session_links(chunk->session)->is_late)
        chunk_delay(traffic, chunk);
    else
        pipeline_submit(traffic->pipeline, chunk);
    /* Each session looks at this before it reads on. */
    if (pipeline_bytes(traffic->pipeline) + traffic->late_bytes >= QUEUE_BYTES_HIGH ||
        traffic->requests >= REQUESTS_QUEUED_HIGH)
        traffic->host.is_paused = 1;
}

static void output_crowded(void *arg)
{
    struct traffic *traffic = arg;

    clients_relieve(&traffic->clients, &traffic->output);
}

static void client_dropped(void *arg, const char *why)
{
    struct traffic *traffic = arg;

    clients_note_dropped(&traffic->clients, why);
}

static void session_waits(void *arg, struct session *session)
{
    struct traffic *traffic = arg;

    clients_wait(&traffic->clients, session);
    if (!traffic->host.is_paused)
        turns_start(traffic);
}

static void memory_freed(void *arg)
{
    struct traffic *traffic = arg;

    traffic->has_room = 1;
    turns_start(traffic);
}

static void session_became_idle(void *arg, struct session *session)
{
    struct traffic *traffic = arg;

    traffic->idle(traffic->arg, session);
}

static void session_subscribed(void *arg)
{
    struct traffic *traffic = arg;

    traffic->wants_spectrum = clients_want_spectrum(&traffic->clients);
}

static void session_ended(void *arg, struct session *session)
{
    struct traffic *traffic = arg;

    clients_remove(&traffic->clients, session);
    traffic->ended(traffic->arg, session);
}

/* ---- answers and bulletins out ---- */

void traffic_deliver(struct traffic *traffic)
{
    struct chunk *chunk = NULL;

    while (pipeline_collect(traffic->pipeline, &chunk) == LATTN_OK) {
        traffic->requests -= chunk->requests_count;
        if (chunk->session == NULL)
            source_settle(chunk->source, chunk);
        else
            session_answer(chunk->session, chunk);
    }
    if (traffic->host.is_paused &&
        pipeline_bytes(traffic->pipeline) + traffic->late_bytes <= QUEUE_BYTES_LOW &&
        traffic->requests <= REQUESTS_QUEUED_LOW) {
        traffic->host.is_paused = 0;
        turns_start(traffic);
    }
}

void traffic_publish(struct traffic *traffic, const struct bulletin *bulletin)
{
    traffic->host.newest = bulletin;
    clients_each(&traffic->clients, session_publish);
}

/* ---- who gets in ---- */

/* Say so where it is understood: TLS has no words for it before its handshake. */
static enum lattn_status client_turn_away(const struct traffic *traffic, uv_stream_t *stream)
{
    int is_encrypted = stream->type == UV_TCP && access_identity(traffic->host.access) != NULL;

    return refusal_send(stream, LATTN_BUSY,
                        is_encrypted ? NULL : "all places for clients are taken");
}

static void arrival_keep(struct traffic *traffic, uv_stream_t *stream)
{
    assert(traffic->arrivals_count < TRAFFIC_STREAMS_MAX);
    traffic->arrivals[traffic->arrivals_count++] = stream;
}

static void arrivals_accept(struct traffic *traffic);

static void patience_over(uv_timer_t *timer)
{
    arrivals_accept(timer->data);
}

/* Its stream reports nobody else until this one was taken. */
static void arrival_postpone(struct traffic *traffic, uv_stream_t *stream)
{
    arrival_keep(traffic, stream);
    /* Fails only if closing. */
    (void)uv_timer_start(&traffic->patience, patience_over, MEMORY_PATIENCE_MS, 0);
}

static void client_accept(struct traffic *traffic, uv_stream_t *stream)
{
    struct session *session = NULL;
    enum lattn_status status = clients_make_place(&traffic->clients, uv_now(traffic->host.loop));

    if (status == LATTN_BUSY) {
        status = client_turn_away(traffic, stream);
        if (status == LATTN_OK)
            return;
    } else {
        status = session_accept(&session, &traffic->host, stream);
    }
    if (status == LATTN_OK) {
        log_event(LOG_LEVEL_DEBUG, "client connected",
                  LOG_FIELDS(log_text("peer", session_peer(session))));
        clients_add(&traffic->clients, session);
    } else {
        log_event(LOG_LEVEL_ERROR, "cannot serve a connection",
                  LOG_FIELDS(log_text("error", lattn_status_text(status))));
    }
    if (status == LATTN_NO_MEMORY)
        arrival_postpone(traffic, stream);
}

/*
 * Whoever is not taken at once waits in the system's queue, and the stream reports no other. So a
 * flood of connections does not grow while those who are in wait for their turn.
 */
void traffic_arrive(void *arg, uv_stream_t *stream)
{
    struct traffic *traffic = arg;

    if (!traffic->host.is_paused && traffic->arrived++ < ARRIVALS_ENOUGH) {
        client_accept(traffic, stream);
        return;
    }
    arrival_keep(traffic, stream);
}

enum lattn_status traffic_carry(struct traffic *traffic, enum chunk_purpose purpose,
                                const struct channel_carrier *carrier, void *carrier_arg,
                                const struct peer *peer, struct session **ret_session)
{
    struct session *session = NULL;
    enum lattn_status status = LATTN_CLOSED;

    if (!traffic->is_closed)
        status = clients_make_place(&traffic->clients, uv_now(traffic->host.loop));
    if (status == LATTN_OK)
        status = session_carry(&session, &traffic->host, purpose, carrier, carrier_arg, peer);
    if (status != LATTN_OK)
        return status;
    clients_add(&traffic->clients, session);
    *ret_session = session;
    return LATTN_OK;
}

void traffic_close_doors(struct traffic *traffic)
{
    traffic->is_closed = 1;
    traffic->arrivals_count = 0;
}

/* ---- rounds ---- */

static void late_submit(struct traffic *traffic)
{
    while (traffic->late != NULL) {
        struct chunk *chunk = traffic->late;

        traffic->late = chunk->next;
        session_links(chunk->session)->is_late = 0;
        pipeline_submit(traffic->pipeline, chunk);
    }
    traffic->last_late = &traffic->late;
    traffic->late_bytes = 0;
}

static void arrivals_accept(struct traffic *traffic)
{
    size_t count = traffic->arrivals_count;

    if (traffic->host.is_paused || uv_is_active((uv_handle_t *)&traffic->patience))
        return;
    traffic->arrivals_count = 0;
    for (size_t i = 0; i < count; i++)
        client_accept(traffic, traffic->arrivals[i]);
}

static void round_ended(uv_check_t *check)
{
    struct traffic *traffic = check->data;

    late_submit(traffic);
    traffic->arrived = 0;
    arrivals_accept(traffic);
}

/* ---- opening and closing ---- */

static struct pool pool_of(struct traffic *traffic, size_t bytes_max, size_t reserved)
{
    return (struct pool){
        .bytes_max = bytes_max, .reserved = reserved, .freed = memory_freed, .arg = traffic};
}

static struct session_host host_of(struct traffic *traffic, const struct config *config,
                                   uv_loop_t *loop)
{
    return (struct session_host){
        .loop = loop,
        .frame_bytes_max = config->frame_bytes_max,
        .message_timeout_ms = config->message_timeout_ns / NS_PER_MS,
        .send_timeout_ms = config->send_timeout_ns / NS_PER_MS,
        .turns = TURNS_AT_ONCE,
        .input = &traffic->input,
        .output = &traffic->output,
        .submit = chunk_submitted,
        .wait = session_waits,
        .crowded = output_crowded,
        .dropped = client_dropped,
        .subscribed = session_subscribed,
        .idle = session_became_idle,
        .ended = session_ended,
        .arg = traffic,
    };
}

/* Descriptors that connections by HTTP take. */
static size_t web_descriptors(const struct config *config)
{
    return config_has_http(config) ? HTTP_CONNECTIONS_MAX + HTTP_DESCRIPTORS : 0;
}

void traffic_init(struct traffic *traffic, const struct config *config, uv_loop_t *loop,
                  void (*idle)(void *arg, struct session *session),
                  void (*ended)(void *arg, struct session *session), void *arg)
{
    *traffic = (struct traffic){.idle = idle, .ended = ended, .arg = arg};
    traffic->last_late = &traffic->late;
    clients_init(&traffic->clients, clients_places(config->clients_max, web_descriptors(config)));
    traffic->input = pool_of(traffic, config_input_max(config), config_input_need(config));
    traffic->output = pool_of(traffic, config->output_bytes_max, 0);
    traffic->host = host_of(traffic, config, loop);
}

void traffic_start(struct traffic *traffic)
{
    /* None of these can fail. */
    (void)uv_idle_init(traffic->host.loop, &traffic->turns);
    (void)uv_check_init(traffic->host.loop, &traffic->round);
    (void)uv_timer_init(traffic->host.loop, &traffic->patience);
    traffic->turns.data = traffic;
    traffic->round.data = traffic;
    traffic->patience.data = traffic;
    (void)uv_check_start(&traffic->round, round_ended);
}

void traffic_stop(struct traffic *traffic)
{
    uv_close((uv_handle_t *)&traffic->turns, NULL);
    uv_close((uv_handle_t *)&traffic->round, NULL);
    uv_close((uv_handle_t *)&traffic->patience, NULL);
}
