#include "dial.h"

#include <lattn/address.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A connected socket, or -1 with errno set. */
static int socket_connect(int family, const struct sockaddr *address, socklen_t length)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int reason;

    if (fd < 0)
        return -1;
    if (connect(fd, address, length) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        return fd;
    reason = errno;
    (void)close(fd); /* nothing was sent */
    errno = reason;
    return -1;
}

static int unix_connect(const struct lattn_address *address)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};

    static_assert(sizeof place.sun_path >= sizeof address->path, "a path that was read fits");
    memcpy(place.sun_path, address->path, sizeof address->path);
    return socket_connect(AF_UNIX, (const struct sockaddr *)&place, sizeof place);
}

/* The same at the first of the addresses that takes us; ret_reason says why none does. */
static int tcp_connect(const struct lattn_address *address, const char **ret_reason)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *places;
    const int on = 1;
    char port[8];
    int fd = -1;
    int reason;
    int fault;

    snprintf(port, sizeof port, "%u", address->port);
    fault = getaddrinfo(address->host, port, &hints, &places);
    if (fault != 0) {
        *ret_reason = fault == EAI_SYSTEM ? strerror(errno) : gai_strerror(fault);
        errno = EHOSTUNREACH; /* whatever it was, waiting does not help */
        return -1;
    }
    for (const struct addrinfo *place = places; place != NULL && fd < 0; place = place->ai_next)
        fd = socket_connect(place->ai_family, place->ai_addr, place->ai_addrlen);
    reason = errno;
    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
                         sizeof on); /* slower without, no more */
    freeaddrinfo(places);
    *ret_reason = strerror(reason);
    errno = reason;
    return fd;
}

/* The same at either kind of address. */
static int address_connect(const struct lattn_address *address, const char **ret_reason)
{
    int fd;

    if (address->kind != LATTN_ADDRESS_UNIX)
        return tcp_connect(address, ret_reason);
    fd = unix_connect(address);
    *ret_reason = strerror(errno);
    return fd;
}

/* Say why not, in words of ours or of the system. */
static enum lattn_status refuse(struct lattn_complaint *complaint, enum lattn_status status,
                                const char *reason)
{
    snprintf(complaint->text, sizeof complaint->text, "%s", reason);
    return status;
}

enum lattn_status dial_read(const char *text, struct lattn_address *ret_address,
                            struct lattn_complaint *complaint)
{
    static const char what[] = "one connects to unix:PATH, tcp:HOST:PORT or tls:HOST:PORT";

    if (strncmp(text, "unix:", 5) != 0 && strncmp(text, "tcp:", 4) != 0 &&
        strncmp(text, "tls:", 4) != 0)
        return refuse(complaint, LATTN_ADDRESS, what);
    return lattn_address_read(text, ret_address, complaint);
}

enum lattn_status dial_address(const struct lattn_address *address, int *ret_fd,
                               struct lattn_complaint *complaint)
{
    const char *reason = NULL;
    int fd = address_connect(address, &reason);

    if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
        return refuse(complaint, LATTN_CLOSED, reason);
    if (fd < 0)
        return refuse(complaint, LATTN_INPUT_OUTPUT, reason);
    *ret_fd = fd;
    return LATTN_OK;
}
