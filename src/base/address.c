/*
 * An address is a word, a colon and what that kind of address needs. Each kind reads its own part.
 */
#include <lattn/address.h>

#include "base/complaint.h"

#include <string.h>

enum { PORT_MAX = 65535 };

/* Takes what follows the prefix of its kind. */
typedef enum lattn_status (*address_take_fn)(const char *rest, struct lattn_address *address,
                                             struct lattn_complaint *complaint);

/* Digits and nothing else, at most number_max. */
static int is_number(const char *text, int32_t number_max, int32_t *ret_number)
{
    int64_t number = 0;

    if (*text == '\0')
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        number = number * 10 + (*text - '0');
        if (number > number_max)
            return 0;
    }
    *ret_number = (int32_t)number;
    return 1;
}

static enum lattn_status unix_take(const char *rest, struct lattn_address *address,
                                   struct lattn_complaint *complaint)
{
    size_t length = strlen(rest);

    if (length == 0)
        return complain(complaint, LATTN_ADDRESS, "names no path: unix:PATH");
    if (length >= sizeof address->path)
        return complain(complaint, LATTN_ADDRESS, "the path is longer than %d bytes",
                        (int)sizeof address->path - 1);
    address->kind = LATTN_ADDRESS_UNIX;
    memcpy(address->path, rest, length);
    return LATTN_OK;
}

static enum lattn_status host_take(const char *host, size_t length, struct lattn_address *address,
                                   struct lattn_complaint *complaint)
{
    if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
    } else if (memchr(host, ':', length) != NULL) {
        return complain(complaint, LATTN_ADDRESS,
                        "colons of a host stand in brackets: "
                        "[::1]:PORT");
    }
    if (length == 0)
        return complain(complaint, LATTN_ADDRESS, "names no host: HOST:PORT");
    if (length >= sizeof address->host)
        return complain(complaint, LATTN_ADDRESS, "the host is longer than %d bytes",
                        (int)sizeof address->host - 1);
    memcpy(address->host, host, length);
    return LATTN_OK;
}

static enum lattn_status tcp_take(const char *rest, struct lattn_address *address,
                                  struct lattn_complaint *complaint)
{
    const char *colon = strrchr(rest, ':');
    int32_t port;
    enum lattn_status status;

    /* The last colon of tcp:[::1] belongs to the host. */
    if (colon == NULL || strchr(colon, ']') != NULL)
        return complain(complaint, LATTN_ADDRESS, "names no port: HOST:PORT");
    status = host_take(rest, (size_t)(colon - rest), address, complaint);
    if (status != LATTN_OK)
        return status;
    if (!is_number(colon + 1, PORT_MAX, &port))
        return complain(complaint, LATTN_ADDRESS, "the port is no number in 0..%d", PORT_MAX);
    address->kind = LATTN_ADDRESS_TCP;
    address->port = (uint16_t)port;
    return LATTN_OK;
}

static enum lattn_status tls_take(const char *rest, struct lattn_address *address,
                                  struct lattn_complaint *complaint)
{
    enum lattn_status status = tcp_take(rest, address, complaint);

    if (status == LATTN_OK)
        address->kind = LATTN_ADDRESS_TLS;
    return status;
}

static enum lattn_status fd_take(const char *rest, struct lattn_address *address,
                                 struct lattn_complaint *complaint)
{
    if (!is_number(rest, INT32_MAX, &address->fd))
        return complain(complaint, LATTN_ADDRESS, "names no descriptor: fd:N");
    address->kind = LATTN_ADDRESS_FD;
    return LATTN_OK;
}

enum lattn_status lattn_address_read(const char *text, struct lattn_address *ret_address,
                                     struct lattn_complaint *complaint)
{
    static const struct {
        const char *prefix;
        address_take_fn take;
    } kinds[] = {{"unix:", unix_take}, {"tcp:", tcp_take}, {"tls:", tls_take}, {"fd:", fd_take}};
    struct lattn_address address = {0};
    enum lattn_status status;

    if (strcmp(text, "stdin") == 0) {
        *ret_address = (struct lattn_address){.kind = LATTN_ADDRESS_STDIN};
        return LATTN_OK;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i].prefix);

        if (strncmp(text, kinds[i].prefix, length) != 0)
            continue;
        status = kinds[i].take(text + length, &address, complaint);
        if (status == LATTN_OK)
            *ret_address = address;
        return status;
    }
    return complain(complaint, LATTN_ADDRESS,
                    "not an address: unix:PATH, tcp:HOST:PORT, fd:N or stdin");
}
