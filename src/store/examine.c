#include "store/examine.h"

#include "base/complaint.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * broken  position of the last record that is not there as it was written; whatever is at or behind
 *         it is sound, and a checkpoint that is not older does without it
 */
struct examiner {
    const struct volume_txn *txn;
    const struct contents *contents;
    checkpoint_progress_fn progress;
    void *arg;
    uint64_t broken;
    struct examination found;
};

static void note(struct examiner *examiner, const struct lattn_complaint *said)
{
    if (examiner->found.damage[0] == '\0')
        snprintf(examiner->found.damage, sizeof examiner->found.damage, "%.150s", said->text);
}

static enum lattn_status examine_journal(struct examiner *examiner,
                                         struct lattn_complaint *complaint)
{
    uint64_t position = contents_oldest(examiner->contents);

    while (position++ < examiner->contents->position) {
        const unsigned char *bytes;
        size_t length;
        enum lattn_status status =
            volume_read(examiner->txn, VOLUME_JOURNAL, position, &bytes, &length, complaint);

        if (status == LATTN_NO_DATA)
            status = complain(complaint, LATTN_DAMAGED, "record %" PRIu64 " is missing", position);
        if (status == LATTN_DAMAGED) {
            examiner->broken = position;
            note(examiner, complaint);
        } else if (status != LATTN_OK) {
            return status;
        }
        examiner->progress(examiner->arg);
    }
    return LATTN_OK;
}

/* Behind the last record there is none; if there is, nobody knows which of them is the last. */
static enum lattn_status examine_end(struct examiner *examiner, struct lattn_complaint *complaint)
{
    uint64_t position = examiner->contents->position;
    enum lattn_status status =
        volume_find(examiner->txn, VOLUME_JOURNAL, position + 1, &position, NULL, complaint);

    if (status == LATTN_NO_DATA)
        return LATTN_OK;
    if (status == LATTN_OK)
        status = complain(complaint, LATTN_DAMAGED, "record %" PRIu64 " lies behind the last one",
                          position);
    if (status != LATTN_DAMAGED)
        return status;
    examiner->broken = UINT64_MAX;
    note(examiner, complaint);
    return LATTN_OK;
}

static enum lattn_status examine_checkpoints(struct examiner *examiner,
                                             struct lattn_complaint *complaint)
{
    for (uint32_t i = 0; i < examiner->contents->count; i++) {
        const struct contents_checkpoint *checkpoint = &examiner->contents->checkpoints[i];
        enum lattn_status status = checkpoint_examine(examiner->txn, checkpoint, examiner->progress,
                                                      examiner->arg, complaint);

        if (status == LATTN_OK && checkpoint->position >= examiner->broken)
            examiner->found.usable |= 1u << i;
        else if (status == LATTN_DAMAGED)
            note(examiner, complaint);
        else if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

enum lattn_status examine(const struct volume_txn *txn, const struct contents *contents,
                          checkpoint_progress_fn progress, void *arg,
                          struct examination *ret_examination, struct lattn_complaint *complaint)
{
    struct examiner examiner = {.txn = txn, .contents = contents, .progress = progress, .arg = arg};
    struct lattn_complaint said = {""};
    enum lattn_status status = examine_journal(&examiner, &said);

    if (status == LATTN_OK)
        status = examine_end(&examiner, &said);
    if (status == LATTN_OK)
        status = examine_checkpoints(&examiner, &said);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s", said.text);
    *ret_examination = examiner.found;
    return LATTN_OK;
}
