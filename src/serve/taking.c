#include "serve/taking.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

/*
 * marks: of each stream that the block takes from; spans: a run of one publisher grows. Of the
 * message that was taken last: its mark, what that was before (no stream: it was not there), and
 * has it a number?
 */
struct taking {
    struct arrivals_mark marks[ARRIVALS_STREAMS_MAX];
    size_t marks_count;
    struct arrivals_span *spans;
    size_t spans_count;
    size_t spans_max;
    struct arrivals_mark *last;
    struct arrivals_mark before;
    int has_number;
};

enum lattn_status taking_open(struct taking **ret_taking, size_t arrivals_max)
{
    struct taking *taking = memory_zeroed(1, sizeof *taking);

    if (taking == NULL)
        return LATTN_NO_MEMORY;
    taking->spans_max = arrivals_max;
    taking->spans = memory_raw(arrivals_max, sizeof *taking->spans);
    if (taking->spans == NULL) {
        taking_close(&taking);
        return LATTN_NO_MEMORY;
    }
    *ret_taking = taking;
    return LATTN_OK;
}

void taking_close(struct taking **taking)
{
    struct taking *old = *taking;

    if (old == NULL)
        return;
    memory_release(old->spans);
    memory_release(old);
    *taking = NULL;
}

/* The mark that the block has for a stream; NULL: none yet. */
static struct arrivals_mark *mark_find(struct taking *taking, const char *stream)
{
    for (size_t i = 0; i < taking->marks_count; i++) {
        if (strcmp(taking->marks[i].stream, stream) == 0)
            return &taking->marks[i];
    }
    return NULL;
}

static uint64_t seq_of(const struct arrivals_mark *taken, const struct arrivals *kept,
                       const char *stream)
{
    struct arrivals_mark mark;

    if (taken != NULL)
        return taken->seq;
    return arrivals_mark_of(kept, stream, &mark) == LATTN_OK ? mark.seq : 0;
}

/* Does the block have this number? What came last is looked at first. */
static int has_number(const struct taking *taking, const struct arrival *arrival)
{
    for (size_t i = taking->spans_count; i-- > 0;) {
        const struct arrivals_span *span = &taking->spans[i];

        if (span->first <= arrival->number && arrival->number <= span->last &&
            strcmp(span->publisher, arrival->publisher) == 0)
            return 1;
    }
    return 0;
}

static void number_add(struct taking *taking, const struct arrival *arrival)
{
    struct arrivals_span *last =
        taking->spans_count > 0 ? &taking->spans[taking->spans_count - 1] : NULL;

    if (last != NULL && last->last + 1 == arrival->number &&
        strcmp(last->publisher, arrival->publisher) == 0) {
        last->last++;
        return;
    }
    assert(taking->spans_count < taking->spans_max);
    taking->spans[taking->spans_count++] =
        (struct arrivals_span){arrival->publisher, arrival->number, arrival->number};
}

/* Whoever counts what is lost of a stream knows nothing of its publishers' numbers. */
static void mark_move(struct arrivals_mark *mark, const struct arrivals_mark *next)
{
    uint64_t given_up = mark->given_up;

    *mark = *next;
    mark->lost += given_up;
    mark->given_up = given_up;
}

enum lattn_status taking_take(struct taking *taking, const struct arrivals *kept,
                              const struct arrival *arrival)
{
    struct arrivals_mark *mark = mark_find(taking, arrival->mark.stream);

    if (seq_of(mark, kept, arrival->mark.stream) != arrival->after)
        return LATTN_GAP;
    if (mark == NULL) {
        if (taking->marks_count == ARRIVALS_STREAMS_MAX)
            return LATTN_GAP;
        mark = &taking->marks[taking->marks_count++];
        *mark = (struct arrivals_mark){.seq = 0};
        mark->given_up = arrivals_given_up(kept, arrival->mark.stream);
    }
    taking->last = mark;
    taking->before = *mark;
    taking->has_number = arrival->publisher[0] != '\0';
    mark_move(mark, &arrival->mark);
    if (!taking->has_number)
        return LATTN_OK;
    if (has_number(taking, arrival) || arrivals_has(kept, arrival->publisher, arrival->number))
        return LATTN_DUPLICATE;
    number_add(taking, arrival);
    return LATTN_OK;
}

static void number_return(struct taking *taking)
{
    struct arrivals_span *last = &taking->spans[taking->spans_count - 1];

    if (last->first == last->last)
        taking->spans_count--;
    else
        last->last--;
}

void taking_return(struct taking *taking)
{
    if (taking->has_number)
        number_return(taking);
    if (taking->before.stream[0] == '\0')
        taking->marks_count--;
    else
        *taking->last = taking->before;
}

const struct arrivals_mark *taking_marks(const struct taking *taking, size_t *ret_count)
{
    *ret_count = taking->marks_count;
    return taking->marks;
}

const struct arrivals_span *taking_spans(const struct taking *taking, size_t *ret_count)
{
    *ret_count = taking->spans_count;
    return taking->spans;
}

void taking_keep(const struct taking *taking, struct arrivals *kept)
{
    for (size_t i = 0; i < taking->marks_count; i++) {
        enum lattn_status status = arrivals_put(kept, &taking->marks[i]);

        assert(status == LATTN_OK);
    }
    for (size_t i = 0; i < taking->spans_count; i++) {
        enum lattn_status status = arrivals_add(kept, &taking->spans[i]);

        assert(status == LATTN_OK);
    }
}

void taking_empty(struct taking *taking)
{
    taking->marks_count = 0;
    taking->spans_count = 0;
}
