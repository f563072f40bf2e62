#include <lattn/layout.h>

#include "base/complaint.h"

#include <inttypes.h>
#include <string.h>

/* What descriptions of ours begin with. */
static const char ours[] = "lattn shard ";

void lattn_layout_init(struct lattn_layout *layout, const char *prefix, int32_t shard,
                       int32_t shards, uint64_t epoch)
{
    const size_t size = LATTN_LAYOUT_TEXT_MAX;

    *layout = (struct lattn_layout){.stream = ""};
    snprintf(layout->stream, size, "%s_%" PRId32, prefix, shard);
    snprintf(layout->subject, size, "%s.in.%" PRId32, prefix, shard);
    snprintf(layout->description, size, "%s%" PRId32 "/%" PRId32 " epoch %" PRIu64, ours, shard,
             shards, epoch);
    snprintf(layout->consumer, size, "%s_%" PRId32 "_worker", prefix, shard);
    snprintf(layout->workers, size, "%s_workers", prefix);
    snprintf(layout->workers_subject, size, "%s.worker.*", prefix);
    snprintf(layout->worker, size, "%s.worker.%" PRId32, prefix, shard);
}

static int description_fits(const char *found, const char *wanted)
{
    return strncmp(found, ours, sizeof ours - 1) != 0 || strcmp(found, wanted) == 0;
}

enum lattn_status lattn_layout_check(const struct lattn_layout *layout,
                                     const struct lattn_layout_found *found,
                                     struct lattn_complaint *complaint)
{
    if (found->subjects != 1 || strcmp(found->subject, layout->subject) != 0)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: its subject is \"%.80s\"%s, it should be \"%s\" alone",
                        found->subject, found->subjects > 1 ? " and others" : "", layout->subject);
    if (!description_fits(found->description, layout->description))
        return complain(complaint, LATTN_CONFLICT, "wrong layout: it is \"%.80s\", not \"%s\"",
                        found->description, layout->description);
    if (!found->is_on_disk)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: it is kept in memory, not in files");
    if (!found->keeps_old)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: full, it drops old messages; it should refuse new ones");
    if (!found->keeps_taken)
        return complain(complaint, LATTN_CONFLICT,
                        "wrong layout: it drops messages that were taken; retention should be by "
                        "limits");
    return LATTN_OK;
}
