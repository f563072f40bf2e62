/*
 * probe: learn by questions what an oracle computes, or why that cannot be known.
 */
#include "files.h"
#include "probe_report.h"
#include "probe_wish.h"
#include "progress.h"
#include "respondent.h"
#include "talk.h"
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- before it ------------------------------------------------------------------------------- */

static enum verb_exit text_print(const char *verb, enum lattn_status status,
                                 struct lattn_text *text)
{
    if (status == LATTN_OK)
        status = lattn_text_add(text, "\n", 1);
    if (status != LATTN_OK) {
        talk(verb, NULL, "%s", lattn_status_text(status));
        return VERB_REFUSED;
    }
    fwrite(text->data, 1, text->length, stdout);
    return VERB_DONE;
}

static enum verb_exit plan_print(const char *verb, const struct probe_wish *wish,
                                 const struct lattn_probe_plan *plan)
{
    struct lattn_text text;
    enum verb_exit code;

    if (!wish->is_json) {
        probe_report_print_plan(stdout, plan, wish->probe.architecture, wish->respondent.rate);
        return VERB_DONE;
    }
    lattn_text_init(&text);
    code = text_print(verb, lattn_write_plan(&text, plan), &text);
    lattn_text_done(&text);
    return code;
}

/*
 * What the command line alone tells of the oracle: what nothing is said of is taken as what goes
 * with most settings.
 */
static enum verb_exit plan_make(const char *verb, const struct probe_wish *wish,
                                struct lattn_probe_plan *ret_plan)
{
    const struct lattn_oracle oracle = {
        .d = wish->respondent.d,
        .m = wish->outputs > 0 ? wish->outputs : 1,
        .answers = wish->positions ? LATTN_ANSWERS_POSITIONS : LATTN_ANSWERS_LAST,
    };
    struct lattn_complaint complaint = {""};

    if (lattn_probe_plan(&oracle, &wish->probe, ret_plan, &complaint) == LATTN_OK)
        return VERB_DONE;
    talk(verb, wish->respondent.place, "%s", complaint.text);
    return VERB_MISUSED;
}

static enum verb_exit plan_tell(const char *verb, const struct probe_wish *wish)
{
    struct lattn_probe_plan plan;
    enum verb_exit code;

    if (wish->respondent.d == 0) {
        talk(verb, "--dry-run", "asks nobody, so --dim must tell how wide a token is");
        return VERB_MISUSED;
    }
    code = plan_make(verb, wish, &plan);
    if (code == VERB_DONE)
        code = plan_print(verb, wish, &plan);
    if (code != VERB_DONE || wish->probe.budget == 0 ||
        probe_report_total(&plan.asked) <= wish->probe.budget)
        return code;
    talk(verb, "--budget", "%" PRIu64 " questions are not enough for that", wish->probe.budget);
    return VERB_REFUSED;
}

/* A file of answers, as an oracle or to be added to; NULL: none. */
static const char *log_path(const struct probe_wish *wish)
{
    static const char prefix[] = "log:";
    const char *place = wish->respondent.place;

    return strncmp(place, prefix, sizeof prefix - 1) == 0 ? place + sizeof prefix - 1
                                                          : wish->respondent.log;
}

static int is_same_file(const char *a, const char *b)
{
    struct stat a_facts;
    struct stat b_facts;

    return strcmp(a, b) == 0 ||
           (stat(a, &a_facts) == 0 && stat(b, &b_facts) == 0 && a_facts.st_dev == b_facts.st_dev &&
            a_facts.st_ino == b_facts.st_ino);
}

/* Why a file cannot be replaced; 0 where nothing is in the way. */
static int path_obstacle(const char *path)
{
    struct stat facts;
    char *folder;
    int reason;

    if (stat(path, &facts) == 0 && S_ISDIR(facts.st_mode))
        return EISDIR;
    folder = strdup(path);
    if (folder == NULL)
        return ENOMEM;
    reason = access(dirname(folder), W_OK | X_OK) == 0 ? 0 : errno;
    free(folder);
    return reason;
}

/* Can the finding be written where it shall be? Who asks later has paid for the answers. */
static enum verb_exit path_check(const char *verb, const struct probe_wish *wish)
{
    const char *log = log_path(wish);
    int reason;

    if (wish->path == NULL)
        return VERB_DONE;
    if (log != NULL && is_same_file(wish->path, log)) {
        talk(verb, wish->path, "-o would replace the answers that are kept there");
        return VERB_MISUSED;
    }
    reason = path_obstacle(wish->path);
    if (reason == 0)
        return VERB_DONE;
    talk(verb, wish->path, "cannot be written: %s", strerror(reason));
    return VERB_REFUSED;
}

/* All that can be said before anybody is asked; a daemon and a log tell d themselves. */
static enum verb_exit wish_check(const char *verb, const struct probe_wish *wish)
{
    struct lattn_probe_plan plan;
    enum verb_exit code = wish->respondent.d == 0 ? VERB_DONE : plan_make(verb, wish, &plan);

    return code == VERB_DONE ? path_check(verb, wish) : code;
}

/* ---- behind it ------------------------------------------------------------------------------- */

static enum lattn_status finding_write(const struct lattn_finding *finding,
                                       enum probe_format format, struct lattn_text *text)
{
    enum lattn_status status;

    if (format == PROBE_SAFETENSORS)
        return lattn_write_finding_safetensors(text, finding);
    status = lattn_write_finding(text, finding);
    return status == LATTN_OK ? lattn_text_add(text, "\n", 1) : status;
}

static enum verb_exit finding_keep(const char *verb, const struct probe_wish *wish,
                                   const struct lattn_finding *finding)
{
    struct lattn_text text;
    enum lattn_status status;

    if (wish->path == NULL)
        return VERB_DONE;
    lattn_text_init(&text);
    status = finding_write(finding, wish->format, &text);
    if (status == LATTN_OK)
        status = files_replace(wish->path, &text);
    lattn_text_done(&text);
    if (status == LATTN_OK)
        return VERB_DONE;
    talk(verb, wish->path, "cannot write: %s",
         status == LATTN_INPUT_OUTPUT ? strerror(errno) : lattn_status_text(status));
    return VERB_REFUSED;
}

static enum verb_exit finding_print(const char *verb, const struct probe_wish *wish,
                                    const struct lattn_finding *finding,
                                    const struct respondent_info *info)
{
    struct lattn_text text;
    enum verb_exit code;

    if (!wish->is_json) {
        probe_report_print(stdout, finding, info);
        return VERB_DONE;
    }
    lattn_text_init(&text);
    code = text_print(verb, lattn_write_finding(&text, finding), &text);
    lattn_text_done(&text);
    return code;
}

static int is_recovered(const struct lattn_finding *finding)
{
    return finding->outcome == LATTN_OUTCOME_RECOVERED || finding->outcome == LATTN_OUTCOME_UP_TO;
}

static enum verb_exit finding_tell(const char *verb, const struct probe_wish *wish,
                                   const struct lattn_finding *finding,
                                   const struct respondent_info *info)
{
    enum verb_exit kept = finding_keep(verb, wish, finding);
    enum verb_exit printed = finding_print(verb, wish, finding, info);

    if (kept != VERB_DONE || printed != VERB_DONE)
        return VERB_REFUSED;
    return is_recovered(finding) ? VERB_DONE : VERB_REFUSED;
}

/* ---- the probe ------------------------------------------------------------------------------- */

/*
 * How far it is. The probe tells between its rounds of questions, the respondent at each answer.
 *
 * asked     questions of the probe in the rounds before
 * answered  of them by the oracle itself
 */
struct course {
    const struct respondent *respondent;
    const char *phase;
    uint64_t asked;
    uint64_t answered;
};

static void progress_take(void *arg, const struct lattn_probe_progress *progress)
{
    struct course *course = arg;

    course->phase = progress->phase;
    course->asked = progress->asked;
    course->answered = respondent_info(course->respondent)->asked;
    progress_aim(progress->total);
    progress_show(progress->asked, progress->phase);
}

/* The first answer comes before there is a respondent: it finds out how answers look. */
static void answer_hear(void *arg)
{
    const struct course *course = arg;

    if (course->respondent != NULL)
        progress_show(course->asked + respondent_info(course->respondent)->asked - course->answered,
                      course->phase);
}

/* Why there is no finding. */
static enum verb_exit probe_refuse(const char *verb, const struct probe_wish *wish,
                                   enum lattn_status status,
                                   const struct lattn_complaint *complaint)
{
    const char *reason = complaint->text[0] != '\0' ? complaint->text : lattn_status_text(status);

    talk(verb, wish->respondent.place, "%s", reason);
    return status == LATTN_ADDRESS || status == LATTN_RANGE ? VERB_MISUSED : VERB_REFUSED;
}

/* Answers may have been dear: say where they are. */
static void log_recommend(const struct probe_wish *wish, enum lattn_status status)
{
    if (wish->respondent.log != NULL && status != LATTN_RANGE && status != LATTN_CONFLICT)
        fprintf(stderr, "  What was answered is in %s, and the same command goes on behind it.\n",
                wish->respondent.log);
}

/* Does the oracle answer as the command line says? */
static enum verb_exit shape_check(const char *verb, const struct probe_wish *wish,
                                  const struct lattn_oracle *oracle)
{
    if (wish->outputs > 0 && wish->outputs != oracle->m) {
        talk(verb, wish->respondent.place, "its answers have %d number%s, --outputs says %d",
             oracle->m, oracle->m == 1 ? "" : "s", wish->outputs);
        return VERB_REFUSED;
    }
    if (wish->positions && oracle->answers != LATTN_ANSWERS_POSITIONS) {
        talk(verb, wish->respondent.place,
             "its answers have no row for each token, --positions says so");
        return VERB_REFUSED;
    }
    return VERB_DONE;
}

static enum verb_exit respondent_probe(const char *verb, struct probe_wish *wish,
                                       struct course *course)
{
    const struct lattn_oracle *oracle = respondent_oracle(course->respondent);
    struct lattn_complaint complaint = {""};
    struct lattn_finding *finding = NULL;
    enum lattn_status status;
    enum verb_exit code = shape_check(verb, wish, oracle);

    if (code != VERB_DONE)
        return code;
    wish->probe.progress = progress_take;
    wish->probe.progress_arg = course;
    course->answered = respondent_info(course->respondent)->asked;
    progress_begin(verb, "questions", -1, 0, PROGRESS_AT_END);
    status = lattn_probe(oracle, &wish->probe, &finding, &complaint);
    progress_end();
    if (status != LATTN_OK) {
        code = probe_refuse(verb, wish, status, &complaint);
        log_recommend(wish, status);
        return code;
    }
    code = finding_tell(verb, wish, finding, respondent_info(course->respondent));
    lattn_finding_close(&finding);
    return code;
}

static enum verb_exit wish_fulfil(const char *verb, struct probe_wish *wish)
{
    struct lattn_complaint complaint = {""};
    struct respondent *respondent = NULL;
    struct course course = {.phase = ""};
    enum lattn_status status;
    enum verb_exit code;

    wish->respondent.heard = answer_hear;
    wish->respondent.heard_arg = &course;
    status = respondent_open(&respondent, &wish->respondent, &complaint);
    if (status != LATTN_OK)
        return probe_refuse(verb, wish, status, &complaint);
    course.respondent = respondent;
    code = respondent_probe(verb, wish, &course);
    respondent_close(&respondent);
    return code;
}

enum verb_exit probe_run(int argc, char **argv)
{
    struct probe_wish wish;
    enum options_outcome outcome = probe_wish_read(argc, argv, &wish);
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    if (wish.is_dry)
        return plan_tell(argv[0], &wish);
    code = wish_check(argv[0], &wish);
    return code == VERB_DONE ? wish_fulfil(argv[0], &wish) : code;
}
