#include "serve/lobby.h"

#include <criterion/criterion.h>

static struct lobby lobby;
static struct lobby_place places[LOBBY_MAX + 2];
static int overdue_count;

static void leave(void *arg)
{
    overdue_count++;
    lobby_leave(&lobby, arg);
}

static void enter(int i)
{
    lobby_enter(&lobby, &places[i], leave, &places[i]);
}

Test(lobby, sends_away_who_has_waited_longest)
{
    for (int i = 0; i < LOBBY_MAX; i++)
        enter(i);
    cr_expect_eq(overdue_count, 0);
    lobby_leave(&lobby, &places[0]);
    enter(LOBBY_MAX);
    cr_expect_eq(overdue_count, 0, "who was let in makes room");
    enter(LOBBY_MAX + 1);
    cr_expect_eq(overdue_count, 1);
    cr_expect_not(places[1].is_taken);
    cr_expect(places[2].is_taken && lobby.oldest == &places[2]);
    cr_expect_eq(lobby.count, LOBBY_MAX);
}

Test(lobby, is_left_in_any_order)
{
    static const int order[] = {2, 0, 4, 1, 3};

    for (int i = 0; i < 5; i++)
        enter(i);
    for (int i = 0; i < 5; i++) {
        lobby_leave(&lobby, &places[order[i]]);
        lobby_leave(&lobby, &places[order[i]]);
        cr_expect_eq(lobby.count, 4 - (size_t)i);
    }
    cr_expect_null(lobby.oldest);
    cr_expect_null(lobby.newest);
}
