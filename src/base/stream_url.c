/*
 * Read in place: servers up to the first slash, cut at commas, then the prefix.
 */
#include <lattn/layout.h>

#include "base/complaint.h"

#include <string.h>

static const char prefix_default[] = "lattn";
static const char port_default[] = ":4222";

static const char digits[] = "0123456789";
static const char name_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

int32_t lattn_stream_url_is_name(const char *text, size_t size)
{
    size_t length = strlen(text);

    return length > 0 && length < size && strspn(text, name_letters) == length;
}

static const char *scheme_of(int32_t is_secure)
{
    return is_secure ? "tls://" : "nats://";
}

/* Pass over the scheme; 0 where there is none. */
static int scheme_take(const char **text, int32_t *ret_is_secure)
{
    for (int32_t is_secure = 0; is_secure < 2; is_secure++) {
        size_t length = strlen(scheme_of(is_secure));

        if (strncmp(*text, scheme_of(is_secure), length) != 0)
            continue;
        *text += length;
        *ret_is_secure = is_secure;
        return 1;
    }
    return 0;
}

/* 1 ... 65535, in at most five digits. */
static int is_port(const char *text, size_t length)
{
    int32_t port = 0;

    if (length == 0 || length > 5 || strspn(text, digits) < length)
        return 0;
    for (size_t i = 0; i < length; i++)
        port = 10 * port + (text[i] - '0');
    return port > 0 && port < 65536;
}

/* Bytes of the host that a server begins with, of one in brackets with them. */
static size_t host_measure(const char *server, size_t length)
{
    char ending = server[0] == '[' ? ']' : ':';
    const char *end = memchr(server, ending, length);

    if (ending == ']')
        return end == NULL ? 0 : (size_t)(end - server) + 1;
    return end == NULL ? length : (size_t)(end - server);
}

/* HOST or HOST:PORT. */
static enum lattn_status server_check(const char *server, size_t length,
                                      struct lattn_complaint *complaint)
{
    size_t host = host_measure(server, length);

    if (memchr(server, '@', length) != NULL)
        return complain(complaint, LATTN_ADDRESS,
                        "a user, a password or a token belongs into a file, not into a URL");
    if (host == 0)
        return complain(complaint, LATTN_ADDRESS, "there is no host where one should be");
    for (size_t i = 0; i < length; i++) {
        if (server[i] <= ' ' || server[i] > '~' || strchr("?#\\\"", server[i]) != NULL)
            return complain(complaint, LATTN_ADDRESS, "a host has letters that no host has");
    }
    if (host < length && (server[host] != ':' || !is_port(server + host + 1, length - host - 1)))
        return complain(complaint, LATTN_ADDRESS, "what stands behind a host is not a port");
    return LATTN_OK;
}

static enum lattn_status server_add(struct lattn_stream_url *url, const char *server, size_t length,
                                    struct lattn_complaint *complaint)
{
    enum lattn_status status = server_check(server, length, complaint);
    int has_port = status == LATTN_OK && host_measure(server, length) < length;

    if (status != LATTN_OK)
        return status;
    if (url->servers_count == LATTN_STREAM_SERVERS_MAX)
        return complain(complaint, LATTN_ADDRESS, "more than %d servers", LATTN_STREAM_SERVERS_MAX);
    if (snprintf(url->servers[url->servers_count], LATTN_STREAM_SERVER_MAX, "%s%.*s%s",
                 scheme_of(url->is_secure), (int)length, server,
                 has_port ? "" : port_default) >= LATTN_STREAM_SERVER_MAX)
        return complain(complaint, LATTN_ADDRESS, "a host is too long");
    url->servers_count++;
    return LATTN_OK;
}

static enum lattn_status servers_take(struct lattn_stream_url *url, const char *text,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;
    int is_last = 0;

    while (status == LATTN_OK && !is_last) {
        size_t length = strcspn(text, ",/");

        is_last = text[length] != ',';
        status = server_add(url, text, length, complaint);
        text += length + 1;
    }
    return status;
}

/* slash: NULL, or what stands between servers and prefix. */
static enum lattn_status prefix_take(struct lattn_stream_url *url, const char *slash,
                                     struct lattn_complaint *complaint)
{
    const char *prefix = slash == NULL || slash[1] == '\0' ? prefix_default : slash + 1;

    if (!lattn_stream_url_is_name(prefix, sizeof url->prefix))
        return complain(complaint, LATTN_ADDRESS,
                        "the prefix behind the slash takes up to %d letters, digits, - and _",
                        LATTN_STREAM_PREFIX_MAX - 1);
    memcpy(url->prefix, prefix, strlen(prefix) + 1);
    return LATTN_OK;
}

enum lattn_status lattn_stream_url_read(const char *text, struct lattn_stream_url *ret_url,
                                        struct lattn_complaint *complaint)
{
    struct lattn_stream_url url = {.servers_count = 0};
    enum lattn_status status;

    if (strlen(text) >= LATTN_STREAM_URL_MAX)
        return complain(complaint, LATTN_ADDRESS, "longer than %d bytes", LATTN_STREAM_URL_MAX - 1);
    if (!scheme_take(&text, &url.is_secure))
        return complain(complaint, LATTN_ADDRESS,
                        "it is no URL like nats://HOST:PORT or tls://HOST:PORT/PREFIX");
    status = servers_take(&url, text, complaint);
    if (status == LATTN_OK)
        status = prefix_take(&url, strchr(text, '/'), complaint);
    if (status == LATTN_OK)
        *ret_url = url;
    return status;
}
