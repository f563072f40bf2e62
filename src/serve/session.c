#include "serve/session.h"

#include <lattn/wire.h>

#include "base/memory.h"
#include "serve/bounds.h"
#include "serve/intake.h"
#include "serve/log.h"
#include "serve/outbox.h"
#include "serve/patience.h"
#include "serve/subscription.h"

#include <assert.h>

/* How long a client whose stream is lost may take to see its answers and go. */
enum { LINGER_MS = 2000 };

enum input {
    INPUT_OPEN,
    INPUT_ENDED, /* nothing more will come; what came is not all handed on */
    INPUT_DONE
};

/*
 * timer      for a bulletin that came too early for its subscriber, or for the end of lingering
 * whole      for a long message to become whole; it holds memory of all
 * active_ms  when a message became whole or an answer left
 * refused    why the first message was that was; LATTN_OK: none
 * is_asking  what it sent last was a request
 * is_lost    a message was refused behind which nothing can be read: what still comes is dropped
 * away       chunks handed on that have not come back: while there are any the session stays
 * is_gone    there is nobody left to answer
 */
struct session {
    struct session_links links;
    const struct session_host *host;
    struct channel *channel;
    uv_timer_t timer;
    struct patience whole;
    struct outbox outbox;
    uint64_t active_ms;
    int is_standard;
    int is_flooding; /* the last read was full: there may be no end to them */
    int is_asking;
    struct intake intake;
    enum chunk_purpose purpose;
    struct tally tally;
    enum lattn_status refused;
    enum input input;
    int is_cut; /* the input broke off: its last piece is no message */
    int is_lost;
    int is_lingering;
    int is_finishing;
    int is_kept;
    int is_gone;
    int handles_open;
    int idle_reported;
    size_t away;
    size_t messages_away;
    size_t requests_away;
    size_t bytes_away;
    struct subscription subscription;
};

struct session_links *session_links(struct session *session)
{
    return &session->links;
}

const char *session_peer(const struct session *session)
{
    return channel_peer(session->channel);
}

struct channel *session_channel(struct session *session)
{
    return session->channel;
}

struct session_outcome session_outcome(const struct session *session)
{
    return (struct session_outcome){session->tally, session->refused};
}

/* ---- the end ---- */

static void report_ended(struct session *session)
{
    if (session->handles_open == 0 && session->away == 0)
        session->host->ended(session->host->arg, session);
}

static void channel_closed(void *arg)
{
    struct session *session = arg;

    session->handles_open--;
    report_ended(session);
}

static void timer_closed(uv_handle_t *handle)
{
    channel_closed(handle->data);
}

void session_abort(struct session *session)
{
    if (session->is_gone)
        return;
    session->is_gone = 1;
    session->input = INPUT_DONE;
    channel_close(session->channel);
    uv_close((uv_handle_t *)&session->timer, timer_closed);
    patience_close(&session->whole, timer_closed);
    outbox_close(&session->outbox, timer_closed);
    inbox_done(&session->intake.inbox);
}

void session_drop(struct session *session, const char *why)
{
    if (session->is_gone)
        return;
    session->host->dropped(session->host->arg, why);
    session_abort(session);
}

size_t session_output(const struct session *session)
{
    return session->outbox.bytes;
}

uint64_t session_idle_ms(const struct session *session)
{
    if (session->is_lingering && !session->is_gone)
        return 0;
    if (session->is_gone || session->is_standard || session->away > 0 ||
        session->outbox.bytes > 0 || session->subscription.is_on)
        return UINT64_MAX;
    return session->active_ms;
}

int session_wants_spectrum(const struct session *session)
{
    return !session->is_gone && session->subscription.is_on &&
           (session->subscription.what & LATTN_TOPIC_SPECTRUM) != 0;
}

int session_is_gone(const struct session *session)
{
    return session->is_gone;
}

int session_is_idle(const struct session *session)
{
    return session->input == INPUT_DONE && session->away == 0;
}

static void linger_over(uv_timer_t *timer)
{
    session_abort(timer->data);
}

/* A client that still sends could lose answers to a close: it is told, and has a while to read. */
static void session_linger(struct session *session)
{
    if (session->is_lingering)
        return;
    session->is_lingering = 1;
    session->subscription.is_on = 0;
    channel_shutdown(session->channel);
    (void)uv_timer_start(&session->timer, linger_over, LINGER_MS, 0); /* fails only if closing */
}

/* Where all was handed on and answered, say so; where it was also taken, end. */
static void session_settle(struct session *session)
{
    if (!session_is_idle(session))
        return;
    if (!session->idle_reported) {
        session->idle_reported = 1;
        session->host->idle(session->host->arg, session);
    }
    if (session->is_kept || session->outbox.bytes > 0)
        return;
    if (session->is_lost)
        session_linger(session);
    else
        session_abort(session);
}

static void session_out_of_memory(struct session *session)
{
    log_event(LOG_LEVEL_ERROR, "connection dropped",
              LOG_FIELDS(log_text("error", lattn_status_text(LATTN_NO_MEMORY))));
    session_abort(session);
}

/* ---- messages in ---- */

/* Does the client leave its answers unread? Whoever asks for more of them is stopped sooner. */
static int is_deaf(const struct session *session)
{
    return session->outbox.bytes >= (session->is_asking ? OUTPUT_BYTES_ASKED : OUTPUT_BYTES_ENOUGH);
}

/* Is enough of this client under way? When the daemon ends it no longer waits for it to read. */
static int is_full(const struct session *session)
{
    return session->requests_away >= REQUESTS_AWAY_MAX ||
           session->messages_away >= MESSAGES_AWAY_MAX ||
           session->bytes_away >= QUEUE_BYTES_SHARE || (is_deaf(session) && !session->is_finishing);
}

/* Must this client's messages wait? */
static int is_held_up(const struct session *session)
{
    return session->host->is_paused || session->links.is_waiting || is_full(session);
}

static void chunk_send(struct session *session, struct chunk *chunk)
{
    if (chunk->entries_count == 0) {
        chunk_close(&chunk);
        return;
    }
    chunk_seal(chunk);
    session->away++;
    session->messages_away += chunk->entries_count;
    session->requests_away += chunk->requests_count;
    session->is_asking = chunk->requests_count > 0;
    session->bytes_away += chunk->bytes;
    session->active_ms = uv_now(session->host->loop);
    patience_renew(&session->whole);
    session->host->submit(session->host->arg, chunk);
}

static enum lattn_status chunk_begin(struct session *session, struct chunk **ret_chunk)
{
    enum lattn_status status =
        chunk_open(ret_chunk, session->intake.inbox.format, session, &session->tally);

    if (status == LATTN_OK)
        (*ret_chunk)->purpose = session->purpose;
    return status;
}

/* Hand on the messages that are here, as many as a turn allows. Returns as intake_fill. */
static enum lattn_status messages_send(struct session *session)
{
    struct chunk *chunk = NULL;
    enum lattn_status status;

    if (session->input == INPUT_DONE) {
        dues_charge_rest(&session->intake.dues);
        return LATTN_MORE;
    }
    status = chunk_begin(session, &chunk);
    if (status != LATTN_OK)
        return status;
    chunk->is_unheard = channel_is_mute(session->channel);
    status = intake_fill(&session->intake, session->host->turns,
                         session->input == INPUT_ENDED && !session->is_cut, chunk);
    chunk_send(session, chunk);
    return status;
}

/* Is that all of the input? status: of the last look for messages. */
static void input_consider_done(struct session *session, enum lattn_status status)
{
    if (session->input == INPUT_OPEN && inbox_is_lost(&session->intake.inbox)) {
        session->is_lost = 1;
        session->input = INPUT_DONE;
    }
    if (session->input == INPUT_ENDED && status == LATTN_MORE)
        session->input = INPUT_DONE;
}

/* Ask for bytes where they have a place; those behind a lost message, too, and drop them. */
static enum lattn_status input_ask(struct session *session)
{
    int is_open = session->input == INPUT_OPEN;
    int is_wanted = (is_open || session->is_lost) && !is_held_up(session);
    enum lattn_status status = LATTN_OK;

    if (is_wanted && is_open)
        status = inbox_expect(&session->intake.inbox);
    if (is_wanted && status == LATTN_OK)
        channel_read_start(session->channel);
    else
        channel_read_stop(session->channel);
    /* Also where there is no place: if all wait who hold some, somebody has to go. */
    if (is_wanted && session->intake.inbox.pooled > 0)
        patience_start(&session->whole);
    else
        patience_stop(&session->whole);
    return status;
}

/* What is left waits for a turn, as does what is behind a full read. status: as above, or OK. */
static void turn_consider(struct session *session, enum lattn_status status)
{
    int goes_on = status == LATTN_OK || session->is_flooding;

    session->is_flooding = 0;
    if (goes_on && (session->input != INPUT_DONE || session->is_lost) && !is_full(session))
        session->host->wait(session->host->arg, session);
}

/* Go on as far as one turn allows: hand on messages, ask for bytes or not, end. */
void session_flow(struct session *session)
{
    enum lattn_status status = LATTN_OK;

    if (session->is_gone || session->links.is_waiting)
        return;
    if (!is_held_up(session) && dues_settle(&session->intake.dues))
        status = messages_send(session);
    if (status != LATTN_NO_MEMORY) {
        inbox_trim(&session->intake.inbox);
        input_consider_done(session, status);
        turn_consider(session, status);
        status = input_ask(session);
    }
    if (status == LATTN_NO_MEMORY)
        session_out_of_memory(session);
    else
        session_settle(session);
}

/* Refuse the message under way, as the last one. Returns LATTN_OK or LATTN_NO_MEMORY. */
static enum lattn_status message_abandon(struct session *session)
{
    struct chunk *chunk = NULL;
    enum lattn_status status = chunk_begin(session, &chunk);

    if (status != LATTN_OK)
        return status;
    status = intake_abandon(&session->intake, session->host->message_timeout_ms, chunk);
    if (status == LATTN_OK)
        chunk_send(session, chunk);
    else
        chunk_close(&chunk);
    return status;
}

static void message_timed_out(void *arg)
{
    struct session *session = arg;

    session->host->dropped(session->host->arg, "a long message does not become whole");
    if (message_abandon(session) == LATTN_OK)
        session_flow(session);
    else
        session_out_of_memory(session);
}

static char *room_give(void *arg, size_t *ret_length)
{
    struct session *session = arg;

    return inbox_room(&session->intake.inbox, ret_length);
}

static void bytes_came(void *arg, const char *bytes, size_t length)
{
    struct session *session = arg;
    enum lattn_status status = LATTN_OK;

    session->is_flooding = channel_is_full(session->channel);
    if (session->input == INPUT_OPEN)
        status = intake_add(&session->intake, bytes, length);
    else
        intake_pass(&session->intake, length);
    if (status == LATTN_OK)
        session_flow(session);
    else
        session_out_of_memory(session);
}

static void input_ended(void *arg, int error)
{
    struct session *session = arg;

    if (error != 0) {
        log_event(LOG_LEVEL_DEBUG, "connection broke off",
                  LOG_FIELDS(log_text("error", uv_strerror(error))));
        session->is_cut = 1;
    }
    if (session->input == INPUT_OPEN)
        session->input = INPUT_ENDED;
    session->is_lost = error == UV_EACCES; /* it has still to read why */
    session_flow(session);
}

void session_finish(struct session *session)
{
    session->is_kept = 1;
    session->is_finishing = 1;
    session->is_lost = 0;
    if (session->input == INPUT_OPEN) {
        session->input = INPUT_ENDED;
        session->is_cut = 1;
    }
    session_flow(session);
}

void session_keep(struct session *session)
{
    session->is_kept = 1;
}

void session_let_go(struct session *session)
{
    session->is_kept = 0;
    if (!session->is_gone)
        session_settle(session);
}

/* ---- answers and emissions out ---- */

static void timer_fired(uv_timer_t *timer)
{
    session_publish(timer->data);
}

/* Where the clients leave too much unread, all together, somebody is dropped: maybe this one. */
static void output_write(struct session *session, struct lattn_text *text)
{
    if (outbox_write(&session->outbox, text) != LATTN_OK)
        session->host->crowded(session->host->arg);
}

static void output_drained(void *arg)
{
    struct session *session = arg;

    session->active_ms = uv_now(session->host->loop);
    outbox_drained(&session->outbox);
    session_publish(session);
    session_flow(session);
}

static void output_timed_out(void *arg)
{
    struct session *session = arg;

    if (outbox_is_stuck(&session->outbox))
        session_drop(session, "answers are not taken");
}

static void bulletin_send(struct session *session, const struct bulletin *bulletin)
{
    struct lattn_text text;

    lattn_text_init(&text);
    if (subscription_write(&session->subscription, bulletin, session->intake.inbox.format, &text) ==
        LATTN_OK)
        output_write(session, &text);
    lattn_text_done(&text);
}

/*
 * A bulletin that comes too early waits for its time, one to a deaf client until it reads, any
 * until half of the memory is free, since the rest is left to answers.
 */
void session_publish(struct session *session)
{
    const struct bulletin *newest = session->host->newest;
    uint64_t now_ms = uv_hrtime() / 1000000;
    uint64_t wait_ms;

    if (session->is_gone || !subscription_wants(&session->subscription, newest) || is_deaf(session))
        return;
    wait_ms = subscription_wait(&session->subscription, now_ms);
    if (wait_ms > 0) {
        (void)uv_timer_start(&session->timer, timer_fired, wait_ms, 0); /* fails only if closing */
    } else if (pool_has_half(session->host->output)) {
        subscription_sent(&session->subscription, newest, now_ms);
        bulletin_send(session, newest);
    }
}

void session_answer(struct session *session, struct chunk *chunk)
{
    assert(session->away > 0);
    session->away--;
    session->messages_away -= chunk->entries_count;
    session->requests_away -= chunk->requests_count;
    session->bytes_away -= chunk->bytes;
    session->active_ms = uv_now(session->host->loop);
    if (session->refused == LATTN_OK)
        session->refused = chunk->refused;
    if (chunk->answers_lost && !session->is_gone)
        session_out_of_memory(session);
    if (!session->is_gone)
        output_write(session, &chunk->answers);
    if (!session->is_gone) {
        if (subscription_begin(&session->subscription, chunk))
            session->host->subscribed(session->host->arg);
        session_publish(session);
    }
    chunk_close(&chunk);
    if (session->is_gone)
        report_ended(session);
    else
        session_flow(session);
}

/* ---- opening and closing ---- */

static const struct channel_events session_events = {
    .room = room_give,
    .bytes = bytes_came,
    .ended = input_ended,
    .drained = output_drained,
    .closed = channel_closed,
};

static struct session *session_make(const struct session_host *host)
{
    struct session *session = memory_zeroed(1, sizeof *session);

    if (session == NULL)
        return NULL;
    session->host = host;
    session->active_ms = uv_now(host->loop);
    inbox_init(&session->intake.inbox, host->frame_bytes_max, host->input);
    return session;
}

/* The channel is there: begin to read. Or there is none, and the session is released. */
static enum lattn_status session_begin(struct session **ret_session, struct session *session,
                                       enum lattn_status status)
{
    if (status != LATTN_OK) {
        memory_release(session);
        return status;
    }
    (void)uv_timer_init(session->host->loop, &session->timer); /* cannot fail */
    session->timer.data = session;
    patience_init(&session->whole, session->host->loop, session->host->message_timeout_ms,
                  message_timed_out, session);
    outbox_init(&session->outbox, session->channel, session->host->output, session->host->loop,
                session->host->send_timeout_ms, output_timed_out, session);
    session->handles_open = 4;
    *ret_session = session;
    session_flow(session);
    return LATTN_OK;
}

enum lattn_status session_accept(struct session **ret_session, const struct session_host *host,
                                 uv_stream_t *listener)
{
    struct session *session = session_make(host);

    if (session == NULL)
        return LATTN_NO_MEMORY;
    return session_begin(
        ret_session, session,
        channel_accept(&session->channel, listener, host->access, &session_events, session));
}

enum lattn_status session_carry(struct session **ret_session, const struct session_host *host,
                                enum chunk_purpose purpose, const struct channel_carrier *carrier,
                                void *carrier_arg, const struct peer *peer)
{
    struct session *session = session_make(host);

    if (session == NULL)
        return LATTN_NO_MEMORY;
    session->purpose = purpose;
    inbox_expect_lines(&session->intake.inbox);
    return session_begin(ret_session, session,
                         channel_carry(&session->channel, host->loop, carrier, carrier_arg, peer,
                                       &session_events, session));
}

enum lattn_status session_standard(struct session **ret_session, const struct session_host *host,
                                   struct lattn_complaint *complaint)
{
    struct session *session = session_make(host);

    if (session == NULL)
        return LATTN_NO_MEMORY;
    session->is_standard = 1;
    return session_begin(
        ret_session, session,
        channel_standard(&session->channel, host->loop, &session_events, session, complaint));
}

void session_close(struct session **session)
{
    struct session *old = *session;

    assert(old->handles_open == 0 && old->away == 0);
    inbox_done(&old->intake.inbox);
    channel_release(&old->channel);
    memory_release(old);
    *session = NULL;
}
