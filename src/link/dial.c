/* The socket does not block from the start, so that connecting has an end, too. */
#include "link/dial.h"

#include "base/complaint.h"
#include "link/deadline.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A machine that drops what it is sent is given up, and the next address of its name is tried. */
enum { CONNECT_MS_MAX = 10000 };

/* Returns 0, or the error of the system that came of waiting. */
static int patience_end(enum lattn_status status)
{
    return status == LATTN_OK ? 0 : status == LATTN_TIMEOUT ? ETIMEDOUT : ECANCELED;
}

/*
 * A connection to a Unix socket with a full queue is not under way: one has to ask again. Returns 0
 * or the error.
 */
static int connection_make(int fd, const struct sockaddr *address, socklen_t length,
                           const struct deadline *deadline)
{
    socklen_t size = sizeof(int);
    int error = 0;

    while (connect(fd, address, length) != 0) {
        error = errno;
        if (error == EINPROGRESS)
            break;
        if (error == EAGAIN)
            error = patience_end(deadline_pause(deadline));
        if (error != 0)
            return error;
    }
    if (error == EINPROGRESS)
        error = patience_end(deadline_await(deadline, fd, POLLOUT));
    if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return error;
}

/* Returns 0 or the error. */
static int socket_connect(int family, const struct sockaddr *address, socklen_t length,
                          const struct lattn_link_settings *settings, int *ret_fd)
{
    const struct deadline deadline = deadline_in(CONNECT_MS_MAX, settings->is_over, settings->arg);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (fd < 0)
        return errno;
    error = connection_make(fd, address, length, &deadline);
    if (error == 0)
        *ret_fd = fd;
    else
        (void)close(fd); /* nothing was sent */
    return error;
}

static int unix_connect(const struct lattn_address *address,
                        const struct lattn_link_settings *settings, int *ret_fd)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};

    static_assert(sizeof place.sun_path >= sizeof address->path, "a path that was read fits");
    memcpy(place.sun_path, address->path, sizeof address->path);
    return socket_connect(AF_UNIX, (const struct sockaddr *)&place, sizeof place, settings, ret_fd);
}

/* At the first of the addresses that takes us. Returns 0, or why the last one does not. */
static int places_connect(const struct addrinfo *places, const struct lattn_link_settings *settings,
                          int *ret_fd)
{
    const int on = 1;
    int error = EHOSTUNREACH;

    for (const struct addrinfo *place = places; place != NULL && error != 0; place = place->ai_next)
        error =
            socket_connect(place->ai_family, place->ai_addr, place->ai_addrlen, settings, ret_fd);
    if (error == 0)
        (void)setsockopt(*ret_fd, IPPROTO_TCP, TCP_NODELAY, &on,
                         sizeof on); /* slower without, no more */
    return error;
}

static enum lattn_status refuse(struct lattn_complaint *complaint, int error)
{
    int may_come = error == ENOENT || error == ECONNREFUSED || error == ECANCELED;

    return complain(complaint, may_come ? LATTN_CLOSED : LATTN_INPUT_OUTPUT, "%s", strerror(error));
}

static enum lattn_status host_dial(const struct lattn_address *address,
                                   const struct lattn_link_settings *settings, int *ret_fd,
                                   struct lattn_complaint *complaint)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *places;
    char port[8];
    int fault;

    (void)snprintf(port, sizeof port, "%u", address->port);
    fault = getaddrinfo(address->host, port, &hints, &places);
    if (fault != 0) /* whatever it was, waiting does not help */
        return complain(complaint, LATTN_INPUT_OUTPUT, "%s",
                        fault == EAI_SYSTEM ? strerror(errno) : gai_strerror(fault));
    fault = places_connect(places, settings, ret_fd);
    freeaddrinfo(places);
    return fault == 0 ? LATTN_OK : refuse(complaint, fault);
}

enum lattn_status dial_address(const struct lattn_address *address,
                               const struct lattn_link_settings *settings, int *ret_fd,
                               struct lattn_complaint *complaint)
{
    int error;

    if (address->kind != LATTN_ADDRESS_UNIX)
        return host_dial(address, settings, ret_fd, complaint);
    error = unix_connect(address, settings, ret_fd);
    return error == 0 ? LATTN_OK : refuse(complaint, error);
}
