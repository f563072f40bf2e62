#include "serve/web.h"

#include "base/complaint.h"
#include "serve/log.h"
#include "serve/peer.h"
#include "serve/tcp.h"
#include "serve/tls.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    NS_PER_MS = 1000000,
    /* "http", what "tcp:127.0.0.1:8080" has behind "tcp", a slash. */
    ADDRESS_TEXT_MAX = TCP_TEXT_MAX + 8
};

static_assert((int)HTTP_SOCKETS_MAX >= (int)TCP_SOCKETS_MAX,
              "all sockets of an address are served");

/*
 * A probe that fails gets a daemon killed. The longest step of the learner thread is an evaluation
 * that a request waits for, which grows with p^3: minutes where p is 20000.
 */
#define ROUND_NS_MAX UINT64_C(300000000000)

/* ---- who may come in ---- */

static int token_is_asked(void *arg)
{
    const struct web *web = arg;

    return access_asks_token(web->access);
}

static int token_admits(void *arg, const char *token, size_t length)
{
    const struct web *web = arg;

    return access_admits(web->access, token, length);
}

static void guest_refused(void *arg, int descriptor, const char *why)
{
    struct web *web = arg;
    struct peer peer;

    peer_find(descriptor, &peer);
    access_refuse(web->access, &peer, why);
}

/* What its certificate was when it came stays its own, also where the files are read again. */
static void *session_secure(void *arg, void *session)
{
    struct web *web = arg;
    struct tls_watch *watch = NULL;

    /* Without memory it is NULL, and the session ends. */
    (void)tls_watch_open(&watch, session, access_identity(web->access));
    return watch;
}

static void session_ended(void *arg, void *secured, int descriptor)
{
    struct tls_watch *watch = secured;
    const char *why = tls_watch_close(&watch);

    if (why != NULL)
        guest_refused(arg, descriptor, why);
}

/* ---- what is asked of us ---- */

static int web_is_alive(void *arg)
{
    struct web *web = arg;
    uint64_t now_ns = uv_hrtime();

    if (web->is_alive(web->arg))
        web->round_ns = now_ns;
    return now_ns - web->round_ns < ROUND_NS_MAX;
}

static enum lattn_status web_is_unready(void *arg, struct lattn_complaint *complaint)
{
    const struct web *web = arg;

    if (web->is_stopping)
        return complain(complaint, LATTN_CLOSED, "the daemon is stopping");
    return overview_keeps(web->overview, complaint);
}

/* What is counted now, with what only the newest emission tells. */
static struct lattn_service service_now(const struct web *web)
{
    const struct lattn_service *told = &web->newest->service;
    struct lattn_service service;

    overview_service(web->overview, &service);
    service.heads = told->heads;
    service.heads_generation = told->heads_generation;
    service.heads_certified = told->heads_certified;
    service.heads_decomposition = told->heads_decomposition;
    service.pairs_to_go = told->pairs_to_go;
    service.aggregate = told->aggregate;
    return service;
}

static enum lattn_status status_write(void *arg, struct lattn_text *text)
{
    const struct web *web = arg;
    struct lattn_service service;

    if (web->newest == NULL)
        return LATTN_NO_DATA;
    service = service_now(web);
    return lattn_write_status(text, LATTN_FORMAT_JSON, &web->newest->report, &service);
}

static void all_measure(void *arg, struct metrics *ret_metrics)
{
    const struct web *web = arg;

    overview_metrics(web->overview, web->newest, ret_metrics);
}

static void library_said(void *arg, const char *text)
{
    (void)arg;
    log_event(LOG_LEVEL_DEBUG, "http", LOG_FIELDS(log_text("library", text)));
}

static void followers_changed(void *arg, int is_watched)
{
    struct web *web = arg;

    web->watched(web->arg, is_watched);
}

static void everybody_left(void *arg)
{
    struct web *web = arg;

    web->is_empty = 1;
    web->emptied(web->arg);
}

/* ---- opening and closing ---- */

static struct http_owner owner_of(struct web *web)
{
    int is_encrypted = access_identity(web->access) != NULL;

    return (struct http_owner){
        .asks_token = token_is_asked,
        .admits = token_admits,
        .refuse = guest_refused,
        .secure = is_encrypted ? session_secure : NULL,
        .unsecure = session_ended,
        .retrieve = tls_watch_retrieve(),
        .is_alive = web_is_alive,
        .unready = web_is_unready,
        .write_status = status_write,
        .measure = all_measure,
        .log = library_said,
        .watched = followers_changed,
        .emptied = everybody_left,
        .arg = web,
    };
}

/* "http://127.0.0.1:8080/": to be opened as it is. */
static void listening_log(const struct tcp *tcp, int is_encrypted)
{
    char address[TCP_TEXT_MAX];
    char text[ADDRESS_TEXT_MAX];

    for (int i = 0; i < tcp->count; i++) {
        tcp_text(tcp->descriptors[i], address);
        snprintf(text, sizeof text, "http%s://%s/", is_encrypted ? "s" : "",
                 address + strlen("tcp:"));
        log_event(LOG_LEVEL_INFO, "listening", LOG_FIELDS(log_text("address", text)));
    }
}

static enum lattn_status sockets_serve(struct web *web, uv_loop_t *loop,
                                       const struct config *config, const struct tcp *tcp)
{
    int is_durable = config->state_dir != NULL;
    struct http_settings settings = {
        .sockets = tcp->descriptors,
        .sockets_count = (size_t)tcp->count,
        .name = config->http.host,
        .patience_ms = config->send_timeout_ns / NS_PER_MS,
        .owner = owner_of(web),
    };

    reception_init(&web->learn, web->traffic, POST_LEARN, is_durable);
    reception_init(&web->predict, web->traffic, POST_PREDICT, is_durable);
    settings.learn = reception_taker(&web->learn);
    settings.predict = reception_taker(&web->predict);
    web->round_ns = uv_hrtime();
    return http_open(&web->http, loop, &settings);
}

enum lattn_status web_open(struct web *web, uv_loop_t *loop, const struct config *config,
                           struct access *access)
{
    const struct lattn_address *address = &config->http;
    struct lattn_complaint complaint = {""};
    char text[sizeof address->host + sizeof ":65535"];
    struct tcp tcp;
    enum lattn_status status;

    if (!config_has_http(config))
        return LATTN_OK;
    web->access = access;
    status = tcp_open(&tcp, address->host, address->port, config->reach, &complaint);
    if (status == LATTN_OK) {
        listening_log(&tcp, access_identity(access) != NULL);
        status = sockets_serve(web, loop, config, &tcp);
    }
    if (status != LATTN_OK) {
        (void)snprintf(text, sizeof text, "%s:%u", address->host, (unsigned)address->port);
        log_refusal("cannot serve HTTP", text, status, &complaint);
    }
    return status;
}

static void bulletin_let_go(void *arg)
{
    struct bulletin *bulletin = arg;

    bulletin_close(&bulletin);
}

void web_publish(struct web *web, struct bulletin *bulletin)
{
    const struct http_emission emission = {
        .number = bulletin->number,
        .status = &bulletin->status[LATTN_FORMAT_JSON],
        .spectrum = &bulletin->spectrum[LATTN_FORMAT_JSON],
        .model = &bulletin->model[LATTN_FORMAT_JSON],
        .safetensors = &bulletin->safetensors,
        .release = bulletin_let_go,
        .arg = bulletin,
    };

    if (web->http == NULL)
        return;
    web->newest = bulletin_hold(bulletin);
    http_publish(web->http, &emission);
}

void web_stop(struct web *web)
{
    web->is_stopping = 1;
}

void web_finish(struct web *web)
{
    if (web->http != NULL)
        http_finish(web->http);
}

int web_is_empty(const struct web *web)
{
    return web->http == NULL || web->is_empty;
}

void web_close(struct web *web)
{
    http_close(&web->http);
}
