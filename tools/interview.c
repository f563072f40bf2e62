/*
 * One loop: open where there is nobody, wait, take answers, send questions. An end is noticed where
 * it waits; then those under way wait again, and the loop opens anew.
 */
#include "interview.h"

#include "interrupt.h"
#include "question.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    /* Questions under way: enough for a batch on any device, few to be asked again. */
    ASKED_MAX = 256,
    /* With this much waiting for the pipe no more is written out; a pipe holds as much. */
    PENDING_BYTES_MAX = 64 << 10,
    EXCERPT_MAX = 48
};

static const uint64_t ms_ns = 1000000;
static const uint64_t for_ever_ns = UINT64_C(3600) * 1000000000;

/* What a round is asked with. */
struct session {
    struct interview *interview;
    const struct lattn_oracle *oracle;
    struct round *round;
    interview_answer_fn take;
    void *arg;
    struct lattn_complaint *complaint;
};

__attribute__((format(printf, 3, 4))) static enum lattn_status
refuse(struct lattn_complaint *complaint, enum lattn_status status, const char *format, ...)
{
    va_list words;

    va_start(words, format);
    vsnprintf(complaint->text, sizeof complaint->text, format, words);
    va_end(words);
    return status;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void interview_init(struct interview *interview, const struct interview_settings *settings)
{
    *interview = (struct interview){.settings = *settings};
    transport_init(&interview->transport, interview->settings.command, &interview->settings.link);
    rate_init(&interview->rate, settings->rate);
    retry_init(&interview->retry, UINT64_MAX, (uint64_t)getpid());
}

void interview_done(struct interview *interview)
{
    transport_done(&interview->transport);
    numbers_done(&interview->numbers);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static enum lattn_status interrupt_check(struct interview *interview,
                                         struct lattn_complaint *complaint)
{
    if (interrupt_stage() == INTERRUPT_NONE)
        return LATTN_OK;
    interview->is_interrupted = 1;
    return refuse(complaint, LATTN_CLOSED, "interrupted");
}

static uint64_t timeout_left_ns(const struct interview *interview, uint64_t now)
{
    uint64_t end = interview->since_ns + interview->settings.timeout_ms * ms_ns;

    return end > now ? end - now : 0;
}

/* "60s", "250ms". */
static void timeout_write(const struct interview *interview, char *ret_text, size_t size)
{
    uint64_t ms = interview->settings.timeout_ms;

    if (ms % 1000 == 0)
        snprintf(ret_text, size, "%" PRIu64 "s", ms / 1000);
    else
        snprintf(ret_text, size, "%" PRIu64 "ms", ms);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static enum lattn_status hello_check(struct interview *interview, const char *text, size_t length,
                                     struct lattn_complaint *complaint)
{
    struct lattn_complaint ignored;
    struct lattn_reply reply;
    enum lattn_status status = lattn_reply_read(text, length, LATTN_FORMAT_JSON, &reply, &ignored);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK)
        return refuse(complaint, LATTN_FIELD, "what answers there is not lattnd");
    if (reply.kind == LATTN_REPLY_ERROR)
        status = refuse(complaint, LATTN_DENIED, "the daemon refuses: %.200s", reply.message);
    else
        status = lattn_reply_hello(&reply, &interview->hello);
    lattn_reply_done(&reply);
    if (status == LATTN_FIELD)
        return refuse(complaint, LATTN_FIELD, "what answers there is not lattnd");
    if (status != LATTN_OK)
        return status;
    if (interview->hello.bias)
        return refuse(complaint, LATTN_CONFLICT,
                      "the daemon adds a bias to every token: what it computes of the other "
                      "coordinates is no layer of attention");
    if (interview->hello.d == 0 || interview->hello.m == 0)
        return refuse(complaint, LATTN_NO_DATA, "it has learned nothing yet");
    return LATTN_OK;
}

/* Wait for the first line of a daemon. */
static enum lattn_status hello_await(struct interview *interview, struct lattn_complaint *complaint)
{
    char time[24];
    char *text;
    size_t length;
    enum lattn_status status;

    interview->since_ns = now_ns();
    for (;;) {
        uint64_t left = timeout_left_ns(interview, now_ns());

        status = transport_next(&interview->transport, &text, &length);
        if (status == LATTN_OK)
            return hello_check(interview, text, length, complaint);
        if (status == LATTN_MORE && left > 0)
            status = transport_turn(&interview->transport, left);
        else if (status == LATTN_MORE)
            status = LATTN_TIMEOUT;
        if (status == LATTN_OK)
            status = interrupt_check(interview, complaint);
        if (status == LATTN_TIMEOUT) {
            timeout_write(interview, time, sizeof time);
            return refuse(complaint, status, "the daemon did not answer within %s", time);
        }
        if (status != LATTN_OK)
            return status;
    }
}

static enum lattn_status hello_ask(struct interview *interview, struct lattn_complaint *complaint)
{
    const struct lattn_request request = {.method = LATTN_METHOD_HELLO, .id = "\"hello\""};
    enum lattn_status status =
        lattn_write_request(&interview->transport.out, LATTN_FORMAT_JSON, &request);

    return status == LATTN_OK ? hello_await(interview, complaint) : status;
}

/* After an end, of which the complaint tells: LATTN_OK where it is worth another start now. */
static enum lattn_status again(struct interview *interview, struct lattn_complaint *complaint)
{
    struct pollfd interrupted = {.fd = interrupt_fd(), .events = POLLIN};
    size_t length = strlen(complaint->text);
    uint64_t pause_ms;

    if (interview->failures++ < interview->settings.retries) {
        (void)retry_fail(&interview->retry, now_ns() / ms_ns, &pause_ms); /* time is never up */
        (void)poll(&interrupted, 1, (int)pause_ms);
        return LATTN_OK;
    }
    if (interview->failures > 1)
        snprintf(complaint->text + length, sizeof complaint->text - length,
                 ", %" PRIu64 " times in a row", interview->failures);
    return LATTN_CLOSED;
}

/*
 * It has ended.
 *
 * entry  in  the question that waits longest, NULL if none does
 */
static enum lattn_status end_take(struct interview *interview, const struct round_entry *entry,
                                  struct lattn_complaint *complaint)
{
    const char *reason = transport_reason(&interview->transport);
    char words[CHILD_WORDS_MAX];
    char question[64] = "";

    if (reason != NULL)
        return refuse(complaint, LATTN_DENIED, "it refuses us: %.200s", reason);
    if (transport_close(&interview->transport, words))
        return refuse(complaint, LATTN_CLOSED, "the shell cannot run the command: %s", words);
    if (entry != NULL)
        snprintf(question, sizeof question, " before question %" PRIu64 " was answered", entry->id);
    (void)refuse(complaint, LATTN_CLOSED, "it ended%s: %s", question, words);
    return again(interview, complaint);
}

static enum lattn_status begin_once(struct interview *interview, struct lattn_complaint *complaint)
{
    struct lattn_complaint reason = {""};
    enum lattn_status status = transport_open(&interview->transport, &reason);

    if (status == LATTN_ADDRESS || status == LATTN_NO_MEMORY) {
        *complaint = reason;
        return status;
    }
    if (status != LATTN_OK) {
        (void)refuse(complaint, status, "cannot %s: %.200s",
                     interview->settings.command != NULL ? "start it" : "connect", reason.text);
        return status == LATTN_CLOSED ? again(interview, complaint) : status;
    }
    interview->starts++;
    if (!interview->settings.is_daemon)
        return LATTN_OK;
    status = hello_ask(interview, complaint);
    return status == LATTN_CLOSED && !interview->is_interrupted
               ? end_take(interview, NULL, complaint)
               : status;
}

static enum lattn_status begin(struct interview *interview, struct lattn_complaint *complaint)
{
    enum lattn_status status = interrupt_check(interview, complaint);

    while (status == LATTN_OK && !interview->transport.is_open) {
        status = begin_once(interview, complaint);
        if (status == LATTN_OK)
            status = interrupt_check(interview, complaint);
    }
    return status;
}

enum lattn_status interview_greet(struct interview *interview, struct lattn_complaint *complaint)
{
    return begin(interview, complaint);
}

/* The daemon may be another one than at the last connection. */
static enum lattn_status daemon_check(const struct session *session)
{
    const struct lattn_hello *hello = &session->interview->hello;
    const struct lattn_oracle *oracle = session->oracle;

    if (!session->interview->settings.is_daemon || (hello->d == oracle->d && hello->m == oracle->m))
        return LATTN_OK;
    return refuse(session->complaint, LATTN_CONFLICT,
                  "the daemon has d = %d and m = %d, and not %d and %d", hello->d, hello->m,
                  oracle->d, oracle->m);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* What a daemon predicts, as the response of an oracle; numbers have room for it. */
static enum lattn_status prediction_take(struct interview *interview,
                                         const struct lattn_reply *reply,
                                         struct lattn_response *ret_response)
{
    struct lattn_prediction prediction;
    int32_t m;
    enum lattn_status status = lattn_reply_prediction(reply, &prediction, &m);

    if (status != LATTN_OK)
        return status;
    status = numbers_reserve(&interview->numbers, (size_t)m);
    if (status == LATTN_OK)
        memcpy(interview->numbers.data, prediction.y, (size_t)m * sizeof *prediction.y);
    interview->undetermined += !prediction.determined;
    ret_response->columns = m;
    lattn_prediction_done(&prediction);
    return status;
}

static enum lattn_status reply_read(struct interview *interview, const char *text, size_t length,
                                    struct lattn_response *ret_response,
                                    struct lattn_complaint *complaint)
{
    struct lattn_reply reply;
    enum lattn_status status = lattn_reply_read(text, length, LATTN_FORMAT_JSON, &reply, complaint);

    if (status != LATTN_OK)
        return status;
    *ret_response = (struct lattn_response){.is_refused = reply.kind == LATTN_REPLY_ERROR};
    memcpy(ret_response->id, reply.id, sizeof reply.id);
    snprintf(ret_response->words, sizeof ret_response->words, "%.*s",
             (int)sizeof ret_response->words - 1, reply.message);
    if (reply.kind != LATTN_REPLY_ERROR)
        status = prediction_take(interview, &reply, ret_response);
    lattn_reply_done(&reply);
    return status;
}

/* What of a line can be shown to people. */
static void excerpt_write(const char *text, size_t length, char ret_excerpt[EXCERPT_MAX])
{
    size_t shown = length < EXCERPT_MAX - 4 ? length : EXCERPT_MAX - 4;

    for (size_t i = 0; i < shown; i++)
        ret_excerpt[i] = (char)(text[i] < 0x20 || text[i] > 0x7e ? '?' : text[i]);
    snprintf(ret_excerpt + shown, EXCERPT_MAX - shown, "%s", shown < length ? "..." : "");
}

/* A line that is no answer; status and words as it was read. */
static enum lattn_status line_refuse(const struct session *session, const char *text, size_t length,
                                     enum lattn_status status, const char *reason)
{
    const struct round_entry *oldest = round_oldest(session->round);
    char excerpt[EXCERPT_MAX];

    excerpt_write(text, length, excerpt);
    if (status == LATTN_RANGE)
        status = LATTN_SHAPE; /* of settings alone one says that they are out of range */
    if (status == LATTN_SYNTAX)
        return refuse(session->complaint, status,
                      "it says \"%s\", and that is no answer: lines on its standard output are "
                      "answers, all else belongs on standard error",
                      excerpt);
    if (oldest == NULL)
        return refuse(session->complaint, status, "it says \"%s\": %s", excerpt, reason);
    return refuse(session->complaint, status, "it says \"%s\" to question %" PRIu64 ": %.120s",
                  excerpt, oldest->id, reason);
}

static enum lattn_status line_read(struct interview *interview, const char *text, size_t length,
                                   struct lattn_response *ret_response,
                                   struct lattn_complaint *complaint)
{
    enum lattn_status status;

    if (interview->settings.is_daemon)
        return reply_read(interview, text, length, ret_response, complaint);
    status = numbers_reserve_line(&interview->numbers, length);
    return status == LATTN_OK
               ? lattn_response_read(text, length, interview->numbers.data, ret_response, complaint)
               : status;
}

static enum lattn_status line_take(const struct session *session, const char *text, size_t length)
{
    struct interview *interview = session->interview;
    struct lattn_complaint reason = {""};
    struct lattn_response response;
    const struct round_entry *entry;
    enum lattn_status status = line_read(interview, text, length, &response, &reason);

    if (status == LATTN_OK)
        status = round_answer(session->round, response.id, &entry, &reason);
    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK)
        return line_refuse(session, text, length, status,
                           reason.text[0] ? reason.text : lattn_status_text(status));
    interview->has_answered = 1;
    interview->failures = 0;
    interview->since_ns = now_ns();
    retry_succeed(&interview->retry);
    return session->take(session->arg, entry, &response, interview->numbers.data,
                         session->complaint);
}

static enum lattn_status lines_take(const struct session *session)
{
    char *text;
    size_t length;
    enum lattn_status status;

    do {
        status = transport_next(&session->interview->transport, &text, &length);
        if (status == LATTN_TOO_BIG)
            return refuse(session->complaint, status, "it says a line of more than %d MiB",
                          TRANSPORT_LINE_BYTES_MAX >> 20);
        if (status == LATTN_OK)
            status = line_take(session, text, length);
    } while (status == LATTN_OK);
    return status == LATTN_MORE ? LATTN_OK : status;
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Is there a question, and room for it? When it may go is another matter. */
static int may_ask(const struct session *session)
{
    const struct transport *transport = &session->interview->transport;

    return round_next(session->round) != NULL && session->round->asked < ASKED_MAX &&
           !transport->is_broken && transport_pending(transport) < PENDING_BYTES_MAX;
}

static enum lattn_status questions_ask(const struct session *session)
{
    struct interview *interview = session->interview;
    enum lattn_status status = LATTN_OK;
    uint64_t now = now_ns();

    while (status == LATTN_OK && may_ask(session) && rate_wait_ns(&interview->rate, now) == 0) {
        const struct round_entry *entry = round_next(session->round);

        status = interview->settings.is_daemon
                     ? question_write_request(&interview->transport.out, session->oracle, entry->id,
                                              entry->question)
                     : question_write(&interview->transport.out, session->oracle, entry->id,
                                      entry->question);
        if (status != LATTN_OK)
            break;
        if (session->round->asked == 0)
            interview->since_ns = now;
        rate_take(&interview->rate, now);
        round_ask(session->round);
    }
    return status;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static uint64_t wait_ns(const struct session *session)
{
    const struct interview *interview = session->interview;
    uint64_t now = now_ns();
    uint64_t wait = session->round->asked > 0 ? timeout_left_ns(interview, now) : for_ever_ns;
    uint64_t due = rate_wait_ns(&interview->rate, now);

    return may_ask(session) && due < wait ? due : wait;
}

static enum lattn_status timeout_check(const struct session *session)
{
    const struct interview *interview = session->interview;
    const struct round_entry *oldest = round_oldest(session->round);
    char time[24];

    if (oldest == NULL || timeout_left_ns(interview, now_ns()) > 0)
        return LATTN_OK;
    timeout_write(interview, time, sizeof time);
    return refuse(session->complaint, LATTN_TIMEOUT,
                  "question %" PRIu64 " was not answered within %s%s", oldest->id, time,
                  interview->has_answered || interview->settings.command == NULL
                      ? ""
                      : ": does it flush each line that it prints?");
}

/* What came before the end counts. */
static enum lattn_status turn(const struct session *session)
{
    struct interview *interview = session->interview;
    enum lattn_status ended = transport_turn(&interview->transport, wait_ns(session));
    enum lattn_status status = ended == LATTN_NO_MEMORY ? ended : lines_take(session);

    /* Whoever reads no more, and has answered all that it has read, is at its end as well. */
    if (interview->transport.is_broken && session->round->asked == 0)
        ended = LATTN_CLOSED;
    if (status == LATTN_OK && ended == LATTN_CLOSED && !round_is_over(session->round)) {
        status = end_take(interview, round_oldest(session->round), session->complaint);
        round_again(session->round);
    }
    return status;
}

enum lattn_status interview_ask(struct interview *interview, const struct lattn_oracle *oracle,
                                struct round *round, interview_answer_fn take, void *arg,
                                struct lattn_complaint *complaint)
{
    const struct session session = {interview, oracle, round, take, arg, complaint};
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && !round_is_over(round)) {
        status = begin(interview, complaint);
        if (status == LATTN_OK)
            status = daemon_check(&session);
        if (status == LATTN_OK)
            status = turn(&session);
        if (status == LATTN_OK)
            status = timeout_check(&session);
        if (status == LATTN_OK && interview->transport.is_open)
            status = questions_ask(&session);
    }
    return status;
}
