/*
 * What the command line calls an oracle: whoever is asked, and before that the file of answers.
 * Questions are numbered in the order in which the probe asks them, which is the same each time; so
 * a number says where in the file an answer would be.
 */
#include "respondent.h"

#include "answers.h"
#include "interrupt.h"
#include "interview.h"
#include "question.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The question that finds the form of answers; those of the probe follow. */
enum { FORM_ID = 0, FORM_TOKENS = 2 };
static const double form_norm = 0.125;

struct respondent {
    struct respondent_settings settings;
    struct lattn_oracle oracle;
    struct interview interview;
    struct round round;
    struct answers *answers; /* NULL: no file */
    int is_replay;           /* there is nobody to ask */
    uint64_t next_id;
    struct respondent_info info;
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

/* Put a name before what a file has to say. */
static enum lattn_status log_refuse(struct respondent *respondent, enum lattn_status status,
                                    const struct lattn_complaint *reason,
                                    struct lattn_complaint *complaint)
{
    const char *path = respondent->settings.log;
    size_t length = strlen(path);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (respondent->is_replay) {
        *complaint = *reason; /* of an oracle that is a log the name is said already */
        return status;
    }
    return refuse(complaint, status, "%s%s: %.180s", length > 60 ? "..." : "",
                  length > 60 ? path + length - 60 : path, reason->text);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void refusal_note(struct respondent *respondent, const char *words)
{
    respondent->info.refused++;
    snprintf(respondent->info.refusal, sizeof respondent->info.refusal, "%s", words);
}

/* An answer to one of a batch. */
static enum lattn_status answer_take(void *arg, const struct round_entry *entry,
                                     const struct lattn_response *response, const double *numbers,
                                     struct lattn_complaint *complaint)
{
    struct respondent *respondent = arg;
    struct lattn_complaint reason = {""};
    enum lattn_status status =
        question_take(&respondent->oracle, entry->question, response, numbers, &reason);

    if (status != LATTN_OK)
        return refuse(complaint, status, "its answer to question %" PRIu64 " is wrong: %.180s",
                      entry->id, reason.text);
    respondent->info.asked++;
    if (response->is_refused)
        refusal_note(respondent, response->words);
    if (respondent->settings.heard != NULL)
        respondent->settings.heard(respondent->settings.heard_arg);
    if (respondent->answers == NULL)
        return LATTN_OK;
    status = answers_add(respondent->answers, entry->id, entry->question, response->words, &reason);
    return status == LATTN_OK ? status : log_refuse(respondent, status, &reason, complaint);
}

/* Answer a question from the file: LATTN_MORE where it has to be asked. */
static enum lattn_status answer_recall(struct respondent *respondent, uint64_t id,
                                       struct lattn_question *question,
                                       struct lattn_complaint *complaint)
{
    struct lattn_complaint reason = {""};
    char words[LATTN_RESPONSE_WORDS_MAX] = "";
    enum lattn_status status;

    if (respondent->answers == NULL)
        return LATTN_MORE;
    status = answers_recall(respondent->answers, id, question, words, sizeof words, &reason);
    if (status == LATTN_MORE && respondent->is_replay) {
        snprintf(reason.text, sizeof reason.text, "it ends before question %" PRIu64, id);
        status = LATTN_NO_DATA;
    }
    if (status == LATTN_MORE)
        return status;
    if (status != LATTN_OK)
        return log_refuse(respondent, status, &reason, complaint);
    respondent->info.recalled++;
    if (question->is_refused)
        refusal_note(respondent, words);
    return LATTN_OK;
}

enum lattn_status respondent_ask(void *arg, size_t count, struct lattn_question *questions,
                                 struct lattn_complaint *complaint)
{
    struct respondent *respondent = arg;
    struct interview *interview = &respondent->interview;
    enum lattn_status status = LATTN_OK;

    round_init(&respondent->round);
    for (size_t i = 0; i < count && status == LATTN_OK; i++) {
        status = answer_recall(respondent, respondent->next_id, &questions[i], complaint);
        if (status == LATTN_MORE) {
            round_add(&respondent->round, respondent->next_id, &questions[i]);
            status = LATTN_OK;
        }
        respondent->next_id++;
    }
    if (status == LATTN_OK)
        status = interview_ask(interview, &respondent->oracle, &respondent->round, answer_take,
                               respondent, complaint);
    respondent->info.undetermined = interview->undetermined;
    respondent->info.restarts = interview->starts > 0 ? interview->starts - 1 : 0;
    return status;
}

/* ---- the form of answers --------------------------------------------------------------------- */

/* y of the question that finds it, and what it says about the form. */
struct form {
    struct respondent *respondent;
    double y[FORM_TOKENS * LATTN_OUTPUTS_MAX];
};

static enum lattn_status form_take(void *arg, const struct round_entry *entry,
                                   const struct lattn_response *response, const double *numbers,
                                   struct lattn_complaint *complaint)
{
    struct form *form = arg;
    struct lattn_oracle *oracle = &form->respondent->oracle;
    int32_t n = entry->question->n;

    form->respondent->info.asked++;
    entry->question->is_refused = response->is_refused;
    if (response->is_refused) {
        refusal_note(form->respondent, response->words);
        return LATTN_OK;
    }
    if (response->rows != 0 && response->rows != n)
        return refuse(complaint, LATTN_SHAPE, "y has %d rows for %d token%s", response->rows, n,
                      n == 1 ? "" : "s");
    oracle->m = response->columns;
    oracle->answers = response->rows == 0 ? LATTN_ANSWERS_LAST : LATTN_ANSWERS_POSITIONS;
    memcpy(form->y, numbers,
           (size_t)(response->rows == 0 ? 1 : n) * (size_t)oracle->m * sizeof *numbers);
    return LATTN_OK;
}

static enum lattn_status form_ask_once(struct form *form, struct lattn_question *question,
                                       struct lattn_complaint *complaint)
{
    struct respondent *respondent = form->respondent;

    round_init(&respondent->round);
    round_add(&respondent->round, FORM_ID, question);
    return interview_ask(&respondent->interview, &respondent->oracle, &respondent->round, form_take,
                         form, complaint);
}

/*
 * Ask two small tokens; one where an oracle takes no more. Whoever refuses both may say how many
 * coordinates a token has.
 */
static enum lattn_status form_ask(struct form *form, struct lattn_question *ret_question,
                                  struct lattn_complaint *complaint)
{
    const char *refusal = form->respondent->info.refusal;
    enum lattn_status status = form_ask_once(form, ret_question, complaint);

    if (status == LATTN_OK && ret_question->is_refused && ret_question->n > 1) {
        ret_question->n = 1;
        status = form_ask_once(form, ret_question, complaint);
    }
    if (status == LATTN_OK && ret_question->is_refused)
        return refuse(complaint, LATTN_REFUSED, "it refuses a token of %d coordinates%s%s",
                      form->respondent->oracle.d, refusal[0] == '\0' ? "" : ": ", refusal);
    return status;
}

static enum lattn_status log_begin(struct respondent *respondent, struct lattn_complaint *complaint)
{
    const struct lattn_oracle *oracle = &respondent->oracle;
    struct lattn_transcript head = {
        .version = LATTN_VERSION,
        .d = oracle->d,
        .m = oracle->m,
        .positions = oracle->answers == LATTN_ANSWERS_POSITIONS,
    };
    struct lattn_complaint reason = {""};
    enum lattn_status status;

    if (respondent->answers == NULL)
        return LATTN_OK;
    snprintf(head.oracle, sizeof head.oracle, "%s", respondent->settings.place);
    snprintf(head.decided, sizeof head.decided, "%s", respondent->settings.decided);
    status = answers_begin(respondent->answers, &head, &reason);
    return status == LATTN_OK ? status : log_refuse(respondent, status, &reason, complaint);
}

/* The oracle itself tells, and the file begins with what it said. */
static enum lattn_status form_find(struct respondent *respondent, struct lattn_complaint *complaint)
{
    struct form form = {.respondent = respondent};
    const struct respondent_settings *settings = &respondent->settings;
    const double norm =
        settings->norm_max > 0 && settings->norm_max < form_norm ? settings->norm_max : form_norm;
    double x[FORM_TOKENS * LATTN_DIM_MAX] = {0};
    struct lattn_question question = {
        .n = settings->length_max == 1 ? 1 : FORM_TOKENS, .x = x, .y = form.y};
    struct lattn_complaint reason = {""};
    enum lattn_status status;

    x[0] = norm;
    x[FORM_TOKENS * respondent->oracle.d - 1] = -norm / 2;
    status = form_ask(&form, &question, complaint);
    if (status == LATTN_OK)
        status = log_begin(respondent, complaint);
    if (status != LATTN_OK || respondent->answers == NULL)
        return status;
    status = answers_add(respondent->answers, FORM_ID, &question, "", &reason);
    return status == LATTN_OK ? status : log_refuse(respondent, status, &reason, complaint);
}

static enum lattn_status daemon_find(struct respondent *respondent,
                                     struct lattn_complaint *complaint)
{
    const struct lattn_hello *hello = &respondent->interview.hello;
    struct lattn_oracle *oracle = &respondent->oracle;
    enum lattn_status status = interview_greet(&respondent->interview, complaint);

    if (status != LATTN_OK)
        return status;
    if (oracle->d != 0 && oracle->d != hello->d)
        return refuse(complaint, LATTN_ADDRESS, "its tokens have %d coordinates, and not %d",
                      hello->d, oracle->d);
    oracle->d = hello->d;
    oracle->m = hello->m;
    return log_begin(respondent, complaint);
}

/* What the file says was asked and answered before; it is compared with what is wanted now. */
static enum lattn_status head_take(struct respondent *respondent,
                                   const struct lattn_transcript *head,
                                   struct lattn_complaint *complaint)
{
    struct lattn_oracle *oracle = &respondent->oracle;

    if (oracle->d == 0)
        oracle->d = head->d;
    oracle->m = head->m;
    oracle->answers = head->positions ? LATTN_ANSWERS_POSITIONS : LATTN_ANSWERS_LAST;
    return log_begin(respondent, complaint);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Files are for connections. */
static enum lattn_status files_refuse(const struct link_settings *link,
                                      struct lattn_complaint *complaint)
{
    for (int file = 0; file < LINK_FILES_COUNT; file++)
        if (link->files[file] != NULL)
            return refuse(complaint, LATTN_ADDRESS, "%s does not go with this oracle",
                          link_file_names[file].option);
    return LATTN_OK;
}

/* A token is for daemons: an oracle shall not see the one that the environment names. */
static enum lattn_status token_withhold(struct link_settings *link,
                                        struct lattn_complaint *complaint)
{
    const char **file = &link->files[LINK_TOKEN_FILE];

    if (*file != NULL)
        return refuse(complaint, LATTN_ADDRESS, "a token is shown to lattnd:ADDR alone");
    if (!begins_with(link->address, "unix:"))
        *file = "";
    return LATTN_OK;
}

/* Who is asked, and how. */
static enum lattn_status place_read(struct respondent *respondent,
                                    struct interview_settings *ret_interview,
                                    struct lattn_complaint *complaint)
{
    const struct respondent_settings *settings = &respondent->settings;
    const char *place = settings->place;

    *ret_interview = (struct interview_settings){
        .link = settings->link,
        .timeout_ms = settings->timeout_ms,
        .retries = settings->retries,
        .rate = settings->rate,
    };
    ret_interview->link.address = place;
    if (begins_with(place, "exec:") && place[5] != '\0') {
        ret_interview->command = place + 5;
        return files_refuse(&settings->link, complaint);
    } else if (begins_with(place, "log:") && place[4] != '\0') {
        respondent->is_replay = 1;
        if (settings->log != NULL)
            return refuse(complaint, LATTN_ADDRESS, "--log does not go with it");
        respondent->settings.log = place + 4;
        return files_refuse(&settings->link, complaint);
    } else if (begins_with(place, "lattnd:")) {
        ret_interview->is_daemon = 1;
        ret_interview->link.address = place + 7;
    } else if (begins_with(place, "unix:") || begins_with(place, "tcp:") ||
               begins_with(place, "tls:")) {
        return token_withhold(&ret_interview->link, complaint);
    } else {
        return refuse(complaint, LATTN_ADDRESS,
                      "an oracle is exec:COMMAND, unix:PATH, tcp:HOST:PORT, tls:HOST:PORT, "
                      "lattnd:ADDR or log:FILE");
    }
    return LATTN_OK;
}

static enum lattn_status log_open(struct respondent *respondent, struct lattn_complaint *complaint)
{
    enum answers_use use = respondent->is_replay ? ANSWERS_READ : ANSWERS_EXTEND;
    struct lattn_complaint reason = {""};
    enum lattn_status status;

    if (respondent->settings.log == NULL)
        return LATTN_OK;
    status = answers_open(&respondent->answers, respondent->settings.log, use, &reason);
    if (status == LATTN_OK && respondent->is_replay && answers_head(respondent->answers) == NULL)
        status = refuse(&reason, LATTN_NO_DATA, "it holds no answers");
    return status == LATTN_OK ? status : log_refuse(respondent, status, &reason, complaint);
}

/* d, m and the form of answers: from the file, a daemon or a question. */
static enum lattn_status oracle_find(struct respondent *respondent,
                                     struct lattn_complaint *complaint)
{
    const struct lattn_transcript *head =
        respondent->answers == NULL ? NULL : answers_head(respondent->answers);

    if (head != NULL)
        return head_take(respondent, head, complaint);
    if (respondent->interview.settings.is_daemon)
        return daemon_find(respondent, complaint);
    if (respondent->oracle.d == 0)
        return refuse(complaint, LATTN_ADDRESS,
                      "--dim is needed: such an oracle cannot tell how "
                      "many coordinates a token has");
    return form_find(respondent, complaint);
}

enum lattn_status respondent_open(struct respondent **ret_respondent,
                                  const struct respondent_settings *settings,
                                  struct lattn_complaint *complaint)
{
    struct respondent *respondent = calloc(1, sizeof *respondent);
    struct interview_settings interview = {0};
    enum lattn_status status;

    assert(0 <= settings->d && settings->d <= LATTN_DIM_MAX);
    if (respondent == NULL)
        return LATTN_NO_MEMORY;
    respondent->settings = *settings;
    respondent->next_id = FORM_ID + 1;
    respondent->oracle =
        (struct lattn_oracle){.d = settings->d, .ask = respondent_ask, .arg = respondent};
    if (interrupt_take() != LATTN_OK)
        status = refuse(complaint, LATTN_INPUT_OUTPUT, "cannot take signals: %s", strerror(errno));
    else
        status = place_read(respondent, &interview, complaint);
    interview_init(&respondent->interview, &interview);
    if (status == LATTN_OK)
        status = log_open(respondent, complaint);
    if (status == LATTN_OK)
        status = oracle_find(respondent, complaint);
    if (status != LATTN_OK)
        respondent_close(&respondent);
    else
        *ret_respondent = respondent;
    return status;
}

void respondent_close(struct respondent **respondent)
{
    if (*respondent == NULL)
        return;
    interview_done(&(*respondent)->interview);
    answers_close(&(*respondent)->answers);
    free(*respondent);
    *respondent = NULL;
}

const struct lattn_oracle *respondent_oracle(const struct respondent *respondent)
{
    return &respondent->oracle;
}

const struct respondent_info *respondent_info(const struct respondent *respondent)
{
    return &respondent->info;
}
