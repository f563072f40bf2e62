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
#include "serve/condition.h"
#include "serve/emit_dir.h"
#include "serve/footprint.h"
#include "serve/heap.h"
#include "serve/log.h"
#include "serve/overview.h"
#include "serve/pipeline.h"
#include "serve/service.h"
#include "serve/session.h"
#include "serve/signals.h"
#include "serve/source.h"
#include "serve/state_dir.h"
#include "serve/threads.h"
#include "serve/traffic.h"
#include "serve/web.h"

#include <assert.h>
#include <uv.h>

/* How long the end waits for clients that do not read their answers. */
enum { FAREWELL_MS = 2000 };

enum { NS_PER_MS = 1000000 };

/* How often a certificate is looked at that may expire while the daemon runs. */
enum { DAY_MS = 24 * 60 * 60 * 1000 };

enum reason { REASON_SIGNAL, REASON_INPUT_ENDED, REASON_CONDITION };

struct server {
    const struct config *config;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t farewell;
    uv_timer_t deadline;
    uv_timer_t daily;
    struct signals signals;
    struct service service;
    struct heap heap;
    int has_loop;

    struct access *access;
    struct addresses addresses;
    struct traffic traffic;
    struct web web;
    struct overview overview;
    struct session *standard; /* the one of stdin, while it lasts */
    struct store *store;      /* NULL: memory only */
    struct pipeline *pipeline;
    struct sources sources;
    struct bulletin *newest;
    int spectrum_wanted;
    int web_watched; /* somebody follows emissions by HTTP */
    struct condition condition;

    int is_stopping;
    int is_ending; /* pipeline_end was called */
    int is_overdue;
    enum reason reason;
};

/* ---- the end ---- */

/* Is there no client left? Then without its own handles the loop has nothing left to do. */
static void handles_consider(struct server *server)
{
    if (server->traffic.clients.first != NULL || !web_is_empty(&server->web) ||
        uv_is_closing((uv_handle_t *)&server->wake))
        return;
    web_close(&server->web);
    uv_close((uv_handle_t *)&server->wake, NULL);
    uv_close((uv_handle_t *)&server->farewell, NULL);
    uv_close((uv_handle_t *)&server->deadline, NULL);
    uv_close((uv_handle_t *)&server->daily, NULL);
    traffic_stop(&server->traffic);
    signals_stop(&server->signals);
    service_done(&server->service);
    heap_stop(&server->heap);
}

static void farewell_over(uv_timer_t *timer)
{
    struct server *server = timer->data;

    log_event(LOG_LEVEL_WARN, "clients that do not read their answers are dropped", NULL);
    clients_each(&server->traffic.clients, session_abort);
    web_close(&server->web);
    handles_consider(server);
}

static void server_take_leave(struct server *server)
{
    server->traffic.pipeline = NULL;
    sources_end(&server->sources);
    pipeline_close(&server->pipeline);
    clients_each(&server->traffic.clients, session_let_go);
    web_finish(&server->web);
    (void)uv_timer_start(&server->farewell, farewell_over, FAREWELL_MS, 0);
    handles_consider(server);
}

static void server_consider_ending(struct server *server)
{
    if (!server->is_stopping || server->is_ending || !clients_are_idle(&server->traffic.clients) ||
        !sources_are_idle(&server->sources))
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
    web_stop(&server->web);
    traffic_close_doors(&server->traffic);
    sources_stop(&server->sources);
    addresses_close(&server->addresses);
    clients_each(&server->traffic.clients, session_finish);
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

/* Is stdin all there is to learn from? */
static int server_is_alone(const struct server *server)
{
    return server->addresses.count == 0 && !config_has_http(server->config) &&
           server->config->sources_count == 0;
}

static void session_became_idle(void *arg, struct session *session)
{
    struct server *server = arg;

    if (session == server->standard && server_is_alone(server))
        server_stop(server, REASON_INPUT_ENDED);
    server_consider_ending(server);
}

static void session_ended(void *arg, struct session *session)
{
    struct server *server = arg;

    log_event(LOG_LEVEL_DEBUG, "client gone", LOG_FIELDS(log_text("peer", session_peer(session))));
    if (session == server->standard)
        server->standard = NULL;
    session_close(&session);
    heap_stir(&server->heap);
    server_consider_ending(server);
    if (server->pipeline == NULL)
        handles_consider(server);
}

/* The same, of those who came by HTTP. */
static void web_emptied(void *arg)
{
    handles_consider(arg);
}

/* ---- what the pipeline reports ---- */

static void bulletin_deliver(struct server *server)
{
    struct bulletin *bulletin = NULL;

    if (pipeline_bulletin(server->pipeline, &bulletin) != LATTN_OK)
        return;
    bulletin_close(&server->newest);
    server->newest = bulletin;
    traffic_publish(&server->traffic, bulletin);
    web_publish(&server->web, bulletin);
    service_report(&server->service, &bulletin->report.certificate);
    if (condition_came_true(&server->condition, bulletin))
        server_stop(server, REASON_CONDITION);
}

/* Tell those who make emissions whether the spectrum is wanted, where that has changed. */
static void spectrum_wish(struct server *server)
{
    int is_wanted = server->traffic.wants_spectrum || server->web_watched;

    if (is_wanted == server->spectrum_wanted || server->pipeline == NULL)
        return;
    server->spectrum_wanted = is_wanted;
    pipeline_want_spectrum(server->pipeline, is_wanted);
}

static void web_is_watched(void *arg, int is_watched)
{
    struct server *server = arg;

    server->web_watched = is_watched;
    spectrum_wish(server);
}

static void pipeline_woke(uv_async_t *async)
{
    struct server *server = async->data;
    int has_ended;

    if (server->pipeline == NULL)
        return;
    /* Asked first: what was finished before the end is then collected below. */
    has_ended = pipeline_has_ended(server->pipeline);
    traffic_deliver(&server->traffic);
    server_consider_ending(server);
    bulletin_deliver(server);
    heap_stir(&server->heap);
    spectrum_wish(server);
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

    access_renew(server->access);
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
    (void)uv_timer_init(&server->loop, &server->daily);
    server->daily.data = server;
    traffic_start(&server->traffic);
    heap_start(&server->heap, &server->loop);
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

    return server->pipeline == NULL || pipeline_is_alive(server->pipeline, PIPELINE_WATCHDOG);
}

/* The same, for those who probe. */
static int server_seems_alive(void *arg)
{
    const struct server *server = arg;

    return server->pipeline == NULL || pipeline_is_alive(server->pipeline, PIPELINE_PROBE);
}

static enum lattn_status web_begin(struct server *server)
{
    server->web.overview = &server->overview;
    server->web.traffic = &server->traffic;
    server->web.is_alive = server_seems_alive;
    server->web.watched = web_is_watched;
    server->web.emptied = web_emptied;
    server->web.arg = server;
    return web_open(&server->web, &server->loop, server->config, server->access);
}

static void day_passed(uv_timer_t *timer)
{
    const struct server *server = timer->data;

    access_watch(server->access);
}

static enum lattn_status access_begin(struct server *server)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = access_open(&server->access, &server->config->access, &complaint);

    if (status != LATTN_OK)
        log_refusal("cannot start", "access", status, &complaint);
    server->traffic.host.access = server->access;
    if (status != LATTN_OK || access_identity(server->access) == NULL)
        return status;
    access_watch(server->access);
    (void)uv_timer_start(&server->daily, day_passed, DAY_MS, DAY_MS);
    return LATTN_OK;
}

/* Opened last, since bytes may be waiting. */
static enum lattn_status standard_open(struct server *server)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    /* Of all addresses only stdin has no listener. */
    if (server->addresses.count == server->config->addresses_count)
        return LATTN_OK;
    status = session_standard(&server->standard, &server->traffic.host, &complaint);
    if (status != LATTN_OK) {
        log_refusal("cannot listen", "stdin", status, &complaint);
        return status;
    }
    clients_add(&server->traffic.clients, server->standard);
    if (server_is_alone(server))
        session_keep(server->standard);
    log_event(LOG_LEVEL_INFO, "listening", LOG_FIELDS(log_text("address", "stdin")));
    return LATTN_OK;
}

static enum lattn_status learner_open(struct server *server, struct state *state)
{
    const struct config *config = server->config;
    const struct pipeline_settings settings = {
        .emit_every_ns = config->emit_every_ns,
        .emit_every_pairs = config->emit_every_pairs,
        .heads = config->heads,
        .heads_count = config->heads_count,
        .emit_dir = config->emit_dir,
        .has_web = config_has_http(config),
        .frame_bytes_max = config->frame_bytes_max,
        .access = server->access,
        .store = server->store,
        .state_dir = config->state_dir,
        .checkpoint_every_ns = config->checkpoint_every_ns,
        .sources = &server->sources,
        .shards = {.expect = (uint64_t)config->expect,
                   .epoch = config_is_given(config, "epoch") ? config->shard.epoch : 0,
                   .max_age_ns = config->max_age_ns},
        .from = config->from,
        .push = {.address = config->push,
                 .ca_file = config->push_ca_file,
                 .token_file = config->push_token_file,
                 .every_ns = config->push_every_ns},
        .gauges = &server->overview.gauges,
        .wake = pipeline_wakes,
        .wake_arg = server,
    };
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    sources_init(&server->sources, config, state, pipeline_wakes, server);
    threads_start(state->learner, config->threads);
    status = pipeline_open(&server->pipeline, &settings, state, &complaint);
    if (status != LATTN_OK)
        log_refusal("cannot start", "learner", status, &complaint);
    server->traffic.pipeline = server->pipeline;
    return status;
}

/*
 * Of a state that has pairs what they need is known, and they may be symbols, which need less than
 * tokens without zeros.
 */
static enum lattn_status memory_look(const struct config *config, const struct state *state)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = LATTN_OK;

    if (lattn_learner_pairs(state->learner) == 0)
        status = footprint_check(config, &complaint);
    if (status != LATTN_OK)
        log_refusal("cannot start", "max-memory", status, &complaint);
    return status;
}

/* The emitter looks once more, but a state should not be made for a start that fails. */
static enum lattn_status emit_dir_look(const struct config *config)
{
    struct lattn_complaint complaint = {""};
    struct emit_dir dir;
    enum lattn_status status = LATTN_OK;

    if (config->emit_dir != NULL)
        status = emit_dir_init(&dir, config->emit_dir, &complaint);
    if (status != LATTN_OK)
        log_refusal("cannot start", "emit-dir", status, &complaint);
    return status;
}

/* Whatever may refuse comes before the state is kept, what uses it behind that. */
static enum lattn_status server_begin(struct server *server, struct state *state,
                                      struct recover_info *info)
{
    const struct config *config = server->config;
    enum lattn_status status = loop_open(server);

    if (status == LATTN_OK)
        status = access_begin(server);
    if (status == LATTN_OK)
        status = emit_dir_look(config);
    if (status == LATTN_OK)
        status = addresses_open(&server->addresses, config, &server->loop, traffic_arrive,
                                &server->traffic);
    if (status == LATTN_OK)
        status = web_begin(server);
    if (status == LATTN_OK)
        status = state_dir_keep(config, server->store, state, info);
    if (status == LATTN_OK)
        status = learner_open(server, state);
    if (status == LATTN_OK)
        status = addresses_listen(&server->addresses, config);
    if (status == LATTN_OK)
        status = standard_open(server);
    return status == LATTN_OK ? sources_start(&server->sources, server->pipeline) : status;
}

enum lattn_status server_open(struct server **ret_server, const struct config *config)
{
    struct server *server = memory_zeroed(1, sizeof *server);
    struct state state = {0};
    struct recover_info info = {0};
    enum lattn_status status;

    if (server == NULL)
        return LATTN_NO_MEMORY;
    server->config = config;
    server->condition = condition_of(config);
    traffic_init(&server->traffic, config, &server->loop, session_became_idle, session_ended,
                 server);
    overview_init(&server->overview, &server->traffic, &server->sources);
    status = addresses_check(config);
    service_init(&server->service, server_is_alive, server);
    if (status == LATTN_OK)
        status = state_dir_open(config, &server->store, &state, &info);
    if (status == LATTN_OK)
        status = memory_look(config, &state);
    if (status == LATTN_OK)
        status = server_begin(server, &state, &info);
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
    assert(server->is_ending && server->traffic.clients.first == NULL);
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
    web_close(&old->web);
    sources_end(&old->sources);
    pipeline_close(&old->pipeline);
    sources_close(&old->sources);
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
