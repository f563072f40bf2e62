/*
 * The answer to "certify": how much of a domain is determined, and what the rest lacks.
 */
#include <lattn/wire.h>

#include "wire/member.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <string.h>

#define OF_LACK(field) offsetof(struct lattn_lack, field)

static const struct member lack_members[] = {
    {.word = "feature",
     .kind = MEMBER_TEXT,
     .offset = OF_LACK(feature),
     .size = sizeof((struct lattn_lack *)NULL)->feature},
    {.word = "columns", .kind = MEMBER_INT64, .offset = OF_LACK(columns)},
    {.word = "rank", .kind = MEMBER_INT64, .offset = OF_LACK(rank)},
    {.word = "inputs", .kind = MEMBER_COUNT, .offset = OF_LACK(inputs)},
    {.word = NULL},
};

enum lattn_status lattn_write_domain(struct lattn_text *text, enum lattn_format format,
                                     const struct lattn_domain *domain)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    writer_open(&writer, '{');
    writer_key(&writer, "inputs");
    writer_count(&writer, domain->inputs);
    writer_key(&writer, "determined");
    writer_count(&writer, domain->determined);
    writer_key(&writer, "bound95");
    writer_number(&writer, domain->bound95);
    writer_key(&writer, "undetermined");
    writer_open(&writer, '[');
    for (int32_t i = 0; i < domain->undetermined_count; i++)
        writer_count(&writer, domain->undetermined[i]);
    writer_close(&writer, ']');
    writer_key(&writer, "short");
    writer_open(&writer, '[');
    for (int32_t i = 0; i < domain->lacks_count; i++)
        member_write(&writer, lack_members, &domain->lacks[i]);
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    return writer_end(&writer);
}

/* Arrays of a later version may be longer: what has no place is passed over. */
static enum lattn_status undetermined_read(struct scan *scan, int64_t index, void *arg)
{
    struct lattn_domain *domain = arg;

    if (index >= LATTN_DOMAIN_FIRST_MAX)
        return scan_skip(scan);
    domain->undetermined_count = (int32_t)index + 1;
    return scan_count_to(scan, "undetermined", UINT64_MAX, &domain->undetermined[index]);
}

static enum lattn_status lacks_read(struct scan *scan, int64_t index, void *arg)
{
    struct lattn_domain *domain = arg;

    if (index >= LATTN_LACKS_MAX)
        return scan_skip(scan);
    domain->lacks_count = (int32_t)index + 1;
    return member_read(scan, "short", lack_members, &domain->lacks[index]);
}

static enum lattn_status domain_read(struct scan *scan, int32_t field, void *arg)
{
    struct lattn_domain *domain = arg;

    switch (field) {
    case 0:
        return scan_count_to(scan, "inputs", UINT64_MAX, &domain->inputs);
    case 1:
        return scan_count_to(scan, "determined", UINT64_MAX, &domain->determined);
    case 2:
        return scan_number(scan, "bound95", &domain->bound95);
    case 3:
        return scan_array(scan, "undetermined", undetermined_read, domain);
    default:
        return scan_array(scan, "short", lacks_read, domain);
    }
}

enum lattn_status lattn_reply_domain(const struct lattn_reply *reply,
                                     struct lattn_domain *ret_domain)
{
    static const char *const words[] = {"inputs",       "determined", "bound95",
                                        "undetermined", "short",      NULL};
    struct lattn_domain domain = {0};
    struct scan scan;
    enum lattn_status status =
        reply->kind == LATTN_REPLY_RESULT ? reply_part(reply, NULL, &scan) : LATTN_FIELD;

    if (status == LATTN_OK)
        status = scan_object(&scan, "result", words, SCAN_STRANGERS_PASSED, domain_read, &domain);
    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK || domain.inputs == 0 || domain.determined > domain.inputs)
        return LATTN_FIELD;
    *ret_domain = domain;
    return LATTN_OK;
}
