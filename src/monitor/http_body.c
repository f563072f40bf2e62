/*
 * A connection whose body is not wanted just now is suspended: the library does not read from it,
 * so its sender waits. It looks at suspended connections neither for bytes nor for time; whoever
 * has made one wait has to let it go on.
 */
#include "monitor/http_parts.h"

#include <assert.h>

static void body_wait(struct http_body *body)
{
    if (body->is_waiting)
        return;
    body->is_waiting = 1;
    MHD_suspend_connection(body->visit->guest->connection);
}

static void body_go_on(struct http_body *body)
{
    if (!body->is_waiting)
        return;
    body->is_waiting = 0;
    MHD_resume_connection(body->visit->guest->connection);
    http_stir(body->visit->guest->http);
}

static void body_add(struct http *http, struct http_body *body)
{
    body->next = http->bodies;
    if (http->bodies != NULL)
        http->bodies->previous = body;
    http->bodies = body;
}

static void body_remove(struct http *http, struct http_body *body)
{
    if (body->previous != NULL)
        body->previous->next = body->next;
    else
        http->bodies = body->next;
    if (body->next != NULL)
        body->next->previous = body->previous;
}

enum MHD_Result http_body_begin(struct http_visit *visit, const struct http_taker *taker)
{
    struct http_body *body = &visit->body;

    *body = (struct http_body){.visit = visit, .taker = taker};
    body_add(visit->guest->http, body);
    body->taking = taker->begin(taker->arg, body);
    return body->taking != NULL || body->code != 0 ? MHD_YES : MHD_NO;
}

enum MHD_Result http_body_take(struct http_body *body, const char *bytes, size_t *length)
{
    size_t taken;

    if (body->code != 0) {
        *length = 0;
        return MHD_YES;
    }
    taken = body->taker->take(body->taking, bytes, *length);
    assert(taken <= *length);
    *length -= taken;
    if (*length > 0 && body->code == 0)
        body_wait(body);
    return MHD_YES;
}

enum MHD_Result http_body_end(struct http_body *body)
{
    if (body->code == 0 && !body->has_ended) {
        body->has_ended = 1;
        body->taker->end(body->taking);
    }
    if (body->code != 0)
        return http_reply_text(body->visit, body->code, body->type, &body->text);
    body_wait(body);
    return MHD_YES;
}

void http_body_gone(struct http_body *body)
{
    if (body->taker == NULL)
        return;
    body_remove(body->visit->guest->http, body);
    if (body->taking != NULL)
        body->taker->gone(body->taking);
    lattn_text_done(&body->text);
    *body = (struct http_body){.taker = NULL};
}

void http_body_release_all(struct http *http)
{
    for (struct http_body *body = http->bodies; body != NULL; body = body->next)
        body_go_on(body);
}

void http_body_resume(struct http_body *body)
{
    if (!body->has_ended)
        body_go_on(body);
}

void http_body_answer(struct http_body *body, unsigned code, const char *type,
                      struct lattn_text *text)
{
    assert(body->code == 0 && code != 0);
    body->code = code;
    body->type = type;
    body->text = *text;
    lattn_text_init(text);
    /* What is left of it is dropped, and waited for like a head, lest it hold a place for ever. */
    if (!body->has_ended) {
        body->visit->guest->is_owed = 1;
        http_await(body->visit->guest);
    }
    body_go_on(body);
}

void http_body_refuse(struct http_body *body, unsigned code, enum lattn_status status,
                      const char *message)
{
    struct lattn_text text;

    lattn_text_init(&text);
    /* Without memory for its words the code tells enough. */
    (void)lattn_write_error(&text, LATTN_FORMAT_JSON, NULL, status, message, 0);
    http_body_answer(body, code, "application/json", &text);
}

int http_body_descriptor(const struct http_body *body)
{
    return body->visit->guest->descriptor;
}
