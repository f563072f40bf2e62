#include "link.h"

#include "dial.h"
#include "tls.h"

#include <lattn/address.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

const struct link_file_name link_file_names[LINK_FILES_COUNT] = {
    [LINK_TLS_CA] = {"--tls-ca", "LATTN_TLS_CA",
                     "tls: who vouches for the daemon; default: system"},
    [LINK_TLS_CERT] = {"--tls-cert", "LATTN_TLS_CERT", "tls: the certificate to show"},
    [LINK_TLS_KEY] = {"--tls-key", "LATTN_TLS_KEY", "tls: its key"},
    [LINK_TOKEN_FILE] = {"--token-file", "LATTN_TOKEN_FILE", "the token to show is its first one"},
};

/* ---- which files are meant ----------------------------------------------------------------- */

/* Tokens go where nobody needs one as little as certificates without TLS. */
static int is_of_use(enum link_file file, enum lattn_address_kind kind)
{
    if (file == LINK_TOKEN_FILE)
        return kind == LATTN_ADDRESS_TCP || kind == LATTN_ADDRESS_TLS;
    return kind == LATTN_ADDRESS_TLS;
}

/* What an option names, or else the environment; that is for many calls, so it may be of no use. */
static enum lattn_status files_choose(struct link_settings *settings, enum lattn_address_kind kind,
                                      struct lattn_complaint *complaint)
{
    for (int file = 0; file < LINK_FILES_COUNT; file++) {
        const struct link_file_name *name = &link_file_names[file];
        const char *text = settings->files[file];

        if (text != NULL && !is_of_use((enum link_file)file, kind)) {
            snprintf(complaint->text, sizeof complaint->text, "%s does not go with this address",
                     name->option);
            return LATTN_ADDRESS;
        }
        if (text == NULL && is_of_use((enum link_file)file, kind))
            text = getenv(name->variable);
        settings->files[file] = text != NULL && text[0] != '\0' ? text : NULL;
    }
    if ((settings->files[LINK_TLS_CERT] == NULL) == (settings->files[LINK_TLS_KEY] == NULL))
        return LATTN_OK;
    snprintf(complaint->text, sizeof complaint->text, "--tls-cert and --tls-key come together");
    return LATTN_ADDRESS;
}

static int is_local(int fd)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;

    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        return 0;
    if (peer.ss_family == AF_INET)
        return ntohl(((struct sockaddr_in *)&peer)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&peer)->sin6_addr);
}

/* ---- opening and closing ------------------------------------------------------------------- */

static enum lattn_status link_secure(struct link *link, const struct link_settings *settings,
                                     const struct lattn_address *address,
                                     struct lattn_complaint *complaint)
{
    if (address->kind == LATTN_ADDRESS_TLS)
        return tls_open(&link->tls, settings->files, address->host, link->fd, complaint);
    if (link->token_file == NULL || is_local(link->fd))
        return LATTN_OK;
    snprintf(complaint->text, sizeof complaint->text,
             "a token is shown to another machine only through tls:HOST:PORT");
    return LATTN_DENIED;
}

enum lattn_status link_open(struct link *link, const struct link_settings *settings,
                            struct lattn_complaint *complaint)
{
    struct link_settings chosen = *settings;
    struct lattn_address address;
    enum lattn_status status;

    *link = (struct link){.fd = -1};
    status = dial_read(settings->address, &address, complaint);
    if (status == LATTN_OK)
        status = files_choose(&chosen, address.kind, complaint);
    if (status == LATTN_OK)
        status = dial_address(&address, &link->fd, complaint);
    if (status != LATTN_OK)
        return status;
    link->token_file = chosen.files[LINK_TOKEN_FILE];
    status = link_secure(link, &chosen, &address, complaint);
    if (status != LATTN_OK)
        link_close(link);
    return status;
}

void link_close(struct link *link)
{
    tls_close(&link->tls);
    if (link->fd >= 0)
        (void)close(link->fd); /* whatever mattered was answered before */
    link->fd = -1;
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* A record of TLS that says no to what we sent: its type, then the version's first byte. */
static int is_alert(const unsigned char *bytes, ssize_t length)
{
    return length >= 2 && bytes[0] == 0x15 && bytes[1] == 0x03;
}

ssize_t link_read(struct link *link, void *bytes, size_t length)
{
    ssize_t got;

    if (link->tls != NULL)
        return tls_read(link->tls, bytes, length);
    got = recv(link->fd, bytes, length, 0);
    if (!link->has_heard && is_alert(bytes, got)) {
        link->is_for_tls = 1;
        got = 0;
    }
    link->has_heard |= got > 0;
    return got;
}

ssize_t link_write(struct link *link, const void *bytes, size_t length)
{
    return link->tls != NULL ? tls_write(link->tls, bytes, length)
                             : send(link->fd, bytes, length, MSG_NOSIGNAL);
}

int link_has_bytes(const struct link *link)
{
    return link->tls != NULL && tls_has_bytes(link->tls);
}

const char *link_reason(const struct link *link)
{
    if (link->is_for_tls)
        return "it speaks TLS: connect to tls:HOST:PORT";
    return link->tls != NULL ? tls_reason(link->tls) : NULL;
}
