#ifndef TOKEN_H
#define TOKEN_H

#include "client.h"

#include <lattn/status.h>

/*
 * Show the daemon the first token of a file, which is the newest where they are changed. To be
 * called before anything else is added; does not count as a message.
 *
 * complaint  out  why it does not let us in
 *
 * Returns LATTN_OK; LATTN_DENIED: it is refused, or the file has none that may be shown;
 * LATTN_CLOSED: the daemon has no place for us, or is gone; or what else became of the connection.
 */
enum lattn_status token_show(struct client *client, const char *path,
                             struct lattn_complaint *complaint);

#endif
