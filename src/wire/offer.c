/*
 * "offer": a worker shows what it has learned to whoever adds up shards, in parts or, where nothing
 * is new, by its numbers alone.
 */
#include "wire/offer.h"

#include "base/complaint.h"
#include "wire/member.h"
#include "wire/payload.h"
#include "wire/reply.h"

#include <inttypes.h>
#include <string.h>

/* Params that are counts; what is missing is 0. */
static const struct count {
    const char *word;
    size_t offset;
} counts[] = {
    {"shard", offsetof(struct lattn_offer, shard)},
    {"shards", offsetof(struct lattn_offer, shards)},
    {"epoch", offsetof(struct lattn_offer, epoch)},
    {"pairs", offsetof(struct lattn_offer, pairs)},
    {"lag", offsetof(struct lattn_offer, lag)},
    {"lost", offsetof(struct lattn_offer, lost)},
    {"rolled_back", offsetof(struct lattn_offer, rolled_back)},
    {"bytes", offsetof(struct lattn_offer, bytes)},
    {"parts", offsetof(struct lattn_offer, parts)},
};

enum { COUNTS_COUNT = sizeof counts / sizeof *counts };

enum lattn_status offer_read_param(struct scan *scan, const char *word, struct lattn_offer *offer)
{
    if (strcmp(word, "worker") == 0)
        return scan_name(scan, word, sizeof offer->worker, offer->worker);
    if (strcmp(word, "data") == 0) {
        offer->data.length = 0; /* of a field that comes twice the last counts */
        return payload_read(scan, word, &offer->data);
    }
    for (size_t i = 0; i < COUNTS_COUNT; i++)
        if (strcmp(word, counts[i].word) == 0)
            return scan_count_to(scan, word, UINT64_MAX,
                                 (uint64_t *)((char *)offer + counts[i].offset));
    return LATTN_FIELD;
}

enum lattn_status offer_check(const struct lattn_offer *offer, uint64_t part,
                              struct lattn_complaint *complaint)
{
    int has_data = offer->data.length > 0;

    if (offer->shards == 0 || offer->epoch == 0 || offer->worker[0] == '\0')
        return complain(complaint, LATTN_FIELD, "%s is missing in params of offer",
                        offer->shards == 0  ? "shards"
                        : offer->epoch == 0 ? "epoch"
                                            : "worker");
    if (has_data != (offer->parts > 0) || has_data != (offer->bytes > 0))
        return complain(complaint, LATTN_FIELD, "bytes, parts and data come together in an offer");
    if (part > 0 && part >= offer->parts)
        return complain(complaint, LATTN_RANGE, "part is %" PRIu64 ", the offer has %" PRIu64, part,
                        offer->parts);
    return LATTN_OK;
}

void offer_write_params(struct writer *writer, const struct lattn_offer *offer, uint64_t part)
{
    writer_key(writer, "worker");
    writer_string(writer, offer->worker);
    for (size_t i = 0; i < COUNTS_COUNT; i++) {
        writer_key(writer, counts[i].word);
        writer_count(writer, *(const uint64_t *)((const char *)offer + counts[i].offset));
    }
    if (offer->parts == 0)
        return;
    writer_key(writer, "part");
    writer_count(writer, part);
    writer_key(writer, "data");
    writer_bytes(writer, offer->data.data, offer->data.length);
}

void offer_done(struct lattn_offer *offer)
{
    lattn_text_done(&offer->data);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static const struct member taken_members[] = {
    {.word = "whole", .kind = MEMBER_FLAG, .offset = offsetof(struct lattn_taken, whole)},
    {.word = NULL},
};

enum lattn_status lattn_write_taken(struct lattn_text *text, enum lattn_format format,
                                    const struct lattn_taken *taken)
{
    return reply_write_members(text, format, taken_members, taken);
}

enum lattn_status lattn_reply_taken(const struct lattn_reply *reply, struct lattn_taken *ret_taken)
{
    return reply_read_members(reply, taken_members, ret_taken);
}
