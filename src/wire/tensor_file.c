/*
 * The format of the safetensors library (github.com/huggingface/safetensors, README.md, "Format"),
 * written for whatever tensors there are.
 *
 *     0        8   N, little-endian
 *     8        N   JSON: {"__metadata__": {strings}, "NAME": tensor, ...}, then spaces until 8 + N
 *                  is a multiple of 8
 *     8 + N    .   the tensors one behind the other, row-major doubles, little-endian
 *
 * A tensor is {"dtype": "F64", "shape": [...], "data_offsets": [begin, end]}, the offsets counted
 * from 8 + N.
 */
#include "wire/tensor_file.h"

#include "wire/octets.h"

enum { LENGTH_BYTES = 8 };

static uint64_t entry_count(const struct tensor_file_entry *entry)
{
    uint64_t count = 1;

    for (int32_t axis = 0; axis < entry->rank; axis++)
        count *= entry->shape[axis];
    return count;
}

static void entry_write(struct writer *writer, const struct tensor_file_entry *entry,
                        uint64_t begin)
{
    writer_key(writer, entry->name);
    writer_open(writer, '{');
    writer_key(writer, "dtype");
    writer_string(writer, "F64");
    writer_key(writer, "shape");
    writer_open(writer, '[');
    for (int32_t axis = 0; axis < entry->rank; axis++)
        writer_count(writer, entry->shape[axis]);
    writer_close(writer, ']');
    writer_key(writer, "data_offsets");
    writer_open(writer, '[');
    writer_count(writer, begin);
    writer_count(writer, begin + entry_count(entry) * sizeof(double));
    writer_close(writer, ']');
    writer_close(writer, '}');
}

static enum lattn_status header_write(struct lattn_text *text, tensor_file_metadata_fn metadata,
                                      const void *of, const struct tensor_file_entry *entries,
                                      size_t count)
{
    static const char spaces[] = "       ";
    uint64_t begin = 0;
    struct writer writer;
    enum lattn_status status;

    writer_begin(&writer, text, LATTN_FORMAT_JSON);
    writer_open(&writer, '{');
    writer_key(&writer, "__metadata__");
    metadata(&writer, of);
    for (size_t i = 0; i < count; i++) {
        entry_write(&writer, &entries[i], begin);
        begin += entry_count(&entries[i]) * sizeof(double);
    }
    writer_close(&writer, '}');
    status = writer_end(&writer);
    if (status == LATTN_OK)
        status = lattn_text_add(text, spaces, -text->length % LENGTH_BYTES);
    return status;
}

enum lattn_status tensor_file_write(struct lattn_text *ret_text, tensor_file_metadata_fn metadata,
                                    const void *of, const struct tensor_file_entry *entries,
                                    size_t count)
{
    struct lattn_text header;
    struct octets octets;
    enum lattn_status status;

    lattn_text_init(&header);
    status = header_write(&header, metadata, of, entries, count);
    if (status == LATTN_OK) {
        octets_begin(&octets, ret_text);
        octets_uint(&octets, header.length, LENGTH_BYTES);
        octets_bytes(&octets, header.data, header.length);
        for (size_t i = 0; i < count; i++)
            octets_doubles(&octets, entries[i].numbers, (size_t)entry_count(&entries[i]));
        status = octets_end(&octets);
    }
    lattn_text_done(&header);
    return status;
}
