#include "probe_report.h"

#include "scale.h"
#include "talk.h"

#include <math.h>
#include <string.h>

/* ---- what is said ---------------------------------------------------------------------------- */

/* What was recovered, in words. */
static void subject_write(const struct lattn_finding *finding, char *ret_text, size_t size)
{
    const struct lattn_attention *attention = finding->attention;
    int32_t width = attention != NULL && attention->network != NULL ? attention->network->width : 0;

    if (attention == NULL)
        snprintf(ret_text, size, "linear attention"); /* its heads are not known */
    else if (finding->architecture == LATTN_ARCHITECTURE_TRANSFORMER)
        snprintf(ret_text, size, "one softmax head, then a network of %d neurons", width);
    else if (finding->architecture == LATTN_ARCHITECTURE_LABEL)
        snprintf(ret_text, size, "one softmax head behind labels, threshold %.6g",
                 attention->threshold);
    else if (attention->heads == 1)
        snprintf(ret_text, size, "one softmax head");
    else
        snprintf(ret_text, size, "%d softmax heads", attention->heads);
}

static int has_parameters(const struct lattn_finding *finding)
{
    return finding->attention != NULL || finding->linear != NULL;
}

static void verdict_print(FILE *file, const struct lattn_finding *finding)
{
    char subject[128];

    if (!has_parameters(finding)) {
        fprintf(file, "%s: %s\n", lattn_outcome_text(finding->outcome), finding->reason);
        return;
    }
    subject_write(finding, subject, sizeof subject);
    fprintf(file, "%s: %s\n", lattn_outcome_text(finding->outcome), subject);
}

/* ---- how sure it is -------------------------------------------------------------------------- */

struct spread {
    double typical; /* root mean square */
    double largest;
};

static struct spread spread_of(const double *numbers, size_t count)
{
    struct spread spread = {0};

    for (size_t i = 0; i < count; i++) {
        spread.typical += numbers[i] * numbers[i] / (double)count;
        spread.largest = fmax(spread.largest, fabs(numbers[i]));
    }
    spread.typical = sqrt(spread.typical);
    return spread;
}

/* Errors in units of the entries; of a matrix of zeros there is no such unit. */
static void error_print(FILE *file, const char *name, const double *numbers, const double *errors,
                        size_t count)
{
    double unit = spread_of(numbers, count).typical;
    struct spread error = spread_of(errors, count);

    if (unit > 0)
        fprintf(file, "  error of %-11s%.2g of an entry's size, %.2g at most\n", name,
                error.typical / unit, error.largest / unit);
    else
        fprintf(file, "  error of %-11s%.2g, %.2g at most\n", name, error.typical, error.largest);
}

static void errors_print(FILE *file, const struct lattn_finding *finding)
{
    const struct lattn_attention *attention = finding->attention;
    size_t d;
    size_t heads;

    if (finding->linear != NULL)
        fprintf(file, "  coefficient error   %.2g\n", finding->linear_error);
    if (attention == NULL)
        return;
    d = (size_t)attention->d;
    heads = (size_t)attention->heads;
    if (!(finding->freedoms & LATTN_FREEDOM_SILENT)) /* otherwise W is any */
        error_print(file, "W", attention->W, attention->W_error, heads * d * d);
    if (attention->V != NULL)
        error_print(file, attention->m == 1 ? "v" : "V", attention->V, attention->V_error,
                    heads * (size_t)attention->m * d);
}

/* A learner may hold questions out for itself, and end before there is anything to verify. */
static int is_verified(const struct lattn_finding *finding)
{
    return finding->asked.verify > 0 &&
           (has_parameters(finding) || finding->residual > 0 || finding->threshold > 0);
}

static void accuracy_print(FILE *file, const struct lattn_finding *finding)
{
    if (is_verified(finding))
        fprintf(file,
                "  residual            %.2g of held-out answers, at most %.2g\n"
                "  noise floor         %.2g\n",
                finding->residual, finding->threshold, finding->noise_floor);
    if (finding->noise > 0)
        fprintf(file, "  answers vary        by %.2g\n", finding->noise);
    if (finding->rank > 0)
        fprintf(file, "  rank of W           %d of %d\n", finding->rank, finding->attention->d);
    errors_print(file, finding);
    for (uint32_t bit = 1; bit <= LATTN_FREEDOM_HEADS; bit <<= 1)
        if (finding->freedoms & bit)
            fprintf(file, "  free                %s\n",
                    lattn_freedom_text((enum lattn_freedom)bit));
}

/* ---- what it took ---------------------------------------------------------------------------- */

uint64_t probe_report_total(const struct lattn_asked *asked)
{
    return asked->learn + asked->trial + asked->verify;
}

/* Behind what stands in the line before. */
static void questions_print(FILE *file, const struct lattn_asked *asked, uint64_t theory)
{
    char learn[SCALE_WHOLE_MAX];
    char trial[SCALE_WHOLE_MAX];
    char verify[SCALE_WHOLE_MAX];
    char counted[SCALE_WHOLE_MAX];

    scale_whole((double)asked->learn, learn);
    scale_whole((double)asked->trial, trial);
    scale_whole((double)asked->verify, verify);
    scale_whole((double)theory, counted);
    fprintf(file, "%s to learn", learn);
    if (theory > 0)
        fprintf(file, " (theory: %s)", counted);
    fprintf(file, ", %s on trial, %s to verify\n", trial, verify);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* What happened on the way that should be known. */
static void events_print(FILE *file, const struct respondent_info *info)
{
    char count[SCALE_WHOLE_MAX];

    if (info->recalled > 0) {
        scale_whole((double)info->recalled, count);
        fprintf(file, "  recalled            %s answer%s, from the log\n", count,
                plural(info->recalled));
    }
    if (info->refused > 0) {
        scale_whole((double)info->refused, count);
        fprintf(file, "  refused             %s question%s, the last: ", count,
                plural(info->refused));
        talk_print(file, info->refusal);
        (void)fputc('\n', file);
    }
    if (info->undetermined > 0) {
        scale_whole((double)info->undetermined, count);
        fprintf(file, "  undetermined        %s answer%s, which the daemon's data leaves open\n",
                count, plural(info->undetermined));
    }
    if (info->restarts > 0) {
        scale_whole((double)info->restarts, count);
        fprintf(file, "  started again       %s time%s\n", count, plural(info->restarts));
    }
}

/* A network behind attention is found where tests of attention alone fail. */
static const char *failures_explain(const struct lattn_finding *finding)
{
    int is_network = finding->attention != NULL && finding->attention->network != NULL;

    return is_network ? ", the others rule out attention alone" : "";
}

static void checks_print(FILE *file, const struct lattn_finding *finding)
{
    int32_t passed = 0;

    for (int32_t i = 0; i < finding->checks_count; i++)
        passed += finding->checks[i].is_passed;
    if (finding->checks_count > 0)
        fprintf(file, "  tests               %d of %d passed%s\n", passed, finding->checks_count,
                passed < finding->checks_count ? failures_explain(finding) : "");
    for (int32_t i = 0; i < finding->checks_count; i++) {
        const struct lattn_check *check = &finding->checks[i];

        if (!check->is_passed)
            fprintf(file, "    failed            %s: %.2g, at most %.2g\n", check->name,
                    check->value, check->threshold);
    }
}

static void defences_print(FILE *file, const struct lattn_finding *finding)
{
    char questions[SCALE_WHOLE_MAX];

    if (finding->defences_count == 0)
        return;
    fprintf(file, "\n  %-40s%16s%14s\n", "an attack, where the defence is", "questions",
            "error of W");
    for (int32_t i = 0; i < finding->defences_count; i++) {
        const struct lattn_defence *defence = &finding->defences[i];

        if (isfinite(defence->questions))
            scale_whole(defence->questions, questions);
        else
            memcpy(questions, "no number", sizeof "no number");
        fprintf(file, "  %-40s%16s%14.2g\n", defence->name, questions, defence->error);
    }
}

void probe_report_print(FILE *file, const struct lattn_finding *finding,
                        const struct respondent_info *info)
{
    char total[SCALE_WHOLE_MAX];

    verdict_print(file, finding);
    accuracy_print(file, finding);
    scale_whole((double)probe_report_total(&finding->asked), total);
    fprintf(file, "  questions           %s: ", total);
    questions_print(file, &finding->asked, finding->theory);
    fprintf(file, "  tokens              up to norm %.4g, up to %d in a question\n", finding->norm,
            finding->length);
    events_print(file, info);
    checks_print(file, finding);
    defences_print(file, finding);
}

void probe_report_print_plan(FILE *file, const struct lattn_probe_plan *plan,
                             enum lattn_architecture architecture, double rate)
{
    double total = (double)probe_report_total(&plan->asked);
    char number[SCALE_WHOLE_MAX];

    scale_whole(total, number);
    fprintf(file, "%s %s questions: ", plan->is_bound ? "at most about" : "about", number);
    questions_print(file, &plan->asked, plan->theory);
    if (architecture == LATTN_ARCHITECTURE_AUTO)
        fprintf(file, "that is for softmax attention; --model tells what others take\n");
    if (rate > 0) {
        scale_whole(ceil(total / rate), number);
        fprintf(file, "that takes %s s at this rate\n", number);
    }
}
