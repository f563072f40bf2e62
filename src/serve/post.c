/*
 * Two hold on to a post: whoever opened it, until post_close, and the session's channel, until it
 * is gone. It is released when both have let go.
 *
 *     HTTP -> post_bring -> channel -> session -> learner thread
 *     HTTP <- answer     <- gone, when the session has ended; or too many answers
 */
#include "serve/post.h"

#include "base/memory.h"
#include "serve/session.h"
#include "wire/writer.h"

#include <assert.h>
#include <string.h>

/*
 * session     NULL once its channel is gone
 * is_held     by whoever opened it
 * is_over     the session's channel is gone
 * is_whole    all of the body was brought
 * is_slow     it had to make place for another; it has none any more
 * is_answered nobody is told anything any more
 * brought     since pace was last kept: fewer than POST_PACE_BYTES
 * waited_ms   for these bytes, up to the last time they were not wanted; wanted_ms: when they were
 *             wanted again
 * answers     lines as they were written: errors have their own form
 */
struct post {
    struct post *next;
    struct traffic *traffic;
    struct session *session;
    enum post_purpose purpose;
    int is_durable;
    const struct post_calls *calls;
    void *arg;
    int is_held;
    int is_wanted;
    int is_over;
    int is_whole;
    int is_slow;
    int is_answered;
    size_t brought;
    uint64_t waited_ms;
    uint64_t wanted_ms;
    struct lattn_text answers;
    size_t lines;
    int is_too_long;
};

static void post_release(struct post *post)
{
    struct post **link = &post->traffic->posts;

    if (post->is_held || post->session != NULL)
        return;
    while (*link != post)
        link = &(*link)->next;
    *link = post->next;
    lattn_text_done(&post->answers);
    memory_release(post);
}

/* ---- the answer ---- */

static int code_of(enum lattn_status status)
{
    switch (status) {
    case LATTN_OK:
        return 200;
    case LATTN_TIMEOUT:
        return 408;
    case LATTN_NO_DATA:
        return 409;
    case LATTN_TOO_BIG:
        return 413;
    case LATTN_NO_SPACE:
    case LATTN_MEMORY_LIMIT:
        return 507;
    case LATTN_BUSY:
    case LATTN_CLOSED:
    case LATTN_NO_MEMORY:
    case LATTN_INPUT_OUTPUT:
        return 503;
    default:
        return 400;
    }
}

/* Lines of errors are {"error": ...}: what stands there, of the first. */
static void error_copy(const struct lattn_text *lines, struct writer *writer)
{
    static const char head[] = "{\"error\":";
    const char *end = memchr(lines->data, '\n', lines->length);
    size_t length = end == NULL ? lines->length : (size_t)(end - lines->data);

    assert(length > sizeof head && memcmp(lines->data, head, sizeof head - 1) == 0);
    writer_key(writer, "error");
    writer_raw(writer, lines->data + sizeof head - 1, length - sizeof head);
}

static enum lattn_status summary_write(const struct post *post, const struct tally *tally,
                                       struct lattn_text *text)
{
    struct writer writer;

    writer_begin(&writer, text, LATTN_FORMAT_JSON);
    writer_open(&writer, '{');
    writer_key(&writer, "accepted");
    writer_count(&writer, tally->accepted);
    writer_key(&writer, "rejected");
    writer_count(&writer, tally->rejected);
    writer_key(&writer, "duplicates");
    writer_count(&writer, tally->duplicates);
    writer_key(&writer, "unkept");
    writer_count(&writer, tally->unkept);
    writer_key(&writer, "durable");
    writer_flag(&writer, post->is_durable);
    if (post->answers.length > 0)
        error_copy(&post->answers, &writer);
    writer_close(&writer, '}');
    writer_newline(&writer);
    return writer_end(&writer);
}

static void answer_send(struct post *post, int code, int is_lines, struct lattn_text *text)
{
    if (!post->is_answered) {
        post->is_answered = 1;
        post->calls->answer(post->arg, code, is_lines, text);
    }
    lattn_text_done(text);
}

/* For whoever gets no other answer. */
static void refusal_add(struct post *post, enum lattn_status why, const char *message)
{
    /* Without memory for it the code alone is the answer. */
    (void)lattn_write_error(&post->answers, LATTN_FORMAT_JSON, NULL, why, message, 0);
    post->lines++;
}

static void predictions_send(struct post *post, enum lattn_status refused)
{
    struct lattn_text text = post->answers;
    int is_lines = post->lines > 1;

    lattn_text_init(&post->answers);
    answer_send(post, code_of(refused), is_lines, &text);
}

static void summary_send(struct post *post, const struct session_outcome *outcome,
                         enum lattn_status refused)
{
    struct lattn_text text;
    enum lattn_status status;

    lattn_text_init(&text);
    status = summary_write(post, &outcome->tally, &text);
    answer_send(post, code_of(status == LATTN_OK ? refused : status), 0, &text);
}

static void outcome_send(struct post *post)
{
    struct session_outcome outcome = session_outcome(post->session);
    enum lattn_status refused = outcome.refused;

    if (post->is_too_long) {
        refused = LATTN_TOO_BIG;
        post->lines = 0;
        post->answers.length = 0;
        refusal_add(post, refused, "the answers are too long: ask for fewer at a time");
    } else if (refused == LATTN_OK && post->is_slow) {
        refused = LATTN_TIMEOUT;
        refusal_add(post, refused, "the body came too slowly, and others wait for its place");
    } else if (refused == LATTN_OK && (!post->is_whole || !session_is_idle(post->session))) {
        refused = LATTN_CLOSED;
        refusal_add(post, refused, "the daemon did not take all of it");
    } else if (post->purpose == POST_PREDICT && post->lines == 0) {
        refused = LATTN_EMPTY;
        refusal_add(post, refused, "there is no input");
    }
    if (post->purpose == POST_PREDICT)
        predictions_send(post, refused);
    else
        summary_send(post, &outcome, refused);
}

/* ---- the pace of a body ---- */

static uint64_t now_of(const struct post *post)
{
    return uv_now(post->traffic->host.loop);
}

/* Milliseconds in which we waited for bytes and fewer came than should. */
static uint64_t post_waited(const struct post *post)
{
    return post->waited_ms + (post_wants(post) ? now_of(post) - post->wanted_ms : 0);
}

static void pace_count(struct post *post, size_t length)
{
    post->brought += length;
    if (post->brought < POST_PACE_BYTES)
        return;
    post->brought = 0;
    post->waited_ms = 0;
    post->wanted_ms = now_of(post);
}

/* Is there a place for one more? Bodies on their way out have none. */
static int place_make(struct traffic *traffic)
{
    struct post *slowest = NULL;
    size_t count = 0;

    for (struct post *post = traffic->posts; post != NULL; post = post->next) {
        if (post->is_slow)
            continue;
        count++;
        if (slowest == NULL || post_waited(post) > post_waited(slowest))
            slowest = post;
    }
    if (count < POSTS_MAX)
        return 1;
    if (!post_wants(slowest) || post_waited(slowest) < traffic->host.message_timeout_ms)
        return 0;
    slowest->is_slow = 1;
    channel_bring_end(session_channel(slowest->session), UV_ETIMEDOUT);
    return 1;
}

/* ---- what the session's channel asks for ---- */

static void bytes_wanted(void *arg, int is_wanted)
{
    struct post *post = arg;

    post->waited_ms = post_waited(post);
    post->wanted_ms = now_of(post);
    post->is_wanted = is_wanted;
    if (is_wanted && !post->is_answered && post->session != NULL)
        post->calls->more(post->arg);
}

static size_t lines_count(const struct lattn_text *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->length; i++)
        count += text->data[i] == '\n';
    return count;
}

/* Of pairs the first error is all that is told. */
static void answers_written(void *arg, struct lattn_text *text)
{
    struct post *post = arg;
    int is_enough = post->purpose == POST_LEARN && post->answers.length > 0;

    if (post->is_answered || post->is_too_long || is_enough)
        return;
    if (text->length > POST_ANSWERS_MAX - post->answers.length ||
        lattn_text_add(&post->answers, text->data, text->length) != LATTN_OK)
        post->is_too_long = 1;
    post->lines += lines_count(text);
}

static void answers_ended(void *arg)
{
    outcome_send(arg);
}

static void channel_gone(void *arg)
{
    struct post *post = arg;

    post->is_over = 1;
    if (post->session == NULL)
        return; /* it ended before it was known: see post_open */
    outcome_send(post);
    post->session = NULL;
    post_release(post);
}

static const struct channel_carrier post_carrier = {
    .want = bytes_wanted,
    .write = answers_written,
    .end = answers_ended,
    .gone = channel_gone,
};

/* ---- opening and closing ---- */

enum lattn_status post_open(struct post **ret_post, struct traffic *traffic,
                            enum post_purpose purpose, int is_durable, const struct peer *peer,
                            const struct post_calls *calls, void *arg)
{
    struct post *post;
    enum lattn_status status;

    if (!place_make(traffic))
        return LATTN_BUSY;
    post = memory_zeroed(1, sizeof *post);
    if (post == NULL)
        return LATTN_NO_MEMORY;
    post->traffic = traffic;
    post->purpose = purpose;
    post->is_durable = is_durable;
    post->calls = calls;
    post->arg = arg;
    post->is_held = 1;
    lattn_text_init(&post->answers);
    status = traffic_carry(traffic, purpose == POST_LEARN ? CHUNK_PAIRS : CHUNK_INPUTS,
                           &post_carrier, post, peer, &post->session);
    /* A session that finds no memory at once ends at once. */
    if (status == LATTN_OK && post->is_over)
        status = LATTN_NO_MEMORY;
    if (status != LATTN_OK) {
        memory_release(post);
        return status;
    }
    post->next = traffic->posts;
    traffic->posts = post;
    *ret_post = post;
    return LATTN_OK;
}

int post_wants(const struct post *post)
{
    return post->is_wanted && post->session != NULL && !post->is_whole && !post->is_slow;
}

void post_bring(struct post *post, const char *bytes, size_t length)
{
    assert(post_wants(post));
    pace_count(post, length);
    channel_bring(session_channel(post->session), bytes, length);
}

void post_end(struct post *post)
{
    if (post->session == NULL || post->is_whole || post->is_slow)
        return;
    post->is_whole = 1;
    channel_bring_end(session_channel(post->session), 0);
}

void post_close(struct post **post)
{
    struct post *old = *post;

    if (old == NULL)
        return;
    *post = NULL;
    old->is_answered = 1;
    if (old->session != NULL && !old->is_whole && !old->is_slow)
        channel_bring_end(session_channel(old->session), UV_ECONNRESET);
    old->is_held = 0;
    post_release(old);
}
