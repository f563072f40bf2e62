#include "serve/denials.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define MINUTE_NS UINT64_C(60000000000)

static struct denials denials;

static int add(const char *host, uint64_t now_ns, uint64_t expected_untold)
{
    uint64_t untold = UINT64_MAX;
    int is_told = denials_add(&denials, host, now_ns, &untold);

    if (is_told)
        cr_expect_eq(untold, expected_untold, "%s: %d", host, (int)untold);
    return is_told;
}

Test(denials, are_told_once_per_host_and_minute)
{
    cr_expect(add("192.0.2.1", 5, 0));
    cr_expect_not(add("192.0.2.1", 6, 0));
    cr_expect(add("192.0.2.2", 7, 0), "another host has a line of its own");
    cr_expect_not(add("192.0.2.1", 4 + MINUTE_NS, 0));
    cr_expect(add("192.0.2.1", 5 + MINUTE_NS, 2), "and then how many there were");
    cr_expect_not(add("192.0.2.1", 6 + MINUTE_NS, 0));
    cr_expect_eq(denials.count, 6, "all of them count");
}

Test(denials, of_too_many_hosts_are_counted_only)
{
    char host[PEER_TEXT_MAX];

    for (int i = 0; i < DENIALS_MAX; i++) {
        snprintf(host, sizeof host, "host %d", i);
        cr_expect(add(host, 100 + (uint64_t)i, 0));
    }
    cr_expect_not(add("one more", 1000, 0));
    cr_expect_not(add("host 0", 1000, 0));
    cr_expect(add("one more", 100 + MINUTE_NS, 0), "the place of the first is free again");
    cr_expect_not(add("host 0", 100 + MINUTE_NS, 0));
    cr_expect_eq(denials.count, DENIALS_MAX + 4);
}
