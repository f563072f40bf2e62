#include "serve/reception.h"

#include "base/memory.h"
#include "serve/peer.h"

struct visitor {
    struct http_body *body;
    struct post *post;
};

static void post_wants_more(void *arg)
{
    struct visitor *visitor = arg;

    http_body_resume(visitor->body);
}

static void post_answered(void *arg, int code, int is_lines, struct lattn_text *text)
{
    struct visitor *visitor = arg;

    http_body_answer(visitor->body, (unsigned)code,
                     is_lines ? "application/x-ndjson" : "application/json", text);
}

static const struct post_calls visitor_calls = {post_wants_more, post_answered};

/* Where it cannot be taken the sender may try again later. */
static void visitor_refuse(struct http_body *body, enum lattn_status why)
{
    http_body_refuse(body, 503, why,
                     why == LATTN_BUSY ? "too many are being served: try again later"
                                       : lattn_status_text(why));
}

static void *body_begin(void *arg, struct http_body *body)
{
    const struct reception *reception = arg;
    struct visitor *visitor = memory_zeroed(1, sizeof *visitor);
    struct peer peer;
    enum lattn_status status;

    if (visitor == NULL)
        return NULL;
    visitor->body = body;
    peer_find(http_body_descriptor(body), &peer);
    status = post_open(&visitor->post, reception->traffic, reception->purpose,
                       reception->is_durable, &peer, &visitor_calls, visitor);
    if (status != LATTN_OK)
        visitor_refuse(body, status);
    return visitor;
}

static size_t body_take(void *taking, const char *bytes, size_t length)
{
    struct visitor *visitor = taking;

    if (!post_wants(visitor->post))
        return 0;
    post_bring(visitor->post, bytes, length);
    return length;
}

static void body_end(void *taking)
{
    struct visitor *visitor = taking;

    post_end(visitor->post);
}

static void body_gone(void *taking)
{
    struct visitor *visitor = taking;

    post_close(&visitor->post);
    memory_release(visitor);
}

void reception_init(struct reception *reception, struct traffic *traffic, enum post_purpose purpose,
                    int is_durable)
{
    *reception =
        (struct reception){.traffic = traffic, .purpose = purpose, .is_durable = is_durable};
}

struct http_taker reception_taker(struct reception *reception)
{
    return (struct http_taker){
        .begin = body_begin,
        .take = body_take,
        .end = body_end,
        .gone = body_gone,
        .arg = reception,
    };
}
