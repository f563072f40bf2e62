#include "source/layout.h"

#include "base/complaint.h"

#include <inttypes.h>
#include <string.h>

/* For so long a server knows what was published, and takes nothing twice. */
#define DUPLICATES_NS (INT64_C(600) * 1000000000)

void layout_init(struct layout *layout, const char *prefix, int32_t shard, int32_t shards,
                 uint64_t epoch)
{
    *layout = (struct layout){.stream = ""};
    snprintf(layout->stream, LAYOUT_NAME_MAX, "%s_%" PRId32, prefix, shard);
    snprintf(layout->subject, LAYOUT_NAME_MAX, "%s.in.%" PRId32, prefix, shard);
    snprintf(layout->description, LAYOUT_NAME_MAX,
             "lattn shard %" PRId32 "/%" PRId32 " epoch %" PRIu64, shard, shards, epoch);
    snprintf(layout->consumer, LAYOUT_NAME_MAX, "%s_%" PRId32 "_worker", prefix, shard);
    snprintf(layout->workers, LAYOUT_NAME_MAX, "%s_workers", prefix);
    snprintf(layout->workers_subject, LAYOUT_NAME_MAX, "%s.worker.*", prefix);
    snprintf(layout->worker, LAYOUT_NAME_MAX, "%s.worker.%" PRId32, prefix, shard);
}

struct jetstream_plan layout_plan(const struct layout *layout)
{
    return (struct jetstream_plan){
        .stream = layout->stream,
        .subject = layout->subject,
        .description = layout->description,
        .duplicates_ns = DUPLICATES_NS,
    };
}

struct jetstream_plan layout_plan_workers(const struct layout *layout)
{
    return (struct jetstream_plan){
        .stream = layout->workers,
        .subject = layout->workers_subject,
        .description = "",
        .per_subject = 1,
    };
}

enum lattn_status layout_check(const struct layout *layout, const struct jetstream_stream *stream,
                               struct lattn_complaint *complaint)
{
    const char *name = layout->stream;

    if (stream->subjects != 1 || strcmp(stream->subject, layout->subject) != 0)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: stream %s has subject %.60s%s, it should have %s alone",
                        name, stream->subject, stream->subjects > 1 ? " and others" : "",
                        layout->subject);
    if (stream->description[0] != '\0' && strcmp(stream->description, layout->description) != 0)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: stream %s is \"%.60s\", not \"%s\"", name,
                        stream->description, layout->description);
    if (!stream->is_on_disk)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: stream %s is kept in memory, not in files", name);
    if (stream->drops_old)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: stream %s drops old messages when it is full; it should "
                        "refuse new ones",
                        name);
    if (!stream->is_limits)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: stream %s does not keep what was taken (retention)", name);
    return LATTN_OK;
}
