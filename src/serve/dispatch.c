#include "serve/dispatch.h"

#include <lattn/limits.h>
#include <lattn/version.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/log.h"
#include "wire/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <uv.h>

/* One request on its way to its answer: result is what will stand behind "result". */
struct answer {
    const struct lattn_request *request;
    struct chunk *chunk;
    enum lattn_format format;
    struct lattn_text result;
    struct lattn_complaint complaint;
};

/* A result of one word, {"key": "word"}. */
static enum lattn_status answer_word(struct answer *answer, const char *key, const char *word)
{
    struct writer writer;

    writer_begin(&writer, &answer->result, answer->format);
    writer_open(&writer, '{');
    writer_key(&writer, key);
    writer_string(&writer, word);
    writer_close(&writer, '}');
    return writer_end(&writer);
}

static enum lattn_status answer_predict(const struct dispatch *dispatch, struct answer *answer)
{
    double y[LATTN_OUTPUTS_MAX];
    double std_error[LATTN_OUTPUTS_MAX];
    double interval95[LATTN_OUTPUTS_MAX];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error, .interval95 = interval95};
    struct lattn_learner *learner = fold_learner(dispatch->fold);
    enum lattn_status status =
        lattn_learner_predict(learner, &answer->request->input, &prediction, &answer->complaint);

    if (status != LATTN_OK)
        return status;
    return lattn_write_prediction(&answer->result, answer->format, &prediction,
                                  lattn_learner_outputs(learner));
}

static enum lattn_status answer_certify(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_request *request = answer->request;
    const struct lattn_batch inputs = {.items = request->inputs, .count = request->inputs_count};
    struct lattn_domain domain;
    enum lattn_status status =
        lattn_learner_cover(fold_learner(dispatch->fold), &inputs, &domain, &answer->complaint);

    if (status != LATTN_OK)
        return status;
    return lattn_write_domain(&answer->result, answer->format, &domain);
}

static enum lattn_status answer_design(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_request *request = answer->request;
    struct lattn_design design;
    enum lattn_status status = lattn_learner_design(fold_learner(dispatch->fold), request->norm_max,
                                                    request->n, &design, &answer->complaint);

    if (status != LATTN_OK)
        return status;
    status = lattn_write_design(&answer->result, answer->format, &design);
    lattn_design_done(&design);
    return status;
}

static enum lattn_status answer_suggest(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_request *request = answer->request;
    const struct lattn_batch candidates = {request->inputs, request->inputs_count};
    size_t count = request->n > 0 && request->n < candidates.count ? request->n : candidates.count;
    size_t *order = memory_raw(count, sizeof *order);
    size_t chosen;
    enum lattn_status status;

    if (order == NULL)
        return LATTN_NO_MEMORY;
    status = lattn_learner_suggest(fold_learner(dispatch->fold), &candidates, count, order, &chosen,
                                   &answer->complaint);
    if (status == LATTN_OK)
        status = lattn_write_suggestion(&answer->result, answer->format, order, chosen);
    memory_release(order);
    return status;
}

static enum lattn_status answer_status(const struct dispatch *dispatch, struct answer *answer)
{
    struct lattn_service service = {0};
    struct lattn_report report = {0};
    enum lattn_status status;

    /* First the speed, which is about now: a report on many features takes its time. */
    dispatch->service(dispatch->arg, &service);
    status = lattn_learner_report(fold_learner(dispatch->fold), &report);
    if (status != LATTN_OK)
        return status;
    service.pairs_to_go = pace_pairs_to_go(emitter_pace(dispatch->emitter), &report.certificate);
    status = lattn_write_status(&answer->result, answer->format, &report, &service);
    lattn_report_done(&report);
    return status;
}

static enum lattn_status refuse_heads(const struct lattn_learner *learner, int32_t count,
                                      struct lattn_complaint *complaint)
{
    return complain(complaint, LATTN_RANGE,
                    "heads is %d, a model of d = %d and m = %d has at most %d", count,
                    lattn_learner_dim(learner), lattn_learner_outputs(learner),
                    lattn_learner_heads_max(learner));
}

static enum lattn_status answer_model(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_request *request = answer->request;
    const struct lattn_learner *learner = fold_learner(dispatch->fold);
    int32_t most = lattn_learner_heads_max(learner);
    enum lattn_heads heads = request->has_heads ? request->heads : dispatch->heads;
    int32_t count = request->has_heads             ? request->heads_count
                    : dispatch->heads_count < most ? dispatch->heads_count
                                                   : most;
    const struct lattn_model *model;
    enum lattn_status status =
        emitter_model(dispatch->emitter, heads, count, &answer->chunk->ticket, &model);

    if (status == LATTN_RANGE)
        return refuse_heads(learner, count, &answer->complaint);
    if (status != LATTN_OK)
        return status;
    return lattn_write_model(&answer->result, answer->format, model);
}

/* The session starts to send emissions when this answer has come back to it. */
static enum lattn_status answer_subscribe(struct answer *answer)
{
    return answer_word(answer, "subscribed", lattn_topic_word(answer->request->what));
}

static enum lattn_status answer_emit(const struct dispatch *dispatch, struct answer *answer)
{
    uint64_t generation;
    enum lattn_status status =
        emitter_emission(dispatch->emitter, &answer->chunk->ticket, &generation);
    struct writer writer;

    if (status != LATTN_OK)
        return status;
    writer_begin(&writer, &answer->result, answer->format);
    writer_open(&writer, '{');
    writer_key(&writer, "generation");
    writer_count(&writer, generation);
    writer_close(&writer, '}');
    return writer_end(&writer);
}

static void growth_log(const struct lattn_named *named)
{
    log_event(LOG_LEVEL_INFO, "grown by names",
              LOG_FIELDS(log_count("d", named->d), log_count("m", named->m),
                         log_count("p", lattn_features(named->d))));
}

static enum lattn_status answer_name(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_request *request = answer->request;
    const struct record names = {
        .kind = RECORD_NAMES,
        .append = (const char *const *)request->append,
        .append_count = request->append_count,
        .outputs = (const char *const *)request->outputs,
        .outputs_count = request->outputs_count,
        .blocks = request->blocks,
        .blocks_count = request->blocks_count,
    };
    struct lattn_learner *learner = fold_learner(dispatch->fold);
    struct lattn_named named = {.coordinates_count = request->append_count,
                                .outputs_count = request->outputs_count};
    enum lattn_status status = LATTN_NO_MEMORY;
    int32_t d = lattn_learner_dim(learner);
    int32_t m = lattn_learner_outputs(learner);

    named.coordinates = memory_zeroed(request->append_count, sizeof *named.coordinates);
    named.outputs = memory_zeroed(request->outputs_count, sizeof *named.outputs);
    if (named.coordinates == NULL || named.outputs == NULL)
        goto done;
    status =
        fold_name(dispatch->fold, &names, named.coordinates, named.outputs, &answer->complaint);
    if (status != LATTN_OK)
        goto done;
    named.d = lattn_learner_dim(learner);
    named.m = lattn_learner_outputs(learner);
    if (named.d != d || named.m != m)
        growth_log(&named);
    status = lattn_write_named(&answer->result, answer->format, &named);
done:
    memory_release(named.coordinates);
    memory_release(named.outputs);
    return status;
}

static enum lattn_status answer_hello(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_learner *learner = fold_learner(dispatch->fold);
    const struct tally *tally = answer->chunk->tally;
    struct lattn_hello hello = {
        .version = LATTN_VERSION,
        .d = lattn_learner_dim(learner),
        .m = lattn_learner_outputs(learner),
        .bias = lattn_learner_settings_get(learner).bias,
        .frame_bytes_max = dispatch->frame_bytes_max,
        .accepted = tally->accepted,
        .rejected = tally->rejected,
        .duplicates = tally->duplicates,
        .unkept = tally->unkept,
        .durable = fold_is_kept(dispatch->fold),
    };

    if (answer->request->producer[0] != '\0')
        hello.has_last_seq = producers_last(fold_state(dispatch->fold)->producers,
                                            answer->request->producer, &hello.last_seq) == LATTN_OK;
    return lattn_write_hello(&answer->result, answer->format, &hello);
}

static enum lattn_status answer_reset(const struct dispatch *dispatch, struct answer *answer)
{
    uint64_t epoch = fold_epoch(dispatch->fold);
    enum lattn_status status;
    struct writer writer;

    if (!answer->request->confirm)
        return complain(&answer->complaint, LATTN_CONFIRM,
                        "reset forgets everything: it asks for \"confirm\": true");
    status = fold_reset(dispatch->fold, &answer->complaint);
    if (fold_epoch(dispatch->fold) != epoch)
        dispatch->forget(dispatch->arg);
    if (status != LATTN_OK)
        return status;
    writer_begin(&writer, &answer->result, answer->format);
    writer_open(&writer, '{');
    writer_key(&writer, "reset");
    writer_flag(&writer, 1);
    writer_close(&writer, '}');
    return writer_end(&writer);
}

/* ---- checkpoints and images ---- */

/* Ask for it once, then for what has become of it: LATTN_MORE while it is under way. */
static enum lattn_status wish_await(const struct dispatch *dispatch, struct answer *answer,
                                    enum keeper_wish wish, struct saver_result *ret_result)
{
    struct chunk *chunk = answer->chunk;
    enum lattn_status status;

    if (chunk->ticket == 0)
        chunk->ticket = keeper_ask(dispatch->keeper, wish);
    status = keeper_outcome(dispatch->keeper, wish, chunk->ticket, ret_result, &answer->complaint);
    if (status != LATTN_MORE)
        chunk->ticket = 0;
    return status;
}

static enum lattn_status answer_part(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_request *request = answer->request;
    const struct lattn_image *image = keeper_image(dispatch->keeper);
    const char *bytes;
    size_t length;
    enum lattn_status status = keeper_part(dispatch->keeper, request->image, request->part, &bytes,
                                           &length, &answer->complaint);

    if (status == LATTN_OK)
        status = lattn_write_part(&answer->result, answer->format, request->part, bytes, length);
    if (status == LATTN_OK && request->part + 1 == image->parts)
        keeper_image_close(dispatch->keeper);
    return status;
}

static enum lattn_status answer_image(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_image *image;
    struct saver_result result;
    enum lattn_status status = wish_await(dispatch, answer, KEEPER_IMAGE, &result);

    if (status != LATTN_OK)
        return status;
    image = keeper_image(dispatch->keeper);
    if (image == NULL)
        return complain(&answer->complaint, LATTN_BUSY, "another client took the image: ask again");
    return lattn_write_image(&answer->result, answer->format, image);
}

static enum lattn_status answer_checkpoint(const struct dispatch *dispatch, struct answer *answer)
{
    struct lattn_checkpoint checkpoint;
    struct saver_result result;
    enum lattn_status status;

    if (answer->request->image > 0)
        return answer_part(dispatch, answer);
    if (answer->request->makes_image)
        return answer_image(dispatch, answer);
    if (!fold_is_kept(dispatch->fold))
        return complain(&answer->complaint, LATTN_FIELD,
                        "there is no --state for a checkpoint, only \"image\": true");
    status = wish_await(dispatch, answer, KEEPER_CHECKPOINT, &result);
    if (status != LATTN_OK)
        return status;
    checkpoint = (struct lattn_checkpoint){
        .position = result.position, .pairs = result.pairs, .bytes = result.bytes, .durable = 1};
    return lattn_write_checkpoint(&answer->result, answer->format, &checkpoint);
}

/* ---- shards ---- */

static enum lattn_status answer_offer(const struct dispatch *dispatch, struct answer *answer)
{
    struct lattn_taken taken;
    enum lattn_status status;

    if (dispatch->aggregator == NULL)
        return complain(&answer->complaint, LATTN_METHOD,
                        "offer: this daemon learns by itself, lattn aggregate takes offers");
    status = aggregator_offer(dispatch->aggregator, answer->request, uv_hrtime(),
                              &answer->chunk->ticket, &taken, &answer->complaint);
    if (status != LATTN_OK)
        return status;
    return lattn_write_taken(&answer->result, answer->format, &taken);
}

static enum lattn_status change_refuse(const struct dispatch *dispatch,
                                       struct lattn_complaint *complaint)
{
    return complain(complaint, LATTN_READ_ONLY,
                    "read-only: this daemon aggregates %" PRIu64 " shards", dispatch->shards);
}

/* Where the state is a sum of others nothing may change it. */
static enum lattn_status change_check(const struct dispatch *dispatch, struct answer *answer)
{
    enum lattn_method method = answer->request->method;

    if (dispatch->aggregator == NULL ||
        (method != LATTN_METHOD_NAME && method != LATTN_METHOD_RESET))
        return LATTN_OK;
    return change_refuse(dispatch, &answer->complaint);
}

static enum lattn_status answer_make(const struct dispatch *dispatch, struct answer *answer)
{
    enum lattn_status status = change_check(dispatch, answer);

    if (status != LATTN_OK)
        return status;
    switch (answer->request->method) {
    case LATTN_METHOD_PREDICT:
        return answer_predict(dispatch, answer);
    case LATTN_METHOD_CERTIFY:
        return answer_certify(dispatch, answer);
    case LATTN_METHOD_SUGGEST:
        return answer->request->inputs == NULL ? answer_design(dispatch, answer)
                                               : answer_suggest(dispatch, answer);
    case LATTN_METHOD_STATUS:
        return answer_status(dispatch, answer);
    case LATTN_METHOD_MODEL:
        return answer_model(dispatch, answer);
    case LATTN_METHOD_SUBSCRIBE:
        return answer_subscribe(answer);
    case LATTN_METHOD_EMIT:
        return answer_emit(dispatch, answer);
    case LATTN_METHOD_NAME:
        return answer_name(dispatch, answer);
    case LATTN_METHOD_HELLO:
        return answer_hello(dispatch, answer);
    case LATTN_METHOD_RESET:
        return answer_reset(dispatch, answer);
    case LATTN_METHOD_AUTH:
        return answer_word(answer, "access", "granted"); /* whom the gate let in needs no token */
    case LATTN_METHOD_CHECKPOINT:
        return answer_checkpoint(dispatch, answer);
    case LATTN_METHOD_OFFER:
        return answer_offer(dispatch, answer);
    }
    return LATTN_METHOD;
}

/* Nobody is told why a silent request was refused, but for those who read the log closely. */
static void refusal_log(const struct entry *entry, enum lattn_status status, const char *message)
{
    if (!entry->is_silent)
        return;
    if (message[0] == '\0')
        message = lattn_status_text(status);
    log_event(LOG_LEVEL_DEBUG, "notification refused", LOG_FIELDS(log_text("error", message)));
}

static void request_refuse(struct chunk *chunk, const struct entry *entry, enum lattn_status status,
                           const char *message)
{
    refusal_log(entry, status, message);
    chunk_answer_error(chunk, entry, status, message);
}

enum lattn_status dispatch_request(const struct dispatch *dispatch, struct chunk *chunk,
                                   const struct entry *entry)
{
    struct answer answer = {.request = entry->request, .chunk = chunk, .format = chunk->format};
    enum lattn_status status;

    assert(entry->kind == ENTRY_REQUEST && fold_entries(dispatch->fold) == 0);
    if (entry->status != LATTN_OK) {
        request_refuse(chunk, entry, entry->status, entry->message);
        return LATTN_OK;
    }
    status = answer_make(dispatch, &answer);
    if (status == LATTN_MORE)
        return status;
    if (status == LATTN_OK)
        chunk_answer(chunk, entry, &answer.result);
    else
        request_refuse(chunk, entry, status, answer.complaint.text);
    lattn_text_done(&answer.result);
    return LATTN_OK;
}

void dispatch_refuse(const struct dispatch *dispatch, struct chunk *chunk,
                     const struct entry *entry)
{
    struct lattn_complaint complaint;

    if (chunk->tally != NULL)
        chunk->tally->rejected += entry->count;
    request_refuse(chunk, entry, change_refuse(dispatch, &complaint), complaint.text);
}
