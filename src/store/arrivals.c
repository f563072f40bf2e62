/*
 * Few streams, in a list. Publishers have a slot each; beside the slots stands their order, those
 * heard of last first, which is where one is looked for: who sends now is found at once.
 */
#include "store/arrivals.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "base/serial.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { MARK_BYTES = 5 * 8, SLOTS_MIN = 8, NONE = -1 };

struct span {
    uint64_t first;
    uint64_t last;
};

/* Spans grow, and numbers are missing between any two of them. */
struct slot {
    char publisher[LATTN_NAME_MAX];
    int32_t spans_count;
    struct span spans[ARRIVALS_SPANS_MAX];
};

struct arrivals {
    struct arrivals_mark marks[ARRIVALS_STREAMS_MAX];
    size_t marks_count;
    struct slot *slots;
    int32_t *order; /* of slots */
    int32_t slots_count;
    int32_t slots_capacity;
    uint64_t given_up;
};

enum lattn_status arrivals_open(struct arrivals **ret_arrivals)
{
    struct arrivals *arrivals = memory_zeroed(1, sizeof *arrivals);

    if (arrivals == NULL)
        return LATTN_NO_MEMORY;
    *ret_arrivals = arrivals;
    return LATTN_OK;
}

void arrivals_close(struct arrivals **arrivals)
{
    if (*arrivals == NULL)
        return;
    memory_release((*arrivals)->slots);
    memory_release((*arrivals)->order);
    memory_release(*arrivals);
    *arrivals = NULL;
}

/* ---- room ---------------------------------------------------------------------------------- */

static enum lattn_status slots_reserve(struct arrivals *arrivals, int32_t capacity)
{
    struct slot *slots;
    int32_t *order;

    if (capacity <= arrivals->slots_capacity)
        return LATTN_OK;
    slots = memory_raw((size_t)capacity, sizeof *slots);
    order = memory_raw((size_t)capacity, sizeof *order);
    if (slots == NULL || order == NULL) {
        memory_release(slots);
        memory_release(order);
        return LATTN_NO_MEMORY;
    }
    if (arrivals->slots_count > 0) {
        memcpy(slots, arrivals->slots, (size_t)arrivals->slots_count * sizeof *slots);
        memcpy(order, arrivals->order, (size_t)arrivals->slots_count * sizeof *order);
    }
    memory_release(arrivals->slots);
    memory_release(arrivals->order);
    arrivals->slots = slots;
    arrivals->order = order;
    arrivals->slots_capacity = capacity;
    return LATTN_OK;
}

enum lattn_status arrivals_reserve(struct arrivals *arrivals, size_t marks, size_t spans)
{
    size_t room = (size_t)(ARRIVALS_PUBLISHERS_MAX - arrivals->slots_count);
    int32_t wanted = arrivals->slots_count + (int32_t)(spans < room ? spans : room);
    int32_t capacity = arrivals->slots_capacity == 0 ? SLOTS_MIN : arrivals->slots_capacity;

    if (marks > ARRIVALS_STREAMS_MAX - arrivals->marks_count)
        return LATTN_RANGE;
    while (capacity < wanted)
        capacity *= 2;
    return wanted == 0 ? LATTN_OK : slots_reserve(arrivals, capacity);
}

enum lattn_status arrivals_copy(const struct arrivals *arrivals, struct arrivals **ret_copy)
{
    struct arrivals *copy;
    enum lattn_status status = arrivals_open(&copy);

    if (status == LATTN_OK && arrivals->slots_count > 0) {
        status = slots_reserve(copy, arrivals->slots_count);
        if (status != LATTN_OK)
            arrivals_close(&copy);
    }
    if (status != LATTN_OK)
        return status;
    memcpy(copy->marks, arrivals->marks, sizeof copy->marks);
    copy->marks_count = arrivals->marks_count;
    copy->given_up = arrivals->given_up;
    copy->slots_count = arrivals->slots_count;
    if (arrivals->slots_count > 0) {
        memcpy(copy->slots, arrivals->slots, (size_t)copy->slots_count * sizeof *copy->slots);
        memcpy(copy->order, arrivals->order, (size_t)copy->slots_count * sizeof *copy->order);
    }
    *ret_copy = copy;
    return LATTN_OK;
}

/* ---- streams ------------------------------------------------------------------------------- */

static size_t mark_find(const struct arrivals *arrivals, const char *stream)
{
    size_t i = 0;

    while (i < arrivals->marks_count && strcmp(arrivals->marks[i].stream, stream) != 0)
        i++;
    return i;
}

enum lattn_status arrivals_mark_of(const struct arrivals *arrivals, const char *stream,
                                   struct arrivals_mark *ret_mark)
{
    size_t at = mark_find(arrivals, stream);

    if (at == arrivals->marks_count)
        return LATTN_NO_DATA;
    *ret_mark = arrivals->marks[at];
    return LATTN_OK;
}

const struct arrivals_mark *arrivals_marks(const struct arrivals *arrivals, size_t *ret_count)
{
    *ret_count = arrivals->marks_count;
    return arrivals->marks;
}

struct arrivals_mark arrivals_total(const struct arrivals *arrivals)
{
    struct arrivals_mark total = {.seq = 0};

    for (size_t i = 0; i < arrivals->marks_count; i++) {
        const struct arrivals_mark *mark = &arrivals->marks[i];

        total.seq += mark->seq;
        total.known += mark->known;
        total.lost += mark->lost;
        total.rolled_back += mark->rolled_back;
    }
    return total;
}

enum lattn_status arrivals_put(struct arrivals *arrivals, const struct arrivals_mark *mark)
{
    size_t at = mark_find(arrivals, mark->stream);
    uint64_t given_up;

    assert(strnlen(mark->stream, LATTN_NAME_MAX) < LATTN_NAME_MAX && mark->known >= mark->seq);
    if (at == ARRIVALS_STREAMS_MAX)
        return LATTN_RANGE;
    given_up = at < arrivals->marks_count ? arrivals->marks[at].given_up : 0;
    arrivals->marks[at] = *mark;
    arrivals->marks[at].given_up = given_up;
    if (at == arrivals->marks_count)
        arrivals->marks_count++;
    return LATTN_OK;
}

/* ---- publishers ---------------------------------------------------------------------------- */

/* Its place in the order; NONE for one that is not known. */
static int32_t place_find(const struct arrivals *arrivals, const char *publisher)
{
    for (int32_t i = 0; i < arrivals->slots_count; i++)
        if (strcmp(arrivals->slots[arrivals->order[i]].publisher, publisher) == 0)
            return i;
    return NONE;
}

static void order_put_first(struct arrivals *arrivals, int32_t place)
{
    int32_t slot = arrivals->order[place];

    memmove(arrivals->order + 1, arrivals->order, (size_t)place * sizeof *arrivals->order);
    arrivals->order[0] = slot;
}

/* A slot without spans for a new one: another, or that of the one idle longest. */
static enum lattn_status slot_take(struct arrivals *arrivals, const char *publisher)
{
    enum lattn_status status;
    struct slot *slot;

    if (arrivals->slots_count < ARRIVALS_PUBLISHERS_MAX) {
        status = arrivals_reserve(arrivals, 0, 1);
        if (status != LATTN_OK)
            return status;
        arrivals->order[arrivals->slots_count] = arrivals->slots_count;
        arrivals->slots_count++;
    }
    order_put_first(arrivals, arrivals->slots_count - 1);
    slot = &arrivals->slots[arrivals->order[0]];
    *slot = (struct slot){.spans_count = 0};
    memcpy(slot->publisher, publisher, strlen(publisher) + 1);
    return LATTN_OK;
}

int arrivals_has(const struct arrivals *arrivals, const char *publisher, uint64_t number)
{
    int32_t place = place_find(arrivals, publisher);
    const struct slot *slot;

    if (place == NONE)
        return 0;
    slot = &arrivals->slots[arrivals->order[place]];
    for (int32_t i = slot->spans_count - 1; i >= 0; i--)
        if (number >= slot->spans[i].first)
            return number <= slot->spans[i].last;
    return 0;
}

uint64_t arrivals_given_up(const struct arrivals *arrivals, const char *stream)
{
    size_t at = mark_find(arrivals, stream);

    return at < arrivals->marks_count ? arrivals->marks[at].given_up : 0;
}

/* The mark of the stream whose name a publisher's begins with; NULL where there is none. */
static struct arrivals_mark *mark_of_publisher(struct arrivals *arrivals, const char *publisher)
{
    const char *slash = strrchr(publisher, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - publisher);

    for (size_t i = 0; slash != NULL && i < arrivals->marks_count; i++) {
        struct arrivals_mark *mark = &arrivals->marks[i];

        if (strncmp(mark->stream, publisher, length) == 0 && mark->stream[length] == '\0')
            return mark;
    }
    return NULL;
}

/* The two lowest spans become one, with what is missing between them. */
static void gap_give_up(struct arrivals *arrivals, struct slot *slot)
{
    uint64_t missing = slot->spans[1].first - slot->spans[0].last - 1;
    struct arrivals_mark *mark = mark_of_publisher(arrivals, slot->publisher);

    arrivals->given_up += missing;
    if (mark != NULL) {
        mark->lost += missing;
        mark->given_up += missing;
    }
    slot->spans[0].last = slot->spans[1].last;
    slot->spans_count--;
    memmove(slot->spans + 1, slot->spans + 2,
            (size_t)(slot->spans_count - 1) * sizeof *slot->spans);
}

static void span_insert(struct slot *slot, int32_t at, struct span span)
{
    memmove(slot->spans + at + 1, slot->spans + at,
            (size_t)(slot->spans_count - at) * sizeof *slot->spans);
    slot->spans[at] = span;
    slot->spans_count++;
}

/* Is a span wholly before another, with numbers missing between them? */
static int is_apart(struct span before, struct span behind)
{
    return before.last < behind.first && behind.first - before.last > 1;
}

/* Put it in its place, together with those that it meets. */
static void span_add(struct arrivals *arrivals, struct slot *slot, struct span span)
{
    int32_t at = 0, met;

    while (at < slot->spans_count && is_apart(slot->spans[at], span))
        at++;
    for (met = at; met < slot->spans_count && !is_apart(span, slot->spans[met]); met++) {
        if (slot->spans[met].first < span.first)
            span.first = slot->spans[met].first;
        if (slot->spans[met].last > span.last)
            span.last = slot->spans[met].last;
    }
    if (met > at) {
        slot->spans[at] = span;
        memmove(slot->spans + at + 1, slot->spans + met,
                (size_t)(slot->spans_count - met) * sizeof *slot->spans);
        slot->spans_count -= met - at - 1;
        return;
    }
    if (slot->spans_count == ARRIVALS_SPANS_MAX) {
        gap_give_up(arrivals, slot);
        span_add(arrivals, slot, span);
        return;
    }
    span_insert(slot, at, span);
}

enum lattn_status arrivals_add(struct arrivals *arrivals, const struct arrivals_span *span)
{
    int32_t place = place_find(arrivals, span->publisher);
    enum lattn_status status = LATTN_OK;

    assert(strnlen(span->publisher, LATTN_NAME_MAX) < LATTN_NAME_MAX && span->first <= span->last);
    if (place == NONE)
        status = slot_take(arrivals, span->publisher);
    else
        order_put_first(arrivals, place);
    if (status == LATTN_OK)
        span_add(arrivals, &arrivals->slots[arrivals->order[0]],
                 (struct span){span->first, span->last});
    return status;
}

/* ---- both ---------------------------------------------------------------------------------- */

static enum lattn_status repetition_refuse(const struct arrivals *arrivals,
                                           const struct arrivals *other,
                                           struct lattn_complaint *complaint)
{
    for (size_t i = 0; i < other->marks_count; i++)
        if (mark_find(arrivals, other->marks[i].stream) < arrivals->marks_count)
            return complain(complaint, LATTN_CONFLICT,
                            "stream %s is in both: its pairs would count twice",
                            other->marks[i].stream);
    for (int32_t i = 0; i < other->slots_count; i++)
        if (place_find(arrivals, other->slots[i].publisher) != NONE)
            return complain(complaint, LATTN_CONFLICT,
                            "publisher %s is in both: its pairs would count twice",
                            other->slots[i].publisher);
    return LATTN_OK;
}

enum lattn_status arrivals_merge(struct arrivals *arrivals, const struct arrivals *other,
                                 struct lattn_complaint *complaint)
{
    enum lattn_status status = repetition_refuse(arrivals, other, complaint);

    if (status != LATTN_OK)
        return status;
    status = arrivals_reserve(arrivals, other->marks_count, (size_t)other->slots_count);
    if (status != LATTN_OK)
        return complain(complaint, status, "streams of both: %s", lattn_status_text(status));
    for (size_t i = 0; i < other->marks_count; i++)
        (void)arrivals_put(arrivals, &other->marks[i]); /* there is room for them */
    for (int32_t i = other->slots_count - 1; i >= 0; i--) {
        const struct slot *slot = &other->slots[other->order[i]];

        (void)slot_take(arrivals, slot->publisher);
        arrivals->slots[arrivals->order[0]] = *slot;
    }
    arrivals->given_up += other->given_up;
    return LATTN_OK;
}

/* ---- as bytes ------------------------------------------------------------------------------ */

uint64_t arrivals_bytes(const struct arrivals *arrivals)
{
    uint64_t bytes = 4 + 4 + 8;

    for (size_t i = 0; i < arrivals->marks_count; i++)
        bytes += MARK_BYTES + 1 + strlen(arrivals->marks[i].stream);
    for (int32_t i = 0; i < arrivals->slots_count; i++)
        bytes += 1 + strlen(arrivals->slots[i].publisher) + 1 +
                 16 * (uint64_t)arrivals->slots[i].spans_count;
    return bytes;
}

static void mark_write(struct serial_writer *writer, const struct arrivals_mark *mark)
{
    serial_write_name(writer, mark->stream);
    serial_write_u64(writer, mark->seq);
    serial_write_u64(writer, (uint64_t)mark->time_ns);
    serial_write_u64(writer, mark->known);
    serial_write_u64(writer, mark->lost);
    serial_write_u64(writer, mark->rolled_back);
}

static void slot_write(struct serial_writer *writer, const struct slot *slot)
{
    serial_write_name(writer, slot->publisher);
    serial_write_u8(writer, (uint8_t)slot->spans_count);
    for (int32_t i = 0; i < slot->spans_count; i++) {
        serial_write_u64(writer, slot->spans[i].first);
        serial_write_u64(writer, slot->spans[i].last);
    }
}

void arrivals_write(const struct arrivals *arrivals, struct serial_writer *writer)
{
    serial_write_u32(writer, (uint32_t)arrivals->marks_count);
    for (size_t i = 0; i < arrivals->marks_count; i++)
        mark_write(writer, &arrivals->marks[i]);
    serial_write_u32(writer, (uint32_t)arrivals->slots_count);
    for (int32_t i = arrivals->slots_count - 1; i >= 0; i--)
        slot_write(writer, &arrivals->slots[arrivals->order[i]]);
    serial_write_u64(writer, arrivals->given_up);
}

static void mark_read(struct arrivals *arrivals, struct serial_reader *reader)
{
    struct arrivals_mark mark = {.seq = 0};

    serial_read_name(reader, sizeof mark.stream, mark.stream);
    mark.seq = serial_read_u64(reader);
    mark.time_ns = (int64_t)serial_read_u64(reader);
    mark.known = serial_read_u64(reader);
    mark.lost = serial_read_u64(reader);
    mark.rolled_back = serial_read_u64(reader);
    if (reader->status != LATTN_OK)
        return;
    if (mark.known < mark.seq)
        serial_refuse(reader, LATTN_DAMAGED, "stream \"%.40s\" ends before its mark", mark.stream);
    else if (mark_find(arrivals, mark.stream) < arrivals->marks_count)
        serial_refuse(reader, LATTN_DAMAGED, "stream \"%.40s\" comes twice", mark.stream);
    else
        (void)arrivals_put(arrivals, &mark); /* the reader counts them */
}

/* Spans that grow with numbers missing between them, or none of them counts. */
static void spans_read(struct slot *slot, struct serial_reader *reader)
{
    for (int32_t i = 0; i < slot->spans_count; i++) {
        struct span *span = &slot->spans[i];

        span->first = serial_read_u64(reader);
        span->last = serial_read_u64(reader);
        if (span->first > span->last || (i > 0 && !is_apart(span[-1], *span)))
            serial_refuse(reader, LATTN_DAMAGED, "numbers of publisher \"%.40s\" go back",
                          slot->publisher);
    }
}

static void slot_read(struct arrivals *arrivals, struct serial_reader *reader)
{
    struct slot slot = {.spans_count = 0};

    serial_read_name(reader, sizeof slot.publisher, slot.publisher);
    slot.spans_count = serial_read_u8(reader);
    if (slot.spans_count < 1 || slot.spans_count > ARRIVALS_SPANS_MAX)
        serial_refuse(reader, LATTN_DAMAGED, "publisher \"%.40s\" has %d runs of numbers",
                      slot.publisher, slot.spans_count);
    if (reader->status == LATTN_OK)
        spans_read(&slot, reader);
    if (reader->status != LATTN_OK)
        return;
    if (place_find(arrivals, slot.publisher) != NONE)
        serial_refuse(reader, LATTN_DAMAGED, "publisher \"%.40s\" comes twice", slot.publisher);
    else if (slot_take(arrivals, slot.publisher) != LATTN_OK)
        serial_refuse(reader, LATTN_NO_MEMORY, "%s", lattn_status_text(LATTN_NO_MEMORY));
    else
        arrivals->slots[arrivals->order[0]] = slot;
}

void arrivals_read(struct arrivals *arrivals, struct serial_reader *reader)
{
    int32_t count = serial_read_int(reader, "streams", 0, ARRIVALS_STREAMS_MAX);

    assert(arrivals->marks_count == 0 && arrivals->slots_count == 0);
    for (int32_t i = 0; i < count && reader->status == LATTN_OK; i++)
        mark_read(arrivals, reader);
    count = serial_read_int(reader, "publishers", 0, ARRIVALS_PUBLISHERS_MAX);
    for (int32_t i = 0; i < count && reader->status == LATTN_OK; i++)
        slot_read(arrivals, reader);
    arrivals->given_up = serial_read_u64(reader);
}
