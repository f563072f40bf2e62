/*
 * A hash table with chains through an array of slots, and through the same slots a ring in the
 * order of use: slot 0 is the ring's anchor, behind it the producer used last, before it the one
 * idle longest. Slots are taken in turn and, once all are in use, from the end of the ring.
 */
#include "store/producer.h"

#include <lattn/limits.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "base/serial.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { ANCHOR = 0, NONE = 0, SLOTS_MIN = 16 };

struct slot {
    uint64_t seq;
    uint32_t hash;
    int32_t chain; /* next slot of the same bucket, or NONE */
    int32_t newer;
    int32_t older;
    char name[LATTN_PRODUCER_MAX];
};

struct producers {
    struct slot *slots; /* [0] is the anchor */
    int32_t *buckets;   /* as many as slots: a power of two */
    int32_t slots_count;
    int32_t count;
    int32_t count_max;
};

/* FNV-1a. */
static uint32_t name_hash(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

static int32_t *bucket_of(const struct producers *producers, uint32_t hash)
{
    return &producers->buckets[hash & (uint32_t)(producers->slots_count - 1)];
}

static int32_t find(const struct producers *producers, const char *name)
{
    uint32_t hash = name_hash(name);
    int32_t at = *bucket_of(producers, hash);

    while (at != NONE &&
           (producers->slots[at].hash != hash || strcmp(producers->slots[at].name, name) != 0))
        at = producers->slots[at].chain;
    return at;
}

static void ring_remove(struct slot *slots, int32_t at)
{
    slots[slots[at].newer].older = slots[at].older;
    slots[slots[at].older].newer = slots[at].newer;
}

static void ring_put_first(struct slot *slots, int32_t at)
{
    slots[at].newer = ANCHOR;
    slots[at].older = slots[ANCHOR].older;
    slots[slots[ANCHOR].older].newer = at;
    slots[ANCHOR].older = at;
}

static void bucket_add(struct producers *producers, int32_t at)
{
    int32_t *bucket = bucket_of(producers, producers->slots[at].hash);

    producers->slots[at].chain = *bucket;
    *bucket = at;
}

static void bucket_remove(struct producers *producers, int32_t at)
{
    int32_t *link = bucket_of(producers, producers->slots[at].hash);

    while (*link != at)
        link = &producers->slots[*link].chain;
    *link = producers->slots[at].chain;
}

static enum lattn_status grow(struct producers *producers)
{
    int32_t slots_count = producers->slots_count == 0 ? SLOTS_MIN : 2 * producers->slots_count;
    struct slot *slots = memory_zeroed((size_t)slots_count, sizeof *slots);
    int32_t *buckets = memory_zeroed((size_t)slots_count, sizeof *buckets);

    if (slots == NULL || buckets == NULL) {
        memory_release(slots);
        memory_release(buckets);
        return LATTN_NO_MEMORY;
    }
    if (producers->slots_count > 0)
        memcpy(slots, producers->slots, (size_t)producers->slots_count * sizeof *slots);
    memory_release(producers->slots);
    memory_release(producers->buckets);
    producers->slots = slots;
    producers->buckets = buckets;
    producers->slots_count = slots_count;
    for (int32_t at = 1; at <= producers->count; at++)
        bucket_add(producers, at);
    return LATTN_OK;
}

enum lattn_status producers_open(struct producers **ret_producers, int32_t count_max)
{
    struct producers *producers = memory_zeroed(1, sizeof *producers);

    assert(count_max >= 1);
    if (producers == NULL)
        return LATTN_NO_MEMORY;
    producers->count_max = count_max;
    if (grow(producers) != LATTN_OK) {
        memory_release(producers);
        return LATTN_NO_MEMORY;
    }
    *ret_producers = producers;
    return LATTN_OK;
}

void producers_close(struct producers **producers)
{
    if (*producers == NULL)
        return;
    memory_release((*producers)->slots);
    memory_release((*producers)->buckets);
    memory_release(*producers);
    *producers = NULL;
}

/* A slot for a new producer: an unused one, or that of the producer idle longest. */
static enum lattn_status slot_take(struct producers *producers, int32_t *ret_at)
{
    enum lattn_status status;

    if (producers->count == producers->count_max) {
        *ret_at = producers->slots[ANCHOR].newer;
        bucket_remove(producers, *ret_at);
        ring_remove(producers->slots, *ret_at);
        return LATTN_OK;
    }
    if (producers->count + 1 == producers->slots_count) {
        status = grow(producers);
        if (status != LATTN_OK)
            return status;
    }
    *ret_at = ++producers->count;
    return LATTN_OK;
}

static enum lattn_status add(struct producers *producers, const char *name, uint64_t seq)
{
    int32_t at;
    enum lattn_status status = slot_take(producers, &at);
    struct slot *slot;

    if (status != LATTN_OK)
        return status;
    slot = &producers->slots[at];
    slot->seq = seq;
    slot->hash = name_hash(name);
    memcpy(slot->name, name, strlen(name) + 1);
    bucket_add(producers, at);
    ring_put_first(producers->slots, at);
    return LATTN_OK;
}

enum lattn_status producers_note(struct producers *producers, const char *name, uint64_t seq,
                                 uint64_t count, uint64_t *ret_known,
                                 struct lattn_complaint *complaint)
{
    int32_t at = find(producers, name);
    uint64_t last = seq + (count - 1);
    struct slot *slot;

    assert(strnlen(name, LATTN_PRODUCER_MAX) < LATTN_PRODUCER_MAX && count >= 1);
    if (last < seq)
        return complain(complaint, LATTN_RANGE,
                        "seq of producer %s: %" PRIu64 " items from %" PRIu64 " leave 64 bits",
                        name, count, seq);
    *ret_known = 0;
    if (at == NONE)
        return add(producers, name, last);
    slot = &producers->slots[at];
    ring_remove(producers->slots, at);
    ring_put_first(producers->slots, at);
    if (last <= slot->seq)
        return LATTN_DUPLICATE;
    if (seq > slot->seq + 1)
        return complain(complaint, LATTN_GAP,
                        "seq of producer %s: expected %" PRIu64 ", got %" PRIu64, name,
                        slot->seq + 1, seq);
    *ret_known = slot->seq + 1 - seq;
    slot->seq = last;
    return LATTN_OK;
}

enum lattn_status producers_put(struct producers *producers, const char *name, uint64_t seq)
{
    int32_t at = find(producers, name);

    if (at == NONE)
        return add(producers, name, seq);
    ring_remove(producers->slots, at);
    ring_put_first(producers->slots, at);
    producers->slots[at].seq = seq;
    return LATTN_OK;
}

enum lattn_status producers_reserve(struct producers *producers, size_t count)
{
    size_t room = (size_t)(producers->count_max - producers->count);
    size_t wanted = (size_t)producers->count + (count < room ? count : room) + 1;
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && (size_t)producers->slots_count < wanted)
        status = grow(producers);
    return status;
}

enum lattn_status producers_last(const struct producers *producers, const char *name,
                                 uint64_t *ret_seq)
{
    int32_t at = find(producers, name);

    if (at == NONE)
        return LATTN_NO_DATA;
    *ret_seq = producers->slots[at].seq;
    return LATTN_OK;
}

void producers_reset(struct producers *producers)
{
    memset(producers->buckets, 0, (size_t)producers->slots_count * sizeof *producers->buckets);
    producers->slots[ANCHOR] = (struct slot){.newer = ANCHOR, .older = ANCHOR};
    producers->count = 0;
}

enum lattn_status producers_merge(struct producers *producers, const struct producers *other,
                                  struct lattn_complaint *complaint)
{
    const struct slot *slots = other->slots;
    enum lattn_status status;

    for (int32_t at = slots[ANCHOR].newer; at != ANCHOR; at = slots[at].newer)
        if (find(producers, slots[at].name) != NONE)
            return complain(complaint, LATTN_CONFLICT,
                            "producer %s is in both: its pairs would count twice", slots[at].name);
    status = producers_reserve(producers, (size_t)other->count);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s", lattn_status_text(status));
    for (int32_t at = slots[ANCHOR].newer; at != ANCHOR; at = slots[at].newer) {
        status = producers_put(producers, slots[at].name, slots[at].seq);
        assert(status == LATTN_OK);
    }
    return LATTN_OK;
}

enum lattn_status producers_copy(const struct producers *producers, struct producers **ret_copy)
{
    struct producers *copy = memory_zeroed(1, sizeof *copy);
    size_t slots_count = (size_t)producers->slots_count;

    if (copy == NULL)
        return LATTN_NO_MEMORY;
    *copy = *producers;
    copy->slots = memory_raw(slots_count, sizeof *copy->slots);
    copy->buckets = memory_raw(slots_count, sizeof *copy->buckets);
    if (copy->slots == NULL || copy->buckets == NULL) {
        producers_close(&copy);
        return LATTN_NO_MEMORY;
    }
    memcpy(copy->slots, producers->slots, slots_count * sizeof *copy->slots);
    memcpy(copy->buckets, producers->buckets, slots_count * sizeof *copy->buckets);
    *ret_copy = copy;
    return LATTN_OK;
}

/* ---- as bytes ------------------------------------------------------------------------------ */

uint64_t producers_bytes(const struct producers *producers)
{
    const struct slot *slots = producers->slots;
    uint64_t bytes = 0;

    for (int32_t at = slots[ANCHOR].newer; at != ANCHOR; at = slots[at].newer)
        bytes += 8 + 1 + strlen(slots[at].name);
    return bytes;
}

void producers_write(const struct producers *producers, struct serial_writer *writer)
{
    const struct slot *slots = producers->slots;

    serial_write_u32(writer, (uint32_t)producers->count);
    for (int32_t at = slots[ANCHOR].newer; at != ANCHOR; at = slots[at].newer) {
        serial_write_u64(writer, slots[at].seq);
        serial_write_name(writer, slots[at].name);
    }
}

void producers_read(struct producers *producers, struct serial_reader *reader)
{
    int32_t count = serial_read_int(reader, "producers", 0, producers->count_max);

    assert(producers->count == 0);
    for (int32_t i = 0; i < count && reader->status == LATTN_OK; i++) {
        char name[LATTN_PRODUCER_MAX];
        uint64_t seq = serial_read_u64(reader);

        serial_read_name(reader, sizeof name, name);
        if (reader->status != LATTN_OK)
            return;
        if (producers_put(producers, name, seq) != LATTN_OK)
            serial_refuse(reader, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
        else if (producers->count != i + 1)
            serial_refuse(reader, LATTN_DAMAGED, "producer \"%.40s\" comes twice", name);
    }
}
