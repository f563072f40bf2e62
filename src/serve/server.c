/*
 * How it ends, each step once the one before is complete:
 *
 *   1  server_stop: no more connections, nothing more is read
 *   2  every session is idle: what was read is learned and answered -> pipeline_end
 *   3  the pipeline has ended: the last emission is in its files and on its way to subscribers
 *   4  the sessions go when their answers have left, after a while in any case
 *
 * At a signal all of it has --stop-timeout: a service manager would kill what takes longer.
 */
#include "serve/server.h"

#include <lattn/version.h>

#include "base/memory.h"
#include "serve/access.h"
#include "serve/addresses.h"
#include "serve/bounds.h"
#include "serve/clients.h"
#include "serve/condition.h"
#include "serve/descriptors.h"
#include "serve/log.h"
#include "serve/pipeline.h"
#include "serve/refusal.h"
#include "serve/service.h"
#include "serve/session.h"
#include "serve/signals.h"
#include "serve/state_dir.h"

#include <assert.h>
#include <uv.h>

/* How long the end waits for clients that do not read their answers. */
enum { FAREWELL_MS = 2000 };

enum { NS_PER_MS = 1000000 };

enum reason { REASON_SIGNAL, REASON_INPUT_ENDED, REASON_CONDITION };

struct server {
    const struct config *config;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t farewell;
    uv_timer_t deadline;
    struct signals signals;
    struct service service;
    int has_loop;

    struct access *access;
    struct addresses addresses;
    struct session_host host;
    struct clients clients;
    struct pool input;
    struct pool output;
    size_t requests;    /* handed in and not answered */
    uv_idle_t turns;    /* runs while clients wait that may go on */
    int has_room;       /* memory has become free */
    struct chunk *late; /* to be handed on at the end of this round of the loop */
    struct chunk **last_late;
    size_t late_bytes;
    uv_check_t round;
    struct session *standard; /* the one of stdin, while it lasts */
    struct store *store;      /* NULL: memory only */
    struct pipeline *pipeline;
    struct bulletin *newest;
    struct condition condition;

    int is_stopping;
    int is_ending; /* pipeline_end was called */
    int is_overdue;
    enum reason reason;
};

/* ---- the end ---- */

/* The last client is gone: without its own handles the loop has nothing left to do. */
static void handles_close(struct server *server)
{
    if (uv_is_closing((uv_handle_t *)&server->wake))
        return;
    uv_close((uv_handle_t *)&server->wake, NULL);
    uv_close((uv_handle_t *)&server->farewell, NULL);
    uv_close((uv_handle_t *)&server->deadline, NULL);
    uv_close((uv_handle_t *)&server->turns, NULL);
    uv_close((uv_handle_t *)&server->round, NULL);
    signals_stop(&server->signals);
    service_done(&server->service);
}

static void farewell_over(uv_timer_t *timer)
{
    struct server *server = timer->data;

    log_event(LOG_LEVEL_WARN, "clients that do not read their answers are dropped", NULL);
    clients_each(&server->clients, session_abort);
}

static void server_take_leave(struct server *server)
{
    pipeline_close(&server->pipeline);
    clients_each(&server->clients, session_let_go);
    if (server->clients.first == NULL)
        handles_close(server);
    else
        (void)uv_timer_start(&server->farewell, farewell_over, FAREWELL_MS, 0);
}

static void server_consider_ending(struct server *server)
{
    if (!server->is_stopping || server->is_ending || !clients_are_idle(&server->clients))
        return;
    server->is_ending = 1;
    pipeline_end(server->pipeline);
}

static void server_stop(struct server *server, enum reason reason)
{
    const char *const words[] = {"signal", "end of input", condition_text(&server->condition)};

    if (server->is_stopping)
        return;
    server->is_stopping = 1;
    server->reason = reason;
    log_event(LOG_LEVEL_INFO, "stopping", LOG_FIELDS(log_text("reason", words[reason])));
    addresses_close(&server->addresses);
    clients_each(&server->clients, session_finish);
    server_consider_ending(server);
}

/* What keeps the daemon from its end. */
static const char *server_undone(const struct server *server)
{
    if (!server->is_ending)
        return "messages that were read are not learned";
    return server->pipeline != NULL ? "the last emission" : "clients have not read their answers";
}

static void deadline_over(uv_timer_t *timer)
{
    struct server *server = timer->data;
    size_t waiting = server->pipeline == NULL ? 0 : pipeline_bytes(server->pipeline);

    log_event(LOG_LEVEL_ERROR, "not stopped in time: ending at once",
              LOG_FIELDS(log_text("undone", server_undone(server)),
                         log_count("waiting_bytes", (int64_t)waiting)));
    server->is_overdue = 1;
    uv_stop(&server->loop);
}

/* ---- what sessions report ---- */

/*
 * Requests of one round of the loop are handed on together, behind the pairs of others: then one
 * solution answers them all, for nothing was learned in between. A client's own order stays.
 */
static void chunk_delay(struct server *server, struct chunk *chunk)
{
    session_links(chunk->session)->is_late = 1;
    chunk->next = NULL;
    *server->last_late = chunk;
    server->last_late = &chunk->next;
    server->late_bytes += chunk->bytes;
}

static void round_ended(uv_check_t *check)
{
    struct server *server = check->data;

    while (server->late != NULL) {
        struct chunk *chunk = server->late;

        server->late = chunk->next;
        session_links(chunk->session)->is_late = 0;
        pipeline_submit(server->pipeline, chunk);
    }
    server->last_late = &server->late;
    server->late_bytes = 0;
}

static void chunk_submitted(void *arg, struct chunk *chunk)
{
    struct server *server = arg;

    server->requests += chunk->requests_count;
    if (chunk->requests_count > 0 || session_links(chunk->session)->is_late)
        chunk_delay(server, chunk);
    else
        pipeline_submit(server->pipeline, chunk);
    /* Each session looks at this before it reads on. */
    if (pipeline_bytes(server->pipeline) + server->late_bytes >= QUEUE_BYTES_HIGH ||
        server->requests >= REQUESTS_QUEUED_HIGH)
        server->host.is_paused = 1;
}

static void output_crowded(void *arg)
{
    struct server *server = arg;

    clients_relieve(&server->clients, &server->output);
}

static void client_dropped(void *arg, const char *why)
{
    struct server *server = arg;

    clients_note_dropped(&server->clients, why);
}

/* What was given back may be what others wait for. */
static void room_offer(struct server *server)
{
    server->has_room = 0;
    clients_each(&server->clients, session_publish);
    clients_each(&server->clients, session_flow);
}

/* Once in each round of the loop, between reading and reading. */
static void turns_came(uv_idle_t *idle)
{
    struct server *server = idle->data;
    int is_waited;

    if (server->has_room)
        room_offer(server);
    is_waited = clients_take_turns(&server->clients, &server->host.is_paused);
    if (!server->has_room && (!is_waited || server->host.is_paused))
        (void)uv_idle_stop(idle); /* cannot fail */
}

static void turns_start(struct server *server)
{
    (void)uv_idle_start(&server->turns, turns_came); /* fails only if closing */
}

static void session_waits(void *arg, struct session *session)
{
    struct server *server = arg;

    clients_wait(&server->clients, session);
    if (!server->host.is_paused)
        turns_start(server);
}

static void memory_freed(void *arg)
{
    struct server *server = arg;

    server->has_room = 1;
    turns_start(server);
}

static void session_became_idle(void *arg, struct session *session)
{
    struct server *server = arg;

    if (session == server->standard && server->addresses.count == 0)
        server_stop(server, REASON_INPUT_ENDED);
    server_consider_ending(server);
}

static void session_ended(void *arg, struct session *session)
{
    struct server *server = arg;

    log_event(LOG_LEVEL_DEBUG, "client gone", LOG_FIELDS(log_text("peer", session_peer(session))));
    if (session == server->standard)
        server->standard = NULL;
    clients_remove(&server->clients, session);
    session_close(&session);
    server_consider_ending(server);
    if (server->pipeline == NULL && server->clients.first == NULL)
        handles_close(server);
}

static void client_connected(void *arg, uv_stream_t *stream)
{
    struct server *server = arg;
    struct session *session = NULL;
    enum lattn_status status = clients_make_place(&server->clients, uv_now(&server->loop));

    if (status == LATTN_BUSY) {
        status = refusal_send(stream, LATTN_BUSY, "all places for clients are taken");
        if (status == LATTN_OK)
            return;
    } else {
        status = session_accept(&session, &server->host, stream);
    }
    if (status == LATTN_OK) {
        log_event(LOG_LEVEL_DEBUG, "client connected",
                  LOG_FIELDS(log_text("peer", session_peer(session))));
        clients_add(&server->clients, session);
    } else {
        log_event(LOG_LEVEL_ERROR, "cannot serve a connection",
                  LOG_FIELDS(log_text("error", lattn_status_text(status))));
    }
}

/* ---- what the pipeline reports ---- */

static void answers_deliver(struct server *server)
{
    struct chunk *chunk = NULL;

    while (pipeline_collect(server->pipeline, &chunk) == LATTN_OK) {
        server->requests -= chunk->requests_count;
        session_answer(chunk->session, chunk);
    }
    if (server->host.is_paused &&
        pipeline_bytes(server->pipeline) + server->late_bytes <= QUEUE_BYTES_LOW &&
        server->requests <= REQUESTS_QUEUED_LOW) {
        server->host.is_paused = 0;
        turns_start(server);
    }
}

static void bulletin_deliver(struct server *server)
{
    struct bulletin *bulletin = NULL;

    if (pipeline_bulletin(server->pipeline, &bulletin) != LATTN_OK)
        return;
    bulletin_close(&server->newest);
    server->newest = bulletin;
    server->host.newest = bulletin;
    clients_each(&server->clients, session_publish);
    service_report(&server->service, &bulletin->certificate);
    if (condition_came_true(&server->condition, bulletin))
        server_stop(server, REASON_CONDITION);
}

static void pipeline_woke(uv_async_t *async)
{
    struct server *server = async->data;
    int has_ended;

    if (server->pipeline == NULL)
        return;
    /* Asked first: what was finished before the end is then collected below. */
    has_ended = pipeline_has_ended(server->pipeline);
    answers_deliver(server);
    bulletin_deliver(server);
    if (has_ended)
        server_take_leave(server);
}

/* On other threads. */
static void pipeline_wakes(void *arg)
{
    struct server *server = arg;

    (void)uv_async_send(&server->wake); /* fails only if closing, which waits for the threads */
}

/* ---- signals ---- */

static void stop_asked(void *arg)
{
    struct server *server = arg;
    uint64_t most_ms = server->config->stop_timeout_ns / NS_PER_MS;

    (void)uv_timer_start(&server->deadline, deadline_over, most_ms, 0);
    service_stopping(&server->service, server->config->stop_timeout_ns);
    server_stop(server, REASON_SIGNAL);
}

/* Certificates, keys and tokens are changed without a restart. */
static void reload_asked(void *arg)
{
    struct server *server = arg;
    struct lattn_complaint complaint = {""};
    enum lattn_status status = access_reload(server->access, &complaint);

    if (status == LATTN_OK)
        log_event(LOG_LEVEL_INFO, "certificates and tokens read again", NULL);
    else
        log_refusal("certificates and tokens stay as they were", "access", status, &complaint);
}

static void emission_asked(void *arg)
{
    struct server *server = arg;

    if (server->pipeline != NULL)
        pipeline_emit(server->pipeline);
}

/* ---- opening and closing ---- */

static int handles_open(struct server *server)
{
    const struct signals_calls calls = {stop_asked, emission_asked, reload_asked, server};
    int error = uv_async_init(&server->loop, &server->wake, pipeline_woke);

    if (error != 0)
        return error;
    server->wake.data = server;
    (void)uv_timer_init(&server->loop, &server->farewell); /* cannot fail */
    server->farewell.data = server;
    (void)uv_timer_init(&server->loop, &server->deadline);
    server->deadline.data = server;
    (void)uv_idle_init(&server->loop, &server->turns); /* cannot fail */
    server->turns.data = server;
    (void)uv_check_init(&server->loop, &server->round); /* cannot fail */
    server->round.data = server;
    server->last_late = &server->late;
    (void)uv_check_start(&server->round, round_ended); /* cannot fail */
    return signals_start(&server->signals, &server->loop, &calls);
}

static enum lattn_status loop_open(struct server *server)
{
    int error = uv_loop_init(&server->loop);

    if (error == 0) {
        server->has_loop = 1;
        error = handles_open(server);
    }
    if (error == 0)
        return LATTN_OK;
    log_event(LOG_LEVEL_ERROR, "cannot start", LOG_FIELDS(log_text("error", uv_strerror(error))));
    return LATTN_INPUT_OUTPUT;
}

/* Is the learner thread? Once it has ended there is nothing left to wait for. */
static int server_is_alive(void *arg)
{
    const struct server *server = arg;

    return server->pipeline == NULL || pipeline_is_alive(server->pipeline);
}

static enum lattn_status access_begin(struct server *server)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = access_open(&server->access, &server->config->access, &complaint);

    if (status != LATTN_OK)
        log_refusal("cannot start", "access", status, &complaint);
    server->host.access = server->access;
    return status;
}

/* Opened last, since bytes may be waiting. */
static enum lattn_status standard_open(struct server *server)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    /* Of all addresses only stdin has no listener. */
    if (server->addresses.count == server->config->addresses_count)
        return LATTN_OK;
    status = session_standard(&server->standard, &server->host, &complaint);
    if (status != LATTN_OK) {
        log_refusal("cannot listen", "stdin", status, &complaint);
        return status;
    }
    clients_add(&server->clients, server->standard);
    if (server->addresses.count == 0)
        session_keep(server->standard);
    log_event(LOG_LEVEL_INFO, "listening", LOG_FIELDS(log_text("address", "stdin")));
    return LATTN_OK;
}

static enum lattn_status learner_open(struct server *server, struct state *state)
{
    const struct config *config = server->config;
    const struct pipeline_settings settings = {
        .learner = config->learner,
        .emit_every_ns = config->emit_every_ns,
        .emit_every_pairs = config->emit_every_pairs,
        .heads = config->heads,
        .heads_count = config->heads_count,
        .emit_dir = config->emit_dir,
        .frame_bytes_max = config->frame_bytes_max,
        .access = server->access,
        .store = server->store,
        .state_dir = config->state_dir,
        .checkpoint_every_ns = config->checkpoint_every_ns,
        .wake = pipeline_wakes,
        .wake_arg = server,
    };
    struct lattn_complaint complaint = {""};
    enum lattn_status status = pipeline_open(&server->pipeline, &settings, state, &complaint);

    if (status != LATTN_OK)
        log_refusal("cannot start", "learner", status, &complaint);
    return status;
}

/* As many clients as are configured, but no more than there can be connections. */
static size_t places(const struct config *config)
{
    int64_t descriptors = descriptors_raise();
    int64_t most = descriptors - DESCRIPTORS_OWN;

    if (descriptors <= 0 || (int64_t)config->clients_max <= most)
        return config->clients_max;
    if (most < 1)
        most = 1;
    log_event(LOG_LEVEL_WARN, "fewer clients than max-clients can be served",
              LOG_FIELDS(log_count("clients", most), log_count("descriptors", descriptors)));
    return (size_t)most;
}

static struct pool pool_of(struct server *server, size_t bytes_max)
{
    return (struct pool){.bytes_max = bytes_max, .freed = memory_freed, .arg = server};
}

static struct session_host host_of(struct server *server)
{
    const struct config *config = server->config;

    return (struct session_host){
        .loop = &server->loop,
        .frame_bytes_max = config->frame_bytes_max,
        .message_timeout_ms = config->message_timeout_ns / NS_PER_MS,
        .send_timeout_ms = config->send_timeout_ns / NS_PER_MS,
        .input = &server->input,
        .output = &server->output,
        .submit = chunk_submitted,
        .wait = session_waits,
        .crowded = output_crowded,
        .dropped = client_dropped,
        .idle = session_became_idle,
        .ended = session_ended,
        .arg = server,
    };
}

enum lattn_status server_open(struct server **ret_server, const struct config *config)
{
    struct server *server = memory_zeroed(1, sizeof *server);
    struct state state = {0};
    enum lattn_status status;

    if (server == NULL)
        return LATTN_NO_MEMORY;
    server->config = config;
    server->condition = condition_of(config);
    clients_init(&server->clients, places(config));
    server->input = pool_of(server, config_input_max(config));
    server->input.reserved = config_input_need(config);
    server->output = pool_of(server, config->output_bytes_max);
    server->host = host_of(server);
    status = addresses_check(config);
    service_init(&server->service, server_is_alive, server);
    if (status == LATTN_OK)
        status = state_dir_open(config, &server->store, &state);
    if (status == LATTN_OK)
        status = loop_open(server);
    if (status == LATTN_OK)
        status = access_begin(server);
    if (status == LATTN_OK)
        status = learner_open(server, &state);
    if (status == LATTN_OK)
        status =
            addresses_open(&server->addresses, config, &server->loop, client_connected, server);
    if (status == LATTN_OK)
        status = standard_open(server);
    state_done(&state);
    if (status != LATTN_OK) {
        server_close(&server);
        return status;
    }
    service_ready(&server->service, &server->loop);
    log_event(LOG_LEVEL_INFO,
              server->store == NULL ? "memory only: nothing is kept when the daemon ends"
                                    : "all that is acknowledged is kept",
              LOG_FIELDS(log_text("version", LATTN_VERSION)));
    *ret_server = server;
    return LATTN_OK;
}

enum server_outcome server_run(struct server *server)
{
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    if (server->is_overdue)
        return SERVER_OVERDUE;
    assert(server->is_ending && server->clients.first == NULL);
    if (server->reason != REASON_INPUT_ENDED || condition_held(&server->condition, server->newest))
        return SERVER_DONE;
    return SERVER_SHORT;
}

static void handle_close(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void server_close(struct server **server)
{
    struct server *old = *server;

    if (old == NULL)
        return;
    addresses_close(&old->addresses);
    pipeline_close(&old->pipeline);
    service_done(&old->service);
    store_close(&old->store);
    if (old->has_loop) {
        uv_walk(&old->loop, handle_close, NULL);
        (void)uv_run(&old->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&old->loop); /* every handle is closed */
    }
    access_close(&old->access);
    bulletin_close(&old->newest);
    memory_release(old);
    *server = NULL;
}
