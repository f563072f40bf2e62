/*
 * What a probe found, as a safetensors file: W [H, d, d] and V [H, m, d] with their errors; behind
 * a network J [width, d], c, s [width], p [d], q; of linear attention V and Q, as any model.
 */
#include <lattn/wire.h>

#include "wire/finding_json.h"
#include "wire/metadata.h"
#include "wire/tensor_file.h"

enum { ENTRIES_MAX = 9 };

/* The remarks stand there as text of their own, as a loader takes nothing but strings. */
static void finding_describe(struct writer *writer, const void *of)
{
    const struct lattn_finding *finding = of;
    struct lattn_text text;
    struct writer value;

    lattn_text_init(&text);
    writer_open(writer, '{');
    metadata_text(writer, "format", METADATA_FORMAT);
    metadata_text(writer, "schema", METADATA_SCHEMA);
    metadata_text(writer, "kind", lattn_architecture_text(finding->architecture));
    writer_begin(&value, &text, LATTN_FORMAT_JSON);
    writer_open(&value, '{');
    finding_json_remarks(&value, finding);
    if (finding->architecture == LATTN_ARCHITECTURE_LABEL && finding->attention != NULL) {
        writer_key(&value, "threshold");
        writer_number(&value, finding->attention->threshold);
    }
    writer_close(&value, '}');
    metadata_json(writer, "finding", &value);
    writer_close(writer, '}');
}

static size_t attention_list(const struct lattn_attention *attention,
                             struct tensor_file_entry *entries)
{
    uint64_t heads = (uint64_t)attention->heads;
    uint64_t d = (uint64_t)attention->d;
    uint64_t m = (uint64_t)attention->m;
    size_t count = 0;

    entries[count++] = (struct tensor_file_entry){"W", attention->W, 3, {heads, d, d}};
    entries[count++] = (struct tensor_file_entry){"W_error", attention->W_error, 3, {heads, d, d}};
    if (attention->V != NULL) {
        entries[count++] = (struct tensor_file_entry){"V", attention->V, 3, {heads, m, d}};
        entries[count++] =
            (struct tensor_file_entry){"V_error", attention->V_error, 3, {heads, m, d}};
    }
    return count;
}

static size_t network_list(const struct lattn_network *network, uint64_t d,
                           struct tensor_file_entry *entries)
{
    uint64_t width = (uint64_t)network->width;
    size_t count = 0;

    entries[count++] = (struct tensor_file_entry){"J", network->J, 2, {width, d}};
    entries[count++] = (struct tensor_file_entry){"c", network->c, 1, {width}};
    entries[count++] = (struct tensor_file_entry){"s", network->s, 1, {width}};
    entries[count++] = (struct tensor_file_entry){"p", network->p, 1, {d}};
    entries[count++] = (struct tensor_file_entry){"q", &network->q, 0, {0}};
    return count;
}

static size_t linear_list(const struct lattn_model *model, struct tensor_file_entry *entries)
{
    uint64_t heads = (uint64_t)model->heads;
    uint64_t d = (uint64_t)model->d;

    entries[0] = (struct tensor_file_entry){"V", model->V, 3, {heads, (uint64_t)model->m, d}};
    entries[1] = (struct tensor_file_entry){"Q", model->Q, 3, {heads, d, d}};
    return 2;
}

enum lattn_status lattn_write_finding_safetensors(struct lattn_text *ret_text,
                                                  const struct lattn_finding *finding)
{
    const struct lattn_attention *attention = finding->attention;
    struct tensor_file_entry entries[ENTRIES_MAX];
    size_t count = 0;

    if (attention != NULL)
        count = attention_list(attention, entries);
    if (attention != NULL && attention->network != NULL)
        count += network_list(attention->network, (uint64_t)attention->d, entries + count);
    if (finding->linear != NULL)
        count = linear_list(finding->linear, entries);
    return tensor_file_write(ret_text, finding_describe, finding, entries, count);
}
