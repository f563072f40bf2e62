#include "serve/tcp.h"

#include "base/complaint.h"
#include "serve/bounds.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    /* A port that is free at one address may be taken at the next. */
    PORT_ATTEMPTS_MAX = 8
};

/* ---- addresses ---- */

void tcp_address_text(const struct sockaddr *address, char ret_text[TCP_TEXT_MAX])
{
    int is_wide = address->sa_family == AF_INET6;
    socklen_t length = is_wide ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    char host[INET6_ADDRSTRLEN];
    char port[sizeof "65535"];

    if (getnameinfo(address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(ret_text, TCP_TEXT_MAX, "tcp:?");
    else
        snprintf(ret_text, TCP_TEXT_MAX, is_wide ? "tcp:[%s]:%s" : "tcp:%s:%s", host, port);
}

static int is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *narrow = (const struct sockaddr_in *)address;

        return ntohl(narrow->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static void ports_set(struct addrinfo *results, uint16_t port)
{
    for (; results != NULL; results = results->ai_next) {
        if (results->ai_family == AF_INET6)
            ((struct sockaddr_in6 *)results->ai_addr)->sin6_port = htons(port);
        else
            ((struct sockaddr_in *)results->ai_addr)->sin_port = htons(port);
    }
}

static uint16_t port_of(int descriptor)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;

    if (getsockname(descriptor, (struct sockaddr *)&address, &length) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

/* A system's tables may name an address twice. */
static int is_repeated(const struct addrinfo *results, const struct addrinfo *one)
{
    for (; results != one; results = results->ai_next) {
        if (results->ai_addrlen == one->ai_addrlen &&
            memcmp(results->ai_addr, one->ai_addr, one->ai_addrlen) == 0)
            return 1;
    }
    return 0;
}

/* ---- sockets ---- */

/* Returns a descriptor that listens, or -1 with errno. */
static int socket_listen(const struct sockaddr *address, socklen_t length)
{
    int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    int error;

    if (descriptor < 0)
        return -1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (address->sa_family != AF_INET6 ||
         setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
        bind(descriptor, address, length) == 0 && listen(descriptor, BACKLOG_MAX) == 0)
        return descriptor;
    error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

static void sockets_close(struct tcp *tcp)
{
    while (tcp->count > 0)
        close(tcp->descriptors[--tcp->count]);
}

static enum lattn_status refuse(const struct sockaddr *address, struct lattn_complaint *complaint)
{
    int error = errno;
    char text[TCP_TEXT_MAX];

    tcp_address_text(address, text);
    if (error == EADDRINUSE)
        return complain(complaint, LATTN_IN_USE, "another process holds %s", text);
    return complain(complaint, LATTN_INPUT_OUTPUT, "cannot bind %s: %s", text, strerror(error));
}

/* Listen on all addresses at one port; where one is refused nothing stays open. */
static enum lattn_status sockets_open(struct tcp *tcp, struct addrinfo *results, uint16_t port,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    ports_set(results, port);
    tcp->count = 0;
    for (struct addrinfo *result = results; result != NULL; result = result->ai_next) {
        int descriptor;

        if (is_repeated(results, result))
            continue;
        descriptor = socket_listen(result->ai_addr, result->ai_addrlen);
        if (descriptor < 0) {
            int is_left_out = errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT;

            status = refuse(result->ai_addr, complaint);
            if (is_left_out)
                continue;
            sockets_close(tcp);
            return status;
        }
        tcp->descriptors[tcp->count++] = descriptor;
        ports_set(results, port_of(descriptor));
    }
    return tcp->count > 0 ? LATTN_OK : status;
}

enum lattn_status tcp_check(const struct sockaddr *address, enum tcp_reach reach,
                            struct lattn_complaint *complaint)
{
    char text[TCP_TEXT_MAX];

    if (reach == TCP_REACH_ANYWHERE || is_loopback(address))
        return LATTN_OK;
    tcp_address_text(address, text);
    return complain(complaint, LATTN_ADDRESS,
                    "other machines could reach %s, which needs --allow-remote: without it only "
                    "loopback addresses (127.0.0.1, [::1], localhost) are served",
                    text);
}

static enum lattn_status results_check(const struct addrinfo *results, enum tcp_reach reach,
                                       struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;
    int count = 0;

    for (; results != NULL && status == LATTN_OK; results = results->ai_next) {
        status = tcp_check(results->ai_addr, reach, complaint);
        count++;
    }
    if (status == LATTN_OK && count > TCP_SOCKETS_MAX)
        return complain(complaint, LATTN_ADDRESS, "the host has more than %d addresses",
                        TCP_SOCKETS_MAX);
    return status;
}

enum lattn_status tcp_open(struct tcp *ret_tcp, const char *host, uint16_t port,
                           enum tcp_reach reach, struct lattn_complaint *complaint)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *results = NULL;
    struct tcp tcp;
    int error = getaddrinfo(host, NULL, &hints, &results);
    enum lattn_status status;

    if (error != 0)
        return complain(complaint, LATTN_ADDRESS, "cannot look up the host: %s",
                        error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    ports_set(results, port);
    status = results_check(results, reach, complaint);
    if (status == LATTN_OK) {
        int attempts = port == 0 ? PORT_ATTEMPTS_MAX : 1;

        do {
            status = sockets_open(&tcp, results, port, complaint);
        } while (status == LATTN_IN_USE && --attempts > 0);
    }
    freeaddrinfo(results);
    if (status == LATTN_OK)
        *ret_tcp = tcp;
    return status;
}

void tcp_text(int descriptor, char ret_text[TCP_TEXT_MAX])
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;

    (void)getsockname(descriptor, (struct sockaddr *)&address, &length); /* ours, and bound */
    tcp_address_text((struct sockaddr *)&address, ret_text);
}
