/*
 * Answers. Each is one response of the library, queued once; what it says lives until the last byte
 * of it has left, also where its connection breaks off.
 */
#include "monitor/http_parts.h"

#include <lattn/version.h>

#include "base/memory.h"
#include "monitor/page.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* Nothing here is meant for pages of others, and no browser shall guess what it is. */
static const char *const headers_of_all[][2] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

static int header_add(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static int headers_add(struct MHD_Response *response, const char *type)
{
    int is_done = 1;

    for (size_t i = 0; i < sizeof headers_of_all / sizeof *headers_of_all; i++)
        is_done = is_done && header_add(response, headers_of_all[i][0], headers_of_all[i][1]);
    return is_done && (type == NULL || header_add(response, MHD_HTTP_HEADER_CONTENT_TYPE, type));
}

/* What its code promises. */
static int headers_of_code_add(struct MHD_Response *response, const struct http_visit *visit,
                               unsigned code)
{
    switch (code) {
    case MHD_HTTP_UNAUTHORIZED:
        return header_add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"lattnd\"") &&
               header_add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                          "Basic realm=\"lattnd\", charset=\"UTF-8\"");
    case MHD_HTTP_METHOD_NOT_ALLOWED:
        return header_add(response, MHD_HTTP_HEADER_ALLOW, inquiry_methods(visit->inquiry.route));
    case MHD_HTTP_SERVICE_UNAVAILABLE:
        return header_add(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    default:
        return 1;
    }
}

static void code_count(struct http *http, unsigned code)
{
    size_t i = 0;

    while (i < http->codes_count && http->codes[i].code != (int32_t)code)
        i++;
    if (i == HTTP_CODES_MAX)
        return;
    if (i == http->codes_count)
        http->codes[http->codes_count++].code = (int32_t)code;
    http->codes[i].count++;
}

static enum MHD_Result response_queue(struct http_visit *visit, unsigned code,
                                      struct MHD_Response *response)
{
    struct http_guest *guest = visit->guest;
    int is_done = headers_of_code_add(response, visit, code);

    if (guest->http->is_finishing)
        is_done = is_done && header_add(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (is_done)
        is_done = MHD_queue_response(guest->connection, code, response) == MHD_YES;
    MHD_destroy_response(response);
    if (is_done)
        code_count(guest->http, code);
    return is_done ? MHD_YES : MHD_NO;
}

enum MHD_Result http_reply_queue(struct http_visit *visit, unsigned code, const char *type,
                                 struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    if (headers_add(response, type) &&
        header_add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"))
        return response_queue(visit, code, response);
    MHD_destroy_response(response);
    return MHD_NO;
}

static struct MHD_Response *words_response(const char *words, size_t length)
{
    /* The library takes a pointer to what it shall not write to. */
    union {
        const char *words;
        void *bytes;
    } buffer = {.words = words};

    return MHD_create_response_from_buffer(length, buffer.bytes, MHD_RESPMEM_PERSISTENT);
}

static void text_release(void *data)
{
    struct lattn_text text = {.data = data};

    lattn_text_done(&text);
}

enum MHD_Result http_reply_text(struct http_visit *visit, unsigned code, const char *type,
                                struct lattn_text *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(text->length, text->data, text_release);

    if (response == NULL)
        lattn_text_done(text);
    lattn_text_init(text);
    return http_reply_queue(visit, code, type, response);
}

enum MHD_Result http_reply_words(struct http_visit *visit, unsigned code, const char *type,
                                 const char *words, size_t length)
{
    return http_reply_queue(visit, code, type, words_response(words, length));
}

enum MHD_Result http_reply_error(struct http_visit *visit, unsigned code, enum lattn_status status,
                                 const char *message)
{
    struct lattn_text text;

    lattn_text_init(&text);
    if (lattn_write_error(&text, LATTN_FORMAT_JSON, NULL, status, message, 0) == LATTN_OK)
        return http_reply_text(visit, code, "application/json", &text);
    lattn_text_done(&text);
    return MHD_NO;
}

/* ---- what is named, so that whoever has it need not get it again ---- */

/* The response is given; NULL: there is no memory. */
static enum MHD_Result tagged_queue(struct http_visit *visit, unsigned code, const char *type,
                                    const char *tag, struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    if (headers_add(response, type) && header_add(response, MHD_HTTP_HEADER_ETAG, tag) &&
        header_add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache"))
        return response_queue(visit, code, response);
    MHD_destroy_response(response);
    return MHD_NO;
}

static enum MHD_Result unchanged_reply(struct http_visit *visit, const char *type, const char *tag)
{
    return tagged_queue(visit, MHD_HTTP_NOT_MODIFIED, type, tag, words_response("", 0));
}

/* ---- the page ---- */

/* It changes with the program only. */
enum MHD_Result http_reply_page(struct http_visit *visit)
{
    static const char type[] = "text/html; charset=utf-8";
    char tag[HTTP_TAG_MAX];
    struct MHD_Response *response;

    snprintf(tag, sizeof tag, "\"" LATTN_VERSION "-%016" PRIx64 "\"", visit->guest->http->page);
    if (inquiry_has_tag(&visit->inquiry, tag))
        return unchanged_reply(visit, type, tag);
    response = words_response((const char *)page_html, page_html_length);
    if (response != NULL && header_add(response, "Content-Security-Policy", page_policy))
        return tagged_queue(visit, MHD_HTTP_OK, type, tag, response);
    if (response != NULL)
        MHD_destroy_response(response);
    return MHD_NO;
}

/* ---- parts of an emission ---- */

void http_reply_let_go(struct http_edition **edition)
{
    struct http_edition *old = *edition;

    *edition = NULL;
    if (old == NULL || --old->holders > 0)
        return;
    old->http->editions_count--;
    old->emission.release(old->emission.arg);
    memory_release(old);
}

static void edition_release(void *arg)
{
    struct http_edition *edition = arg;

    http_reply_let_go(&edition);
}

enum MHD_Result http_reply_part(struct http_visit *visit, const char *type,
                                const struct lattn_text *text)
{
    struct http *http = visit->guest->http;
    char tag[HTTP_TAG_MAX];
    struct MHD_Response *response;

    snprintf(tag, sizeof tag, "\"%s-%" PRIu64 "\"", http->start, http->edition->emission.number);
    if (inquiry_has_tag(&visit->inquiry, tag))
        return unchanged_reply(visit, type, tag);
    if (http->editions_count >= HTTP_EDITIONS_MAX && http->edition->holders == 1)
        return http_reply_error(visit, MHD_HTTP_SERVICE_UNAVAILABLE, LATTN_BUSY,
                                "earlier models are still on their way to slow clients");
    response = MHD_create_response_from_buffer_with_free_callback_cls(
        text->length, text->data, edition_release, http->edition);
    if (response != NULL)
        http->edition->holders++;
    return tagged_queue(visit, MHD_HTTP_OK, type, tag, response);
}
