#include "monitor/http.h"

#include "support/site.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLOSE "Host: localhost\r\nConnection: close\r\n\r\n"
#define POST(path, length)                                                                         \
    "POST " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"                           \
    "Content-Type: application/x-ndjson\r\nContent-Length: " length "\r\n\r\n"

static struct site site;
static char text[SITE_TEXT_MAX];

static void begin(void)
{
    cr_assert_eq(site_open(&site), LATTN_OK);
}

static void end(void)
{
    site_close(&site);
}

TestSuite(http, .init = begin, .fini = end);

/* Is there this piece in the answer? */
static int has(const char *answer, const char *piece)
{
    return strstr(answer, piece) != NULL;
}

static int count_of(const char *answer, const char *piece)
{
    int count = 0;

    for (; (answer = strstr(answer, piece)) != NULL; answer++)
        count++;
    return count;
}

Test(http, answers_what_is_asked)
{
    const char *answer;

    site.status = "{\"pairs\":7}";
    answer = site_ask(&site, "GET /status.json HTTP/1.1\r\n" CLOSE);
    cr_expect_eq(site_code(answer), 200);
    cr_expect(has(answer, "\r\n\r\n{\"pairs\":7}\n"));
    cr_expect(has(answer, "Content-Type: application/json\r\n"));
    cr_expect(has(answer, "X-Content-Type-Options: nosniff\r\n"));
    cr_expect(has(answer, "Cache-Control: no-store\r\n"));
    answer = site_ask(&site, "GET / HTTP/1.1\r\n" CLOSE);
    cr_expect(has(answer, "Content-Security-Policy: default-src 'none'"));
    cr_expect(has(answer, "\r\n\r\n<!doctype html>"));
    answer = site_ask(&site, "GET /metrics HTTP/1.1\r\n" CLOSE);
    cr_expect(has(answer, "lattn_http_requests_total{code=\"200\"} 2\n"));
}

Test(http, answers_heads_without_bodies)
{
    const char *answer;

    site.status = "{\"pairs\":7}";
    site_publish(&site, 1, "{}", "{\"model\": 1}");
    answer = site_ask(&site, "HEAD /status.json HTTP/1.1\r\n" CLOSE);
    cr_expect_eq(site_code(answer), 200);
    cr_expect(has(answer, "Content-Length: 12\r\n"));
    cr_expect(!has(answer, "pairs"));
    answer = site_ask(&site, "HEAD /model.json HTTP/1.1\r\n" CLOSE);
    cr_expect(has(answer, "Content-Length: 12\r\n"));
    cr_expect(!has(answer, "\"model\""));
    answer = site_ask(&site, "HEAD /events HTTP/1.1\r\n" CLOSE);
    cr_expect(has(answer, "Content-Type: text/event-stream\r\n"));
    cr_expect(!has(answer, "retry"));
}

Test(http, says_what_is_not_there_yet)
{
    cr_expect_eq(site_code(site_ask(&site, "GET /status.json HTTP/1.1\r\n" CLOSE)), 503);
    cr_expect_eq(site_code(site_ask(&site, "GET /model.json HTTP/1.1\r\n" CLOSE)), 404);
    cr_expect(has(site_ask(&site, "GET /model.safetensors HTTP/1.1\r\n" CLOSE),
                  "{\"error\":{\"code\":\"no_data\",\"message\":\"there is no model yet"));
}

Test(http, refuses_with_a_code_and_a_reason)
{
    const char *answer = site_ask(&site, "GET /nowhere HTTP/1.1\r\n" CLOSE);

    cr_expect_eq(site_code(answer), 404);
    cr_expect(has(answer, "{\"error\":{\"code\":\"address\",\"message\":"));
    answer = site_ask(&site, "DELETE /livez HTTP/1.1\r\n" CLOSE);
    cr_expect_eq(site_code(answer), 405);
    cr_expect(has(answer, "Allow: GET, HEAD\r\n"));
    answer = site_ask(&site, "GET /learn HTTP/1.1\r\n" CLOSE);
    cr_expect_eq(site_code(answer), 405);
    cr_expect(has(answer, "Allow: POST\r\n"));
    cr_expect_eq(site_code(site_ask(&site, POST("/predict", "0"))), 404, "nobody takes it");
    cr_expect_eq(site_code(site_ask(&site, "GET / HTTP/1.1\r\nHost: evil\r\n"
                                           "Connection: close\r\n\r\n")),
                 421);
}

Test(http, asks_for_the_token)
{
    const char *answer;

    site.token = "a-long-enough-token";
    answer = site_ask(&site, "GET /livez HTTP/1.1\r\n" CLOSE);
    cr_expect_eq(site_code(answer), 401);
    cr_expect(has(answer, "WWW-Authenticate: Bearer"));
    cr_expect(has(answer, "WWW-Authenticate: Basic"));
    cr_expect_eq(site.refused, 1);
    answer = site_ask(&site, "GET /nowhere HTTP/1.1\r\nAuthorization: Bearer no\r\n" CLOSE);
    cr_expect_eq(site_code(answer), 401, "strangers are not told what there is");
    cr_expect_eq(site.refused, 2);
    answer = site_ask(&site, "GET /livez HTTP/1.1\r\n"
                             "Authorization: Bearer a-long-enough-token\r\n" CLOSE);
    cr_expect_eq(site_code(answer), 200);
    cr_expect_eq(site.refused, 2);
}

Test(http, tells_health_from_readiness)
{
    cr_expect(has(site_ask(&site, "GET /healthz HTTP/1.1\r\n" CLOSE), "\r\n\r\nok\n"));
    site.unready = LATTN_NO_SPACE;
    cr_expect_eq(site_code(site_ask(&site, "GET /livez HTTP/1.1\r\n" CLOSE)), 200);
    cr_expect(has(site_ask(&site, "GET /readyz HTTP/1.1\r\n" CLOSE),
                  "{\"code\":\"no_space\",\"message\":\"not today\"}"));
    cr_expect_eq(site_code(site_ask(&site, "GET /healthz HTTP/1.1\r\n" CLOSE)), 503);
    site.unready = LATTN_OK;
    site.is_dead = 1;
    cr_expect_eq(site_code(site_ask(&site, "GET /livez HTTP/1.1\r\n" CLOSE)), 503);
    cr_expect_eq(site_code(site_ask(&site, "GET /readyz HTTP/1.1\r\n" CLOSE)), 200);
    cr_expect_eq(site_code(site_ask(&site, "GET /healthz HTTP/1.1\r\n" CLOSE)), 503);
}

Test(http, sends_a_model_once)
{
    char request[256];
    char tag[64] = "";
    const char *answer;

    site_publish(&site, 5, "{}", "{\"model\": 1}");
    answer = site_ask(&site, "GET /model.json HTTP/1.1\r\n" CLOSE);
    cr_assert_eq(sscanf(strstr(answer, "ETag: "), "ETag: %63[^\r]", tag), 1);
    snprintf(request, sizeof request, "GET /model.json HTTP/1.1\r\nIf-None-Match: %s\r\n%s", tag,
             CLOSE);
    answer = site_ask(&site, request);
    cr_expect_eq(site_code(answer), 304);
    cr_expect(!has(answer, "\"model\""));
    site_publish(&site, 6, "{}", "{\"model\": 1}");
    cr_expect_eq(site_code(site_ask(&site, request)), 200);
}

Test(http, holds_an_emission_while_it_is_sent)
{
    site_publish(&site, 1, "{}", "a");
    cr_expect_eq(site.released, 0);
    site_publish(&site, 2, "{}", "b");
    cr_expect_eq(site.released, 1);
    cr_expect(has(site_ask(&site, "GET /model.json HTTP/1.1\r\n" CLOSE), "\r\n\r\nb"));
    site_publish(&site, 3, "{}", "c");
    cr_expect_eq(site.released, 2);
}

/* Each takes the head of an answer that does not fit into what the system keeps. */
Test(http, holds_no_more_emissions_than_there_may_be)
{
    static char model[8 << 20];
    int clients[HTTP_EDITIONS_MAX];

    memset(model, 'x', sizeof model - 1);
    for (int i = 0; i < HTTP_EDITIONS_MAX; i++) {
        site_publish(&site, (uint64_t)i + 1, "{}", model);
        clients[i] = site_connect(&site);
        text[0] = '\0';
        site_send(clients[i], "GET /model.json HTTP/1.1\r\n" CLOSE);
        cr_assert(site_await(&site, clients[i], "\r\n", text));
        cr_expect_eq(site_code(text), i + 1 < HTTP_EDITIONS_MAX ? 200 : 503);
    }
    cr_expect_eq(site.released, 0);
    for (int i = 0; i < HTTP_EDITIONS_MAX; i++)
        close(clients[i]);
    while (site.released < HTTP_EDITIONS_MAX - 1)
        site_turn(&site);
    cr_expect_eq(site_code(site_ask(&site, "HEAD /model.json HTTP/1.1\r\n" CLOSE)), 200);
}

Test(http, keeps_a_connection_for_the_next_request)
{
    int client = site_connect(&site);

    text[0] = '\0';
    site_send(client, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
                      "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
    cr_expect(site_await(&site, client, "no such path", text));
    site_send(client, "GET /livez HTTP/1.1\r\n" CLOSE);
    cr_expect(site_await(&site, client, NULL, text));
    cr_expect_eq(count_of(text, "HTTP/1.1 200"), 2);
    close(client);
}

/* ---- events ---- */

static int events_open(const char *path, const char *header)
{
    int client = site_connect(&site);

    text[0] = '\0';
    site_send(client, "GET ");
    site_send(client, path);
    site_send(client, " HTTP/1.1\r\nHost: localhost\r\n");
    site_send(client, header);
    site_send(client, "\r\n");
    return client;
}

/* The id of the first event in the text, as a header that resumes behind it. */
static void resume_header(char header[96])
{
    char id[64] = "";

    cr_assert_eq(sscanf(strstr(text, "id: "), "id: %63[^\n]", id), 1);
    snprintf(header, 96, "Last-Event-ID: %s\r\n", id);
}

Test(http, sends_each_event_as_it_comes)
{
    int client;

    site_publish(&site, 1, "{\"n\":1}", "");
    site_publish(&site, 2, "{\"n\":2}", "");
    client = events_open("/events", "");
    cr_expect(site_await(&site, client, "{\"n\":2}", text), "the newest at once");
    cr_expect(!has(text, "{\"n\":1}"));
    cr_expect(has(text, "retry: 2000\n\n"));
    cr_expect(has(text, "event: emission\ndata: {\"status\": {\"n\":2}}\n\n"));
    cr_expect(site.is_watched);
    site_publish(&site, 3, "{\"n\":3}", "");
    cr_expect(site_await(&site, client, "{\"n\":3}", text));
    cr_expect_eq(count_of(text, "event: emission"), 2);
    close(client);
}

Test(http, waits_for_the_first_event)
{
    int client = events_open("/events", "");

    cr_expect(site_await(&site, client, "retry", text));
    cr_expect(!has(text, "emission"));
    site_publish(&site, 1, "{\"n\":1}", "");
    cr_expect(site_await(&site, client, "{\"n\":1}", text));
    close(client);
}

Test(http, resumes_behind_the_last_event)
{
    char header[96];
    int client;

    site_publish(&site, 1, "{\"n\":1}", "");
    client = events_open("/events", "");
    cr_assert(site_await(&site, client, "{\"n\":1}", text));
    resume_header(header);
    close(client);
    for (uint64_t number = 2; number < 5; number++) {
        char status[32];

        snprintf(status, sizeof status, "{\"n\":%d}", (int)number);
        site_publish(&site, number, status, "");
    }
    client = events_open("/events", header);
    cr_expect(site_await(&site, client, "{\"n\":4}", text));
    cr_expect_eq(count_of(text, "event: emission"), 3);
    cr_expect(!has(text, "{\"n\":1}"));
    close(client);
    client = events_open("/events", "Last-Event-ID: 0000000000000000-1\r\n");
    cr_expect(site_await(&site, client, "{\"n\":4}", text), "of another start: the newest");
    cr_expect_eq(count_of(text, "event: emission"), 1);
    close(client);
    client = events_open("/events?all", "");
    cr_expect(site_await(&site, client, "{\"n\":4}", text));
    cr_expect_eq(count_of(text, "event: emission"), 4);
    close(client);
}

Test(http, has_places_for_so_many_streams)
{
    int clients[HTTP_STREAMS_MAX];
    int late;

    for (int i = 0; i < HTTP_STREAMS_MAX; i++) {
        clients[i] = events_open("/events", "");
        cr_assert(site_await(&site, clients[i], "retry", text));
    }
    late = events_open("/events", "Connection: close\r\n");
    cr_expect(site_await(&site, late, NULL, text));
    cr_expect_eq(site_code(text), 503);
    cr_expect_eq(site_code(site_ask(&site, "GET /livez HTTP/1.1\r\n" CLOSE)), 200);
    close(late);
    close(clients[7]);
    late = events_open("/events", "");
    cr_expect(site_await(&site, late, "retry", text), "somebody has left");
    close(late);
    for (int i = 0; i < HTTP_STREAMS_MAX; i++)
        close(clients[i == 7 ? 0 : i]);
}

/* ---- places ---- */

/* Guests who have sent this take all places; the first of them goes for one more. */
static void crowd_gives_way(const char *sent)
{
    int clients[HTTP_CONNECTIONS_MAX + 1];

    for (int i = 0; i <= HTTP_CONNECTIONS_MAX; i++) {
        clients[i] = site_connect(&site);
        if (i < HTTP_CONNECTIONS_MAX)
            site_send(clients[i], sent);
        site_turn(&site);
    }
    text[0] = '\0';
    cr_expect(site_await(&site, clients[0], NULL, text), "the first one has to go");
    text[0] = '\0';
    site_send(clients[HTTP_CONNECTIONS_MAX], "GET /livez HTTP/1.1\r\n" CLOSE);
    cr_expect(site_await(&site, clients[HTTP_CONNECTIONS_MAX], NULL, text));
    cr_expect_eq(site_code(text), 200);
    for (int i = 0; i <= HTTP_CONNECTIONS_MAX; i++)
        close(clients[i]);
}

Test(http, lets_go_whoever_asks_nothing_where_others_need_the_place)
{
    crowd_gives_way("");
}

Test(http, lets_go_whoever_sends_what_is_dropped_where_others_need_the_place)
{
    crowd_gives_way("POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n ");
}

Test(http, waits_for_the_next_request_of_whoever_sent_what_is_dropped)
{
    int client = site_connect(&site);

    site_send(client, "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n ");
    site_turn(&site);
    site_send(client, " GET /livez HTTP/1.1\r\n" CLOSE);
    cr_expect(site_await(&site, client, NULL, text));
    cr_expect_eq(site_code(text), 405);
    cr_expect_not_null(strstr(text, "HTTP/1.1 200"));
    close(client);
}

/* ---- bodies ---- */

Test(http, hands_on_what_is_posted)
{
    const char *answer;

    site.room = 1000;
    site.answer = "{\"accepted\":1}\n";
    answer = site_ask(&site, POST("/learn", "5") "12345");
    cr_expect_eq(site_code(answer), 200);
    cr_expect(has(answer, "\r\n\r\n{\"accepted\":1}\n"));
    cr_expect_str_eq(site.taken.data, "12345");
    cr_expect(site.begun == 1 && site.ends == 1 && site.gone == 1);
}

Test(http, waits_until_there_is_room_for_more)
{
    int client = site_connect(&site);

    text[0] = '\0';
    site.room = 3;
    site.answer = "{}";
    site_send(client, POST("/learn", "8") "12345678");
    for (int i = 0; i < 20; i++)
        site_turn(&site);
    cr_expect_str_eq(site.taken.data, "123");
    cr_expect_eq(site.ends, 0);
    site.room = 4;
    http_body_resume(site.body);
    for (int i = 0; i < 20; i++)
        site_turn(&site);
    cr_expect_str_eq(site.taken.data, "1234567");
    site.room = 4;
    http_body_resume(site.body);
    cr_expect(site_await(&site, client, NULL, text));
    cr_expect_str_eq(site.taken.data, "12345678");
    cr_expect_eq(site_code(text), 200);
    cr_expect_eq(site.gone, 1);
    close(client);
}

Test(http, waits_for_the_answer)
{
    int client = site_connect(&site);
    struct lattn_text answer = {.data = NULL};

    text[0] = '\0';
    site.room = 100;
    site_send(client, POST("/learn", "2") "12");
    while (site.ends == 0)
        site_turn(&site);
    cr_expect_eq(site.gone, 0);
    cr_assert_eq(lattn_text_add(&answer, "{}\n", 3), LATTN_OK);
    http_body_answer(site.body, 400, "application/json", &answer);
    cr_expect(site_await(&site, client, NULL, text));
    cr_expect_eq(site_code(text), 400);
    cr_expect(site.ends == 1 && site.gone == 1);
    close(client);
}

Test(http, drops_the_rest_of_what_is_refused)
{
    const char *answer;

    site.is_shut = 1;
    site.room = 100;
    answer = site_ask(&site, POST("/learn", "5") "12345");
    cr_expect_eq(site_code(answer), 503);
    cr_expect(has(answer, "it is shut"));
    cr_expect(site.taken.length == 0 && site.ends == 0 && site.gone == 1);
    answer = site_ask(&site, "POST /nowhere HTTP/1.1\r\nHost: localhost\r\n"
                             "Content-Length: 3\r\n\r\nabcGET /livez HTTP/1.1\r\n" CLOSE);
    cr_expect_eq(count_of(answer, "HTTP/1.1 404"), 1);
    cr_expect_eq(count_of(answer, "HTTP/1.1 200"), 1, "the connection has gone on");
    answer = site_ask(&site, "POST /nowhere HTTP/1.1\r\nHost: localhost\r\n"
                             "Content-Length: 99999999\r\n\r\nabc");
    cr_expect_eq(site_code(answer), 404, "too long to be dropped: at once");
}

Test(http, tells_when_whoever_posts_has_gone)
{
    int client = site_connect(&site);

    site.room = 100;
    site_send(client, POST("/learn", "8") "123");
    while (site.taken.length < 3)
        site_turn(&site);
    close(client);
    while (site.gone == 0)
        site_turn(&site);
    cr_expect_eq(site.ends, 0);
}

/* ---- the end ---- */

Test(http, ends_streams_behind_their_last_event)
{
    int client;

    site_publish(&site, 1, "{\"n\":1}", "");
    client = events_open("/events", "");
    cr_assert(site_await(&site, client, "{\"n\":1}", text));
    site_publish(&site, 2, "{\"n\":2}", "");
    http_finish(site.http);
    cr_expect(site_await(&site, client, NULL, text));
    cr_expect(has(text, "{\"n\":2}"));
    cr_expect(has(text, "\r\n0\r\n\r\n"), "the end of what came in chunks");
    site_turn(&site);
    cr_expect_eq(site.emptied, 1);
    close(client);
}

Test(http, lets_idle_connections_go_at_the_end)
{
    int client = site_connect(&site);

    site_turn(&site);
    text[0] = '\0';
    http_finish(site.http);
    cr_expect(site_await(&site, client, NULL, text));
    site_turn(&site);
    cr_expect_eq(site.emptied, 1);
    close(client);
}

Test(http, answers_what_it_has_begun_at_the_end)
{
    int client = site_connect(&site);
    struct lattn_text answer = {.data = NULL};

    text[0] = '\0';
    site.room = 100;
    site_send(client, POST("/learn", "2") "12");
    while (site.ends == 0)
        site_turn(&site);
    http_finish(site.http);
    site_turn(&site);
    cr_expect_eq(site.emptied, 0);
    http_body_answer(site.body, 200, "application/json", &answer);
    cr_expect(site_await(&site, client, NULL, text));
    cr_expect_eq(site_code(text), 200);
    site_turn(&site);
    cr_expect_eq(site.emptied, 1);
    close(client);
}

/* All that can be suspended is: a stream, a body that has no room, one that has no answer. */
Test(http, closes_with_everything_under_way)
{
    int clients[3];

    for (int i = 0; i < 3; i++)
        clients[i] = site_connect(&site);
    site_send(clients[0], "GET /events HTTP/1.1\r\n" CLOSE);
    site_send(clients[1], POST("/learn", "8") "12345678");
    site_turn(&site);
    site.room = 100;
    site_send(clients[2], POST("/learn", "2") "12");
    while (site.ends == 0)
        site_turn(&site);
    http_close(&site.http);
    cr_expect_eq(site.gone, 2);
    for (int i = 0; i < 3; i++)
        close(clients[i]);
}
