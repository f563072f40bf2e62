/*
 * An array that grows at its end and shrinks at its start. What has left stays in it until it is
 * the larger part; then the rest moves to the front.
 */
#include "kept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void kept_done(struct kept *kept)
{
    for (size_t i = kept->start; i < kept->end; i++)
        free(kept->messages[i].bytes);
    free(kept->messages);
    *kept = (struct kept){.messages = NULL};
}

static enum lattn_status room_make(struct kept *kept)
{
    size_t capacity = 2 * kept->capacity + 64;
    struct kept_message *messages;

    if (kept->end < kept->capacity)
        return LATTN_OK;
    messages = realloc(kept->messages, capacity * sizeof *messages);
    if (messages == NULL)
        return LATTN_NO_MEMORY;
    kept->messages = messages;
    kept->capacity = capacity;
    return LATTN_OK;
}

/* What one takes: its bytes, its place, and what the heap adds. */
static uint64_t size_of(const struct kept_message *message)
{
    return message->length + sizeof *message + 2 * sizeof(size_t);
}

enum lattn_status kept_add(struct kept *kept, const char *bytes, size_t length, uint64_t pairs)
{
    struct kept_message *message;
    char *copy = malloc(length > 0 ? length : 1);

    if (copy == NULL || room_make(kept) != LATTN_OK) {
        free(copy);
        return LATTN_NO_MEMORY;
    }
    memcpy(copy, bytes, length);
    message = &kept->messages[kept->end++];
    *message = (struct kept_message){.bytes = copy, .length = length, .pairs = pairs};
    kept->bytes += size_of(message);
    kept->waiting++;
    return LATTN_OK;
}

/* A message that was under way is so no more. */
static void land(struct kept *kept, const struct kept_message *message)
{
    kept->sent--;
    kept->sent_bytes -= message->length;
}

uint64_t kept_count(const struct kept *kept)
{
    return kept->end - kept->start;
}

/* The message of a number; NULL where it is not kept. */
static struct kept_message *find(struct kept *kept, uint64_t number)
{
    uint64_t place = number - kept->settled - 1;

    return number <= kept->settled || place >= kept_count(kept)
               ? NULL
               : &kept->messages[kept->start + place];
}

const struct kept_message *kept_next(struct kept *kept, uint64_t *ret_number)
{
    while (kept->next < kept->end && kept->messages[kept->next].fate != KEPT_WAITING)
        kept->next++;
    if (kept->next == kept->end)
        return NULL;
    *ret_number = kept->settled + 1 + (kept->next - kept->start);
    return &kept->messages[kept->next];
}

void kept_send(struct kept *kept)
{
    assert(kept->next < kept->end && kept->messages[kept->next].fate == KEPT_WAITING);
    kept->messages[kept->next].fate = KEPT_SENT;
    kept->waiting--;
    kept->sent++;
    kept->sent_bytes += kept->messages[kept->next].length;
    kept->next++;
}

uint64_t kept_store(struct kept *kept, uint64_t number, uint64_t sequence)
{
    struct kept_message *message = find(kept, number);

    if (message == NULL || message->fate == KEPT_STORED)
        return 0;
    if (message->fate == KEPT_WAITING)
        kept->waiting--;
    else
        land(kept, message);
    message->fate = KEPT_STORED;
    message->sequence = sequence;
    return message->pairs;
}

static void wait_again(struct kept *kept, size_t place)
{
    kept->messages[place].fate = KEPT_WAITING;
    kept->waiting++;
    if (place < kept->next)
        kept->next = place;
}

void kept_return(struct kept *kept, uint64_t number)
{
    const struct kept_message *message = find(kept, number);

    if (message == NULL || message->fate != KEPT_SENT)
        return;
    land(kept, message);
    wait_again(kept, (size_t)(message - kept->messages));
}

void kept_return_sent(struct kept *kept)
{
    for (size_t i = kept->start; i < kept->end && kept->sent > 0; i++)
        if (kept->messages[i].fate == KEPT_SENT) {
            land(kept, &kept->messages[i]);
            wait_again(kept, i);
        }
}

uint64_t kept_return_all(struct kept *kept)
{
    uint64_t stored = kept_count(kept) - kept->waiting - kept->sent;

    kept_return_sent(kept);
    for (size_t i = kept->start; i < kept->end; i++)
        if (kept->messages[i].fate == KEPT_STORED)
            wait_again(kept, i);
    return stored;
}

static void compact(struct kept *kept)
{
    size_t count = kept->end - kept->start;

    if (kept->start <= count)
        return;
    memmove(kept->messages, kept->messages + kept->start, count * sizeof *kept->messages);
    kept->next -= kept->start;
    kept->end = count;
    kept->start = 0;
}

void kept_settle(struct kept *kept, uint64_t sequence)
{
    while (kept->start < kept->end) {
        struct kept_message *first = &kept->messages[kept->start];

        if (first->fate != KEPT_STORED || first->sequence > sequence)
            break;
        kept->settled++;
        kept->settled_pairs += first->pairs;
        kept->bytes -= size_of(first);
        free(first->bytes);
        kept->start++;
    }
    if (kept->next < kept->start)
        kept->next = kept->start;
    compact(kept);
}

uint64_t kept_newest(const struct kept *kept, uint64_t *ret_sequence)
{
    uint64_t newest = 0;

    *ret_sequence = 0;
    for (size_t i = kept->start; i < kept->end; i++)
        if (kept->messages[i].fate == KEPT_STORED && kept->messages[i].sequence > *ret_sequence) {
            newest = kept->settled + 1 + (i - kept->start);
            *ret_sequence = kept->messages[i].sequence;
        }
    return newest;
}
