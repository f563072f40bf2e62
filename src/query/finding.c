/* What a probe found: its words, and its end. */
#include "query/finding.h"

#include "base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *lattn_architecture_text(enum lattn_architecture architecture)
{
    switch (architecture) {
    case LATTN_ARCHITECTURE_AUTO:
        return "auto";
    case LATTN_ARCHITECTURE_SOFTMAX:
        return "softmax";
    case LATTN_ARCHITECTURE_LINEAR:
        return "linear";
    case LATTN_ARCHITECTURE_TRANSFORMER:
        return "transformer";
    case LATTN_ARCHITECTURE_LABEL:
        return "label";
    }
    return NULL;
}

const char *lattn_outcome_text(enum lattn_outcome outcome)
{
    switch (outcome) {
    case LATTN_OUTCOME_RECOVERED:
        return "recovered";
    case LATTN_OUTCOME_UP_TO:
        return "recovered up to named freedoms";
    case LATTN_OUTCOME_OTHER:
        return "not this architecture";
    case LATTN_OUTCOME_UNDECIDED:
        return "undecided";
    }
    return NULL;
}

const char *lattn_freedom_text(enum lattn_freedom freedom)
{
    switch (freedom) {
    case LATTN_FREEDOM_SCALE:
        return "v and the threshold are known up to one positive factor: no label depends on it";
    case LATTN_FREEDOM_ORDER:
        return "heads come in any order, and heads of the same W act as one";
    case LATTN_FREEDOM_SILENT:
        return "W is free: v is zero, and every answer with it";
    case LATTN_FREEDOM_NETWORK:
        return "the network is known up to equivalent ones: neurons may be turned round";
    case LATTN_FREEDOM_HEADS:
        return "heads of linear attention are free as long as their sum is the same";
    }
    return NULL;
}

int finding_check(struct lattn_finding *finding, const char *name, double value, double threshold)
{
    struct lattn_check *check = &finding->checks[finding->checks_count];

    assert(finding->checks_count < LATTN_CHECKS_MAX);
    assert(strlen(name) < sizeof check->name);
    finding->checks_count++;
    memcpy(check->name, name, strlen(name) + 1);
    check->value = value;
    check->threshold = threshold;
    check->is_passed = value <= threshold;
    return check->is_passed;
}

void finding_reason(struct lattn_finding *finding, enum lattn_outcome outcome, const char *format,
                    ...)
{
    va_list arguments;

    finding->outcome = outcome;
    va_start(arguments, format);
    vsnprintf(finding->reason, sizeof finding->reason, format, arguments);
    va_end(arguments);
}

void finding_withdraw(struct lattn_finding *finding)
{
    lattn_attention_close(&finding->attention);
    lattn_model_close(&finding->linear);
    finding->freedoms = 0;
    finding->rank = 0;
    finding->linear_error = 0;
}

void lattn_finding_close(struct lattn_finding **finding)
{
    struct lattn_finding *closed = *finding;

    *finding = NULL;
    if (closed == NULL)
        return;
    finding_withdraw(closed);
    memory_release(closed);
}
