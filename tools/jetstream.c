/*
 * The client library has threads of its own, which call us: what they have to tell goes into a
 * list under a lock, and a descriptor wakes whoever polls. He takes the whole list at once.
 *
 * Answers to messages come through a context of the library. Those under way when a connection
 * breaks are never answered, and the context would wait for them for ever: each connection has one
 * of its own, and what an old one says is passed over.
 */
#include "jetstream.h"

#include <nats/nats.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ANSWER_MS_MAX = 2000,
    CONNECT_MS_MAX = 5000,
    RECONNECT_MS = 100,
    RECONNECT_MS_MAX = 2000,
    /* A server that hangs is noticed after this, times PINGS_MAX. */
    PING_MS = 5000,
    PINGS_MAX = 2,
    WRITE_MS_MAX = 10000,
    /* We bound what is under way; the library shall not wait on its own. */
    PENDING_MAX = 1 << 20
};

struct jetstream_events {
    struct jetstream_event *list;
    size_t count;
    size_t capacity;
};

struct jetstream {
    natsOptions *options;
    natsConnection *connection;
    jsCtx *context;
    uint64_t context_connection; /* the one that the context is of */
    int fd;
    struct jetstream_events taken; /* those before `next` were given */
    size_t next;

    pthread_mutex_t lock; /* all below */
    struct jetstream_events coming;
    uint64_t connections;
    int is_closing;
};

/* ---- events -------------------------------------------------------------------------------- */

static int room_make(struct jetstream_events *events)
{
    size_t capacity = 2 * events->capacity + 64;
    struct jetstream_event *list;

    if (events->count < events->capacity)
        return 1;
    list = realloc(events->list, capacity * sizeof *list);
    if (list == NULL)
        return 0;
    events->list = list;
    events->capacity = capacity;
    return 1;
}

/*
 * With the lock held. An event without room is lost: its message is sent again in time. Only the
 * first wakes whoever polls, who takes all of them then.
 */
static void event_add(struct jetstream *jetstream, const struct jetstream_event *event)
{
    struct jetstream_events *events = &jetstream->coming;
    const uint64_t one = 1;

    if (jetstream->is_closing || !room_make(events))
        return;
    events->list[events->count++] = *event;
    if (events->count == 1)
        (void)!write(jetstream->fd, &one, sizeof one); /* fails only where it is readable already */
}

static void connection_tell(struct jetstream *jetstream, natsConnection *connection,
                            enum jetstream_kind kind)
{
    struct jetstream_event event = {.kind = kind};
    const char *reason = NULL;

    if (kind != JETSTREAM_BACK)
        (void)natsConnection_GetLastError(connection, &reason);
    snprintf(event.reason, sizeof event.reason, "%s",
             reason != NULL && reason[0] != '\0' ? reason : "the connection broke");
    pthread_mutex_lock(&jetstream->lock);
    if (kind == JETSTREAM_BACK)
        jetstream->connections++;
    event_add(jetstream, &event);
    pthread_mutex_unlock(&jetstream->lock);
}

static void on_disconnected(natsConnection *connection, void *arg)
{
    connection_tell(arg, connection, JETSTREAM_AWAY);
}

static void on_reconnected(natsConnection *connection, void *arg)
{
    connection_tell(arg, connection, JETSTREAM_BACK);
}

/* The library gives up where a server refuses us twice. */
static void on_closed(natsConnection *connection, void *arg)
{
    connection_tell(arg, connection, JETSTREAM_DENIED);
}

/* Rights that we lack are told here, behind the messages that needed them. */
static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus error,
                     void *arg)
{
    (void)subscription;
    if (error == NATS_NOT_PERMITTED)
        connection_tell(arg, connection, JETSTREAM_DENIED);
}

/* What stands behind the last dot of a text. */
static uint64_t number_behind_dot(const char *text)
{
    const char *dot = text == NULL ? NULL : strrchr(text, '.');

    return dot == NULL ? 0 : strtoull(dot + 1, NULL, 10);
}

static void on_answer(jsCtx *context, natsMsg *message, jsPubAck *stored, jsPubAckErr *refused,
                      void *arg)
{
    struct jetstream *jetstream = arg;
    struct jetstream_event event = {.kind = JETSTREAM_REFUSED};
    const char *id = NULL;

    (void)natsMsgHeader_Get(message, "Nats-Msg-Id", &id); /* without one the number is 0 */
    event.shard = (uint32_t)number_behind_dot(natsMsg_GetSubject(message));
    event.number = number_behind_dot(id);
    if (stored != NULL) {
        event.kind = JETSTREAM_STORED;
        event.sequence = stored->Sequence;
        event.is_duplicate = stored->Duplicate;
    } else if (refused != NULL) {
        event.is_orphan = refused->Err == NATS_NO_RESPONDERS;
        snprintf(event.reason, sizeof event.reason, "%s",
                 refused->ErrText != NULL && refused->ErrText[0] != '\0'
                     ? refused->ErrText
                     : natsStatus_GetText(refused->Err));
    }
    pthread_mutex_lock(&jetstream->lock);
    if (context == jetstream->context && jetstream->context_connection == jetstream->connections)
        event_add(jetstream, &event);
    pthread_mutex_unlock(&jetstream->lock);
    natsMsg_Destroy(message);
}

int jetstream_fd(const struct jetstream *jetstream)
{
    return jetstream->fd;
}

/* All that have come, in place of those that were taken. */
static void events_take(struct jetstream *jetstream)
{
    struct jetstream_events taken = jetstream->taken;
    uint64_t count;

    taken.count = 0;
    pthread_mutex_lock(&jetstream->lock);
    jetstream->taken = jetstream->coming;
    jetstream->coming = taken;
    (void)!read(jetstream->fd, &count, sizeof count); /* under the lock: nothing is missed */
    pthread_mutex_unlock(&jetstream->lock);
    jetstream->next = 0;
}

enum lattn_status jetstream_next(struct jetstream *jetstream, struct jetstream_event *ret_event)
{
    if (jetstream->next == jetstream->taken.count)
        events_take(jetstream);
    if (jetstream->next == jetstream->taken.count)
        return LATTN_MORE;
    *ret_event = jetstream->taken.list[jetstream->next++];
    return LATTN_OK;
}

uint64_t jetstream_connections(struct jetstream *jetstream)
{
    uint64_t connections;

    pthread_mutex_lock(&jetstream->lock);
    connections = jetstream->connections;
    pthread_mutex_unlock(&jetstream->lock);
    return connections;
}

/* ---- opening and closing ------------------------------------------------------------------- */

static natsStatus servers_set(natsOptions *options, const struct jetstream_settings *settings)
{
    const struct lattn_stream_url *url = settings->url;
    const char *servers[LATTN_STREAM_SERVERS_MAX];
    natsStatus status;

    for (int32_t i = 0; i < url->servers_count; i++)
        servers[i] = url->servers[i];
    status = natsOptions_SetServers(options, servers, url->servers_count);
    if (status == NATS_OK && url->is_secure)
        status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK && settings->authority != NULL)
        status = natsOptions_LoadCATrustedCertificates(options, settings->authority);
    if (status == NATS_OK && settings->creds != NULL)
        status = natsOptions_SetUserCredentialsFromFiles(options, settings->creds, NULL);
    if (status == NATS_OK && settings->token != NULL)
        status = natsOptions_SetToken(options, settings->token);
    if (status == NATS_OK && settings->user != NULL)
        status = natsOptions_SetUserInfo(options, settings->user, settings->password);
    return status;
}

static natsStatus patience_set(natsOptions *options)
{
    natsStatus status = natsOptions_SetName(options, "lattn publish");

    if (status == NATS_OK)
        status = natsOptions_SetTimeout(options, CONNECT_MS_MAX);
    if (status == NATS_OK)
        status = natsOptions_SetMaxReconnect(options, -1);
    if (status == NATS_OK)
        status = natsOptions_SetReconnectWait(options, RECONNECT_MS);
    if (status == NATS_OK)
        status = natsOptions_SetReconnectJitter(options, RECONNECT_MS, RECONNECT_MS_MAX);
    if (status == NATS_OK)
        status = natsOptions_SetPingInterval(options, PING_MS);
    if (status == NATS_OK)
        status = natsOptions_SetMaxPingsOut(options, PINGS_MAX);
    if (status == NATS_OK)
        status = natsOptions_SetWriteDeadline(options, WRITE_MS_MAX);
    if (status == NATS_OK)
        status = natsOptions_SetFailRequestsOnDisconnect(options, true);
    return status;
}

static natsStatus handlers_set(natsOptions *options, struct jetstream *jetstream)
{
    natsStatus status = natsOptions_SetDisconnectedCB(options, on_disconnected, jetstream);

    if (status == NATS_OK)
        status = natsOptions_SetReconnectedCB(options, on_reconnected, jetstream);
    if (status == NATS_OK)
        status = natsOptions_SetClosedCB(options, on_closed, jetstream);
    if (status == NATS_OK)
        status = natsOptions_SetErrorHandler(options, on_error, jetstream);
    return status;
}

/* A context of the connection that there is now. */
static natsStatus context_make(struct jetstream *jetstream)
{
    uint64_t connections = jetstream_connections(jetstream);
    jsCtx *before = jetstream->context;
    jsCtx *context = NULL;
    jsOptions options;
    natsStatus status;

    jsOptions_Init(&options);
    options.Wait = ANSWER_MS_MAX;
    options.PublishAsync.MaxPending = PENDING_MAX;
    options.PublishAsync.AckHandler = on_answer;
    options.PublishAsync.AckHandlerClosure = jetstream;
    status = natsConnection_JetStream(&context, jetstream->connection, &options);
    if (status != NATS_OK)
        return status;
    pthread_mutex_lock(&jetstream->lock);
    jetstream->context = context;
    jetstream->context_connection = connections;
    pthread_mutex_unlock(&jetstream->lock);
    jsCtx_Destroy(before);
    return NATS_OK;
}

/* What the library says of the call of this thread that failed, without where in it that was. */
static const char *words_of(natsStatus status)
{
    const char *words = status == NATS_OK ? NULL : nats_GetLastError(NULL);
    const char *place = words != NULL && words[0] == '(' ? strstr(words, "): ") : NULL;

    if (place != NULL)
        words = place + strlen("): ");
    return words != NULL && words[0] != '\0' ? words : natsStatus_GetText(status);
}

static enum lattn_status open_refuse(natsStatus status, struct lattn_complaint *complaint)
{
    const char *words = words_of(status);

    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
        snprintf(complaint->text, sizeof complaint->text, "not let in: %.200s", words);
        return LATTN_DENIED;
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_SECURE_CONNECTION_WANTED:
        snprintf(complaint->text, sizeof complaint->text, "no TLS with it: %.200s", words);
        return LATTN_DENIED;
    case NATS_NO_MEMORY:
        snprintf(complaint->text, sizeof complaint->text, "%s", lattn_status_text(LATTN_NO_MEMORY));
        return LATTN_NO_MEMORY;
    default:
        snprintf(complaint->text, sizeof complaint->text, "cannot connect: %.200s", words);
        return LATTN_CLOSED;
    }
}

enum lattn_status jetstream_open(struct jetstream **ret_jetstream,
                                 const struct jetstream_settings *settings,
                                 struct lattn_complaint *complaint)
{
    struct jetstream *jetstream = calloc(1, sizeof *jetstream);
    enum lattn_status refusal;
    natsStatus status;

    if (jetstream == NULL)
        return open_refuse(NATS_NO_MEMORY, complaint);
    (void)pthread_mutex_init(&jetstream->lock, NULL); /* cannot fail without attributes */
    jetstream->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    status = jetstream->fd < 0 ? NATS_SYS_ERROR : natsOptions_Create(&jetstream->options);
    if (status == NATS_OK)
        status = servers_set(jetstream->options, settings);
    if (status == NATS_OK)
        status = patience_set(jetstream->options);
    if (status == NATS_OK)
        status = handlers_set(jetstream->options, jetstream);
    if (status == NATS_OK)
        status = natsConnection_Connect(&jetstream->connection, jetstream->options);
    if (status == NATS_OK)
        status = context_make(jetstream);
    if (status == NATS_OK) {
        *ret_jetstream = jetstream;
        return LATTN_OK;
    }
    refusal = open_refuse(status, complaint); /* before closing takes the words away */
    jetstream_close(&jetstream);
    return refusal;
}

void jetstream_close(struct jetstream **jetstream)
{
    struct jetstream *closed = *jetstream;

    *jetstream = NULL;
    if (closed == NULL)
        return;
    pthread_mutex_lock(&closed->lock);
    closed->is_closing = 1;
    pthread_mutex_unlock(&closed->lock);
    jsCtx_Destroy(closed->context);
    natsConnection_Destroy(closed->connection);
    natsOptions_Destroy(closed->options);
    nats_CloseAndWait(0); /* the library's threads call us no more */
    pthread_mutex_destroy(&closed->lock);
    if (closed->fd >= 0)
        (void)close(closed->fd); /* only a counter */
    free(closed->taken.list);
    free(closed->coming.list);
    free(closed);
}

uint64_t jetstream_bytes_max(const struct jetstream *jetstream)
{
    int64_t bytes = natsConnection_GetMaxPayload(jetstream->connection);

    return bytes > 0 ? (uint64_t)bytes : 0;
}

/* ---- messages ------------------------------------------------------------------------------ */

enum lattn_status jetstream_publish(struct jetstream *jetstream, const char *subject,
                                    const char *id, const char *bytes, size_t length)
{
    jsPubOptions options;
    natsStatus status;

    if (natsConnection_Status(jetstream->connection) != NATS_CONN_STATUS_CONNECTED)
        return LATTN_CLOSED;
    if (jetstream->context_connection != jetstream_connections(jetstream) &&
        context_make(jetstream) != NATS_OK)
        return LATTN_CLOSED;
    jsPubOptions_Init(&options);
    options.MsgId = id;
    status = js_PublishAsync(jetstream->context, subject, bytes, (int)length, &options);
    return status == NATS_OK ? LATTN_OK : status == NATS_NO_MEMORY ? LATTN_NO_MEMORY : LATTN_CLOSED;
}

/* ---- streams ------------------------------------------------------------------------------- */

/* What an answer says, with the server's code where it gave one. */
static enum lattn_status answer_status(natsStatus status, jsErrCode code,
                                       struct lattn_complaint *complaint)
{
    snprintf(complaint->text, sizeof complaint->text, "%.200s", words_of(status));
    if (status == NATS_OK)
        return LATTN_OK;
    if (status == NATS_NO_MEMORY)
        return LATTN_NO_MEMORY;
    if (code == JSStreamNameExistErr || code == JSStreamSubjectOverlapErr)
        return LATTN_CONFLICT;
    if (status == NATS_NOT_FOUND)
        return LATTN_NO_DATA;
    if (status == NATS_NO_RESPONDERS || code == JSNotEnabledErr ||
        code == JSNotEnabledForAccountErr) {
        snprintf(complaint->text, sizeof complaint->text, "the server has no JetStream");
        return LATTN_CLOSED;
    }
    if (code == 0 || code == JSClusterNotAvailErr || code == JSStreamOfflineErr)
        return LATTN_CLOSED;
    return LATTN_REFUSED;
}

static struct jetstream_stream stream_read(const jsStreamInfo *info)
{
    const jsStreamConfig *config = info->Config;
    struct jetstream_stream stream = {
        .layout = {.subjects = config->SubjectsLen,
                   .is_on_disk = config->Storage == js_FileStorage,
                   .keeps_old = config->Discard == js_DiscardNew,
                   .keeps_taken = config->Retention == js_LimitsPolicy},
        .message_bytes_max = config->MaxMsgSize > 0 ? (uint64_t)config->MaxMsgSize : 0,
        .first = info->State.FirstSeq,
        .last = info->State.LastSeq,
    };

    snprintf(stream.layout.subject, sizeof stream.layout.subject, "%s",
             config->SubjectsLen > 0 ? config->Subjects[0] : "");
    snprintf(stream.layout.description, sizeof stream.layout.description, "%s",
             config->Description != NULL ? config->Description : "");
    return stream;
}

enum lattn_status jetstream_get(struct jetstream *jetstream, const char *name,
                                struct jetstream_stream *ret_stream,
                                struct lattn_complaint *complaint)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus status = js_GetStreamInfo(&info, jetstream->context, name, NULL, &code);

    if (status == NATS_OK)
        *ret_stream = stream_read(info);
    jsStreamInfo_Destroy(info);
    return answer_status(status, code, complaint);
}

enum lattn_status jetstream_make(struct jetstream *jetstream, const struct lattn_layout *layout,
                                 uint64_t bytes_max, struct lattn_complaint *complaint)
{
    const char *subject = layout->subject;
    jsErrCode code = 0;
    jsStreamConfig config;
    natsStatus status;

    jsStreamConfig_Init(&config);
    config.Name = layout->stream;
    config.Description = layout->description;
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    config.Retention = js_LimitsPolicy;
    config.Storage = js_FileStorage;
    config.Discard = js_DiscardNew;
    config.Duplicates = LATTN_LAYOUT_DUPLICATES_S * INT64_C(1000000000);
    if (bytes_max > 0)
        config.MaxBytes = (int64_t)bytes_max;
    status = js_AddStream(NULL, jetstream->context, &config, NULL, &code);
    return answer_status(status, code, complaint);
}

enum lattn_status jetstream_has(struct jetstream *jetstream, const char *stream, uint64_t sequence,
                                const char *id, struct lattn_complaint *complaint)
{
    natsMsg *message = NULL;
    const char *found = NULL;
    jsErrCode code = 0;
    natsStatus status = js_GetMsg(&message, jetstream->context, stream, sequence, NULL, &code);
    enum lattn_status answer = answer_status(status, code, complaint);

    if (answer == LATTN_OK &&
        (natsMsgHeader_Get(message, "Nats-Msg-Id", &found) != NATS_OK || strcmp(found, id) != 0))
        answer = LATTN_CONFLICT;
    natsMsg_Destroy(message);
    return answer;
}

enum lattn_status jetstream_floor(struct jetstream *jetstream, const char *stream,
                                  const char *consumer, uint64_t *ret_sequence,
                                  struct lattn_complaint *complaint)
{
    jsConsumerInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus status =
        js_GetConsumerInfo(&info, jetstream->context, stream, consumer, NULL, &code);

    if (status == NATS_OK)
        *ret_sequence = info->AckFloor.Stream;
    jsConsumerInfo_Destroy(info);
    return answer_status(status, code, complaint);
}
