/*
 * A model as JSON: the answer to "model", and a file.
 */
#include "wire/model_json.h"

#include <lattn/wire.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/member.h"
#include "wire/names_json.h"
#include "wire/reply.h"
#include "wire/safetensors.h"
#include "wire/writer.h"

#include <stdio.h>

#define OF_CERTIFICATE(field) offsetof(struct lattn_certificate, field)

static const struct member certificate_members[] = {
    {.word = "verdict", .kind = MEMBER_VERDICT, .offset = OF_CERTIFICATE(verdict)},
    {.word = "p", .kind = MEMBER_INT64, .offset = OF_CERTIFICATE(p)},
    {.word = "features_seen",
     .kind = MEMBER_INT64,
     .offset = OF_CERTIFICATE(features_seen),
     .none = LATTN_NEVER},
    {.word = "components",
     .kind = MEMBER_INT64,
     .offset = OF_CERTIFICATE(components),
     .none = LATTN_NEVER},
    {.word = "rank", .kind = MEMBER_INT64, .offset = OF_CERTIFICATE(rank), .none = LATTN_NEVER},
    {.word = "lambda_min", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(lambda_min)},
    {.word = "lambda_max", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(lambda_max)},
    {.word = "rho", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(rho)},
    {.word = "rho_seen", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(rho_seen)},
    {.word = "threshold", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(threshold)},
    {.word = "identifying_since",
     .kind = MEMBER_INT64,
     .offset = OF_CERTIFICATE(identifying_since),
     .none = LATTN_NEVER},
    {.word = "lost_at",
     .kind = MEMBER_INT64,
     .offset = OF_CERTIFICATE(lost_at),
     .none = LATTN_NEVER},
    {.word = "pairs", .kind = MEMBER_COUNT, .offset = OF_CERTIFICATE(pairs)},
    {.word = "generation", .kind = MEMBER_COUNT, .offset = OF_CERTIFICATE(generation)},
    {.word = NULL},
};

#define OF_MODEL(field) offsetof(struct lattn_model, field)

/* How the heads were read; the same words as in status. */
static const struct member reading_members[] = {
    {.word = "heads_certified_minimal", .kind = MEMBER_CERTIFIED, .offset = OF_MODEL(certified)},
    {.word = "heads_decomposition",
     .kind = MEMBER_DECOMPOSITION,
     .offset = OF_MODEL(decomposition)},
    {.word = NULL},
};

/* ---- writing ------------------------------------------------------------------------------- */

void model_json_heads(struct writer *writer, const struct lattn_model *model)
{
    size_t d = (size_t)model->d;
    size_t m = (size_t)model->m;

    writer_open(writer, '[');
    for (size_t h = 0; h < (size_t)model->heads; h++) {
        writer_open(writer, '{');
        writer_key(writer, "V");
        writer_matrix(writer, model->V + h * m * d, model->m, model->d);
        writer_key(writer, "Q");
        writer_matrix(writer, model->Q + h * d * d, model->d, model->d);
        writer_key(writer, "sigma");
        writer_number(writer, model->sigma[h]);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

enum lattn_status lattn_write_model(struct lattn_text *text, enum lattn_format format,
                                    const struct lattn_model *model)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    writer_open(&writer, '{');
    writer_key(&writer, "d");
    writer_count(&writer, (uint64_t)model->d);
    writer_key(&writer, "m");
    writer_count(&writer, (uint64_t)model->m);
    writer_key(&writer, "heads");
    model_json_heads(&writer, model);
    writer_key(&writer, "pairs");
    writer_count(&writer, model->pairs);
    writer_key(&writer, "generation");
    writer_count(&writer, model->generation);
    writer_key(&writer, "residual");
    writer_number(&writer, model->residual);
    writer_key(&writer, "certificate");
    if (model->certificate != NULL)
        member_write(&writer, certificate_members, model->certificate);
    else
        writer_null(&writer);
    writer_key(&writer, "names");
    names_write(&writer, &model->names);
    writer_key(&writer, "bias");
    writer_flag(&writer, model->bias);
    member_write_more(&writer, reading_members, model);
    writer_close(&writer, '}');
    return writer_end(&writer);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A model but for what is nested in it, which is read once the sizes are known. */
struct outline {
    int32_t d;
    int32_t m;
    struct scan heads;
    uint64_t pairs;
    uint64_t generation;
    double residual;
    struct scan certificate;
    struct scan names;
    int32_t bias;
    enum lattn_certified certified;
    enum lattn_decomposition decomposition;
};

#define OF_OUTLINE(field) offsetof(struct outline, field)

static const struct member outline_members[] = {
    {.word = "d", .kind = MEMBER_INT32, .offset = OF_OUTLINE(d)},
    {.word = "m", .kind = MEMBER_INT32, .offset = OF_OUTLINE(m)},
    {.word = "heads", .kind = MEMBER_PLACE, .offset = OF_OUTLINE(heads)},
    {.word = "pairs", .kind = MEMBER_COUNT, .offset = OF_OUTLINE(pairs)},
    {.word = "generation", .kind = MEMBER_COUNT, .offset = OF_OUTLINE(generation)},
    {.word = "residual", .kind = MEMBER_NUMBER, .offset = OF_OUTLINE(residual)},
    {.word = "certificate", .kind = MEMBER_PLACE, .offset = OF_OUTLINE(certificate)},
    {.word = "names", .kind = MEMBER_PLACE, .offset = OF_OUTLINE(names)},
    {.word = "bias", .kind = MEMBER_FLAG, .offset = OF_OUTLINE(bias)},
    {.word = "heads_certified_minimal", .kind = MEMBER_CERTIFIED, .offset = OF_OUTLINE(certified)},
    {.word = "heads_decomposition",
     .kind = MEMBER_DECOMPOSITION,
     .offset = OF_OUTLINE(decomposition)},
    {.word = NULL},
};

struct head_reader {
    struct lattn_model *model;
    int32_t head;
    int32_t fields;
};

/* Take a matrix of exactly this shape. */
static enum lattn_status matrix_read(struct scan *scan, const char *word, int32_t head,
                                     int32_t rows, int32_t columns, double *ret_numbers)
{
    char name[32];
    struct scan_matrix matrix = {.name = name,
                                 .row_unit = "rows",
                                 .unit = "columns",
                                 .rows_max = rows,
                                 .columns_max = columns,
                                 .numbers = ret_numbers};
    enum lattn_status status;

    snprintf(name, sizeof name, "heads[%d].%s", head, word);
    status = scan_matrix(scan, &matrix);
    if (status == LATTN_OK && (matrix.rows != rows || matrix.columns != columns))
        return complain(scan->complaint, LATTN_SHAPE, "%s is %d x %d, %d x %d is expected", name,
                        matrix.rows, matrix.columns, rows, columns);
    return status;
}

enum head_field { HEAD_V, HEAD_Q, HEAD_SIGMA, HEAD_FIELDS };

static const char *const head_words[] = {"V", "Q", "sigma", NULL};

static enum lattn_status head_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct head_reader *reader = arg;
    struct lattn_model *model = reader->model;
    size_t head = (size_t)reader->head;
    size_t d = (size_t)model->d;
    size_t m = (size_t)model->m;

    reader->fields++;
    switch ((enum head_field)field) {
    case HEAD_V:
        return matrix_read(scan, "V", reader->head, model->m, model->d, model->V + head * m * d);
    case HEAD_Q:
        return matrix_read(scan, "Q", reader->head, model->d, model->d, model->Q + head * d * d);
    case HEAD_SIGMA:
        return scan_number(scan, "sigma", &model->sigma[head]);
    case HEAD_FIELDS:
        break;
    }
    return LATTN_FIELD;
}

static enum lattn_status head_read(struct scan *scan, int64_t index, void *arg)
{
    struct head_reader reader = {.model = arg, .head = (int32_t)index};
    enum lattn_status status =
        scan_object(scan, "a head", head_words, SCAN_STRANGERS_PASSED, head_read_field, &reader);

    if (status == LATTN_OK && reader.fields != HEAD_FIELDS)
        return complain(scan->complaint, LATTN_FIELD, "heads[%d] lacks V, Q or sigma", reader.head);
    return status;
}

/* A count of heads that the text cannot hold is refused before memory is taken for it. */
static enum lattn_status heads_count(const struct outline *outline, size_t length,
                                     struct lattn_complaint *complaint, int32_t *ret_count)
{
    struct scan heads = outline->heads;
    int64_t size = (int64_t)outline->d * (outline->d + outline->m);
    int64_t count;
    enum lattn_status status;

    if (outline->d < 1 || outline->d > LATTN_DIM_MAX)
        return complain(complaint, LATTN_RANGE, "d is %d, 1 to %d is accepted", outline->d,
                        LATTN_DIM_MAX);
    if (outline->m < 1 || outline->m > LATTN_OUTPUTS_MAX)
        return complain(complaint, LATTN_RANGE, "m is %d, 1 to %d is accepted", outline->m,
                        LATTN_OUTPUTS_MAX);
    if (heads.at == NULL)
        return complain(complaint, LATTN_FIELD, "heads is missing");
    status = scan_count(&heads, "heads", &count);
    if (status != LATTN_OK)
        return status;
    if (count > INT32_MAX || count > (int64_t)(length / 2) / size)
        return complain(complaint, LATTN_SHAPE,
                        "%jd heads of d = %d and m = %d need more numbers than there are",
                        (intmax_t)count, outline->d, outline->m);
    *ret_count = (int32_t)count;
    return LATTN_OK;
}

static enum lattn_status certificate_read(const struct outline *outline, struct lattn_model *model)
{
    struct scan scan = outline->certificate;

    if (scan.at == NULL)
        return LATTN_OK;
    model->certificate = memory_zeroed(1, sizeof *model->certificate);
    if (model->certificate == NULL)
        return LATTN_NO_MEMORY;
    return member_read(&scan, "certificate", certificate_members, model->certificate);
}

static enum lattn_status model_fill(struct lattn_model *model, const struct outline *outline)
{
    struct scan heads = outline->heads;
    struct scan names = outline->names;
    enum lattn_status status;

    model->bias = outline->bias;
    model->certified = outline->certified;
    model->decomposition = outline->decomposition;
    model->residual = outline->residual;
    model->pairs = outline->pairs;
    model->generation = outline->generation;
    status = scan_array(&heads, "heads", head_read, model);
    if (status == LATTN_OK)
        status = certificate_read(outline, model);
    if (status == LATTN_OK && names.at != NULL)
        status = names_read(&names, &model->names);
    return status;
}

static enum lattn_status model_read(struct scan *scan, struct lattn_model **ret_model)
{
    struct outline outline = {0};
    struct lattn_model *model = NULL;
    size_t length = (size_t)(scan->end - scan->at);
    int32_t heads;
    enum lattn_status status = member_read(scan, "the model", outline_members, &outline);

    if (status == LATTN_OK)
        status = heads_count(&outline, length, scan->complaint, &heads);
    if (status == LATTN_OK)
        status = lattn_model_open(&model, outline.d, outline.m, heads);
    if (status == LATTN_OK)
        status = model_fill(model, &outline);
    if (status == LATTN_OK)
        *ret_model = model;
    else
        lattn_model_close(&model);
    return status;
}

enum lattn_status lattn_model_read(const char *text, size_t length, struct lattn_model **ret_model,
                                   struct lattn_complaint *complaint)
{
    struct lattn_model *model = NULL;
    struct scan scan;
    enum lattn_status status;

    if (safetensors_is(text, length))
        return safetensors_read(text, length, ret_model, complaint);
    status = scan_begin(&scan, text, length, complaint);
    if (status == LATTN_OK)
        status = model_read(&scan, &model);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    if (status == LATTN_OK)
        *ret_model = model;
    else
        lattn_model_close(&model);
    return status;
}

enum lattn_status lattn_reply_model(const struct lattn_reply *reply, struct lattn_model **ret_model)
{
    struct scan scan;
    enum lattn_status status = reply_part(reply, "model", &scan);

    if (status == LATTN_OK)
        status = model_read(&scan, ret_model);
    return status == LATTN_OK || status == LATTN_NO_MEMORY ? status : LATTN_FIELD;
}
