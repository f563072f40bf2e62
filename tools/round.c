#include "round.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void round_init(struct round *round)
{
    round->count = 0;
    round->next = 0;
    round->asked = 0;
    round->answered = 0;
    round->has_ids = 0;
}

void round_add(struct round *round, uint64_t id, struct lattn_question *question)
{
    assert(round->count < LATTN_QUESTIONS_MAX);
    assert(round->count == 0 || round->entries[round->count - 1].id < id);
    round->entries[round->count++] = (struct round_entry){.id = id, .question = question};
}

const struct round_entry *round_next(const struct round *round)
{
    return round->next < round->count ? &round->entries[round->next] : NULL;
}

void round_ask(struct round *round)
{
    struct round_entry *entry = &round->entries[round->next];

    assert(entry->state == ROUND_WAITS);
    entry->state = ROUND_ASKED;
    round->asked++;
    while (round->next < round->count && round->entries[round->next].state != ROUND_WAITS)
        round->next++;
}

const struct round_entry *round_oldest(const struct round *round)
{
    if (round->asked == 0)
        return NULL;
    for (size_t i = 0; i < round->count; i++)
        if (round->entries[i].state == ROUND_ASKED)
            return &round->entries[i];
    return NULL;
}

static int entry_compare(const void *id, const void *entry)
{
    uint64_t sought = *(const uint64_t *)id;
    uint64_t there = ((const struct round_entry *)entry)->id;

    return sought < there ? -1 : sought > there;
}

/* The entry whose id is written just like this. */
static const struct round_entry *entry_find(const struct round *round, const char *id)
{
    uint64_t number;
    char digits[24];

    if (sscanf(id, "%" SCNu64, &number) != 1)
        return NULL;
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    if (strcmp(digits, id) != 0)
        return NULL;
    return bsearch(&number, round->entries, round->count, sizeof *round->entries, entry_compare);
}

static enum lattn_status refuse(struct lattn_complaint *complaint, const char *id, const char *why)
{
    snprintf(complaint->text, sizeof complaint->text, "an answer with id %.100s%s", id, why);
    return LATTN_FIELD;
}

static enum lattn_status entry_take(struct round *round, const struct round_entry *entry,
                                    const struct round_entry **ret_entry)
{
    round->entries[entry - round->entries].state = ROUND_ANSWERED;
    round->asked--;
    round->answered++;
    *ret_entry = entry;
    return LATTN_OK;
}

enum lattn_status round_answer(struct round *round, const char *id,
                               const struct round_entry **ret_entry,
                               struct lattn_complaint *complaint)
{
    const struct round_entry *entry;

    if (round->asked == 0) {
        snprintf(complaint->text, sizeof complaint->text,
                 "there are more answers than questions were asked");
        return LATTN_FIELD;
    }
    if (id[0] == '\0') {
        if (!round->has_ids || round->asked == 1)
            return entry_take(round, round_oldest(round), ret_entry);
        snprintf(complaint->text, sizeof complaint->text,
                 "an answer has no id, and those before it had");
        return LATTN_FIELD;
    }
    entry = entry_find(round, id);
    if (entry != NULL && entry->state == ROUND_ANSWERED)
        return refuse(complaint, id, " came twice");
    if (entry == NULL || entry->state != ROUND_ASKED)
        return refuse(complaint, id, ", and no such question was asked");
    round->has_ids = 1;
    return entry_take(round, entry, ret_entry);
}

void round_again(struct round *round)
{
    for (size_t i = round->count; i-- > 0;) {
        struct round_entry *entry = &round->entries[i];

        if (entry->state == ROUND_ASKED)
            entry->state = ROUND_WAITS;
        if (entry->state == ROUND_WAITS)
            round->next = i;
    }
    round->asked = 0;
    round->has_ids = 0;
}

int round_is_over(const struct round *round)
{
    return round->answered == round->count;
}
