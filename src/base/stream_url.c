#include "stream_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char name_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

int stream_url_is_name(const char *text, size_t size)
{
    size_t length = strlen(text);

    return length > 0 && length < size && strspn(text, name_letters) == length;
}

static enum lattn_status refuse(struct lattn_complaint *complaint, const char *reason)
{
    snprintf(complaint->text, sizeof complaint->text, "%s", reason);
    return LATTN_ADDRESS;
}

/* Pass over "nats://" or "tls://"; 0 where there is neither. */
static int scheme_take(const char **text, int *ret_is_secure)
{
    static const char *const schemes[] = {"nats://", "tls://"};

    for (int i = 0; i < 2; i++) {
        size_t length = strlen(schemes[i]);

        if (strncmp(*text, schemes[i], length) == 0) {
            *text += length;
            *ret_is_secure = i;
            return 1;
        }
    }
    return 0;
}

static int is_port(const char *text)
{
    size_t length = strspn(text, "0123456789");
    long port = strtol(text, NULL, 10);

    return length > 0 && length < 6 && text[length] == '\0' && port > 0 && port < 65536;
}

/* HOST or HOST:PORT, an IPv6 host in brackets; the port that NATS has by default is added. */
static enum lattn_status server_add(struct stream_url *url, const char *server,
                                    struct lattn_complaint *complaint)
{
    const char *bracket = server[0] == '[' ? strchr(server, ']') : server;
    const char *colon = bracket == NULL ? NULL : strchr(bracket, ':');
    size_t host = colon == NULL ? strlen(server) : (size_t)(colon - server);

    if (strchr(server, '@') != NULL)
        return refuse(complaint, "secrets do not belong into it, but into a file: --user, --token");
    if (bracket == NULL || host == 0 || strpbrk(server, " /?#\"\\") != NULL)
        return refuse(complaint, "there is no host where one should be");
    if (colon != NULL && !is_port(colon + 1))
        return refuse(complaint, "what stands behind a host is not a port");
    if (url->servers_count == STREAM_URL_SERVERS_MAX)
        return refuse(complaint, "these are too many servers, 8 are enough to find the others");
    if (snprintf(url->servers[url->servers_count], STREAM_URL_SERVER_MAX, "%s%s%s",
                 url->is_secure ? "tls://" : "nats://", server,
                 colon == NULL ? ":4222" : "") >= STREAM_URL_SERVER_MAX)
        return refuse(complaint, "a host is too long");
    url->servers_count++;
    return LATTN_OK;
}

static enum lattn_status prefix_take(struct stream_url *url, char *servers,
                                     struct lattn_complaint *complaint)
{
    char *slash = strchr(servers, '/');

    snprintf(url->prefix, sizeof url->prefix, "lattn");
    if (slash == NULL)
        return LATTN_OK;
    *slash = '\0';
    if (slash[1] == '\0')
        return LATTN_OK;
    if (!stream_url_is_name(slash + 1, sizeof url->prefix))
        return refuse(complaint, "the prefix takes 1 to 32 letters, digits, - and _");
    snprintf(url->prefix, sizeof url->prefix, "%s", slash + 1);
    return LATTN_OK;
}

static enum lattn_status servers_take(struct stream_url *url, char *servers,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;
    char *rest = servers;
    char *server;

    while (status == LATTN_OK && (server = strsep(&rest, ",")) != NULL)
        status = server_add(url, server, complaint);
    return status;
}

enum lattn_status stream_url_read(const char *text, struct stream_url *ret_url,
                                  struct lattn_complaint *complaint)
{
    struct stream_url url = {0};
    enum lattn_status status;
    char *servers;

    if (!scheme_take(&text, &url.is_secure))
        return refuse(complaint, "it is no URL like nats://HOST:PORT or tls://HOST:PORT/PREFIX");
    servers = strdup(text);
    if (servers == NULL)
        return LATTN_NO_MEMORY;
    status = prefix_take(&url, servers, complaint);
    if (status == LATTN_OK)
        status = servers_take(&url, servers, complaint);
    free(servers);
    if (status == LATTN_OK)
        *ret_url = url;
    return status;
}
