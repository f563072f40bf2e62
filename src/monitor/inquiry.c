#include "monitor/inquiry.h"

#include "base/base64.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <strings.h>

enum {
    /* User name, colon and token, as base64. */
    BASIC_TEXT_MAX = 1024,
    /* An address as a number, with its closing zero. */
    NUMBER_TEXT_MAX = INET6_ADDRSTRLEN,
    DECIMAL = 10
};

/* ---- paths ---- */

static const struct {
    const char *path;
    int takes_body;
} routes[] = {
    [INQUIRY_PAGE] = {"/", 0},
    [INQUIRY_METRICS] = {"/metrics", 0},
    [INQUIRY_LIVEZ] = {"/livez", 0},
    [INQUIRY_READYZ] = {"/readyz", 0},
    [INQUIRY_HEALTHZ] = {"/healthz", 0},
    [INQUIRY_STATUS] = {"/status.json", 0},
    [INQUIRY_MODEL] = {"/model.json", 0},
    [INQUIRY_SAFETENSORS] = {"/model.safetensors", 0},
    [INQUIRY_EVENTS] = {"/events", 0},
    [INQUIRY_LEARN] = {"/learn", 1},
    [INQUIRY_PREDICT] = {"/predict", 1},
};

static_assert(sizeof routes / sizeof *routes == INQUIRY_NOWHERE, "a row for each route");

const char *inquiry_path(size_t index)
{
    return index < INQUIRY_NOWHERE ? routes[index].path : NULL;
}

const char *inquiry_methods(enum inquiry_route route)
{
    return routes[route].takes_body ? "POST" : "GET, HEAD";
}

static enum inquiry_route route_find(const char *path)
{
    size_t route = 0;

    while (route < INQUIRY_NOWHERE && strcmp(path, routes[route].path) != 0)
        route++;
    return (enum inquiry_route)route;
}

static enum inquiry_method method_find(const char *method)
{
    static const char *const words[] = {"GET", "HEAD", "POST"};
    size_t i = 0;

    while (i < sizeof words / sizeof *words && strcmp(method, words[i]) != 0)
        i++;
    return (enum inquiry_method)i;
}

/* ---- header fields ---- */

static const char *const headers[] = {
    [INQUIRY_HOST] = "host",
    [INQUIRY_ORIGIN] = "origin",
    [INQUIRY_AUTHORIZATION] = "authorization",
    [INQUIRY_CONTENT_TYPE] = "content-type",
    [INQUIRY_CONTENT_LENGTH] = "content-length",
    [INQUIRY_LAST_EVENT_ID] = "last-event-id",
    [INQUIRY_IF_NONE_MATCH] = "if-none-match",
};

static_assert(sizeof headers / sizeof *headers == INQUIRY_HEADERS, "a name for each header");

static int is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

void inquiry_begin(struct inquiry *ret_inquiry, const char *method, const char *path)
{
    *ret_inquiry = (struct inquiry){.route = route_find(path), .method = method_find(method)};
}

void inquiry_take(struct inquiry *inquiry, const char *name, size_t name_length, const char *text,
                  size_t length)
{
    for (size_t i = 0; i < INQUIRY_HEADERS; i++) {
        if (!is_word(name, name_length, headers[i]))
            continue;
        if (inquiry->fields[i].text != NULL)
            inquiry->repeats |= 1u << i;
        inquiry->fields[i] = (struct inquiry_field){text, length};
    }
}

void inquiry_take_argument(struct inquiry *inquiry, const char *name, size_t length)
{
    if (is_word(name, length, "all"))
        inquiry->wants_all = 1;
}

/* The field without its first word, if it is this one, and the blanks behind it. */
static int begins_with(struct inquiry_field *field, const char *word)
{
    size_t length = strlen(word);

    if (field->text == NULL || field->length <= length ||
        strncasecmp(field->text, word, length) != 0 || field->text[length] != ' ')
        return 0;
    while (length < field->length && field->text[length] == ' ')
        length++;
    field->text += length;
    field->length -= length;
    return 1;
}

/* Digits and nothing else. */
static int is_number(const char *text, size_t length, uint64_t *ret_number)
{
    uint64_t number = 0;

    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text[i] - '0';

        if (digit >= DECIMAL || number > (UINT64_MAX - digit) / DECIMAL)
            return 0;
        number = number * DECIMAL + digit;
    }
    *ret_number = number;
    return length > 0;
}

uint64_t inquiry_body_bytes(const struct inquiry *inquiry)
{
    const struct inquiry_field *field = &inquiry->fields[INQUIRY_CONTENT_LENGTH];
    uint64_t bytes = 0;

    return field->text != NULL && is_number(field->text, field->length, &bytes) ? bytes
                                                                                : UINT64_MAX;
}

uint64_t inquiry_event(const struct inquiry *inquiry, const char *start)
{
    const struct inquiry_field *field = &inquiry->fields[INQUIRY_LAST_EVENT_ID];
    size_t length = strlen(start);
    uint64_t number = 0;

    if (field->text == NULL || field->length <= length + 1 ||
        memcmp(field->text, start, length) != 0 || field->text[length] != '-')
        return 0;
    return is_number(field->text + length + 1, field->length - length - 1, &number) ? number : 0;
}

int inquiry_has_tag(const struct inquiry *inquiry, const char *tag)
{
    const struct inquiry_field *field = &inquiry->fields[INQUIRY_IF_NONE_MATCH];
    const char *at = field->text;
    const char *end;
    size_t length = strlen(tag);

    if (at == NULL)
        return 0;
    end = at + field->length;
    if (is_word(at, field->length, "*"))
        return 1;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end;

        while (at < stop && *at == ' ')
            at++;
        if (stop - at > 2 && memcmp(at, "W/", 2) == 0)
            at += 2;
        while (stop > at && stop[-1] == ' ')
            stop--;
        if ((size_t)(stop - at) == length && memcmp(at, tag, length) == 0)
            return 1;
        at = comma != NULL ? comma + 1 : end;
    }
    return 0;
}

/* ---- who asks ---- */

static size_t token_keep(const char *text, size_t length, char token[LATTN_TOKEN_MAX])
{
    if (length == 0 || length >= LATTN_TOKEN_MAX)
        return 0;
    memcpy(token, text, length);
    return length;
}

size_t inquiry_token(const struct inquiry *inquiry, char ret_token[LATTN_TOKEN_MAX])
{
    struct inquiry_field field = inquiry->fields[INQUIRY_AUTHORIZATION];
    char plain[BASIC_TEXT_MAX / 4 * 3];
    const char *colon = NULL;
    size_t length = 0;

    if (begins_with(&field, "bearer"))
        return token_keep(field.text, field.length, ret_token);
    if (!begins_with(&field, "basic") || field.length > BASIC_TEXT_MAX)
        return 0;
    if (base64_read(field.text, field.length, plain, &length) == LATTN_OK)
        colon = memchr(plain, ':', length);
    if (colon != NULL)
        length = token_keep(colon + 1, length - (size_t)(colon + 1 - plain), ret_token);
    explicit_bzero(plain, sizeof plain);
    return colon != NULL ? length : 0;
}

/* ---- by which name ---- */

/* Of "host:port" and "[::1]:port" the host, without brackets; length 0: it is neither. */
static struct inquiry_field host_of(struct inquiry_field field)
{
    static const struct inquiry_field none = {NULL, 0};
    const char *end = field.text + field.length;
    const char *stop;
    uint64_t port;

    if (field.length > 0 && field.text[0] == '[') {
        stop = memchr(field.text, ']', field.length);
        if (stop == NULL)
            return none;
        field.text++;
        field.length = (size_t)(stop - field.text);
        stop++;
    } else {
        stop = memchr(field.text, ':', field.length);
        if (stop == NULL)
            stop = end;
        field.length = (size_t)(stop - field.text);
    }
    if (stop < end && (*stop != ':' || !is_number(stop + 1, (size_t)(end - stop - 1), &port)))
        return none;
    return field;
}

static int is_loopback(struct inquiry_field host)
{
    char text[NUMBER_TEXT_MAX] = "";
    struct in6_addr wide;
    struct in_addr narrow;

    if (is_word(host.text, host.length, "localhost"))
        return 1;
    if (host.length >= sizeof text)
        return 0;
    memcpy(text, host.text, host.length);
    if (inet_pton(AF_INET, text, &narrow) == 1)
        return ntohl(narrow.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &wide) == 1 && IN6_IS_ADDR_LOOPBACK(&wide);
}

static int is_own_name(struct inquiry_field field, const struct inquiry_self *self)
{
    struct inquiry_field host;

    /* Only HTTP/1.0 may leave it out, which no browser speaks. */
    if (field.text == NULL || self->is_encrypted)
        return 1;
    host = host_of(field);
    return host.length > 0 && (is_word(host.text, host.length, self->name) || is_loopback(host));
}

/* Is the page that sends this one of ours? Without TLS there may be some in front of us. */
static int is_own_origin(const struct inquiry *inquiry, const struct inquiry_self *self)
{
    const struct inquiry_field *host = &inquiry->fields[INQUIRY_HOST];
    struct inquiry_field origin = inquiry->fields[INQUIRY_ORIGIN];
    static const char secure[] = "https://";
    static const char plain[] = "http://";
    size_t scheme = sizeof secure - 1;

    if (origin.text == NULL)
        return 1;
    if (origin.length < scheme || memcmp(origin.text, secure, scheme) != 0) {
        scheme = sizeof plain - 1;
        if (self->is_encrypted || origin.length < scheme || memcmp(origin.text, plain, scheme) != 0)
            return 0;
    }
    return host->text != NULL && origin.length - scheme == host->length &&
           strncasecmp(origin.text + scheme, host->text, host->length) == 0;
}

/* ---- whether it is answered ---- */

const struct inquiry_refusal *inquiry_reach(const struct inquiry *inquiry,
                                            const struct inquiry_self *self)
{
    static const struct inquiry_refusal twice = {
        400, LATTN_SYNTAX, "a header field that can be there once is there twice"};
    static const struct inquiry_refusal stranger = {
        421, LATTN_ADDRESS, "Host names neither this machine's loopback nor what was bound"};

    if (inquiry->repeats != 0)
        return &twice;
    return is_own_name(inquiry->fields[INQUIRY_HOST], self) ? NULL : &stranger;
}

/* "application/json; charset=utf-8" is of the type in front of the semicolon. */
static int is_json(struct inquiry_field type)
{
    const char *semicolon = type.text == NULL ? NULL : memchr(type.text, ';', type.length);

    if (type.text == NULL)
        return 0;
    if (semicolon != NULL)
        type.length = (size_t)(semicolon - type.text);
    while (type.length > 0 && type.text[type.length - 1] == ' ')
        type.length--;
    return is_word(type.text, type.length, "application/json") ||
           is_word(type.text, type.length, "application/x-ndjson");
}

static const struct inquiry_refusal *body_check(const struct inquiry *inquiry,
                                                const struct inquiry_self *self)
{
    static const struct inquiry_refusal foreign = {
        403, LATTN_DENIED, "Origin is another site, whose pages may not change anything here"};
    static const struct inquiry_refusal other_type = {
        415, LATTN_FIELD, "Content-Type must be application/x-ndjson or application/json"};

    if (!is_own_origin(inquiry, self))
        return &foreign;
    return is_json(inquiry->fields[INQUIRY_CONTENT_TYPE]) ? NULL : &other_type;
}

const struct inquiry_refusal *inquiry_check(const struct inquiry *inquiry,
                                            const struct inquiry_self *self)
{
    static const struct inquiry_refusal nowhere = {
        404, LATTN_ADDRESS, "there is no such path: / leads to those that there are"};
    static const struct inquiry_refusal no_get = {405, LATTN_METHOD, "this path takes POST only"};
    static const struct inquiry_refusal no_post = {405, LATTN_METHOD,
                                                   "this path takes GET and HEAD only"};

    if (inquiry->route == INQUIRY_NOWHERE)
        return &nowhere;
    if (routes[inquiry->route].takes_body)
        return inquiry->method == INQUIRY_POST ? body_check(inquiry, self) : &no_get;
    return inquiry->method == INQUIRY_GET || inquiry->method == INQUIRY_HEAD ? NULL : &no_post;
}
