#include "serve/lobby.h"

#include <assert.h>

void lobby_enter(struct lobby *lobby, struct lobby_place *place, void (*overdue)(void *arg),
                 void *arg)
{
    if (lobby->count == LOBBY_MAX) {
        lobby->oldest->overdue(lobby->oldest->arg);
        assert(lobby->count < LOBBY_MAX);
    }
    *place =
        (struct lobby_place){.older = lobby->newest, .is_taken = 1, .overdue = overdue, .arg = arg};
    if (lobby->newest != NULL)
        lobby->newest->newer = place;
    else
        lobby->oldest = place;
    lobby->newest = place;
    lobby->count++;
}

void lobby_leave(struct lobby *lobby, struct lobby_place *place)
{
    if (!place->is_taken)
        return;
    if (place->older != NULL)
        place->older->newer = place->newer;
    else
        lobby->oldest = place->newer;
    if (place->newer != NULL)
        place->newer->older = place->older;
    else
        lobby->newest = place->older;
    *place = (struct lobby_place){.is_taken = 0};
    lobby->count--;
}
