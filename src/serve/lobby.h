#ifndef SERVE_LOBBY_H
#define SERVE_LOBBY_H

#include <stddef.h>

enum {
    /*
     * Connections that wait to be let in: honest ones are through within milliseconds, so that more
     * of them at once are a flood, and the state of each takes up to 40 KiB.
     */
    LOBBY_MAX = 256
};

/*
 * The place of one connection; zeroed it is in no lobby.
 *
 * overdue  called where others need the place; it must leave the lobby before it returns
 */
struct lobby_place {
    struct lobby_place *older;
    struct lobby_place *newer;
    int is_taken;
    void (*overdue)(void *arg);
    void *arg;
};

/*
 * Connections that have not been let in yet, in the order in which they came. When there is no room
 * the one that has waited longest goes: whoever holds on to many of them keeps none of them, and
 * keeps nobody out.
 */
struct lobby {
    struct lobby_place *oldest;
    struct lobby_place *newest;
    size_t count;
};

/* Take a place, which stays where it is until lobby_leave. */
void lobby_enter(struct lobby *lobby, struct lobby_place *place, void (*overdue)(void *arg),
                 void *arg);

/* Leave; nothing happens to one that is in no lobby. */
void lobby_leave(struct lobby *lobby, struct lobby_place *place);

#endif
