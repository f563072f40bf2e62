#include "serve/clients.h"

#include "serve/bounds.h"

#include <criterion/criterion.h>

/* However many wait, all of their turns are no more than those at once, or than one each. */
Test(clients, share_the_turns_at_once)
{
    struct clients clients;

    clients_init(&clients, 1);
    cr_expect_eq(clients_turns(&clients), TURNS_AT_ONCE);
    for (clients.waiting = 1; clients.waiting < 3 * TURNS_AT_ONCE; clients.waiting++) {
        size_t turns = clients_turns(&clients);

        cr_expect_geq(turns, 1);
        cr_expect(turns == 1 || turns * clients.waiting <= TURNS_AT_ONCE);
    }
}
