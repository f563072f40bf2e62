/*
 * A model as NumPy's npz: a zip archive of four arrays in the npy format, stored, not compressed.
 *
 *     V.npy, Q.npy, sigma.npy    <f8
 *     metadata.npy               |S, JSON text, no axes
 *
 * Sources: PKWARE's APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16; numpy.lib.format, version
 * 1.0. No library writes it, as four records of fixed shape are shorter than the calls of one. All
 * dates are the first that zip knows, so that equal models make equal files.
 *
 * A record                     The directory, an entry each         The end
 *     0   4  50 4b 03 04           0   4  50 4b 01 02                   0   4  50 4b 05 06
 *     4   2  version to read it    4   2  version that wrote it         4   4  disks, 0
 *     6   2  flags, 0              6  26  bytes 4 .. 29 of the record   8   2  entries here
 *     8   2  stored, 0            32   6  no comment, disk 0, bytes    10   2  entries
 *    10   4  time and date        38   4  no attributes                12   4  length of directory
 *    14   4  CRC-32               42   4  where the record begins      16   4  where it begins
 *    18   8  length, twice        46   .  name                         20   2  no comment
 *    26   4  length of name, 0
 *    30   .  name, content
 */
#include <lattn/wire.h>

#include "wire/metadata.h"
#include "wire/octets.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    RECORD_MAGIC = 0x04034b50,
    ENTRY_MAGIC = 0x02014b50,
    END_MAGIC = 0x06054b50,
    VERSION = 20,
    DATE_FIRST = 0x0021, /* 1 January 1980 */
    RECORDS_MAX = 4,
    RECORD_CRC_AT = 14,
    RECORD_LENGTHS_AT = 18,
    RECORD_NAME_AT = 30,
    /* Bytes 4 to 29 of a record stand in the directory again. */
    SHARED_AT = 4,
    SHARED_BYTES = 26,
    /* All that is neither numbers nor metadata takes less. */
    FRAME_BYTES_MAX = 4096,
    NPY_ALIGNMENT = 64
};

struct record {
    const char *name;
    size_t at;
};

struct archive {
    struct octets octets;
    struct record records[RECORDS_MAX];
    int32_t count;
};

/* ---- records ------------------------------------------------------------------------------- */

/* CRC-32 of zip: reflected polynomial 0xedb88320, four bits at a time. */
static uint32_t crc32_of(const char *bytes, size_t length)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static void record_open(struct archive *archive, const char *name)
{
    struct octets *octets = &archive->octets;

    assert(archive->count < RECORDS_MAX);
    archive->records[archive->count++] = (struct record){name, octets_length(octets)};
    octets_uint(octets, RECORD_MAGIC, 4);
    octets_uint(octets, VERSION, 2);
    octets_fill(octets, 0, 6);
    octets_uint(octets, DATE_FIRST, 2);
    octets_fill(octets, 0, 12);
    octets_uint(octets, strlen(name), 2);
    octets_fill(octets, 0, 2);
    octets_bytes(octets, name, strlen(name));
}

/* What was written since record_open is its content: now its length and CRC are known. */
static void record_close(struct archive *archive)
{
    struct octets *octets = &archive->octets;
    const struct record *record = &archive->records[archive->count - 1];
    size_t content_at = record->at + RECORD_NAME_AT + strlen(record->name);
    size_t length;

    if (octets->status != LATTN_OK)
        return;
    length = octets_length(octets) - content_at;
    octets_replace(octets, record->at + RECORD_CRC_AT,
                   crc32_of(octets->text->data + octets->start + content_at, length), 4);
    octets_replace(octets, record->at + RECORD_LENGTHS_AT, length, 4);
    octets_replace(octets, record->at + RECORD_LENGTHS_AT + 4, length, 4);
}

static void entry_write(struct octets *octets, const struct record *record)
{
    char shared[SHARED_BYTES];

    if (octets->status != LATTN_OK)
        return;
    memcpy(shared, octets->text->data + octets->start + record->at + SHARED_AT, sizeof shared);
    octets_uint(octets, ENTRY_MAGIC, 4);
    octets_uint(octets, VERSION, 2);
    octets_bytes(octets, shared, sizeof shared);
    octets_fill(octets, 0, 10);
    octets_uint(octets, record->at, 4);
    octets_bytes(octets, record->name, strlen(record->name));
}

static void directory_write(struct archive *archive)
{
    struct octets *octets = &archive->octets;
    size_t at = octets_length(octets);
    size_t length;

    for (int32_t i = 0; i < archive->count; i++)
        entry_write(octets, &archive->records[i]);
    length = octets_length(octets) - at;
    octets_uint(octets, END_MAGIC, 4);
    octets_fill(octets, 0, 4);
    octets_uint(octets, (uint64_t)archive->count, 2);
    octets_uint(octets, (uint64_t)archive->count, 2);
    octets_uint(octets, length, 4);
    octets_uint(octets, at, 4);
    octets_fill(octets, 0, 2);
}

/* ---- arrays -------------------------------------------------------------------------------- */

/* The head of an npy file; its length is a multiple of 64 and its last byte a line's end. */
static void npy_begin(struct octets *octets, const char *descr, const char *shape)
{
    static const char magic[8] = "\x93NUMPY\x01\x00";
    char dict[256];
    const size_t before = sizeof magic + 2;
    size_t length =
        (size_t)snprintf(dict, sizeof dict,
                         "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape);
    size_t padding = -(before + length + 1) % NPY_ALIGNMENT;

    assert(length < sizeof dict);
    octets_bytes(octets, magic, sizeof magic);
    octets_uint(octets, length + padding + 1, 2);
    octets_bytes(octets, dict, length);
    octets_fill(octets, ' ', padding);
    octets_fill(octets, '\n', 1);
}

static void numbers_write(struct archive *archive, const char *name, const char *shape,
                          const double *numbers, size_t count)
{
    record_open(archive, name);
    npy_begin(&archive->octets, "<f8", shape);
    octets_doubles(&archive->octets, numbers, count);
    record_close(archive);
}

static void metadata_put(struct archive *archive, const struct lattn_text *metadata)
{
    char descr[32];

    snprintf(descr, sizeof descr, "|S%zu", metadata->length);
    record_open(archive, "metadata.npy");
    npy_begin(&archive->octets, descr, "");
    octets_bytes(&archive->octets, metadata->data, metadata->length);
    record_close(archive);
}

static void archive_write(struct archive *archive, const struct lattn_model *model,
                          const struct lattn_text *metadata)
{
    size_t heads = (size_t)model->heads;
    size_t d = (size_t)model->d;
    size_t m = (size_t)model->m;
    char shape[64];

    snprintf(shape, sizeof shape, "%zu, %zu, %zu", heads, m, d);
    numbers_write(archive, "V.npy", shape, model->V, heads * m * d);
    snprintf(shape, sizeof shape, "%zu, %zu, %zu", heads, d, d);
    numbers_write(archive, "Q.npy", shape, model->Q, heads * d * d);
    snprintf(shape, sizeof shape, "%zu,", heads);
    numbers_write(archive, "sigma.npy", shape, model->sigma, heads);
    metadata_put(archive, metadata);
    directory_write(archive);
}

/* A zip archive counts its bytes in 32 bits. */
static int is_within_zip(const struct lattn_model *model, const struct lattn_text *metadata)
{
    uint64_t d = (uint64_t)model->d;
    uint64_t numbers = (uint64_t)model->heads * (((uint64_t)model->m + d) * d + 1);

    return numbers * sizeof(double) + metadata->length + FRAME_BYTES_MAX < UINT32_MAX;
}

enum lattn_status lattn_write_npz(struct lattn_text *ret_text, const struct lattn_model *model)
{
    struct archive archive = {.count = 0};
    struct lattn_text metadata;
    struct writer writer;
    enum lattn_status status;

    lattn_text_init(&metadata);
    writer_begin(&writer, &metadata, LATTN_FORMAT_JSON);
    metadata_write(&writer, model);
    status = writer_end(&writer);
    if (status == LATTN_OK && !is_within_zip(model, &metadata))
        status = LATTN_RANGE;
    if (status == LATTN_OK) {
        octets_begin(&archive.octets, ret_text);
        archive_write(&archive, model, &metadata);
        status = octets_end(&archive.octets);
    }
    lattn_text_done(&metadata);
    return status;
}
