/*
 * The protocol is that of sd_notify(3), which promises to stay as it is and needs no library: one
 * sendto(2). The socket is not connected, since the manager may have made a new one since.
 */
#include "serve/notify.h"

#include "base/complaint.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { SEND_WAIT_S = 1 };

/* "/path", or "@name" of a socket without a file, for which a zero byte stands in front. */
static enum lattn_status address_take(struct notify *notify, const char *path,
                                      struct lattn_complaint *complaint)
{
    size_t length = strlen(path);

    if (path[0] != '/' && path[0] != '@')
        return complain(complaint, LATTN_ADDRESS, "%.100s: no Unix socket", path);
    if (length >= sizeof notify->address.sun_path)
        return complain(complaint, LATTN_ADDRESS, "%.100s: longer than %zu bytes", path,
                        sizeof notify->address.sun_path - 1);
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, path, length);
    if (path[0] == '@')
        notify->address.sun_path[0] = '\0';
    notify->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return LATTN_OK;
}

enum lattn_status notify_init(struct notify *ret_notify, struct lattn_complaint *complaint)
{
    const struct timeval patience = {.tv_sec = SEND_WAIT_S};
    const char *path = getenv("NOTIFY_SOCKET");
    struct notify notify = {.length = 0};
    enum lattn_status status = LATTN_OK;

    *ret_notify = notify;
    if (path != NULL)
        status = address_take(&notify, path, complaint);
    if (status != LATTN_OK || notify.length == 0)
        return status;
    notify.descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify.descriptor < 0)
        return complain(complaint, LATTN_INPUT_OUTPUT, "%.100s: %s", path, strerror(errno));
    (void)setsockopt(notify.descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    *ret_notify = notify;
    return LATTN_OK;
}

void notify_done(struct notify *notify)
{
    if (notify->length > 0)
        close(notify->descriptor);
    notify->length = 0;
}

enum lattn_status notify_send(const struct notify *notify, const char *text, enum notify_care care)
{
    int flags = MSG_NOSIGNAL | (care == NOTIFY_MAY ? MSG_DONTWAIT : 0);
    ssize_t sent;

    if (notify->length == 0)
        return LATTN_OK;
    do {
        sent = sendto(notify->descriptor, text, strlen(text), flags,
                      (const struct sockaddr *)&notify->address, notify->length);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? LATTN_INPUT_OUTPUT : LATTN_OK;
}
