#include "serve/inherited.h"

#include "base/complaint.h"
#include "serve/quantity.h"
#include "serve/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The first descriptor that systemd passes; those before it are input, output and the log. */
enum { DESCRIPTOR_FIRST = 3 };

static enum lattn_status range_check(int descriptor, struct lattn_complaint *complaint)
{
    uint64_t count = quantity_variable("LISTEN_FDS");

    if (descriptor < DESCRIPTOR_FIRST)
        return complain(complaint, LATTN_ADDRESS, "0 to 2 are input, output and the log");
    if (quantity_variable("LISTEN_PID") != (uint64_t)getpid())
        return LATTN_OK;
    if ((uint64_t)(descriptor - DESCRIPTOR_FIRST) >= count)
        return complain(complaint, LATTN_ADDRESS, "not passed on: LISTEN_FDS is %llu, from %d",
                        (unsigned long long)count, DESCRIPTOR_FIRST);
    return LATTN_OK;
}

/* The value of a socket's option; -1 with errno where it is no socket. */
static int option_of(int descriptor, int option)
{
    int value = -1;
    socklen_t length = sizeof value;

    return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

static enum lattn_status socket_check(int descriptor, struct lattn_complaint *complaint)
{
    int type = option_of(descriptor, SO_TYPE);

    if (type < 0)
        return complain(complaint, LATTN_ADDRESS, "%s",
                        errno == EBADF ? "the descriptor is not open" : "no socket");
    if (type != SOCK_STREAM)
        return complain(complaint, LATTN_ADDRESS, "no stream socket");
    if (option_of(descriptor, SO_ACCEPTCONN) != 1)
        return complain(complaint, LATTN_ADDRESS, "the socket does not listen");
    return LATTN_OK;
}

static enum lattn_status family_check(int descriptor, enum tcp_reach reach,
                                      struct lattn_complaint *complaint)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;

    if (getsockname(descriptor, (struct sockaddr *)&address, &length) != 0)
        return complain(complaint, LATTN_ADDRESS, "has no address: %s", strerror(errno));
    switch (address.ss_family) {
    case AF_UNIX:
        return LATTN_OK;
    case AF_INET:
    case AF_INET6:
        return tcp_check((struct sockaddr *)&address, reach, complaint);
    default:
        return complain(complaint, LATTN_ADDRESS, "neither a Unix socket nor TCP");
    }
}

enum lattn_status inherited_check(int descriptor, enum tcp_reach reach,
                                  struct lattn_complaint *complaint)
{
    enum lattn_status status = range_check(descriptor, complaint);

    if (status == LATTN_OK)
        status = socket_check(descriptor, complaint);
    if (status == LATTN_OK)
        status = family_check(descriptor, reach, complaint);
    if (status == LATTN_OK && fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
        return complain(complaint, LATTN_ADDRESS, "cannot be kept: %s", strerror(errno));
    return status;
}
