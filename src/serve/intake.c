#include "serve/intake.h"

#include "base/complaint.h"
#include "serve/bounds.h"

#include <inttypes.h>

enum lattn_status intake_add(struct intake *intake, const char *bytes, size_t length)
{
    dues_add(&intake->dues, length);
    return inbox_add(&intake->inbox, bytes, length);
}

void intake_pass(struct intake *intake, size_t length)
{
    dues_add(&intake->dues, length);
}

/* The next whole message, or after the end of the input what is left without an end. */
static enum lattn_status letter_take(struct intake *intake, int is_last, struct letter *ret_letter,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = inbox_next(&intake->inbox, ret_letter, complaint);

    if (status == LATTN_MORE && is_last)
        status = inbox_last(&intake->inbox, ret_letter, complaint);
    return status;
}

/* Fill the chunk with the messages of a turn. Returns as intake_fill. */
static enum lattn_status turn_take(struct intake *intake, int is_last, struct chunk *chunk)
{
    size_t cost = 0;

    /* A request may keep the learner busy longer than all pairs of a turn. */
    while (cost < TURN_BYTES && chunk->requests_count == 0) {
        struct letter letter = {.bytes = NULL};
        struct lattn_complaint complaint = {""};
        enum lattn_status status = letter_take(intake, is_last, &letter, &complaint);

        if (status == LATTN_MORE) {
            dues_charge_rest(&intake->dues);
            return LATTN_MORE;
        }
        status = status == LATTN_OK ? chunk_read(chunk, &letter)
                                    : chunk_refuse(chunk, &letter, status, complaint.text);
        if (status != LATTN_OK)
            return status;
        cost += dues_charge(&intake->dues, letter.length, chunk_surcharge(chunk, &letter));
    }
    if (chunk->requests_count > 0)
        dues_hurry(&intake->dues);
    return LATTN_OK;
}

enum lattn_status intake_fill(struct intake *intake, size_t turns, int is_last, struct chunk *chunk)
{
    size_t waiting = buffer_length(&intake->inbox.buffer);
    enum lattn_status status =
        chunk_expect(chunk, waiting < turns * TURN_BYTES ? waiting : turns * TURN_BYTES);

    while (status == LATTN_OK) {
        status = turn_take(intake, is_last, chunk);
        if (chunk->requests_count > 0 || --turns == 0 || status != LATTN_OK ||
            !dues_settle(&intake->dues))
            break;
    }
    return status;
}

enum lattn_status intake_abandon(struct intake *intake, uint64_t timeout_ms, struct chunk *chunk)
{
    struct letter letter;
    struct lattn_complaint complaint;

    inbox_abandon(&intake->inbox, &letter);
    (void)complain(&complaint, LATTN_TIMEOUT, "the message was not whole within %" PRIu64 " ms",
                   timeout_ms);
    return chunk_refuse(chunk, &letter, LATTN_TIMEOUT, complaint.text);
}
