/*
 * The first line of a file of answers.
 */
#include <lattn/transcript.h>

#include "base/complaint.h"
#include "wire/member.h"
#include "wire/reply.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define OF(field) offsetof(struct lattn_transcript, field)
#define SIZE_OF(field) sizeof((struct lattn_transcript *)NULL)->field

/* What tells such a line from others; later formats get another number. */
static const char transcript_format[] = "lattn probe 1";

static const struct member transcript_members[] = {
    {.word = "log", .kind = MEMBER_TEXT, .offset = OF(format), .size = SIZE_OF(format)},
    {.word = "version", .kind = MEMBER_TEXT, .offset = OF(version), .size = SIZE_OF(version)},
    {.word = "oracle", .kind = MEMBER_REMARK, .offset = OF(oracle), .size = SIZE_OF(oracle)},
    {.word = "d", .kind = MEMBER_INT32, .offset = OF(d)},
    {.word = "m", .kind = MEMBER_INT32, .offset = OF(m)},
    {.word = "positions", .kind = MEMBER_FLAG, .offset = OF(positions)},
    {.word = "decided", .kind = MEMBER_TEXT, .offset = OF(decided), .size = SIZE_OF(decided)},
    {.word = NULL},
};

enum lattn_status lattn_write_transcript(struct lattn_text *text,
                                         const struct lattn_transcript *transcript)
{
    struct lattn_transcript line = *transcript;

    static_assert(sizeof transcript_format <= sizeof line.format, "it fits");
    memcpy(line.format, transcript_format, sizeof transcript_format);
    return reply_write_members(text, LATTN_FORMAT_JSON, transcript_members, &line);
}

enum lattn_status lattn_transcript_read(const char *text, size_t length,
                                        struct lattn_transcript *ret_transcript,
                                        struct lattn_complaint *complaint)
{
    struct lattn_transcript transcript = {0};
    struct scan scan;
    enum lattn_status status = scan_begin(&scan, text, length, complaint);

    if (status == LATTN_OK)
        status = member_read(&scan, "the line", transcript_members, &transcript);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    if (status != LATTN_OK)
        return status;
    if (strcmp(transcript.format, transcript_format) != 0)
        return complain(complaint, LATTN_OTHER_VERSION, "log is \"%s\", \"%s\" is expected",
                        transcript.format, transcript_format);
    if (transcript.d < 1 || transcript.d > LATTN_DIM_MAX || transcript.m < 1 ||
        transcript.m > LATTN_OUTPUTS_MAX)
        return complain(complaint, LATTN_RANGE, "d is %d and m is %d", transcript.d, transcript.m);
    *ret_transcript = transcript;
    return LATTN_OK;
}
