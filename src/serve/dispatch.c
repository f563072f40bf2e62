#include "serve/dispatch.h"

#include <lattn/limits.h>
#include <lattn/version.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* One request on its way to its answer: result is what will stand behind "result". */
struct answer {
    const struct lattn_request *request;
    const struct tally *tally;
    struct lattn_text result;
    struct lattn_complaint complaint;
};

/* A short result that is printed. */
static enum lattn_status answer_print(struct answer *answer, const char *text)
{
    return lattn_text_add(&answer->result, text, strlen(text));
}

static enum lattn_status answer_predict(const struct dispatch *dispatch, struct answer *answer)
{
    double y[LATTN_OUTPUTS_MAX];
    double std_error[LATTN_OUTPUTS_MAX];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};
    struct lattn_learner *learner = fold_learner(dispatch->fold);
    enum lattn_status status =
        lattn_learner_predict(learner, &answer->request->input, &prediction, &answer->complaint);

    if (status != LATTN_OK)
        return status;
    return lattn_write_prediction(&answer->result, &prediction, lattn_learner_outputs(learner));
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
    status = lattn_write_status(&answer->result, &report, &service);
    lattn_report_done(&report);
    return status;
}

static enum lattn_status answer_model(const struct dispatch *dispatch, struct answer *answer)
{
    const struct lattn_request *request = answer->request;
    enum lattn_heads heads = request->has_heads ? request->heads : dispatch->heads;
    int32_t count = request->has_heads ? request->heads_count : dispatch->heads_count;
    struct lattn_model *model = NULL;
    enum lattn_status status =
        lattn_learner_model(fold_learner(dispatch->fold), heads, count, &model);

    if (status != LATTN_OK)
        return status;
    status = lattn_write_model(&answer->result, model);
    lattn_model_close(&model);
    return status;
}

/* The session starts to send emissions when this answer has come back to it. */
static enum lattn_status answer_subscribe(struct answer *answer)
{
    return answer_print(answer, answer->request->model ? "{\"subscribed\":\"model\"}"
                                                       : "{\"subscribed\":\"status\"}");
}

static enum lattn_status answer_emit(const struct dispatch *dispatch, struct answer *answer)
{
    char text[64];
    enum lattn_status status = dispatch->emit(dispatch->arg);

    if (status != LATTN_OK)
        return status;
    snprintf(text, sizeof text, "{\"generation\":%llu}",
             (unsigned long long)lattn_learner_generation(fold_learner(dispatch->fold)));
    return answer_print(answer, text);
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
    status = lattn_learner_name(learner, (const char *const *)request->append,
                                request->append_count, (const char *const *)request->outputs,
                                request->outputs_count, request->blocks, request->blocks_count,
                                named.coordinates, named.outputs, &answer->complaint);
    if (status != LATTN_OK)
        goto done;
    named.d = lattn_learner_dim(learner);
    named.m = lattn_learner_outputs(learner);
    if (named.d != d || named.m != m)
        growth_log(&named);
    status = lattn_write_named(&answer->result, &named);
done:
    memory_release(named.coordinates);
    memory_release(named.outputs);
    return status;
}

static enum lattn_status answer_hello(const struct dispatch *dispatch, struct answer *answer)
{
    struct lattn_learner *learner = fold_learner(dispatch->fold);
    struct lattn_hello hello = {
        .version = LATTN_VERSION,
        .d = lattn_learner_dim(learner),
        .m = lattn_learner_outputs(learner),
        .bias = dispatch->bias,
        .accepted = answer->tally->accepted,
        .rejected = answer->tally->rejected,
        .duplicates = answer->tally->duplicates,
    };

    if (answer->request->producer[0] != '\0')
        hello.has_last_seq = producers_last(fold_producers(dispatch->fold),
                                            answer->request->producer, &hello.last_seq) == LATTN_OK;
    return lattn_write_hello(&answer->result, &hello);
}

static enum lattn_status answer_reset(const struct dispatch *dispatch, struct answer *answer)
{
    enum lattn_status status;

    if (!answer->request->confirm)
        return complain(&answer->complaint, LATTN_CONFIRM,
                        "reset forgets everything: it asks for \"confirm\": true");
    status = fold_reset(dispatch->fold);
    dispatch->forget(dispatch->arg);
    if (status != LATTN_OK)
        return status;
    return answer_print(answer, "{\"reset\":true}");
}

static enum lattn_status answer_make(const struct dispatch *dispatch, struct answer *answer)
{
    switch (answer->request->method) {
    case LATTN_METHOD_PREDICT:
        return answer_predict(dispatch, answer);
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
    }
    return LATTN_METHOD;
}

/* A request is found again by its id; without one the answer names the line. */
static enum lattn_status answer_refusal(struct chunk *chunk, const struct entry *entry,
                                        enum lattn_status status, const char *message)
{
    if (message[0] == '\0')
        message = lattn_status_text(status);
    return lattn_write_error(&chunk->answers, entry->id, status, message,
                             entry->id[0] == '\0' ? entry->line : 0);
}

void dispatch_request(const struct dispatch *dispatch, struct chunk *chunk,
                      const struct entry *entry)
{
    struct answer answer = {.request = entry->request, .tally = chunk->tally};
    enum lattn_status status = entry->status;

    assert(entry->kind == ENTRY_REQUEST && fold_lines(dispatch->fold) == 0);
    if (status != LATTN_OK) {
        status = answer_refusal(chunk, entry, status, entry->message);
    } else {
        status = answer_make(dispatch, &answer);
        if (status == LATTN_OK)
            status = lattn_write_reply(&chunk->answers, entry->id, answer.result.data,
                                       answer.result.length);
        else
            status = answer_refusal(chunk, entry, status, answer.complaint.text);
    }
    if (status != LATTN_OK)
        chunk->answers_lost = 1;
    lattn_text_done(&answer.result);
}
