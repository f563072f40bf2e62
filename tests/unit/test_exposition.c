#include "monitor/exposition.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUTS = 40 };

static const char names[][LATTN_NAME_MAX] = {"torque", "", "a \"b\" \\ c\nd", "1", "\xce\xbb=},{#"};

static double noise_std[OUTPUTS];
static double r2[OUTPUTS];

static struct lattn_report report_some(int32_t m)
{
    for (int i = 0; i < OUTPUTS; i++) {
        noise_std[i] = 0.1 + i;
        r2[i] = 1.0 / 3;
    }
    return (struct lattn_report){
        .d = 4,
        .m = m,
        .pairs = UINT64_C(9007199254740993),
        .weight = 3,
        .loss_train = 1e-320,
        .loss_progressive = INFINITY,
        .loss_recent = NAN,
        .noise_std = noise_std,
        .r2 = r2,
        .certificate = {.verdict = LATTN_IDENTIFYING,
                        .p = 40,
                        .rank = 39,
                        .rho = 0.1,
                        .identifying_since = 300,
                        .lost_at = LATTN_NEVER},
    };
}

static struct metrics metrics_some(const struct lattn_report *report)
{
    return (struct metrics){
        .report = report,
        .outputs = names,
        .outputs_count = sizeof names / sizeof names[0],
        .service = {.accepted = 7,
                    .rejected = 2,
                    .duplicates = UINT64_MAX,
                    .unkept = 3,
                    .heads = LATTN_NEVER},
        .emissions.age_s = 0.25,
    };
}

static struct lattn_text page_of(const struct metrics *metrics)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(exposition_write(&text, metrics), LATTN_OK);
    cr_assert_eq(strlen(text.data), text.length);
    return text;
}

/* Is this a line of the page, whole? */
static int page_has(const struct lattn_text *page, const char *line)
{
    size_t length = strlen(line);

    for (const char *at = page->data; (at = strstr(at, line)) != NULL; at++)
        if ((at == page->data || at[-1] == '\n') && at[length] == '\n')
            return 1;
    return 0;
}

/* ---- a reader that takes nothing but what the format allows ---- */

static const char *take_name(const char *at)
{
    cr_assert(isalpha((unsigned char)*at) || *at == '_', "no name: %.40s", at);
    while (isalnum((unsigned char)*at) || *at == '_')
        at++;
    return at;
}

static const char *take_labels(const char *at)
{
    do {
        at = take_name(at + 1);
        cr_assert_eq(strncmp(at, "=\"", 2), 0, "no value: %.40s", at);
        for (at += 2; *at != '"'; at++) {
            cr_assert(*at != '\n' && *at != '\0', "a label does not end");
            if (*at == '\\')
                cr_assert(strchr("\\\"n", *++at), "escaped without need: %.40s", at);
        }
        at++;
    } while (*at == ',');
    cr_assert_eq(*at, '}');
    return at + 1;
}

static const char *take_value(const char *at)
{
    char *end;

    cr_assert(*at == ' ' && at[1] != ' ');
    (void)strtod(at + 1, &end);
    cr_assert(end > at + 1 && *end == '\n', "no number: %.40s", at);
    return end + 1;
}

static const char *skip(const char *at, const char *word)
{
    cr_assert_eq(strncmp(at, word, strlen(word)), 0, "no %s: %.60s", word, at);
    return at + strlen(word);
}

/* One family; its samples are named as it is, those of a histogram with an ending. */
static const char *take_family(const char *at)
{
    const char *name = skip(at, "# HELP ");
    size_t length = (size_t)(take_name(name) - name);

    at = strchr(name, '\n');
    cr_assert(at > name + length + 1, "no help");
    at = skip(at + 1, "# TYPE ");
    cr_assert_eq(strncmp(at, name, length), 0, "type of another family: %.40s", at);
    at = strchr(at, '\n') + 1;
    while (*at != '#' && *at != '\0') {
        const char *end = take_name(at);

        cr_assert_eq(strncmp(at, name, length), 0, "sample of another family: %.40s", at);
        at = take_value(*end == '{' ? take_labels(end) : end);
    }
    return at;
}

static void page_check(const struct lattn_text *page)
{
    const char *at = page->data;

    while (*at != '\0')
        at = take_family(at);
}

/* ---- claims ---- */

Test(exposition, follows_the_grammar)
{
    struct lattn_report report = report_some(5);
    struct metrics metrics = metrics_some(&report);
    const struct metrics_code codes[] = {{200, 12}, {404, 1}};
    struct lattn_text page;

    metrics.http = (struct metrics_http){codes, 2, 3};
    metrics.service.kept.is_kept = 1;
    page = page_of(&metrics);
    page_check(&page);
    cr_expect(page_has(&page, "lattn_http_requests_total{code=\"200\"} 12"));
    cr_expect(page_has(&page, "lattn_http_requests_total{code=\"404\"} 1"));
    cr_expect(page_has(&page, "lattn_event_stream_clients 3"));
    lattn_text_done(&page);
}

Test(exposition, names_the_engine)
{
    struct lattn_report report = report_some(1);
    struct metrics metrics = metrics_some(&report);

    for (int is_gram = 0; is_gram <= 1; is_gram++) {
        struct lattn_text page;

        report.engine = is_gram ? LATTN_ENGINE_GRAM : LATTN_ENGINE_RLS;
        page = page_of(&metrics);
        cr_expect_not_null(
            strstr(page.data, is_gram ? ",engine=\"gram\"} 1\n" : ",engine=\"rls\"} 1\n"));
        lattn_text_done(&page);
    }
}

Test(exposition, writes_numbers_that_read_back)
{
    struct lattn_report report = report_some(1);
    struct metrics metrics = metrics_some(&report);
    struct lattn_text page = page_of(&metrics);

    cr_expect(page_has(&page, "lattn_emission_pairs 9007199254740993"));
    cr_expect(page_has(&page, "lattn_items_total{result=\"accepted\"} 7"));
    cr_expect(page_has(&page, "lattn_items_total{result=\"unkept\"} 3"));
    cr_expect(page_has(&page, "lattn_items_total{result=\"rejected\"} 2"));
    cr_expect(page_has(&page, "lattn_items_total{result=\"duplicate\"} 18446744073709551615"));
    cr_expect(page_has(&page, "lattn_rho 0.1"));
    cr_expect(page_has(&page, "lattn_r2{output=\"0\",name=\"torque\"} 0.3333333333333333"));
    cr_expect_eq(strtod(strstr(page.data, "{kind=\"train\"} ") + 15, NULL), 1e-320);
    cr_expect(page_has(&page, "lattn_loss{kind=\"progressive\"} +Inf"));
    cr_expect(page_has(&page, "lattn_loss{kind=\"recent\"} NaN"));
    cr_expect(page_has(&page, "lattn_emission_age_seconds 0.25"));
    lattn_text_done(&page);
}

Test(exposition, says_nan_for_what_is_not_known)
{
    struct metrics metrics = metrics_some(NULL);
    struct lattn_text page = page_of(&metrics);

    page_check(&page);
    cr_expect(page_has(&page, "lattn_heads NaN"));
    cr_expect(page_has(&page, "lattn_rho NaN"));
    cr_expect(page_has(&page, "lattn_lambda_min NaN"));
    cr_expect(page_has(&page, "lattn_identifying_since_pairs NaN"));
    cr_expect(page_has(&page, "lattn_loss{kind=\"train\"} NaN"));
    cr_expect(page_has(&page, "lattn_verdict{verdict=\"not identifying\"} 1"));
    cr_expect_null(strstr(page.data, "lattn_r2"));
    lattn_text_done(&page);
}

Test(exposition, sets_one_verdict)
{
    struct lattn_report report = report_some(1);
    struct metrics metrics = metrics_some(&report);
    struct lattn_text page = page_of(&metrics);

    cr_expect(page_has(&page, "lattn_verdict{verdict=\"not identifying\"} 0"));
    cr_expect(page_has(&page, "lattn_verdict{verdict=\"identifying\"} 1"));
    cr_expect(page_has(&page, "lattn_verdict{verdict=\"cannot tell\"} 0"));
    cr_expect(page_has(&page, "lattn_verdict_lost 0"));
    lattn_text_done(&page);
    report.certificate.lost_at = 0;
    page = page_of(&metrics);
    cr_expect(page_has(&page, "lattn_verdict_lost 1"));
    lattn_text_done(&page);
}

Test(exposition, escapes_names)
{
    struct lattn_report report = report_some(5);
    struct metrics metrics = metrics_some(&report);
    struct lattn_text page = page_of(&metrics);

    cr_expect(page_has(&page, "lattn_noise_std{output=\"1\",name=\"\"} 1.1"));
    cr_expect(page_has(&page, "lattn_noise_std{output=\"2\",name=\"a \\\"b\\\" \\\\ c\\nd\"} 2.1"));
    cr_expect(page_has(&page, "lattn_noise_std{output=\"3\",name=\"1\"} 3.1"));
    cr_expect(page_has(&page, "lattn_noise_std{output=\"4\",name=\"\xce\xbb=},{#\"} 4.1"));
    lattn_text_done(&page);
}

Test(exposition, gives_the_first_outputs_alone)
{
    struct lattn_report report = report_some(OUTPUTS);
    struct metrics metrics = metrics_some(&report);
    struct lattn_text page = page_of(&metrics);

    cr_expect(page_has(&page, "lattn_outputs 40"));
    cr_expect_not_null(strstr(page.data, "lattn_r2{output=\"31\",name=\"\"}"));
    cr_expect_null(strstr(page.data, "output=\"32\""));
    lattn_text_done(&page);
}

Test(exposition, counts_commits_upwards)
{
    struct metrics metrics = metrics_some(NULL);
    struct lattn_text page;

    metrics.service.kept.is_kept = 1;
    histogram_add(&metrics.kept.commits, UINT64_C(250000));
    histogram_add(&metrics.kept.commits, UINT64_C(1000250000));
    histogram_add(&metrics.kept.commits, UINT64_C(20000000000));
    page = page_of(&metrics);
    cr_expect(page_has(&page, "lattn_commit_seconds_bucket{le=\"0.0005\"} 1"));
    cr_expect(page_has(&page, "lattn_commit_seconds_bucket{le=\"1\"} 1"));
    cr_expect(page_has(&page, "lattn_commit_seconds_bucket{le=\"2\"} 2"));
    cr_expect(page_has(&page, "lattn_commit_seconds_bucket{le=\"10\"} 2"));
    cr_expect(page_has(&page, "lattn_commit_seconds_bucket{le=\"+Inf\"} 3"));
    cr_expect(page_has(&page, "lattn_commit_seconds_sum 21.0005"));
    cr_expect(page_has(&page, "lattn_commit_seconds_count 3"));
    lattn_text_done(&page);
}

Test(exposition, tells_of_a_state_only_where_there_is_one)
{
    struct metrics metrics = metrics_some(NULL);
    struct lattn_text page = page_of(&metrics);

    cr_expect(page_has(&page, "lattn_state_kept 0"));
    cr_expect_null(strstr(page.data, "lattn_state_error"));
    cr_expect_null(strstr(page.data, "lattn_checkpoint"));
    lattn_text_done(&page);
    metrics.service.kept = (struct lattn_kept){.is_kept = 1, .checkpoint_age_s = LATTN_NEVER};
    page = page_of(&metrics);
    cr_expect(page_has(&page, "lattn_state_kept 1"));
    cr_expect(page_has(&page, "lattn_state_error 0"));
    cr_expect(page_has(&page, "lattn_checkpoint_age_seconds NaN"));
    lattn_text_done(&page);
    memcpy(metrics.service.kept.error, "disk full", 10);
    page = page_of(&metrics);
    cr_expect(page_has(&page, "lattn_state_error 1"));
    lattn_text_done(&page);
}

Test(exposition, tells_of_each_stream_where_there_is_a_source)
{
    struct metrics metrics = metrics_some(NULL);
    struct lattn_text page = page_of(&metrics);

    cr_expect_null(strstr(page.data, "lattn_source"));
    lattn_text_done(&page);
    metrics.service.source = (struct lattn_source){
        .is_given = 1,
        .connected = 1,
        .error = "wrong layout",
        .streams_count = 2,
        .streams =
            {{.name = "a_0", .sequence = 7, .pending = 3},
             {.name = "b_0", .redelivered = 4, .duplicates = 5, .lost = 6, .rolled_back = 1}},
    };
    page = page_of(&metrics);
    cr_expect(page_has(&page, "lattn_source_connected 1"));
    cr_expect(page_has(&page, "lattn_source_error 1"));
    cr_expect(page_has(&page, "lattn_source_sequence{stream=\"a_0\"} 7"));
    cr_expect(page_has(&page, "lattn_source_lag{stream=\"a_0\"} 3"));
    cr_expect(page_has(&page, "lattn_source_lag{stream=\"b_0\"} 0"));
    cr_expect(page_has(&page, "lattn_source_redelivered_total{stream=\"b_0\"} 4"));
    cr_expect(page_has(&page, "lattn_source_duplicates_total{stream=\"b_0\"} 5"));
    cr_expect(page_has(&page, "lattn_source_lost_total{stream=\"b_0\"} 6"));
    cr_expect(page_has(&page, "lattn_source_rolled_back_total{stream=\"b_0\"} 1"));
    lattn_text_done(&page);
}

Test(exposition, leaves_the_text_without_memory)
{
    struct metrics metrics = metrics_some(NULL);
    enum lattn_status status = LATTN_NO_MEMORY;
    int failures = 0;

    for (uint64_t k = 1; status != LATTN_OK; k++) {
        struct lattn_text text;

        lattn_text_init(&text);
        cr_assert_eq(lattn_text_add(&text, "before", 6), LATTN_OK);
        memory_fail(k, 0);
        status = exposition_write(&text, &metrics);
        memory_fail(0, 0);
        if (status != LATTN_OK) {
            cr_expect_eq(status, LATTN_NO_MEMORY);
            cr_expect_str_eq(text.data, "before");
            failures++;
        }
        lattn_text_done(&text);
    }
    cr_expect_gt(failures, 2);
}
