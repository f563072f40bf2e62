#include "serve/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void unix_find(int descriptor, struct peer *peer)
{
    struct ucred credentials;
    socklen_t length = sizeof credentials;

    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return;
    snprintf(peer->text, sizeof peer->text, "unix pid %ld uid %lu gid %lu", (long)credentials.pid,
             (unsigned long)credentials.uid, (unsigned long)credentials.gid);
    snprintf(peer->host, sizeof peer->host, "unix uid %lu", (unsigned long)credentials.uid);
}

static void tcp_find(const struct sockaddr *address, struct peer *peer)
{
    char text[INET6_ADDRSTRLEN] = "?";

    tcp_address_text(address, peer->text);
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *narrow = (const struct sockaddr_in *)address;

        (void)inet_ntop(AF_INET, &narrow->sin_addr, text, sizeof text); /* has the room */
        snprintf(peer->host, sizeof peer->host, "%s", text);
    } else {
        struct in6_addr network = ((const struct sockaddr_in6 *)address)->sin6_addr;

        memset(&network.s6_addr[8], 0, 8);
        (void)inet_ntop(AF_INET6, &network, text, sizeof text);
        snprintf(peer->host, sizeof peer->host, "%s/64", text);
    }
}

void peer_find(int descriptor, struct peer *ret_peer)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;

    *ret_peer = (struct peer){.text = "?", .host = "?"};
    if (getpeername(descriptor, (struct sockaddr *)&address, &length) != 0)
        return;
    if (address.ss_family == AF_UNIX)
        unix_find(descriptor, ret_peer);
    else
        tcp_find((struct sockaddr *)&address, ret_peer);
}
