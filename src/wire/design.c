/*
 * The answer to "suggest" with a number: sequences made to order.
 */
#include <lattn/wire.h>

#include "wire/inputs.h"
#include "wire/reply.h"
#include "wire/writer.h"

enum lattn_status lattn_write_design(struct lattn_text *text, enum lattn_format format,
                                     const struct lattn_design *design)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    writer_open(&writer, '{');
    writer_key(&writer, "missing");
    writer_count(&writer, design->missing);
    writer_key(&writer, "inputs");
    writer_open(&writer, '[');
    for (size_t i = 0; i < design->count; i++) {
        const struct lattn_item *item = &design->items[i];

        writer_open(&writer, '{');
        writer_key(&writer, "z");
        writer_matrix(&writer, item->z, item->n, item->d);
        writer_close(&writer, '}');
    }
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    return writer_end(&writer);
}

/* What was read so far; is_there tells of inputs, which may be none. */
struct design_reader {
    struct lattn_design design;
    int32_t is_there;
};

static enum lattn_status design_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct design_reader *reader = arg;

    if (field == 0)
        return scan_count_to(scan, "missing", UINT64_MAX, &reader->design.missing);
    reader->is_there = 1;
    return inputs_read(scan, "inputs", &reader->design.items, &reader->design.count);
}

enum lattn_status lattn_reply_design(const struct lattn_reply *reply,
                                     struct lattn_design *ret_design)
{
    static const char *const words[] = {"missing", "inputs", NULL};
    struct design_reader reader = {0};
    struct scan scan;
    enum lattn_status status =
        reply->kind == LATTN_REPLY_RESULT ? reply_part(reply, NULL, &scan) : LATTN_FIELD;

    if (status == LATTN_OK)
        status =
            scan_object(&scan, "result", words, SCAN_STRANGERS_PASSED, design_read_field, &reader);
    if (status == LATTN_OK && reader.is_there && reader.design.count <= reader.design.missing) {
        *ret_design = reader.design;
        return LATTN_OK;
    }
    lattn_design_done(&reader.design);
    return status == LATTN_NO_MEMORY ? status : LATTN_FIELD;
}
