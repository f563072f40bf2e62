#include "serve/condition.h"

#include "serve/log.h"

struct condition condition_of(const struct config *config)
{
    return (struct condition){
        .identifying = config->exit_when_identifying,
        .looks = {.share_max = config->exit_when_stream},
    };
}

const char *condition_text(const struct condition *condition)
{
    return condition->identifying ? "identifying" : "the stream is settled";
}

static int identifies(const struct bulletin *bulletin)
{
    return bulletin->report.certificate.verdict == LATTN_IDENTIFYING;
}

int condition_came_true(struct condition *condition, const struct bulletin *bulletin)
{
    if (condition->identifying)
        return identifies(bulletin);
    return condition->looks.share_max > 0 &&
           looks_take(&condition->looks, &bulletin->report.stream);
}

static void shortfall_log(const struct condition *condition, const struct bulletin *newest)
{
    const struct lattn_certificate *certificate = &newest->report.certificate;

    if (condition->identifying)
        log_event(LOG_LEVEL_WARN, "not identifying when the input ended",
                  LOG_FIELDS(log_count("pairs", (int64_t)certificate->pairs),
                             log_count("rank", certificate->rank), log_count("p", certificate->p)));
    else
        log_event(LOG_LEVEL_WARN, "the stream was not settled when the input ended",
                  LOG_FIELDS(log_count("pairs", (int64_t)certificate->pairs),
                             log_count("checked", (int64_t)newest->report.stream.checked),
                             log_count("undetermined", (int64_t)newest->report.stream.undetermined),
                             log_count("looks", (int64_t)condition->looks.taken)));
}

int condition_held(struct condition *condition, const struct bulletin *newest)
{
    static const struct bulletin none;
    int held = 1;

    if (condition->identifying)
        held = newest != NULL && identifies(newest);
    else if (condition->looks.share_max > 0)
        held = newest != NULL && looks_take_last(&condition->looks, &newest->report.stream);
    if (!held)
        shortfall_log(condition, newest == NULL ? &none : newest);
    return held;
}
