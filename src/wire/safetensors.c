/*
 * A model as a file of tensors (tensor_file.c draws it): V [heads, m, d], then Q [heads, d, d].
 *
 * Read is what the safetensors library's own loader would take, with the two tensors in any order:
 * no gap, no overlap, nothing behind them.
 */
#include "wire/safetensors.h"

#include "base/complaint.h"
#include "wire/metadata.h"
#include "wire/octets.h"
#include "wire/tensor_file.h"

#include <inttypes.h>
#include <math.h>

enum {
    LENGTH_BYTES = 8,
    AXES = 3,
    HEADER_MAX = 100000000 /* the loader's own limit */
};

/* ---- writing ------------------------------------------------------------------------------- */

static void model_describe(struct writer *writer, const void *of)
{
    metadata_write(writer, of);
}

enum lattn_status lattn_write_safetensors(struct lattn_text *ret_text,
                                          const struct lattn_model *model)
{
    uint64_t heads = (uint64_t)model->heads;
    uint64_t d = (uint64_t)model->d;
    const struct tensor_file_entry entries[] = {
        {"V", model->V, AXES, {heads, (uint64_t)model->m, d}},
        {"Q", model->Q, AXES, {heads, d, d}},
    };

    return tensor_file_write(ret_text, model_describe, model, entries,
                             sizeof entries / sizeof *entries);
}

/* ---- reading the header -------------------------------------------------------------------- */

struct entry {
    const char *name;
    uint64_t shape[AXES];
    uint64_t offsets[2];
    int32_t fields;
};

struct header {
    struct entry V;
    struct entry Q;
    struct scan metadata; /* where it stands; at is NULL where there is none */
};

struct counts {
    const char *name;
    uint64_t max;
    int64_t expected;
    int64_t found;
    uint64_t *numbers;
};

static enum lattn_status counts_read_element(struct scan *scan, int64_t index, void *arg)
{
    struct counts *counts = arg;

    counts->found = index + 1;
    if (index == counts->expected)
        return complain(scan->complaint, LATTN_SHAPE, "%s has more than %d numbers", counts->name,
                        (int)counts->expected);
    return scan_count_to(scan, counts->name, counts->max, &counts->numbers[index]);
}

static enum lattn_status counts_read(struct scan *scan, struct counts *counts)
{
    enum lattn_status status = scan_array(scan, counts->name, counts_read_element, counts);

    if (status == LATTN_OK && counts->found != counts->expected)
        return complain(scan->complaint, LATTN_SHAPE, "%s has %d numbers, %d are expected",
                        counts->name, (int)counts->found, (int)counts->expected);
    return status;
}

enum entry_field { ENTRY_DTYPE, ENTRY_SHAPE, ENTRY_OFFSETS, ENTRY_FIELDS };

static const char *const entry_words[] = {"dtype", "shape", "data_offsets", NULL};

static enum lattn_status entry_read_field(struct scan *scan, int32_t field, void *arg)
{
    static const char *const dtypes[] = {"F64", NULL};
    struct entry *entry = arg;
    char name[32];
    /* Sizes up to INT32_MAX keep the product of a valid shape far from overflow. */
    struct counts shape = {
        .name = name, .max = INT32_MAX, .expected = AXES, .numbers = entry->shape};
    struct counts offsets = {
        .name = name, .max = UINT64_MAX, .expected = 2, .numbers = entry->offsets};
    int32_t dtype;

    entry->fields++;
    snprintf(name, sizeof name, "%s.%s", entry->name, entry_words[field]);
    switch ((enum entry_field)field) {
    case ENTRY_DTYPE:
        return scan_word(scan, name, dtypes, "\"F64\"", &dtype);
    case ENTRY_SHAPE:
        return counts_read(scan, &shape);
    case ENTRY_OFFSETS:
        return counts_read(scan, &offsets);
    case ENTRY_FIELDS:
        break;
    }
    return LATTN_FIELD;
}

static enum lattn_status entry_read(struct scan *scan, struct entry *entry)
{
    enum lattn_status status = scan_object(scan, entry->name, entry_words, SCAN_STRANGERS_REFUSED,
                                           entry_read_field, entry);

    if (status == LATTN_OK && entry->fields != ENTRY_FIELDS)
        return complain(scan->complaint, LATTN_FIELD, "%s lacks dtype, shape or data_offsets",
                        entry->name);
    return status;
}

enum header_field { HEADER_METADATA, HEADER_V, HEADER_Q, HEADER_W };

static enum lattn_status header_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct header *header = arg;

    switch ((enum header_field)field) {
    case HEADER_METADATA:
        header->metadata = *scan;
        return scan_skip(scan);
    case HEADER_V:
        return entry_read(scan, &header->V);
    case HEADER_Q:
        return entry_read(scan, &header->Q);
    case HEADER_W:
        return complain(scan->complaint, LATTN_FIELD,
                        "it holds softmax attention, which is read back from JSON alone");
    }
    return LATTN_FIELD;
}

static enum lattn_status header_read(struct scan *scan, struct header *header)
{
    static const char *const words[] = {"__metadata__", "V", "Q", "W", NULL};
    enum lattn_status status =
        scan_object(scan, "the header", words, SCAN_STRANGERS_REFUSED, header_read_field, header);

    if (status == LATTN_OK)
        status = scan_finish(scan);
    if (status == LATTN_OK && (header->V.fields == 0 || header->Q.fields == 0))
        return complain(scan->complaint, LATTN_FIELD, "there is no tensor %s",
                        header->V.fields == 0 ? "V" : "Q");
    return status;
}

/* ---- reading the tensors ------------------------------------------------------------------- */

static enum lattn_status shapes_check(const struct header *header,
                                      struct lattn_complaint *complaint)
{
    const uint64_t *V = header->V.shape;
    const uint64_t *Q = header->Q.shape;

    if (V[2] < 1 || V[2] > LATTN_DIM_MAX)
        return complain(complaint, LATTN_RANGE, "d is %" PRIu64 ", 1 to %d is accepted", V[2],
                        LATTN_DIM_MAX);
    if (V[1] < 1 || V[1] > LATTN_OUTPUTS_MAX)
        return complain(complaint, LATTN_RANGE, "m is %" PRIu64 ", 1 to %d is accepted", V[1],
                        LATTN_OUTPUTS_MAX);
    if (Q[0] != V[0] || Q[1] != V[2] || Q[2] != V[2])
        return complain(complaint, LATTN_SHAPE,
                        "Q is %" PRIu64 " x %" PRIu64 " x %" PRIu64 ", %" PRIu64 " x %" PRIu64
                        " x %" PRIu64 " goes with V",
                        Q[0], Q[1], Q[2], V[0], V[2], V[2]);
    return LATTN_OK;
}

static uint64_t entry_bytes(const uint64_t shape[AXES])
{
    return shape[0] * shape[1] * shape[2] * sizeof(double);
}

static enum lattn_status extent_check(const struct entry *entry, struct lattn_complaint *complaint)
{
    uint64_t begin = entry->offsets[0];
    uint64_t end = entry->offsets[1];

    if (end >= begin && end - begin == entry_bytes(entry->shape))
        return LATTN_OK;
    return complain(complaint, LATTN_SHAPE,
                    "%s has bytes %" PRIu64 " to %" PRIu64 ", its shape takes %" PRIu64,
                    entry->name, begin, end, entry_bytes(entry->shape));
}

/* The two lie one behind the other and fill the data. */
static enum lattn_status extents_check(const struct header *header, uint64_t data_length,
                                       struct lattn_complaint *complaint)
{
    const uint64_t *first = header->V.offsets;
    const uint64_t *second = header->Q.offsets;
    enum lattn_status status = extent_check(&header->V, complaint);

    if (status == LATTN_OK)
        status = extent_check(&header->Q, complaint);
    if (status != LATTN_OK)
        return status;
    if (second[0] < first[0]) {
        first = header->Q.offsets;
        second = header->V.offsets;
    }
    if (first[0] != 0 || second[0] != first[1])
        return complain(complaint, LATTN_SHAPE, "V and Q leave a gap or overlap");
    if (second[1] != data_length)
        return complain(complaint, LATTN_SHAPE,
                        "V and Q take %" PRIu64 " bytes, %" PRIu64 " are there", second[1],
                        data_length);
    return LATTN_OK;
}

static enum lattn_status numbers_read(const struct entry *entry, const char *data,
                                      double *ret_numbers, struct lattn_complaint *complaint)
{
    size_t count = (size_t)(entry->offsets[1] - entry->offsets[0]) / sizeof(double);

    octets_read_doubles(data + entry->offsets[0], count, ret_numbers);
    for (size_t i = 0; i < count; i++) {
        size_t row = i / (size_t)entry->shape[2];

        if (!isfinite(ret_numbers[i]))
            return complain(complaint, LATTN_NOT_FINITE, "%s[%zu][%zu][%zu] is not finite",
                            entry->name, row / (size_t)entry->shape[1],
                            row % (size_t)entry->shape[1], i % (size_t)entry->shape[2]);
    }
    return LATTN_OK;
}

static double numbers_norm(const double *numbers, size_t count)
{
    double norm = 0;

    for (size_t i = 0; i < count; i++)
        norm = hypot(norm, numbers[i]);
    return norm;
}

/* A head of unknown size has that of its matrices. */
static enum lattn_status sigma_measure(struct lattn_model *model, struct lattn_complaint *complaint)
{
    size_t d = (size_t)model->d;
    size_t m = (size_t)model->m;

    for (size_t h = 0; h < (size_t)model->heads; h++) {
        if (!isnan(model->sigma[h]))
            continue;
        model->sigma[h] =
            numbers_norm(model->V + h * m * d, m * d) * numbers_norm(model->Q + h * d * d, d * d);
        if (!isfinite(model->sigma[h]))
            return complain(complaint, LATTN_RANGE, "head %zu is too large", h);
    }
    return LATTN_OK;
}

static enum lattn_status model_fill(struct lattn_model *model, const struct header *header,
                                    const char *data, struct lattn_complaint *complaint)
{
    struct scan metadata = header->metadata;
    enum lattn_status status = numbers_read(&header->V, data, model->V, complaint);

    model->residual = NAN;
    for (int32_t h = 0; h < model->heads; h++)
        model->sigma[h] = NAN;
    if (status == LATTN_OK)
        status = numbers_read(&header->Q, data, model->Q, complaint);
    if (status == LATTN_OK && metadata.at != NULL)
        status = metadata_read(&metadata, model);
    if (status == LATTN_OK)
        status = sigma_measure(model, complaint);
    return status;
}

/* ---- the file ------------------------------------------------------------------------------ */

int safetensors_is(const char *bytes, size_t length)
{
    return length >= LENGTH_BYTES && bytes[LENGTH_BYTES - 1] == '\0';
}

/* Stand at the header's object. Places in complaints count from the start of the file. */
static enum lattn_status header_begin(struct scan *scan, const char *bytes, size_t length,
                                      struct lattn_complaint *complaint)
{
    uint64_t size = octets_read_uint(bytes, LENGTH_BYTES);
    enum lattn_status status;

    if (size > HEADER_MAX)
        return complain(complaint, LATTN_SYNTAX,
                        "its header claims %" PRIu64 " bytes, at most %d are accepted", size,
                        HEADER_MAX);
    if (size > length - LENGTH_BYTES)
        return complain(complaint, LATTN_SYNTAX, "its header claims %" PRIu64 " bytes of %zu", size,
                        length - LENGTH_BYTES);
    status = scan_begin(scan, bytes + LENGTH_BYTES, (size_t)size, complaint);
    if (status == LATTN_OK && bytes[LENGTH_BYTES] != '{')
        return complain(complaint, LATTN_SYNTAX, "its header does not begin with '{'");
    scan->start = bytes;
    return status;
}

enum lattn_status safetensors_read(const char *bytes, size_t length, struct lattn_model **ret_model,
                                   struct lattn_complaint *complaint)
{
    struct header header = {.V = {.name = "V"}, .Q = {.name = "Q"}};
    struct lattn_model *model = NULL;
    struct scan scan;
    const char *data;
    enum lattn_status status = header_begin(&scan, bytes, length, complaint);

    if (status != LATTN_OK)
        return status;
    data = bytes + LENGTH_BYTES + octets_read_uint(bytes, LENGTH_BYTES);
    status = header_read(&scan, &header);
    if (status == LATTN_OK)
        status = shapes_check(&header, complaint);
    if (status == LATTN_OK)
        status = extents_check(&header, (uint64_t)(bytes + length - data), complaint);
    if (status == LATTN_OK)
        status = lattn_model_open(&model, (int32_t)header.V.shape[2], (int32_t)header.V.shape[1],
                                  (int32_t)header.V.shape[0]);
    if (status == LATTN_OK)
        status = model_fill(model, &header, data, complaint);
    if (status == LATTN_OK)
        *ret_model = model;
    else
        lattn_model_close(&model);
    return status;
}
