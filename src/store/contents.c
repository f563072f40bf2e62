#include "store/contents.h"

#include "base/complaint.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* Drawn in store/README.md. */
enum { START_BYTES = 16, CHECKPOINT_BYTES = 24 };

static_assert(START_BYTES + CONTENTS_CHECKPOINTS * CHECKPOINT_BYTES <= VOLUME_HEAD_MAX,
              "the contents fit into a head");

static unsigned char *put(unsigned char *at, uint64_t number)
{
    number = htole64(number);
    memcpy(at, &number, sizeof number);
    return at + sizeof number;
}

static uint64_t get(const unsigned char *at)
{
    uint64_t number;

    memcpy(&number, at, sizeof number);
    return le64toh(number);
}

void contents_write(const struct contents *contents, struct volume_head *ret_head)
{
    unsigned char *at = put(ret_head->bytes, contents->position);

    at = put(at, contents->count);
    for (uint32_t i = 0; i < contents->count; i++) {
        at = put(at, contents->checkpoints[i].position);
        at = put(at, contents->checkpoints[i].bytes);
        at = put(at, contents->checkpoints[i].serial);
    }
    ret_head->length = (size_t)(at - ret_head->bytes);
}

/* Is each checkpoint older than what came before it: the last record, a newer checkpoint? */
static int is_in_order(const struct contents *contents)
{
    uint64_t position = contents->position, serial = (uint64_t)UINT32_MAX + 1;

    for (uint32_t i = 0; i < contents->count; i++) {
        const struct contents_checkpoint *checkpoint = &contents->checkpoints[i];

        if (checkpoint->position > position || checkpoint->serial >= serial)
            return 0;
        position = checkpoint->position;
        serial = checkpoint->serial;
    }
    return 1;
}

enum lattn_status contents_read(const struct volume_head *head, struct contents *ret_contents,
                                struct lattn_complaint *complaint)
{
    struct contents contents = {0};
    const unsigned char *at = head->bytes + START_BYTES;
    uint64_t count = head->length < START_BYTES ? UINT64_MAX : get(head->bytes + 8);

    if (count > CONTENTS_CHECKPOINTS || head->length != START_BYTES + count * CHECKPOINT_BYTES)
        return complain(complaint, LATTN_DAMAGED, "the head of the store has a wrong length");
    contents.position = get(head->bytes);
    contents.count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++, at += CHECKPOINT_BYTES)
        contents.checkpoints[i] = (struct contents_checkpoint){
            .position = get(at), .bytes = get(at + 8), .serial = (uint32_t)get(at + 16)};
    if (!is_in_order(&contents))
        return complain(complaint, LATTN_DAMAGED, "the head of the store contradicts itself");
    *ret_contents = contents;
    return LATTN_OK;
}

void contents_add(struct contents *contents, const struct contents_checkpoint *checkpoint)
{
    memmove(&contents->checkpoints[1], &contents->checkpoints[0],
            (CONTENTS_CHECKPOINTS - 1) * sizeof *checkpoint);
    contents->checkpoints[0] = *checkpoint;
    if (contents->count < CONTENTS_CHECKPOINTS)
        contents->count++;
}

uint64_t contents_oldest(const struct contents *contents)
{
    return contents->count == 0 ? 0 : contents->checkpoints[contents->count - 1].position;
}

int contents_has(const struct contents *contents, uint64_t serial)
{
    for (uint32_t i = 0; i < contents->count; i++)
        if (contents->checkpoints[i].serial == serial)
            return 1;
    return 0;
}
