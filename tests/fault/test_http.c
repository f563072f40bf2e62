/*
 * Every allocation of HTTP fails once, and from then on. After each failure it is not there, or it
 * serves: what could not be answered ends its connection, and the next one is answered.
 */
#include "base/memory.h"
#include "support/leaks.h"
#include "support/site.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

enum { ALLOCATIONS_MAX = 400 };

static const char livez[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static const char model[] =
    "GET /model.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static const char status[] =
    "GET /status.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static const char nowhere[] = "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static const char learn[] = "POST /learn HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            "Content-Type: application/json\r\nContent-Length: 3\r\n\r\nabc";
static const char events[] = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

/* An answer is whole and of this code, or there is none. */
static void ask(struct site *site, const char *request, int code)
{
    const char *answer = site_ask(site, request);

    cr_assert(answer[0] == '\0' || site_code(answer) == code, "%.60s", answer);
}

static void use(struct site *site)
{
    static char text[SITE_TEXT_MAX];
    int client;

    site->status = "{}";
    site->answer = "{}";
    site->room = 1 << 20;
    site_publish(site, 1, "{\"n\":1}", "model");
    ask(site, livez, 200);
    ask(site, status, 200);
    ask(site, nowhere, 404);
    ask(site, learn, 200);
    client = site_connect(site);
    site_send(client, events);
    for (int i = 0; i < 4; i++)
        site_turn(site);
    site_publish(site, 2, "{\"n\":2}", "model");
    http_finish(site->http);
    text[0] = '\0';
    cr_assert(site_await(site, client, NULL, text));
    cr_assert(strstr(text, "\"n\":2") == NULL || strstr(text, "\"n\":2}}\n\n") != NULL);
    close(client);
}

/* Returns whether an allocation was made to fail. */
static int fails_at(int allocation, int and_all)
{
    struct site site = {.port = 0};
    enum lattn_status opened;
    int has_failed;

    memory_fail((uint64_t)allocation, and_all);
    opened = site_open(&site);
    cr_assert(opened == LATTN_OK || opened == LATTN_NO_MEMORY);
    if (opened == LATTN_OK)
        use(&site);
    has_failed = memory_failed();
    memory_fail(0, 0);
    site_close(&site);
    cr_assert_eq(site.begun, site.gone + (site.body != NULL));
    return has_failed;
}

/* Nothing of it is left to the next connection. */
Test(http, serves_after_any_allocation_has_failed)
{
    int allocation = 1;

    while (fails_at(allocation, 0) && allocation < ALLOCATIONS_MAX)
        allocation++;
    cr_assert_gt(allocation, 10, "%d allocations", allocation);
    cr_assert_lt(allocation, ALLOCATIONS_MAX);
    for (int i = 1; i < allocation; i++)
        cr_assert(fails_at(i, 1));
    cr_assert_eq(leaks(), 0);
}

Test(http, answers_again_when_there_is_memory)
{
    struct site site = {.port = 0};

    cr_assert_eq(site_open(&site), LATTN_OK);
    site.answer = "{}";
    site.room = 1 << 20;
    for (int allocation = 1; allocation < 12; allocation++) {
        memory_fail((uint64_t)allocation, 1);
        site_publish(&site, (uint64_t)allocation, "{}", "model");
        (void)site_ask(&site, model);
        (void)site_ask(&site, learn);
        memory_fail(0, 0);
        cr_assert_eq(site_code(site_ask(&site, livez)), 200);
    }
    site_publish(&site, 100, "{}", "model");
    cr_assert_eq(site_code(site_ask(&site, model)), 200);
    site_close(&site);
    cr_assert_eq(site.released, 12);
}
