#include "serve/post.h"

#include "base/memory.h"
#include "serve/bounds.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct config config = {
    .clients_max = 64,
    .frame_bytes_max = 1 << 20,
    .output_bytes_max = 1 << 20,
    .message_timeout_ns = UINT64_C(1000000000000),
    .send_timeout_ns = UINT64_C(1000000000000),
};
static const struct lattn_learner_settings learner = {.forget = 1};
static const struct peer peer = {.text = "tcp:127.0.0.1:9", .host = "127.0.0.1"};

static uv_loop_t loop;
static uv_async_t wake;
static struct access *door;
static struct traffic traffic;
static struct pipeline *pipeline;

static struct post *post;
static int code;
static int is_lines;
static struct lattn_text body;
static int answers_count;
static int mores_count;

static void woke(uv_async_t *async)
{
    (void)async;
    traffic_deliver(&traffic);
}

static void wakes(void *arg)
{
    (void)arg;
    (void)uv_async_send(&wake);
}

static void idle(void *arg, struct session *session)
{
    (void)arg;
    (void)session;
}

static void ended(void *arg, struct session *session)
{
    (void)arg;
    session_close(&session);
}

static void more(void *arg)
{
    (void)arg;
    mores_count++;
}

static void answered(void *arg, int its_code, int its_is_lines, struct lattn_text *text)
{
    (void)arg;
    answers_count++;
    code = its_code;
    is_lines = its_is_lines;
    lattn_text_done(&body);
    body = *text;
    lattn_text_init(text);
}

static const struct post_calls calls = {more, answered};

static void begin(void)
{
    const struct access_settings nothing_asked = {0};
    static struct gauges gauges;
    struct pipeline_settings settings = {
        .emit_every_ns = UINT64_MAX,
        .frame_bytes_max = 1 << 20,
        .gauges = &gauges,
        .wake = wakes,
    };
    struct lattn_complaint complaint;
    struct state state;

    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(uv_async_init(&loop, &wake, woke), 0);
    cr_assert_eq(access_open(&door, &nothing_asked, &complaint), LATTN_OK);
    traffic_init(&traffic, &config, &loop, idle, ended, NULL);
    traffic.host.access = door;
    settings.access = door;
    traffic_start(&traffic);
    cr_assert_eq(state_open(&state, &learner), LATTN_OK);
    cr_assert_eq(pipeline_open(&pipeline, &settings, &state, &complaint), LATTN_OK);
    traffic.pipeline = pipeline;
    lattn_text_init(&body);
}

static void end(void)
{
    while (traffic.clients.count > 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    pipeline_end(pipeline);
    pipeline_close(&pipeline);
    traffic_stop(&traffic);
    uv_close((uv_handle_t *)&wake, NULL);
    cr_assert_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(uv_loop_close(&loop), 0);
    access_close(&door);
    lattn_text_done(&body);
    cr_assert_null(traffic.posts);
    cr_assert_eq(leaks(), 0);
}

static void post_begin(enum post_purpose purpose)
{
    answers_count = 0;
    cr_assert_eq(post_open(&post, &traffic, purpose, 0, &peer, &calls, NULL), LATTN_OK);
}

static void bring(const char *bytes)
{
    while (!post_wants(post))
        (void)uv_run(&loop, UV_RUN_ONCE);
    post_bring(post, bytes, strlen(bytes));
}

static void answer_await(void)
{
    while (answers_count == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    post_close(&post);
    cr_assert_eq(lattn_text_add(&body, "", 1), LATTN_OK);
}

static void all_of(enum post_purpose purpose, const char *bytes)
{
    post_begin(purpose);
    if (bytes[0] != '\0')
        bring(bytes);
    post_end(post);
    answer_await();
}

Test(post, learns_pairs_and_counts_them)
{
    begin();
    post_begin(POST_LEARN);
    bring("{\"z\": [[1, 2], [3, 4]], \"y\"");
    bring(": 1}\n{\"z\": [[1, 0], [0, 1]], \"y\": 2, \"id\": 7}\n{\"z\": [[1, 1]], \"y\": 0}");
    post_end(post);
    answer_await();
    cr_assert_eq(code, 200);
    cr_assert_eq(is_lines, 0);
    cr_assert_str_eq(body.data, "{\"accepted\":3,\"rejected\":0,\"duplicates\":0,\"unkept\":0,"
                                "\"durable\":false}\n");
    all_of(POST_LEARN, "");
    cr_assert_eq(code, 200);
    end();
}

Test(post, tells_the_first_line_that_was_refused_and_learns_the_others)
{
    begin();
    all_of(POST_LEARN, "{\"z\": [[1, 2]], \"y\": 1}\n{\"z\": [[1, 2, 3]], \"y\": 1, \"id\": 5}\n"
                       "nonsense\n{\"z\": [[1, 2]], \"y\": 1}\n");
    cr_assert_eq(code, 400);
    cr_assert_not_null(strstr(body.data, "{\"accepted\":2,\"rejected\":2,"), "%s", body.data);
    cr_assert_not_null(strstr(body.data, "\"error\":{\"code\":\"shape\""), "%s", body.data);
    cr_assert_not_null(strstr(body.data, "\"line\":2}}\n"), "%s", body.data);
    end();
}

Test(post, takes_no_requests_among_pairs)
{
    begin();
    all_of(POST_LEARN, "{\"z\": [[1, 2]], \"y\": 1}\n");
    all_of(POST_LEARN, "{\"id\": 1, \"method\": \"reset\", \"params\": {\"confirm\": true}}\n");
    cr_assert_eq(code, 400);
    cr_assert_not_null(strstr(body.data, "only pairs are taken here"), "%s", body.data);
    all_of(POST_PREDICT, "{\"id\": 1, \"method\": \"reset\", \"params\": {\"confirm\": true}}\n");
    cr_assert_eq(code, 400);
    all_of(POST_LEARN, "\x94\x01\xa5learn");
    cr_assert_eq(code, 400);
    all_of(POST_PREDICT, "{\"z\": [[1, 2]]}");
    cr_assert_eq(code, 200, "nothing was forgotten");
    end();
}

Test(post, predicts_for_each_line)
{
    begin();
    all_of(POST_PREDICT, "{\"z\": [[1, 2]]}");
    cr_assert_eq(code, 409, "nothing is known yet: %s", body.data);
    all_of(POST_LEARN, "{\"z\": [[1, 2]], \"y\": 5}\n");
    all_of(POST_PREDICT, "{\"z\": [[1, 2]]}");
    cr_assert_eq(code, 200);
    cr_assert_eq(is_lines, 0);
    cr_assert_eq(strncmp(body.data, "{\"y\":[", 6), 0, "%s", body.data);
    cr_assert_eq(strchr(body.data, '\n') - body.data, (ptrdiff_t)body.length - 2, "one line");
    all_of(POST_PREDICT, "{\"z\": [[1, 2]]}\n\n{\"z\": [[1]]}\n{\"t\": [[1]]}\n");
    cr_assert_eq(code, 400);
    cr_assert_eq(is_lines, 1);
    cr_assert_not_null(strstr(body.data, "\n{\"error\":{"), "%s", body.data);
    cr_assert_not_null(strstr(body.data, "\"line\":3}}\n{\"y\":["), "%s", body.data);
    all_of(POST_PREDICT, " \n");
    cr_assert_eq(code, 400);
    cr_assert_not_null(strstr(body.data, "there is no input"));
    end();
}

Test(post, bounds_its_answers)
{
    begin();
    all_of(POST_LEARN, "{\"z\": [[1, 2]], \"y\": 5}\n");
    post_begin(POST_PREDICT);
    for (int i = 0; i < POST_ANSWERS_MAX / 40; i++)
        bring("{\"z\": [[1, 2]]}\n");
    post_end(post);
    answer_await();
    cr_assert_eq(code, 413);
    cr_assert_not_null(strstr(body.data, "ask for fewer at a time"), "%s", body.data);
    end();
}

/* The learner is slower than who brings: at times it wants nothing, and says when it does again. */
Test(post, holds_up_whoever_brings_too_much)
{
    static char line[64 << 10];
    int waited = 0;

    memset(line, ' ', sizeof line - 1);
    memcpy(line, "{\"z\": [[1, 2]], \"y\": 5}", 23);
    line[sizeof line - 2] = '\n';
    begin();
    post_begin(POST_LEARN);
    for (int i = 0; i < 2000 && waited == 0; i++) {
        waited = !post_wants(post);
        bring(line);
    }
    cr_assert(waited);
    cr_assert_gt(mores_count, 0);
    post_end(post);
    answer_await();
    cr_assert_eq(code, 200);
    end();
}

Test(post, learns_what_was_brought_before_the_client_went)
{
    begin();
    post_begin(POST_LEARN);
    bring("{\"z\": [[1, 2]], \"y\": 5}\n{\"z\": [[1");
    post_close(&post);
    cr_assert_null(post);
    while (traffic.clients.count > 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    cr_assert_eq(answers_count, 0, "nobody is told");
    all_of(POST_PREDICT, "{\"z\": [[1, 2]]}");
    cr_assert_eq(code, 200);
    end();
}

Test(post, is_refused_where_there_are_too_many_and_answered_where_it_is_dropped)
{
    struct post *posts[POSTS_MAX];

    begin();
    for (int i = 0; i < POSTS_MAX; i++)
        cr_assert_eq(post_open(&posts[i], &traffic, POST_LEARN, 0, &peer, &calls, NULL), LATTN_OK);
    cr_assert_eq(post_open(&post, &traffic, POST_LEARN, 0, &peer, &calls, NULL), LATTN_BUSY);
    clients_each(&traffic.clients, session_abort);
    cr_assert_eq(answers_count, POSTS_MAX);
    cr_assert_eq(code, 503);
    for (int i = 0; i < POSTS_MAX; i++) {
        cr_assert_not(post_wants(posts[i]));
        post_end(posts[i]);
        post_close(&posts[i]);
    }
    traffic_close_doors(&traffic);
    cr_assert_eq(post_open(&post, &traffic, POST_LEARN, 0, &peer, &calls, NULL), LATTN_CLOSED);
    end();
}

/* ---- slow ones ---- */

enum { PAUSE_MS = 20 };

static void time_pass(uint64_t ms)
{
    uint64_t until_ms = uv_now(&loop) + ms;

    while (uv_now(&loop) < until_ms) {
        uv_sleep(1);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
}

/* All places are taken by those who brought so much. */
static void places_take(struct post *posts[POSTS_MAX], const char *bytes)
{
    for (int i = 0; i < POSTS_MAX; i++) {
        post_begin(POST_LEARN);
        bring(bytes);
        posts[i] = post;
    }
}

static void places_free(struct post *posts[POSTS_MAX])
{
    for (int i = 0; i < POSTS_MAX; i++)
        post_close(&posts[i]);
}

/* Blanks, up to the pace that is asked for. */
static void pace_keep(struct post *its)
{
    static char blanks[POST_PACE_BYTES];

    memset(blanks, ' ', sizeof blanks);
    for (size_t at = 0; at < sizeof blanks; at += sizeof blanks / 8) {
        while (!post_wants(its))
            (void)uv_run(&loop, UV_RUN_ONCE);
        post_bring(its, blanks, sizeof blanks / 8);
    }
}

static void reading_stop(struct session *session)
{
    channel_read_stop(session_channel(session));
}

static void reading_start(struct session *session)
{
    channel_read_start(session_channel(session));
}

/* Time is the loop's, which stands still while nothing runs: so the limit is set afterwards. */
Test(post, makes_place_where_it_is_slow_and_others_wait)
{
    struct post *posts[POSTS_MAX];
    uint64_t kept_ms;

    begin();
    places_take(posts, "{\"z\": [[1, 2]], \"y\": 5}\n{\"z\"");
    time_pass(PAUSE_MS);
    clients_each(&traffic.clients, reading_stop);
    clients_each(&traffic.clients, reading_start);
    time_pass(PAUSE_MS);
    kept_ms = uv_now(&loop);
    for (int i = 1; i < POSTS_MAX; i++)
        pace_keep(posts[i]);
    time_pass(1);
    cr_assert_eq(post_open(&post, &traffic, POST_LEARN, 0, &peer, &calls, NULL), LATTN_BUSY,
                 "they have time yet");
    traffic.host.message_timeout_ms = uv_now(&loop) - kept_ms + 1;
    cr_assert_eq(answers_count, 0, "where nobody waits a body may be as slow as it likes");
    post_begin(POST_LEARN);
    cr_assert_not(post_wants(posts[0]));
    cr_assert_eq(post_open(&posts[0], &traffic, POST_LEARN, 0, &peer, &calls, NULL), LATTN_BUSY,
                 "the others keep pace");
    while (answers_count == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    cr_assert_eq(code, 408);
    cr_assert_eq(lattn_text_add(&body, "", 1), LATTN_OK);
    cr_assert_not_null(strstr(body.data, "{\"accepted\":1,\"rejected\":0,"), "%s", body.data);
    cr_assert_not_null(strstr(body.data, "too slowly"), "%s", body.data);
    post_end(posts[0]);
    post_close(&post);
    cr_assert_eq(post_open(&post, &traffic, POST_LEARN, 0, &peer, &calls, NULL), LATTN_OK,
                 "a place that was given back");
    post_close(&post);
    places_free(posts);
    end();
}

/* As where the learner has enough to do: that is no slowness of the client. */
Test(post, is_not_slow_while_nothing_is_wanted)
{
    struct post *posts[POSTS_MAX];
    uint64_t begin_ms, wanted_ms;

    begin();
    begin_ms = uv_now(&loop);
    places_take(posts, "{\"z\""); /* nothing that comes back, and has more read */
    time_pass(PAUSE_MS);
    clients_each(&traffic.clients, reading_stop);
    cr_assert_not(post_wants(posts[0]));
    wanted_ms = uv_now(&loop) - begin_ms;
    traffic.host.message_timeout_ms = wanted_ms + 1;
    time_pass(wanted_ms + PAUSE_MS);
    cr_assert_eq(post_open(&post, &traffic, POST_LEARN, 0, &peer, &calls, NULL), LATTN_BUSY);
    clients_each(&traffic.clients, reading_start);
    cr_assert_eq(post_open(&post, &traffic, POST_LEARN, 0, &peer, &calls, NULL), LATTN_BUSY);
    places_free(posts);
    end();
}

Test(post, is_not_opened_without_memory)
{
    enum lattn_status status = LATTN_NO_MEMORY;
    uint64_t k;

    begin();
    for (k = 1; status != LATTN_OK; k++) {
        memory_fail(k, 0);
        status = post_open(&post, &traffic, POST_LEARN, 0, &peer, &calls, NULL);
        memory_fail(0, 0);
        cr_assert(status == LATTN_OK || status == LATTN_NO_MEMORY);
    }
    cr_assert_gt(k, 3);
    post_end(post);
    answer_await();
    cr_assert_eq(code, 200);
    end();
}
