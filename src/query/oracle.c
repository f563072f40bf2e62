/*
 * Between learners and the caller's callback: every question passes here, and is counted before it
 * is asked. Answers come into one array, so that those of all positions and those of the last one
 * are the same to the callback.
 */
#include "query/oracle.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum lattn_status oracle_init(struct oracle *oracle, const struct lattn_oracle *asked,
                              const struct lattn_probe_settings *settings)
{
    *oracle = (struct oracle){
        .asked = asked,
        .d = asked->d,
        .m = asked->m,
        .budget = settings->budget == 0 ? UINT64_MAX : settings->budget,
        .phase = "",
        .progress = settings->progress,
        .progress_arg = settings->progress_arg,
    };
    oracle->questions = memory_zeroed(LATTN_QUESTIONS_MAX, sizeof *oracle->questions);
    return oracle->questions == NULL ? LATTN_NO_MEMORY : LATTN_OK;
}

void oracle_done(struct oracle *oracle)
{
    memory_release(oracle->questions);
    memory_release(oracle->answers);
    oracle->questions = NULL;
    oracle->answers = NULL;
}

uint64_t oracle_count(const struct oracle *oracle)
{
    return oracle->counts.learn + oracle->counts.trial + oracle->counts.verify;
}

static void progress_tell(const struct oracle *oracle)
{
    uint64_t asked = oracle_count(oracle);
    const struct lattn_probe_progress progress = {oracle->phase, asked,
                                                  asked <= oracle->total ? oracle->total : 0};

    if (oracle->progress != NULL)
        oracle->progress(oracle->progress_arg, &progress);
}

void oracle_aim(struct oracle *oracle, uint64_t total)
{
    oracle->total = total;
}

void oracle_phase(struct oracle *oracle, const char *phase, uint64_t total)
{
    oracle->phase = phase;
    if (total > oracle->total)
        oracle->total = total;
    progress_tell(oracle);
}

/* Rows of an answer to n tokens. */
static int32_t answer_rows(const struct oracle *oracle, int32_t n)
{
    return oracle->asked->answers == LATTN_ANSWERS_POSITIONS ? n : 1;
}

static enum lattn_status answers_widen(struct oracle *oracle, size_t room)
{
    double *answers;

    if (room <= oracle->answers_room)
        return LATTN_OK;
    answers = memory_raw(room, sizeof *answers);
    if (answers == NULL)
        return LATTN_NO_MEMORY;
    memory_release(oracle->answers);
    oracle->answers = answers;
    oracle->answers_room = room;
    return LATTN_OK;
}

/* The largest norm of a token, far from where squares overflow; dense_norm takes ten times as long.
 */
static double question_norm(const struct oracle *oracle, const struct lattn_question *question)
{
    double most = 0;

    for (int32_t t = 0; t < question->n; t++) {
        const double *token = question->x + (size_t)t * (size_t)oracle->d;

        most = fmax(most, dense_dot(oracle->d, token, token));
    }
    return sqrt(most);
}

static void extent_note(struct oracle *oracle, const struct lattn_question *question)
{
    oracle->norm = fmax(oracle->norm, question_norm(oracle, question));
    if (question->n > oracle->length)
        oracle->length = question->n;
}

static enum lattn_status refusal_note(struct oracle *oracle, const struct lattn_question *question)
{
    oracle->refused_norm = question_norm(oracle, question);
    oracle->refused_length = question->n;
    return complain(&oracle->complaint, LATTN_REFUSED,
                    "the oracle does not take %d tokens of norms up to %.3g", question->n,
                    oracle->refused_norm);
}

static enum lattn_status answers_check(struct oracle *oracle, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        const struct lattn_question *question = &oracle->questions[i];

        if (question->is_refused)
            return refusal_note(oracle, question);
        extent_note(oracle, question);
        for (size_t j = 0; j < size; j++)
            if (!isfinite(question->y[j]))
                return complain(&oracle->complaint, LATTN_NOT_FINITE,
                                "an answer to %d tokens is not finite", question->n);
    }
    return LATTN_OK;
}

/* One call of the callback; its answers stand in oracle->answers, size numbers for each. */
static enum lattn_status call(struct oracle *oracle, size_t count, int32_t n, const double *x,
                              size_t size)
{
    enum lattn_status status;

    for (size_t i = 0; i < count; i++) {
        const double *sequence = x + i * (size_t)n * (size_t)oracle->d;

        oracle->questions[i] =
            (struct lattn_question){.n = n, .x = sequence, .y = oracle->answers + i * size};
    }
    status = oracle->asked->ask(oracle->asked->arg, count, oracle->questions, &oracle->complaint);
    assert(status <= 0);
    return status == LATTN_OK ? answers_check(oracle, count, size) : status;
}

static void count_add(struct oracle *oracle, enum oracle_purpose purpose, size_t count)
{
    switch (purpose) {
    case ORACLE_LEARN:
        oracle->counts.learn += count;
        break;
    case ORACLE_TRIAL:
        oracle->counts.trial += count;
        break;
    case ORACLE_VERIFY:
        oracle->counts.verify += count;
        break;
    }
}

/* The last `rows` rows of each answer. */
static enum lattn_status ask(struct oracle *oracle, enum oracle_purpose purpose, size_t count,
                             int32_t n, const double *x, int32_t rows, double *ret_y)
{
    size_t m = (size_t)oracle->m;
    size_t size = (size_t)answer_rows(oracle, n) * m;
    size_t kept = (size_t)rows * m;
    enum lattn_status status;

    assert(0 < n && n <= LATTN_QUESTION_TOKENS_MAX);
    if (count > oracle->budget - oracle_count(oracle))
        return complain(&oracle->complaint, LATTN_BUDGET,
                        "%zu more questions would exceed the budget of %" PRIu64, count,
                        oracle->budget);
    status =
        answers_widen(oracle, (count < LATTN_QUESTIONS_MAX ? count : LATTN_QUESTIONS_MAX) * size);
    for (size_t done = 0, part; status == LATTN_OK && done < count; done += part) {
        part = count - done < LATTN_QUESTIONS_MAX ? count - done : LATTN_QUESTIONS_MAX;
        count_add(oracle, purpose, part);
        status = call(oracle, part, n, x + done * (size_t)n * (size_t)oracle->d, size);
        if (status != LATTN_OK)
            break;
        for (size_t i = 0; i < part; i++)
            memcpy(ret_y + (done + i) * kept, oracle->answers + (i + 1) * size - kept,
                   kept * sizeof *ret_y);
        progress_tell(oracle);
    }
    return status;
}

enum lattn_status oracle_ask(struct oracle *oracle, enum oracle_purpose purpose, size_t count,
                             int32_t n, const double *x, double *ret_y)
{
    return ask(oracle, purpose, count, n, x, 1, ret_y);
}

enum lattn_status oracle_ask_positions(struct oracle *oracle, enum oracle_purpose purpose,
                                       size_t count, int32_t n, const double *x, double *ret_y)
{
    assert(oracle->asked->answers == LATTN_ANSWERS_POSITIONS);
    return ask(oracle, purpose, count, n, x, n, ret_y);
}
