#include "serve/overview.h"

#include "serve/access.h"
#include "serve/bounds.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <uv.h>

#define SECOND UINT64_C(1000000000)

static struct traffic traffic;
static struct overview overview;

static void begin(void)
{
    const struct access_settings nothing_asked = {0};
    struct lattn_complaint complaint;

    cr_assert_eq(access_open(&traffic.host.access, &nothing_asked, &complaint), LATTN_OK);
    overview_init(&overview, &traffic, NULL);
}

static void end(void)
{
    access_close(&traffic.host.access);
}

TestSuite(overview, .init = begin, .fini = end);

static struct gauges_reading reading_some(uint64_t now_ns)
{
    struct gauges_reading reading = {
        .open_ns = now_ns - 100 * SECOND,
        .pairs = 5000,
        .memory_bytes = 4096,
        .service = {.accepted = 50, .rejected = 3, .duplicates = 2, .heads = 4},
        .emissions = {.made = 7, .failed = 1, .end_ns = now_ns - 2 * SECOND, .took_ns = SECOND / 4},
        .kept = {.commits_failed = 6,
                 .checkpoints = 2,
                 .checkpoints_failed = 1,
                 .checkpoint_end_ns = now_ns - 30 * SECOND,
                 .changed_ns = now_ns - 20 * SECOND,
                 .is_changed = 1},
    };

    reading.service.kept = (struct lattn_kept){.is_kept = 1, .checkpoint_age_s = 1};
    histogram_add(&reading.kept.commits, SECOND / 1000);
    meter_add(&reading.meter, now_ns - SECOND / 2, 1000);
    return reading;
}

Test(overview, tells_what_both_threads_know)
{
    uint64_t now_ns = uv_hrtime();
    struct gauges_reading reading = reading_some(now_ns);
    struct metrics metrics;

    gauges_tell(&overview.gauges, &reading);
    traffic.clients = (struct clients){
        .count = 3, .places = 9, .refused.count = 4, .displaced.count = 5, .dropped.count = 6};
    traffic.requests = 11;
    traffic.host.is_paused = 1;
    overview_metrics(&overview, NULL, &metrics);
    cr_expect_eq(metrics.pairs, 5000);
    cr_expect_eq(metrics.memory_bytes, 4096);
    cr_expect_eq(metrics.service.accepted, 50);
    cr_expect_eq(metrics.service.heads, 4);
    cr_expect_eq(metrics.clients.now, 3);
    cr_expect_eq(metrics.clients.places, 9);
    cr_expect_eq(metrics.clients.refused, 4);
    cr_expect_eq(metrics.clients.displaced, 5);
    cr_expect_eq(metrics.clients.dropped, 6);
    cr_expect_eq(metrics.queue.requests, 11);
    cr_expect_eq(metrics.queue.is_paused, 1);
    cr_expect_eq(metrics.queue.bytes_high, QUEUE_BYTES_HIGH);
    cr_expect_eq(metrics.emissions.made, 7);
    cr_expect_eq(metrics.emissions.failed, 1);
    cr_expect_eq(metrics.emissions.duration_s, 0.25);
    cr_expect_eq(metrics.kept.checkpoints, 2);
    cr_expect_eq(metrics.kept.checkpoints_failed, 1);
    cr_expect_eq(metrics.kept.commits_failed, 6);
    cr_expect_eq(histogram_total(&metrics.kept.commits), 1);
    cr_expect_null(metrics.report);
    cr_expect_gt(metrics.process.resident_bytes, 0);
}

/* Ages grow while the learner tells nothing; an hour more would be seen. */
Test(overview, measures_ages_when_it_is_asked)
{
    uint64_t now_ns = uv_hrtime();
    struct gauges_reading reading = reading_some(now_ns);
    struct metrics metrics;
    struct lattn_service service;

    gauges_tell(&overview.gauges, &reading);
    overview_metrics(&overview, NULL, &metrics);
    cr_expect_float_eq(metrics.emissions.age_s, 1802, 1800);
    cr_expect_geq(metrics.emissions.age_s, 2);
    cr_expect_float_eq(metrics.kept.checkpoint_lag_s, 1820, 1800);
    overview_service(&overview, &service);
    cr_expect_geq(service.uptime_s, 100);
    cr_expect_geq(service.kept.checkpoint_age_s, 30);
    cr_expect_eq(service.queue_bytes, 0); /* without a learner nothing waits */
    reading.emissions.end_ns = now_ns + 3600 * SECOND;
    reading.kept.is_changed = 0;
    gauges_tell(&overview.gauges, &reading);
    overview_metrics(&overview, NULL, &metrics);
    cr_expect_eq(metrics.emissions.age_s, 0);
    cr_expect_eq(metrics.kept.checkpoint_lag_s, 0);
}

/* The meter of a second ago runs dry without the learner's doing. */
Test(overview, lets_the_speed_fall)
{
    uint64_t now_ns = uv_hrtime();
    struct gauges_reading reading = {.open_ns = now_ns};
    struct lattn_service service;

    meter_add(&reading.meter, now_ns - 2 * SECOND, 1000);
    gauges_tell(&overview.gauges, &reading);
    overview_service(&overview, &service);
    cr_expect_eq(service.pairs_per_s, 0);
}

Test(overview, knows_no_age_of_what_never_was)
{
    struct gauges_reading reading = {.open_ns = 1};
    struct metrics metrics;

    reading.service.kept.checkpoint_age_s = LATTN_NEVER;
    gauges_tell(&overview.gauges, &reading);
    overview_metrics(&overview, NULL, &metrics);
    cr_expect(isnan(metrics.emissions.age_s));
    cr_expect(isnan(metrics.emissions.duration_s));
    cr_expect_eq(metrics.service.kept.checkpoint_age_s, LATTN_NEVER);
}

/* What LATTN_OK is said to, and the reason else. */
static enum lattn_status keeps(struct gauges_reading *reading, uint64_t until_ns, const char *error,
                               struct lattn_complaint *complaint)
{
    reading->kept.refuses_until_ns = until_ns;
    snprintf(reading->service.kept.error, sizeof reading->service.kept.error, "%s", error);
    gauges_tell(&overview.gauges, reading);
    return overview_keeps(&overview, complaint);
}

Test(overview, tells_what_is_refused_from_what_is_only_late)
{
    uint64_t now_ns = uv_hrtime();
    struct gauges_reading reading = reading_some(now_ns);
    struct lattn_complaint complaint = {""};

    cr_expect_eq(keeps(&reading, 0, "", &complaint), LATTN_OK);
    cr_expect_eq(keeps(&reading, 0, "no checkpoint, the journal goes on", &complaint), LATTN_OK);
    cr_expect_eq(keeps(&reading, now_ns, "full", &complaint), LATTN_OK, "it would be tried");
    cr_expect_str_eq(complaint.text, "");
    cr_expect_eq(keeps(&reading, now_ns + 3600 * SECOND, "full", &complaint), LATTN_INPUT_OUTPUT);
    cr_expect_str_eq(complaint.text, "nothing can be kept: full");
    cr_expect_eq(keeps(&reading, UINT64_MAX, "broken", &complaint), LATTN_INPUT_OUTPUT);
}

Test(overview, borrows_report_and_names_of_the_newest_emission)
{
    static struct bulletin bulletin = {.report = {.m = 2}};
    struct metrics metrics;

    snprintf(bulletin.outputs[1], LATTN_NAME_MAX, "torque");
    overview_metrics(&overview, &bulletin, &metrics);
    cr_assert_eq(metrics.report, &bulletin.report);
    cr_assert_eq(metrics.outputs_count, METRICS_OUTPUTS_MAX);
    cr_expect_str_eq(metrics.outputs[0], "");
    cr_expect_str_eq(metrics.outputs[1], "torque");
}
