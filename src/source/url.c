#include "source/url.h"

#include "base/complaint.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const char prefix_default[] = "lattn";

static const char *scheme_of(const char *text)
{
    static const char *const schemes[] = {"nats://", "tls://"};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            return schemes[i];
    }
    return NULL;
}

static enum lattn_status prefix_read(const char *text, char ret_prefix[URL_PREFIX_MAX],
                                     struct lattn_complaint *complaint)
{
    size_t length = strlen(text);

    if (length == 0)
        return complain(complaint, LATTN_ADDRESS, "there is no prefix behind the slash");
    if (length >= URL_PREFIX_MAX)
        return complain(complaint, LATTN_ADDRESS, "the prefix has more than %d bytes",
                        URL_PREFIX_MAX - 1);
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
            return complain(complaint, LATTN_ADDRESS, "a prefix has letters, digits, - and _ only");
    }
    memcpy(ret_prefix, text, length + 1);
    return LATTN_OK;
}

/* HOST:PORT, whose port may be missing; an address of numbers stands in brackets. */
static enum lattn_status host_check(const char *host, size_t length,
                                    struct lattn_complaint *complaint)
{
    if (length == 0 || host[0] == ':')
        return complain(complaint, LATTN_ADDRESS, "a host is missing");
    if (memchr(host, '@', length) != NULL)
        return complain(complaint, LATTN_ADDRESS,
                        "a user or a token belongs into a file, see --source-token");
    for (size_t i = 0; i < length; i++) {
        if (!isgraph((unsigned char)host[i]) || strchr("?#\\\"", host[i]) != NULL)
            return complain(complaint, LATTN_ADDRESS, "neither HOST:PORT nor a list of them");
    }
    return LATTN_OK;
}

/* Add a server with its scheme. */
static enum lattn_status server_add(struct url *url, const char *scheme, const char *host,
                                    size_t length, struct lattn_complaint *complaint)
{
    size_t at = strlen(url->servers);
    size_t need = strlen(scheme) + length + (at > 0);

    if (need >= sizeof url->servers - at)
        return complain(complaint, LATTN_ADDRESS, "longer than %d bytes", URL_BYTES_MAX - 1);
    snprintf(url->servers + at, sizeof url->servers - at, "%s%s%.*s", at > 0 ? "," : "", scheme,
             (int)length, host);
    return LATTN_OK;
}

enum lattn_status url_read(const char *text, struct url *ret_url, struct lattn_complaint *complaint)
{
    const char *scheme = scheme_of(text);
    const char *path;
    struct url url = {.servers = ""};
    enum lattn_status status = LATTN_OK;

    if (scheme == NULL)
        return complain(complaint, LATTN_ADDRESS, "neither nats://HOST:PORT nor tls://HOST:PORT");
    text += strlen(scheme);
    path = strchrnul(text, '/');
    memcpy(url.prefix, prefix_default, sizeof prefix_default);
    if (*path != '\0')
        status = prefix_read(path + 1, url.prefix, complaint);
    while (status == LATTN_OK) {
        const char *end = text + strcspn(text, ",/");

        status = host_check(text, (size_t)(end - text), complaint);
        if (status == LATTN_OK)
            status = server_add(&url, scheme, text, (size_t)(end - text), complaint);
        if (*end != ',')
            break;
        text = end + 1;
    }
    if (status == LATTN_OK)
        *ret_url = url;
    return status;
}
