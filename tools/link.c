#include "link.h"

#include "dial.h"

#include <sys/socket.h>
#include <unistd.h>

enum lattn_status link_open(struct link *link, const struct link_settings *settings,
                            struct lattn_complaint *complaint)
{
    *link = (struct link){.fd = -1};
    return dial_address(settings->address, &link->fd, complaint);
}

void link_close(struct link *link)
{
    if (link->fd >= 0)
        (void)close(link->fd); /* whatever mattered was answered before */
    link->fd = -1;
}

ssize_t link_read(struct link *link, void *bytes, size_t length)
{
    return recv(link->fd, bytes, length, 0);
}

ssize_t link_write(struct link *link, const void *bytes, size_t length)
{
    return send(link->fd, bytes, length, MSG_NOSIGNAL);
}
