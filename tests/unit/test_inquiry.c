#include "monitor/inquiry.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct inquiry_self plain = {"lab.example", 0};
static const struct inquiry_self secure = {"lab.example", 1};

static void put(struct inquiry *inquiry, const char *name, const char *text)
{
    inquiry_take(inquiry, name, strlen(name), text, strlen(text));
}

static struct inquiry ask(const char *method, const char *path)
{
    struct inquiry inquiry;

    inquiry_begin(&inquiry, method, path);
    put(&inquiry, "Host", "localhost:8080");
    return inquiry;
}

/* The code it is refused with; 0: it is not. */
static unsigned code_of(const struct inquiry *inquiry, const struct inquiry_self *self)
{
    const struct inquiry_refusal *refusal = inquiry_reach(inquiry, self);

    if (refusal == NULL)
        refusal = inquiry_check(inquiry, self);
    return refusal == NULL ? 0 : refusal->code;
}

static unsigned code(const char *method, const char *path)
{
    struct inquiry inquiry = ask(method, path);

    put(&inquiry, "Content-Type", "application/json");
    return code_of(&inquiry, &plain);
}

Test(inquiry, knows_its_paths_and_methods)
{
    size_t index = 0;

    for (const char *path; (path = inquiry_path(index)) != NULL; index++) {
        int takes_body = strcmp(path, "/learn") == 0 || strcmp(path, "/predict") == 0;

        cr_expect_eq(code("GET", path), takes_body ? 405 : 0, "GET %s", path);
        cr_expect_eq(code("HEAD", path), takes_body ? 405 : 0, "HEAD %s", path);
        cr_expect_eq(code("POST", path), takes_body ? 0 : 405, "POST %s", path);
        cr_expect_eq(code("DELETE", path), 405, "DELETE %s", path);
        cr_expect_eq(code("get", path), 405, "methods have a case");
        cr_expect_str_eq(inquiry_methods((enum inquiry_route)index),
                         takes_body ? "POST" : "GET, HEAD");
    }
    cr_assert_eq(index, (size_t)INQUIRY_NOWHERE);
}

Test(inquiry, knows_no_other_paths)
{
    static const char *const paths[] = {"",        "//",        "/livez/", "/LIVEZ",
                                        "/livezz", "/live",     "livez",   "/../livez",
                                        "*",       "/metrics ", "/status"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        cr_expect_eq(code("GET", paths[i]), 404, "%s", paths[i]);
}

Test(inquiry, is_reached_by_its_own_names_only)
{
    static const struct {
        const char *host;
        int is_own;
    } cases[] = {
        {"localhost", 1},
        {"LocalHost:80", 1},
        {"127.0.0.1", 1},
        {"127.4.3.2:9090", 1},
        {"[::1]", 1},
        {"[::1]:8080", 1},
        {"lab.example", 1},
        {"LAB.example:1", 1},
        {"localhost.evil.example", 0},
        {"evil.example", 0},
        {"lab.example.evil", 0},
        {"", 0},
        {":80", 0},
        {"[::1", 0},
        {"[::1]80", 0},
        {"[::2]", 0},
        {"128.0.0.1", 0},
        {"127.0.0.1.evil.example", 0},
        {"0x7f.0.0.1", 0},
        {"localhost:", 0},
        {"localhost:80x", 0},
        {"localhost:80@evil", 0},
        {"[]", 0},
        {"[localhost]:1", 1},
        {"10.0.0.1", 0},
        {"user@localhost", 0},
        {"localhost,evil.example", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct inquiry inquiry;

        inquiry_begin(&inquiry, "GET", "/livez");
        put(&inquiry, "hOSt", cases[i].host);
        cr_expect_eq(code_of(&inquiry, &plain), cases[i].is_own ? 0 : 421, "%s", cases[i].host);
        cr_expect_eq(code_of(&inquiry, &secure), 0, "the certificate tells");
    }
}

/* HTTP/1.0 may leave it out. */
Test(inquiry, needs_no_host)
{
    struct inquiry inquiry;

    inquiry_begin(&inquiry, "GET", "/livez");
    cr_expect_eq(code_of(&inquiry, &plain), 0);
}

Test(inquiry, refuses_what_is_there_twice)
{
    struct inquiry inquiry = ask("GET", "/livez");

    put(&inquiry, "Host", "localhost:8080");
    cr_expect_eq(code_of(&inquiry, &plain), 400);
    cr_expect_eq(code_of(&inquiry, &secure), 400);
    inquiry = ask("GET", "/livez");
    put(&inquiry, "X-Other", "a");
    put(&inquiry, "X-Other", "b");
    cr_expect_eq(code_of(&inquiry, &plain), 0);
}

static unsigned code_from(const char *origin, const struct inquiry_self *self)
{
    struct inquiry inquiry = ask("POST", "/learn");

    put(&inquiry, "Content-Type", "application/x-ndjson");
    put(&inquiry, "Origin", origin);
    return code_of(&inquiry, self);
}

Test(inquiry, takes_from_its_own_pages_only)
{
    cr_expect_eq(code_from("http://localhost:8080", &plain), 0);
    cr_expect_eq(code_from("http://LOCALHOST:8080", &plain), 0);
    cr_expect_eq(code_from("https://localhost:8080", &plain), 0, "TLS in front of us");
    cr_expect_eq(code_from("https://localhost:8080", &secure), 0);
    cr_expect_eq(code_from("http://localhost:8080", &secure), 403);
    cr_expect_eq(code_from("http://localhost", &plain), 403);
    cr_expect_eq(code_from("http://localhost:80801", &plain), 403);
    cr_expect_eq(code_from("http://evil.example", &plain), 403);
    cr_expect_eq(code_from("null", &plain), 403);
    cr_expect_eq(code_from("", &plain), 403);
    cr_expect_eq(code_from("http", &plain), 403);
}

static unsigned code_of_type(const char *type)
{
    struct inquiry inquiry = ask("POST", "/predict");

    if (type != NULL)
        put(&inquiry, "Content-Type", type);
    return code_of(&inquiry, &plain);
}

/* Others, forms among them, a page may send to any site without asking it first. */
Test(inquiry, takes_json_only)
{
    cr_expect_eq(code_of_type("application/json"), 0);
    cr_expect_eq(code_of_type("Application/X-NDJSON"), 0);
    cr_expect_eq(code_of_type("application/json; charset=utf-8"), 0);
    cr_expect_eq(code_of_type("application/json ;x"), 0);
    cr_expect_eq(code_of_type(NULL), 415);
    cr_expect_eq(code_of_type(""), 415);
    cr_expect_eq(code_of_type(";application/json"), 415);
    cr_expect_eq(code_of_type("text/plain"), 415);
    cr_expect_eq(code_of_type("text/plain; application/json"), 415);
    cr_expect_eq(code_of_type("application/jsonx"), 415);
    cr_expect_eq(code_of_type("application/x-www-form-urlencoded"), 415);
}

static const char *token_of(const char *authorization)
{
    static char token[LATTN_TOKEN_MAX + 1];
    struct inquiry inquiry = ask("GET", "/");

    put(&inquiry, "Authorization", authorization);
    token[inquiry_token(&inquiry, token)] = '\0';
    return token;
}

Test(inquiry, finds_the_token)
{
    struct inquiry inquiry = ask("GET", "/");
    char token[LATTN_TOKEN_MAX];

    cr_expect_eq(inquiry_token(&inquiry, token), 0);
    cr_expect_str_eq(token_of("Bearer secret"), "secret");
    cr_expect_str_eq(token_of("bearer   secret"), "secret");
    cr_expect_str_eq(token_of("Basic OnNlY3JldA=="), "secret", "no user");
    cr_expect_str_eq(token_of("Basic bWU6c2VjcmV0"), "secret", "me:secret");
    cr_expect_str_eq(token_of("Basic bWU6YTpi"), "a:b", "me:a:b");
    cr_expect_str_eq(token_of("Basic bWU="), "", "no colon");
    cr_expect_str_eq(token_of("Basic bWU6"), "", "no password");
    cr_expect_str_eq(token_of("Basic !"), "");
    cr_expect_str_eq(token_of("Bearer"), "");
    cr_expect_str_eq(token_of("Bearer "), "");
    cr_expect_str_eq(token_of("Bearersecret"), "");
    cr_expect_str_eq(token_of("Digest secret"), "");
}

Test(inquiry, takes_no_token_that_is_too_long)
{
    char text[2 * LATTN_TOKEN_MAX];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "Bearer ", 7);
    cr_expect_str_eq(token_of(text), "");
    text[7 + LATTN_TOKEN_MAX - 1] = '\0';
    cr_expect_eq(strlen(token_of(text)), (size_t)LATTN_TOKEN_MAX - 1);
}

static uint64_t event_of(const char *text)
{
    struct inquiry inquiry = ask("GET", "/events");

    put(&inquiry, "Last-Event-ID", text);
    return inquiry_event(&inquiry, "0123456789abcdef");
}

Test(inquiry, finds_the_last_event_of_this_start)
{
    struct inquiry inquiry = ask("GET", "/events");

    cr_expect_eq(inquiry_event(&inquiry, "0123456789abcdef"), 0);
    cr_expect_eq(event_of("0123456789abcdef-7"), 7);
    cr_expect_eq(event_of("0123456789abcdef-18446744073709551615"), UINT64_MAX);
    cr_expect_eq(event_of("0123456789abcdef-18446744073709551616"), 0);
    cr_expect_eq(event_of("0123456789abcdef-"), 0);
    cr_expect_eq(event_of("0123456789abcdef-7x"), 0);
    cr_expect_eq(event_of("0123456789abcdef--7"), 0);
    cr_expect_eq(event_of("0123456789abcdee-7"), 0);
    cr_expect_eq(event_of("7"), 0);
    cr_expect_eq(event_of(""), 0);
}

static int has_tag(const char *text)
{
    struct inquiry inquiry = ask("GET", "/model.json");

    put(&inquiry, "If-None-Match", text);
    return inquiry_has_tag(&inquiry, "\"a-1\"");
}

Test(inquiry, finds_a_tag_among_those_that_are_known)
{
    struct inquiry inquiry = ask("GET", "/model.json");

    cr_expect_not(inquiry_has_tag(&inquiry, "\"a-1\""));
    cr_expect(has_tag("\"a-1\""));
    cr_expect(has_tag("W/\"a-1\""));
    cr_expect(has_tag("*"));
    cr_expect(has_tag("\"b\", \"a-1\" , \"c\""));
    cr_expect(has_tag(",,\"a-1\""));
    cr_expect_not(has_tag("\"a-2\""));
    cr_expect_not(has_tag("\"a-1"));
    cr_expect_not(has_tag("a-1"));
    cr_expect_not(has_tag(""));
    cr_expect_not(has_tag(", ,W/"));
}

Test(inquiry, finds_the_length_of_the_body)
{
    struct inquiry inquiry = ask("POST", "/learn");

    cr_expect_eq(inquiry_body_bytes(&inquiry), UINT64_MAX);
    put(&inquiry, "content-length", "12");
    cr_expect_eq(inquiry_body_bytes(&inquiry), 12);
    inquiry = ask("POST", "/learn");
    put(&inquiry, "content-length", "1e3");
    cr_expect_eq(inquiry_body_bytes(&inquiry), UINT64_MAX);
}

Test(inquiry, finds_whether_all_events_are_wanted)
{
    struct inquiry inquiry = ask("GET", "/events");

    inquiry_take_argument(&inquiry, "al", 2);
    inquiry_take_argument(&inquiry, "allx", 4);
    cr_expect_not(inquiry.wants_all);
    inquiry_take_argument(&inquiry, "all", 3);
    cr_expect(inquiry.wants_all);
}
