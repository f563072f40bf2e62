/*
 * Pull with acknowledgement of all before: messages are learned in the order of the stream, so one
 * word settles a whole block of them. Time-outs are short, for there is one thread, and it has a
 * lease to renew.
 */
#include "source/jetstream.h"

#include <lattn/secret.h>

#include "base/complaint.h"
#include "base/memory.h"

#include <inttypes.h>
#include <nats/nats.h>
#include <string.h>

enum {
    CONNECT_MS = 2000,
    ANSWER_MS = 2000,
    WRITE_MS = 2000,
    PING_MS = 2000, /* a server that does not answer two of them is gone */
    PINGS_OUT = 2,
    PENDING_BATCHES = 4
};

#define NS_PER_S INT64_C(1000000000)
#define ACK_WAIT_NS (2 * NS_PER_S)

struct jetstream {
    natsConnection *connection;
    jsCtx *context;
    natsSubscription *subscription;
    natsMsgList list;
    struct jetstream_message messages[JETSTREAM_BATCH];
};

/* ---- what went wrong ------------------------------------------------------------------------ */

static enum lattn_status status_of(natsStatus status, jsErrCode code)
{
    if (code == JSStreamNotFoundErr || code == JSConsumerNotFoundErr || code == JSNoMessageFoundErr)
        return LATTN_NO_DATA;
    if (code == JSStreamNameExistErr || code == JSStreamWrongLastSequenceErr)
        return LATTN_CONFLICT;
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        return LATTN_DENIED;
    case NATS_NOT_FOUND:
        return LATTN_NO_DATA;
    case NATS_TIMEOUT:
        return LATTN_TIMEOUT;
    case NATS_NO_MEMORY:
        return LATTN_NO_MEMORY;
    case NATS_IO_ERROR:
    case NATS_CONNECTION_CLOSED:
    case NATS_CONNECTION_DISCONNECTED:
    case NATS_INVALID_SUBSCRIPTION:
    case NATS_NO_SERVER:
    case NATS_STALE_CONNECTION:
        return LATTN_CLOSED;
    default:
        return LATTN_REFUSED;
    }
}

/* The library's own words, where it has some that are about this. */
static const char *words_of(natsStatus status)
{
    natsStatus last = NATS_OK;
    const char *words = nats_GetLastError(&last);

    return last == status && words != NULL && words[0] != '\0' ? words : natsStatus_GetText(status);
}

/* what, object: "cannot look at stream", its name */
static enum lattn_status fail(struct lattn_complaint *complaint, natsStatus status, jsErrCode code,
                              const char *what, const char *object)
{
    return complain(complaint, status_of(status, code), "%s %.80s: %.120s", what, object,
                    words_of(status));
}

static enum lattn_status server_fail(struct lattn_complaint *complaint, natsStatus status,
                                     const char *what, const struct lattn_stream_url *url)
{
    return complain(complaint, status_of(status, 0), "%s %.80s%s: %.120s", what, url->servers[0],
                    url->servers_count > 1 ? " or another" : "", words_of(status));
}

/* ---- connecting ----------------------------------------------------------------------------- */

static natsStatus servers_set(natsOptions *options, const struct lattn_stream_url *url)
{
    const char *servers[LATTN_STREAM_SERVERS_MAX];
    natsStatus status;

    for (int32_t i = 0; i < url->servers_count; i++)
        servers[i] = url->servers[i];
    status = natsOptions_SetServers(options, servers, url->servers_count);
    if (status == NATS_OK && url->is_secure)
        status = natsOptions_SetSecure(options, true);
    return status;
}

/* The first line of the file: "user:password", or a token. */
static natsStatus token_use(natsOptions *options, char *text)
{
    char *colon;

    text[strcspn(text, "\r\n")] = '\0';
    colon = strchr(text, ':');
    if (colon == NULL)
        return natsOptions_SetToken(options, text);
    *colon = '\0';
    return natsOptions_SetUserInfo(options, text, colon + 1);
}

static enum lattn_status token_set(natsOptions *options, const char *path,
                                   struct lattn_complaint *complaint)
{
    struct lattn_secret secret = {0};
    struct lattn_complaint why = {""};
    enum lattn_status status = lattn_secret_read(path, &secret, &why);
    natsStatus result = NATS_OK;

    if (status != LATTN_OK)
        return complaint_blame(complaint, status, path, why.text);
    result = token_use(options, secret.bytes);
    lattn_secret_done(&secret);
    return result == NATS_OK ? LATTN_OK
                             : fail(complaint, result, 0, "cannot use the token of", path);
}

static natsStatus habits_set(natsOptions *options, const struct jetstream_settings *settings)
{
    natsStatus status = natsOptions_SetAllowReconnect(options, false);

    if (status == NATS_OK)
        status = natsOptions_SetTimeout(options, CONNECT_MS);
    if (status == NATS_OK)
        status = natsOptions_SetWriteDeadline(options, WRITE_MS);
    if (status == NATS_OK)
        status = natsOptions_SetPingInterval(options, PING_MS);
    if (status == NATS_OK)
        status = natsOptions_SetMaxPingsOut(options, PINGS_OUT);
    if (status == NATS_OK)
        status = natsOptions_SetName(options, settings->name);
    if (status == NATS_OK)
        status = natsOptions_SetIgnoreDiscoveredServers(options, true);
    return status;
}

static enum lattn_status options_set(natsOptions *options,
                                     const struct jetstream_settings *settings,
                                     struct lattn_complaint *complaint)
{
    natsStatus status = servers_set(options, settings->url);

    if (status == NATS_OK)
        status = habits_set(options, settings);
    if (status != NATS_OK)
        return server_fail(complaint, status, "cannot use", settings->url);
    if (settings->creds_file != NULL) {
        status = natsOptions_SetUserCredentialsFromFiles(options, settings->creds_file, NULL);
        if (status != NATS_OK)
            return fail(complaint, status, 0, "cannot use", settings->creds_file);
    }
    if (settings->ca_file != NULL) {
        status = natsOptions_LoadCATrustedCertificates(options, settings->ca_file);
        if (status != NATS_OK)
            return fail(complaint, status, 0, "cannot use", settings->ca_file);
    }
    if (settings->token_file != NULL)
        return token_set(options, settings->token_file, complaint);
    return LATTN_OK;
}

static enum lattn_status connection_open(struct jetstream *jetstream, natsOptions *options,
                                         const struct lattn_stream_url *url,
                                         struct lattn_complaint *complaint)
{
    natsStatus status = natsConnection_Connect(&jetstream->connection, options);
    jsOptions defaults;

    if (status == NATS_CONNECTION_AUTH_FAILED)
        return server_fail(complaint, status, "not let in by", url);
    if (status != NATS_OK)
        return server_fail(complaint, status, "cannot connect to", url);
    (void)jsOptions_Init(&defaults); /* fails for NULL alone */
    defaults.Wait = ANSWER_MS;
    status = natsConnection_JetStream(&jetstream->context, jetstream->connection, &defaults);
    return status == NATS_OK ? LATTN_OK
                             : server_fail(complaint, status, "cannot use JetStream of", url);
}

enum lattn_status jetstream_open(struct jetstream **ret_jetstream,
                                 const struct jetstream_settings *settings,
                                 struct lattn_complaint *complaint)
{
    struct jetstream *jetstream = memory_zeroed(1, sizeof *jetstream);
    natsOptions *options = NULL;
    enum lattn_status status = LATTN_OK;

    if (jetstream == NULL || natsOptions_Create(&options) != NATS_OK) {
        memory_release(jetstream);
        return complain(complaint, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
    }
    status = options_set(options, settings, complaint);
    if (status == LATTN_OK)
        status = connection_open(jetstream, options, settings->url, complaint);
    natsOptions_Destroy(options);
    if (status != LATTN_OK) {
        jetstream_close(&jetstream);
        return status;
    }
    *ret_jetstream = jetstream;
    return LATTN_OK;
}

void jetstream_close(struct jetstream **jetstream)
{
    struct jetstream *old = *jetstream;

    if (old == NULL)
        return;
    jetstream_release(old);
    natsSubscription_Destroy(old->subscription);
    jsCtx_Destroy(old->context);
    natsConnection_Destroy(old->connection);
    memory_release(old);
    *jetstream = NULL;
}

/* ---- streams -------------------------------------------------------------------------------- */

static struct jetstream_stream stream_of(const jsStreamInfo *info)
{
    const jsStreamConfig *config = info->Config;
    struct jetstream_stream stream = {
        .layout = {.subjects = config->SubjectsLen,
                   .is_on_disk = config->Storage == js_FileStorage,
                   .keeps_old = config->Discard == js_DiscardNew,
                   .keeps_taken = config->Retention == js_LimitsPolicy},
        .created_ns = info->Created,
        .first = info->State.FirstSeq,
        .last = info->State.LastSeq,
    };

    snprintf(stream.layout.subject, sizeof stream.layout.subject, "%s",
             config->SubjectsLen > 0 ? config->Subjects[0] : "");
    snprintf(stream.layout.description, sizeof stream.layout.description, "%s",
             config->Description != NULL ? config->Description : "");
    return stream;
}

enum lattn_status jetstream_look(struct jetstream *jetstream, const char *stream,
                                 struct jetstream_stream *ret_stream,
                                 struct lattn_complaint *complaint)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus status = js_GetStreamInfo(&info, jetstream->context, stream, NULL, &code);

    if (status != NATS_OK)
        return fail(complaint, status, code, "cannot look at stream", stream);
    *ret_stream = stream_of(info);
    jsStreamInfo_Destroy(info);
    return LATTN_OK;
}

enum lattn_status jetstream_make(struct jetstream *jetstream, const struct jetstream_plan *plan,
                                 struct lattn_complaint *complaint)
{
    const char *subject = plan->subject;
    jsStreamConfig config;
    jsErrCode code = 0;
    natsStatus status = jsStreamConfig_Init(&config);

    config.Name = plan->stream;
    config.Description = plan->description;
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    config.Retention = js_LimitsPolicy;
    config.Discard = plan->per_subject > 0 ? js_DiscardOld : js_DiscardNew;
    config.Duplicates = plan->duplicates_ns;
    if (plan->per_subject > 0)
        config.MaxMsgsPerSubject = plan->per_subject;
    if (status == NATS_OK)
        status = js_AddStream(NULL, jetstream->context, &config, NULL, &code);
    return status == NATS_OK ? LATTN_OK
                             : fail(complaint, status, code, "cannot make stream", plan->stream);
}

enum lattn_status jetstream_time(struct jetstream *jetstream, const char *stream, uint64_t seq,
                                 int64_t *ret_time_ns, struct lattn_complaint *complaint)
{
    natsMsg *message = NULL;
    jsErrCode code = 0;
    natsStatus status = js_GetMsg(&message, jetstream->context, stream, seq, NULL, &code);

    if (status != NATS_OK)
        return fail(complaint, status, code, "cannot look at a message of stream", stream);
    *ret_time_ns = natsMsg_GetTime(message);
    natsMsg_Destroy(message);
    return LATTN_OK;
}

enum lattn_status jetstream_newest(struct jetstream *jetstream, const char *stream,
                                   const char *subject, char ret_text[JETSTREAM_TEXT_MAX],
                                   uint64_t *ret_seq, struct lattn_complaint *complaint)
{
    natsMsg *message = NULL;
    jsErrCode code = 0;
    natsStatus status = js_GetLastMsg(&message, jetstream->context, stream, subject, NULL, &code);
    int length;

    if (status != NATS_OK)
        return fail(complaint, status, code, "cannot look at", subject);
    length = natsMsg_GetDataLength(message);
    snprintf(ret_text, JETSTREAM_TEXT_MAX, "%.*s", length,
             length > 0 ? natsMsg_GetData(message) : "");
    *ret_seq = natsMsg_GetSequence(message);
    natsMsg_Destroy(message);
    return LATTN_OK;
}

enum lattn_status jetstream_put(struct jetstream *jetstream, const char *stream,
                                const char *subject, const char *text, uint64_t behind,
                                uint64_t *ret_seq, struct lattn_complaint *complaint)
{
    jsPubAck *answer = NULL;
    jsPubOptions options;
    jsErrCode code = 0;
    natsStatus status = jsPubOptions_Init(&options);

    options.MaxWait = ANSWER_MS;
    options.ExpectStream = stream;
    options.ExpectLastSubjectSeq = behind;
    options.ExpectNoMessage = behind == 0;
    if (status == NATS_OK)
        status = js_Publish(&answer, jetstream->context, subject, text, (int)strlen(text), &options,
                            &code);
    if (status != NATS_OK)
        return fail(complaint, status, code, "cannot write", subject);
    *ret_seq = answer->Sequence;
    jsPubAck_Destroy(answer);
    return LATTN_OK;
}

/* ---- the consumer --------------------------------------------------------------------------- */

static struct jetstream_consumer consumer_of(const jsConsumerInfo *info)
{
    const jsConsumerConfig *config = info->Config;

    return (struct jetstream_consumer){
        .is_fit = config->AckPolicy == js_AckAll && config->MaxDeliver == -1 &&
                  config->AckWait == ACK_WAIT_NS && config->DeliverSubject == NULL &&
                  config->MaxAckPending >= (int64_t)PENDING_BATCHES * JETSTREAM_BATCH &&
                  !config->HeadersOnly && config->ReplayPolicy == js_ReplayInstant,
        .delivered = info->Delivered.Stream,
        .deliveries = info->Delivered.Consumer,
        .settled = info->AckFloor.Stream,
        .waiting = info->NumAckPending,
    };
}

enum lattn_status jetstream_consumer_look(struct jetstream *jetstream, const char *stream,
                                          const char *consumer,
                                          struct jetstream_consumer *ret_consumer,
                                          struct lattn_complaint *complaint)
{
    jsConsumerInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus status =
        js_GetConsumerInfo(&info, jetstream->context, stream, consumer, NULL, &code);

    if (status != NATS_OK)
        return fail(complaint, status, code, "cannot look at consumer", consumer);
    *ret_consumer = consumer_of(info);
    jsConsumerInfo_Destroy(info);
    return LATTN_OK;
}

enum lattn_status jetstream_consume(struct jetstream *jetstream, const char *stream,
                                    const char *consumer, uint64_t seq, int64_t time_ns,
                                    struct lattn_complaint *complaint)
{
    jsConsumerConfig config;
    jsErrCode code = 0;
    natsStatus status = js_DeleteConsumer(jetstream->context, stream, consumer, NULL, &code);

    if (status != NATS_OK && code != JSConsumerNotFoundErr && status != NATS_NOT_FOUND)
        return fail(complaint, status, code, "cannot remove consumer", consumer);
    status = jsConsumerConfig_Init(&config);
    config.Durable = consumer;
    config.AckPolicy = js_AckAll;
    config.AckWait = ACK_WAIT_NS;
    config.MaxDeliver = -1;
    config.MaxAckPending = (int64_t)PENDING_BATCHES * JETSTREAM_BATCH;
    config.DeliverPolicy = seq > 0 ? js_DeliverByStartSequence : js_DeliverByStartTime;
    /* libnats 3.4 leaves out zeros that nanoseconds begin with: a whole second has none. */
    if (seq > 0)
        config.OptStartSeq = seq;
    else
        config.OptStartTime = time_ns - time_ns % NS_PER_S;
    code = 0;
    if (status == NATS_OK)
        status = js_AddConsumer(NULL, jetstream->context, stream, &config, NULL, &code);
    return status == NATS_OK ? LATTN_OK
                             : fail(complaint, status, code, "cannot make consumer", consumer);
}

enum lattn_status jetstream_bind(struct jetstream *jetstream, const char *stream,
                                 const char *consumer, const char *subject,
                                 struct lattn_complaint *complaint)
{
    jsSubOptions options;
    jsErrCode code = 0;
    natsStatus status = jsSubOptions_Init(&options);

    jetstream_release(jetstream);
    natsSubscription_Destroy(jetstream->subscription);
    jetstream->subscription = NULL;
    options.Stream = stream;
    options.Consumer = consumer;
    if (status == NATS_OK)
        status = js_PullSubscribe(&jetstream->subscription, jetstream->context, subject, consumer,
                                  NULL, &options, &code);
    return status == NATS_OK ? LATTN_OK
                             : fail(complaint, status, code, "cannot bind to consumer", consumer);
}

static enum lattn_status message_take(natsMsg *from, struct jetstream_message *ret_message,
                                      struct lattn_complaint *complaint)
{
    const char *id = NULL;
    jsMsgMetaData *data = NULL;
    natsStatus status = natsMsg_GetMetaData(&data, from);

    if (status != NATS_OK)
        return fail(complaint, status, 0, "cannot read", natsMsg_GetSubject(from));
    if (natsMsgHeader_Get(from, "Nats-Msg-Id", &id) != NATS_OK)
        id = NULL;
    *ret_message = (struct jetstream_message){
        .bytes = natsMsg_GetData(from),
        .length = (size_t)natsMsg_GetDataLength(from),
        .id = id != NULL ? id : "",
        .reply = natsMsg_GetReply(from),
        .seq = data->Sequence.Stream,
        .delivery = data->Sequence.Consumer,
        .deliveries = data->NumDelivered,
        .pending = data->NumPending,
        .time_ns = data->Timestamp,
    };
    jsMsgMetaData_Destroy(data);
    return LATTN_OK;
}

/* More are never asked for than are here room for. */
static enum lattn_status list_take(struct jetstream *jetstream, struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    for (int i = 0; i < jetstream->list.Count && status == LATTN_OK; i++)
        status = message_take(jetstream->list.Msgs[i], &jetstream->messages[i], complaint);
    return status;
}

/*
 * What is there comes at once; only where nothing is there it is waited for, and then for one. So
 * is a message that is longer than all may be together, which the server refuses to send
 * (NATS_ERR).
 */
static natsStatus list_fetch(struct jetstream *jetstream, size_t bytes_max, int64_t wait_ms)
{
    jsFetchRequest request;
    natsStatus status = jsFetchRequest_Init(&request);

    request.Batch = JETSTREAM_BATCH;
    request.MaxBytes = (int64_t)bytes_max;
    request.Expires = wait_ms * 1000000;
    request.NoWait = true;
    if (status == NATS_OK)
        status = natsSubscription_FetchRequest(&jetstream->list, jetstream->subscription, &request);
    if (status != NATS_TIMEOUT && status != NATS_NOT_FOUND && status != NATS_ERR)
        return status;
    request.Batch = 1;
    request.MaxBytes = 0;
    request.NoWait = false;
    return natsSubscription_FetchRequest(&jetstream->list, jetstream->subscription, &request);
}

enum lattn_status jetstream_fetch(struct jetstream *jetstream, size_t bytes_max, int64_t wait_ms,
                                  const struct jetstream_message **ret_messages, size_t *ret_count,
                                  struct lattn_complaint *complaint)
{
    natsStatus result;
    enum lattn_status status;

    jetstream_release(jetstream);
    result = list_fetch(jetstream, bytes_max, wait_ms);
    if (result == NATS_TIMEOUT || result == NATS_NOT_FOUND)
        return natsConnection_IsClosed(jetstream->connection)
                   ? complain(complaint, LATTN_CLOSED, "the connection was closed")
                   : LATTN_MORE;
    if (result != NATS_OK)
        return fail(complaint, result, 0, "cannot take messages:", "fetch");
    status = list_take(jetstream, complaint);
    if (status != LATTN_OK)
        return status;
    *ret_messages = jetstream->messages;
    *ret_count = (size_t)jetstream->list.Count;
    return *ret_count > 0 ? LATTN_OK : LATTN_MORE;
}

void jetstream_release(struct jetstream *jetstream)
{
    natsMsgList_Destroy(&jetstream->list);
}

enum lattn_status jetstream_acknowledge(struct jetstream *jetstream, const char *reply,
                                        struct lattn_complaint *complaint)
{
    natsStatus status = natsConnection_PublishString(jetstream->connection, reply, "+ACK");

    return status == NATS_OK ? LATTN_OK : fail(complaint, status, 0, "cannot acknowledge", reply);
}
