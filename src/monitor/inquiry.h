#ifndef MONITOR_INQUIRY_H
#define MONITOR_INQUIRY_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * What a client asks by HTTP: path, method and those header fields that are ours to read. Pure;
 * whatever stands in a request may come here.
 */

/* One for each path, in the order of the table in inquiry.c. */
enum inquiry_route {
    INQUIRY_PAGE,
    INQUIRY_METRICS,
    INQUIRY_LIVEZ,
    INQUIRY_READYZ,
    INQUIRY_HEALTHZ,
    INQUIRY_STATUS,
    INQUIRY_MODEL,
    INQUIRY_SAFETENSORS,
    INQUIRY_EVENTS,
    INQUIRY_LEARN,
    INQUIRY_PREDICT,
    INQUIRY_NOWHERE
};

enum inquiry_method { INQUIRY_GET, INQUIRY_HEAD, INQUIRY_POST, INQUIRY_OTHER };

/* Bytes of a header field; text is NULL where it was not sent. Not closed by a zero. */
struct inquiry_field {
    const char *text;
    size_t length;
};

/* Header fields that are read, in the order of the table in inquiry.c. */
enum inquiry_header {
    INQUIRY_HOST,
    INQUIRY_ORIGIN,
    INQUIRY_AUTHORIZATION,
    INQUIRY_CONTENT_TYPE,
    INQUIRY_CONTENT_LENGTH,
    INQUIRY_LAST_EVENT_ID,
    INQUIRY_IF_NONE_MATCH,
    INQUIRY_HEADERS
};

/*
 * fields   borrowed from the request
 * repeats  bit i: field i came more than once
 * wants_all  the query has "all": of events those that were, too
 */
struct inquiry {
    enum inquiry_route route;
    enum inquiry_method method;
    struct inquiry_field fields[INQUIRY_HEADERS];
    unsigned repeats;
    int wants_all;
};

/* path has its escapes resolved and no query. */
void inquiry_begin(struct inquiry *ret_inquiry, const char *method, const char *path);

/* Take a header field; borrowed as long as the inquiry is used. Others than ours are passed over.
 */
void inquiry_take(struct inquiry *inquiry, const char *name, size_t name_length, const char *text,
                  size_t length);

/* Take an argument of the query; others than ours are passed over. */
void inquiry_take_argument(struct inquiry *inquiry, const char *name, size_t length);

/*
 * Who we are.
 *
 * name          host name or address that was bound
 * is_encrypted  TLS: then the certificate tells who we are, and any name will do
 */
struct inquiry_self {
    const char *name;
    int is_encrypted;
};

/* Why an inquiry is refused: code of HTTP, code and message of ours. */
struct inquiry_refusal {
    unsigned code;
    enum lattn_status status;
    const char *message;
};

/*
 * May it be answered at all? To be asked before anything else: field that are there twice, and the
 * name by which we were called. A page of another site whose name leads to this machine (DNS
 * rebinding) calls us by that name.
 *
 * Returns NULL, or why not. Static.
 */
const struct inquiry_refusal *inquiry_reach(const struct inquiry *inquiry,
                                            const struct inquiry_self *self);

/*
 * Does it ask for something that there is? Path, method and, for what changes something or costs
 * work, where the page comes from that sends it and of which type its body is.
 *
 * Returns NULL, or why not. Static.
 */
const struct inquiry_refusal *inquiry_check(const struct inquiry *inquiry,
                                            const struct inquiry_self *self);

/* The methods of a route, "GET, HEAD". Static. */
const char *inquiry_methods(enum inquiry_route route);

/* All paths, in the order of the routes; NULL behind the last one. */
const char *inquiry_path(size_t index);

/*
 * The token that was shown: "Bearer TOKEN", or the password of "Basic", which is what browsers ask
 * their user for.
 *
 * ret_token  out  to be cleared by the caller
 *
 * Returns its length; 0 where there is none.
 */
size_t inquiry_token(const struct inquiry *inquiry, char ret_token[LATTN_TOKEN_MAX]);

/* The bytes of the body, as it is announced; UINT64_MAX where it is not. */
uint64_t inquiry_body_bytes(const struct inquiry *inquiry);

/*
 * Of the Last-Event-ID "START-NUMBER" the number, if the start is this one; else 0.
 */
uint64_t inquiry_event(const struct inquiry *inquiry, const char *start);

/* Is this entity tag, with its quotes, among those of If-None-Match? */
int inquiry_has_tag(const struct inquiry *inquiry, const char *tag);

#endif
