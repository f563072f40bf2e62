/*
 * The library calls three times or more for a request: with its head, with pieces of its body,
 * with its end, and again whenever its connection was suspended. What may be said about a request
 * is found out at its head; it is answered at its end, so that the connection can go on.
 */
#include "monitor/http_parts.h"

#include "base/memory.h"
#include "monitor/exposition.h"

#include <string.h>
#include <strings.h>

enum {
    /* Of a body that nobody wants: a longer one ends the connection. */
    DROPPED_BYTES_MAX = 1 << 20
};

static const char json[] = "application/json";

/* ---- the head ---- */

static enum MHD_Result header_came(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_length, const char *text, size_t length)
{
    (void)kind;
    inquiry_take(cls, name, name_length, text == NULL ? "" : text, length);
    return MHD_YES;
}

static enum MHD_Result argument_came(void *cls, enum MHD_ValueKind kind, const char *name,
                                     size_t name_length, const char *text, size_t length)
{
    (void)kind;
    (void)text;
    (void)length;
    inquiry_take_argument(cls, name, name_length);
    return MHD_YES;
}

/* Returns NULL where the guest is let in, or why not. */
static const struct inquiry_refusal *guest_check(const struct http_visit *visit)
{
    static const struct inquiry_refusal denied = {
        MHD_HTTP_UNAUTHORIZED, LATTN_DENIED,
        "a token is needed: Authorization: Bearer TOKEN, or Basic with it as the password"};
    const struct http_owner *owner = &visit->guest->http->settings.owner;
    char token[LATTN_TOKEN_MAX];
    size_t length;
    int is_admitted;

    if (!owner->asks_token(owner->arg))
        return NULL;
    length = inquiry_token(&visit->inquiry, token);
    is_admitted = owner->admits(owner->arg, token, length);
    explicit_bzero(token, sizeof token);
    if (is_admitted)
        return NULL;
    owner->refuse(owner->arg, visit->guest->descriptor,
                  length > 0 ? "this is no token" : "it shows no token");
    return &denied;
}

/* Who takes what is posted there; NULL: nothing is. */
static const struct http_taker *taker_of(const struct http_visit *visit)
{
    const struct http_settings *settings = &visit->guest->http->settings;

    switch (visit->inquiry.route) {
    case INQUIRY_LEARN:
        return &settings->learn;
    case INQUIRY_PREDICT:
        return &settings->predict;
    default:
        return NULL;
    }
}

static const struct inquiry_refusal *visit_check(struct http_visit *visit)
{
    const struct inquiry_self *self = &visit->guest->http->self;
    const struct http_taker *taker = taker_of(visit);
    const struct inquiry_refusal *refusal = inquiry_reach(&visit->inquiry, self);

    if (taker != NULL && taker->begin == NULL)
        visit->inquiry.route = INQUIRY_NOWHERE;

    if (refusal == NULL)
        refusal = guest_check(visit);
    return refusal == NULL ? inquiry_check(&visit->inquiry, self) : refusal;
}

static enum MHD_Result refusal_reply(struct http_visit *visit)
{
    const struct inquiry_refusal *refusal = visit->refusal;

    return http_reply_error(visit, refusal->code, refusal->status, refusal->message);
}

/* A body too long to be dropped: the answer comes at once, and the connection ends with it. */
static int is_answered_early(const struct http_visit *visit)
{
    return visit->refusal != NULL && visit->inquiry.method == INQUIRY_POST &&
           visit->inquiry.fields[INQUIRY_CONTENT_LENGTH].text != NULL &&
           inquiry_body_bytes(&visit->inquiry) > DROPPED_BYTES_MAX;
}

static enum MHD_Result visit_begin(struct http_guest *guest, const char *method, const char *path,
                                   void **ret_visit)
{
    struct http_visit *visit = memory_zeroed(1, sizeof *visit);

    if (visit == NULL)
        return MHD_NO;
    *ret_visit = visit;
    visit->guest = guest;
    inquiry_begin(&visit->inquiry, method, path);
    (void)MHD_get_connection_values_n(guest->connection, MHD_HEADER_KIND, header_came,
                                      &visit->inquiry);
    (void)MHD_get_connection_values_n(guest->connection, MHD_GET_ARGUMENT_KIND, argument_came,
                                      &visit->inquiry);
    visit->refusal = visit_check(visit);
    if (is_answered_early(visit))
        return refusal_reply(visit);
    /* A body that is dropped is waited for like a head, lest it hold a place for ever. */
    if (visit->refusal != NULL || taker_of(visit) == NULL)
        return MHD_YES;
    http_welcome(guest);
    return http_body_begin(visit, taker_of(visit));
}

/* ---- the end ---- */

static enum MHD_Result health_reply(struct http_visit *visit)
{
    static const char words[] = "ok\n";
    const struct http_owner *owner = &visit->guest->http->settings.owner;
    enum inquiry_route route = visit->inquiry.route;
    struct lattn_complaint complaint = {""};
    enum lattn_status status = LATTN_OK;

    if (route != INQUIRY_READYZ && !owner->is_alive(owner->arg))
        return http_reply_error(visit, MHD_HTTP_SERVICE_UNAVAILABLE, LATTN_TIMEOUT,
                                "a thread of the daemon has not come round for long");
    if (route != INQUIRY_LIVEZ)
        status = owner->unready(owner->arg, &complaint);
    if (status != LATTN_OK)
        return http_reply_error(visit, MHD_HTTP_SERVICE_UNAVAILABLE, status, complaint.text);
    return http_reply_words(visit, MHD_HTTP_OK, "text/plain; charset=utf-8", words,
                            sizeof words - 1);
}

static enum MHD_Result status_reply(struct http_visit *visit)
{
    const struct http_owner *owner = &visit->guest->http->settings.owner;
    struct lattn_text text;
    enum lattn_status status;

    lattn_text_init(&text);
    status = owner->write_status(owner->arg, &text);
    if (status == LATTN_OK)
        status = lattn_text_add(&text, "\n", 1);
    if (status == LATTN_OK)
        return http_reply_text(visit, MHD_HTTP_OK, json, &text);
    lattn_text_done(&text);
    if (status != LATTN_NO_DATA)
        return MHD_NO;
    return http_reply_error(visit, MHD_HTTP_SERVICE_UNAVAILABLE, status,
                            "the first emission is not made yet");
}

static enum MHD_Result metrics_reply(struct http_visit *visit)
{
    const struct http *http = visit->guest->http;
    const struct http_owner *owner = &http->settings.owner;
    struct metrics metrics = {.report = NULL};
    struct lattn_text text;

    owner->measure(owner->arg, &metrics);
    metrics.http = (struct metrics_http){
        .codes = http->codes,
        .codes_count = http->codes_count,
        .event_clients = http->streams_count,
    };
    lattn_text_init(&text);
    if (exposition_write(&text, &metrics) == LATTN_OK)
        return http_reply_text(visit, MHD_HTTP_OK, EXPOSITION_CONTENT_TYPE, &text);
    lattn_text_done(&text);
    return MHD_NO;
}

static enum MHD_Result model_reply(struct http_visit *visit)
{
    const struct http_edition *edition = visit->guest->http->edition;
    int is_json = visit->inquiry.route == INQUIRY_MODEL;
    const struct lattn_text *text = NULL;

    if (edition != NULL)
        text = is_json ? edition->emission.model : edition->emission.safetensors;
    if (text == NULL || text->length == 0)
        return http_reply_error(
            visit, MHD_HTTP_NOT_FOUND, LATTN_NO_DATA,
            "there is no model yet: it comes with the first emission that has pairs");
    return http_reply_part(visit, is_json ? json : "application/octet-stream", text);
}

static enum MHD_Result visit_answer(struct http_visit *visit)
{
    http_welcome(visit->guest);
    if (visit->refusal != NULL)
        return refusal_reply(visit);
    switch (visit->inquiry.route) {
    case INQUIRY_PAGE:
        return http_reply_page(visit);
    case INQUIRY_METRICS:
        return metrics_reply(visit);
    case INQUIRY_LIVEZ:
    case INQUIRY_READYZ:
    case INQUIRY_HEALTHZ:
        return health_reply(visit);
    case INQUIRY_STATUS:
        return status_reply(visit);
    case INQUIRY_MODEL:
    case INQUIRY_SAFETENSORS:
        return model_reply(visit);
    case INQUIRY_EVENTS:
        return http_stream_open(visit);
    case INQUIRY_LEARN:
    case INQUIRY_PREDICT:
        return http_body_end(&visit->body);
    case INQUIRY_NOWHERE:
        break;
    }
    return MHD_NO;
}

/* ---- between them ---- */

static enum MHD_Result bytes_came(struct http_visit *visit, const char *bytes, size_t *length)
{
    if (visit->body.taker != NULL)
        return http_body_take(&visit->body, bytes, length);
    visit->dropped += *length;
    *length = 0;
    return visit->dropped <= DROPPED_BYTES_MAX ? MHD_YES : MHD_NO;
}

static struct http_guest *guest_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

enum MHD_Result http_visit_go_on(void *cls, struct MHD_Connection *connection, const char *path,
                                 const char *method, const char *version, const char *bytes,
                                 size_t *length, void **visit)
{
    (void)cls;
    (void)version;
    if (*visit == NULL)
        return visit_begin(guest_of(connection), method, path, visit);
    if (*length > 0)
        return bytes_came(*visit, bytes, length);
    return visit_answer(*visit);
}

void http_visit_ended(void *cls, struct MHD_Connection *connection, void **visit,
                      enum MHD_RequestTerminationCode how)
{
    struct http_visit *old = *visit;

    (void)cls;
    (void)how;
    (void)connection;
    if (old == NULL)
        return;
    http_body_gone(&old->body);
    http_await(old->guest);
    memory_release(old);
    *visit = NULL;
}
