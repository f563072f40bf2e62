#include "serve/upload.h"

#include "base/complaint.h"

#include <inttypes.h>
#include <string.h>

void upload_drop(struct upload *upload)
{
    lattn_text_done(&upload->bytes);
    upload->told = (struct lattn_offer){.shard = 0};
    upload->next = 0;
    upload->is_whole = 0;
}

static enum lattn_status upload_begin(struct upload *upload, const struct lattn_offer *offer,
                                      size_t bytes_max, struct lattn_complaint *complaint)
{
    upload_drop(upload);
    if (bytes_max > 0 && offer->bytes > bytes_max)
        return complain(complaint, LATTN_MEMORY_LIMIT,
                        "the state has %" PRIu64 " bytes, %zu are allowed", offer->bytes,
                        bytes_max);
    upload->told = *offer;
    lattn_text_init(&upload->told.data);
    return LATTN_OK;
}

/* Does the part go on where the last one ended? */
static enum lattn_status part_check(const struct upload *upload, const struct lattn_offer *offer,
                                    uint64_t part, struct lattn_complaint *complaint)
{
    uint64_t left = upload->told.bytes - upload->bytes.length;

    if (part != upload->next || offer->bytes != upload->told.bytes ||
        offer->parts != upload->told.parts || strcmp(offer->worker, upload->told.worker) != 0)
        return complain(complaint, LATTN_GAP,
                        "part %" PRIu64 " of a state does not follow on what came before", part);
    if (offer->data.length > left ||
        (part + 1 == upload->told.parts) != (offer->data.length == left))
        return complain(complaint, LATTN_RANGE,
                        "part %" PRIu64 " of %" PRIu64 " has %zu bytes, %" PRIu64 " are missing",
                        part, upload->told.parts, offer->data.length, left);
    return LATTN_OK;
}

enum lattn_status upload_add(struct upload *upload, const struct lattn_offer *offer, uint64_t part,
                             size_t bytes_max, uint64_t now_ns, struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    if (upload->is_whole)
        return complain(complaint, LATTN_BUSY, "a state of this shard is being read: offer again");
    if (part == 0)
        status = upload_begin(upload, offer, bytes_max, complaint);
    if (status == LATTN_OK)
        status = part_check(upload, offer, part, complaint);
    if (status == LATTN_OK)
        status = lattn_text_add(&upload->bytes, offer->data.data, offer->data.length);
    if (status != LATTN_OK) {
        upload_drop(upload);
        return status;
    }
    upload->next++;
    upload->heard_ns = now_ns;
    upload->is_whole = upload->next == upload->told.parts;
    return upload->is_whole ? LATTN_OK : LATTN_MORE;
}
