#include "serve/overview.h"

#include "serve/access.h"
#include "serve/bounds.h"
#include "serve/pipeline.h"

#include <math.h>
#include <uv.h>

#define NS_PER_S UINT64_C(1000000000)

/* Another thread may tell of a moment that is after `now_ns`. */
static uint64_t ns_since(uint64_t start_ns, uint64_t now_ns)
{
    return now_ns > start_ns ? now_ns - start_ns : 0;
}

static double seconds_since(uint64_t start_ns, uint64_t now_ns)
{
    return (double)ns_since(start_ns, now_ns) / 1e9;
}

static struct lattn_service service_of(const struct overview *overview,
                                       struct gauges_reading *reading, uint64_t now_ns)
{
    const struct traffic *traffic = overview->traffic;
    struct lattn_service service = reading->service;

    service.denied = access_denied(traffic->host.access);
    service.pairs_per_s = meter_rate(&reading->meter, now_ns);
    service.queue_bytes = traffic->pipeline == NULL ? 0 : pipeline_bytes(traffic->pipeline);
    service.uptime_s = ns_since(reading->open_ns, now_ns) / NS_PER_S;
    if (reading->kept.checkpoint_end_ns > 0)
        service.kept.checkpoint_age_s =
            (int64_t)(ns_since(reading->kept.checkpoint_end_ns, now_ns) / NS_PER_S);
    sources_describe(overview->sources, &service.source);
    return service;
}

static struct metrics_clients clients_of(const struct clients *clients)
{
    return (struct metrics_clients){
        .now = clients->count,
        .places = clients->places,
        .refused = clients->refused.count,
        .displaced = clients->displaced.count,
        .dropped = clients->dropped.count,
    };
}

static struct metrics_emissions emissions_of(const struct emitter_tally *tally, uint64_t now_ns)
{
    return (struct metrics_emissions){
        .made = tally->made,
        .failed = tally->failed,
        .age_s = tally->made > 0 ? seconds_since(tally->end_ns, now_ns) : NAN,
        .duration_s = tally->made > 0 ? (double)tally->took_ns / 1e9 : NAN,
    };
}

static struct metrics_kept kept_of(const struct keeper_tally *tally, uint64_t now_ns)
{
    return (struct metrics_kept){
        .checkpoints = tally->checkpoints,
        .checkpoints_failed = tally->checkpoints_failed,
        .checkpoint_lag_s = tally->is_changed ? seconds_since(tally->changed_ns, now_ns) : 0,
        .commits_failed = tally->commits_failed,
        .commits = tally->commits,
    };
}

void overview_init(struct overview *overview, const struct traffic *traffic,
                   struct sources *sources)
{
    *overview = (struct overview){.traffic = traffic, .sources = sources};
}

void overview_service(struct overview *overview, struct lattn_service *ret_service)
{
    struct gauges_reading reading;

    gauges_read(&overview->gauges, &reading);
    *ret_service = service_of(overview, &reading, uv_hrtime());
}

enum lattn_status overview_keeps(struct overview *overview, struct lattn_complaint *complaint)
{
    struct gauges_reading reading;

    gauges_read(&overview->gauges, &reading);
    if (uv_hrtime() >= reading.kept.refuses_until_ns)
        return LATTN_OK;
    return complain(complaint, LATTN_INPUT_OUTPUT, "nothing can be kept: %.200s",
                    reading.service.kept.error);
}

void overview_metrics(struct overview *overview, const struct bulletin *newest,
                      struct metrics *ret_metrics)
{
    const struct traffic *traffic = overview->traffic;
    uint64_t now_ns = uv_hrtime();
    struct gauges_reading reading;

    gauges_read(&overview->gauges, &reading);
    *ret_metrics = (struct metrics){
        .service = service_of(overview, &reading, now_ns),
        .pairs = reading.pairs,
        .memory_bytes = reading.memory_bytes,
        .clients = clients_of(&traffic->clients),
        .queue = {.bytes_high = QUEUE_BYTES_HIGH,
                  .requests = traffic->requests,
                  .is_paused = traffic->host.is_paused},
        .emissions = emissions_of(&reading.emissions, now_ns),
        .kept = kept_of(&reading.kept, now_ns),
    };
    if (newest != NULL) {
        ret_metrics->report = &newest->report;
        ret_metrics->outputs = newest->outputs;
        ret_metrics->aggregate = newest->aggregate;
        ret_metrics->outputs_count = METRICS_OUTPUTS_MAX;
    }
    process_read(&ret_metrics->process);
}
