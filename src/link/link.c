/* A socket, and where the address asks for it the tunnel in it. */
#include <lattn/link.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "link/deadline.h"
#include "link/dial.h"
#include "link/tunnel.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * tunnel      NULL: bytes go as they are
 * has_heard   something came back
 * is_for_tls  and that was TLS, though we speak none
 */
struct lattn_link {
    int fd;
    struct tunnel *tunnel;
    lattn_over_fn is_over;
    void *arg;
    int has_heard;
    int is_for_tls;
};

/* ---- addresses ----------------------------------------------------------------------------- */

enum lattn_status lattn_link_address(const char *text, struct lattn_address *ret_address,
                                     struct lattn_complaint *complaint)
{
    if (strncmp(text, "unix:", 5) != 0 && strncmp(text, "tcp:", 4) != 0 &&
        strncmp(text, "tls:", 4) != 0)
        return complain(complaint, LATTN_ADDRESS,
                        "one connects to unix:PATH, tcp:HOST:PORT or tls:HOST:PORT");
    return lattn_address_read(text, ret_address, complaint);
}

/* ---- opening and closing ------------------------------------------------------------------- */

static enum lattn_status connection_make(struct lattn_link *link,
                                         const struct lattn_link_settings *settings,
                                         struct lattn_complaint *complaint)
{
    struct lattn_address address;
    enum lattn_status status = lattn_link_address(settings->address, &address, complaint);

    if (status == LATTN_OK)
        status = dial_address(&address, settings, &link->fd, complaint);
    if (status == LATTN_OK && address.kind == LATTN_ADDRESS_TLS)
        status = tunnel_open(&link->tunnel, settings, address.host, link->fd, complaint);
    return status;
}

enum lattn_status lattn_link_open(struct lattn_link **ret_link,
                                  const struct lattn_link_settings *settings,
                                  struct lattn_complaint *complaint)
{
    struct lattn_link *link = memory_zeroed(1, sizeof *link);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (link != NULL) {
        *link = (struct lattn_link){.fd = -1, .is_over = settings->is_over, .arg = settings->arg};
        status = connection_make(link, settings, complaint);
    }
    if (status == LATTN_OK)
        *ret_link = link;
    else
        lattn_link_close(&link);
    return status == LATTN_NO_MEMORY ? complain(complaint, status, "%s", lattn_status_text(status))
                                     : status;
}

void lattn_link_close(struct lattn_link **link)
{
    struct lattn_link *old = *link;

    if (old == NULL)
        return;
    tunnel_close(&old->tunnel);
    if (old->fd >= 0)
        (void)close(old->fd); /* whatever mattered was answered before */
    memory_release(old);
    *link = NULL;
}

/* ---- who may listen ------------------------------------------------------------------------ */

static int is_local(int fd)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;

    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        return 0;
    if (peer.ss_family == AF_INET)
        return ntohl(((struct sockaddr_in *)&peer)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (peer.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&peer)->sin6_addr);
    return peer.ss_family == AF_UNIX;
}

enum lattn_status lattn_link_guard(const struct lattn_link *link, struct lattn_complaint *complaint)
{
    if (link->tunnel != NULL || is_local(link->fd))
        return LATTN_OK;
    return complain(complaint, LATTN_DENIED,
                    "a token is shown to another machine only through tls:HOST:PORT");
}

/* ---- waiting ------------------------------------------------------------------------------- */

int lattn_link_fd(const struct lattn_link *link)
{
    return link->fd;
}

int lattn_link_has_bytes(const struct lattn_link *link)
{
    return link->tunnel != NULL && tunnel_has_bytes(link->tunnel);
}

enum lattn_status lattn_link_await(const struct lattn_link *link, int is_writing, int32_t ms_max)
{
    const struct deadline deadline = deadline_in(ms_max, link->is_over, link->arg);

    if (!is_writing && lattn_link_has_bytes(link))
        return LATTN_OK;
    return deadline_await(&deadline, link->fd, is_writing ? POLLOUT : POLLIN);
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* A record of TLS that says no to what we sent: its type, then the version's first byte. */
static int is_alert(const unsigned char *bytes, ssize_t length)
{
    return length >= 2 && bytes[0] == 0x15 && bytes[1] == 0x03;
}

ptrdiff_t lattn_link_read(struct lattn_link *link, void *bytes, size_t length)
{
    ssize_t got;

    if (link->tunnel != NULL)
        return tunnel_read(link->tunnel, bytes, length);
    got = recv(link->fd, bytes, length, 0);
    if (!link->has_heard && is_alert(bytes, got)) {
        link->is_for_tls = 1;
        got = 0;
    }
    link->has_heard |= got > 0;
    return got;
}

ptrdiff_t lattn_link_write(struct lattn_link *link, const void *bytes, size_t length)
{
    return link->tunnel != NULL ? tunnel_write(link->tunnel, bytes, length)
                                : send(link->fd, bytes, length, MSG_NOSIGNAL);
}

const char *lattn_link_reason(const struct lattn_link *link)
{
    if (link == NULL)
        return NULL;
    if (link->is_for_tls)
        return "it speaks TLS: connect to tls:HOST:PORT";
    return link->tunnel != NULL ? tunnel_reason(link->tunnel) : NULL;
}
