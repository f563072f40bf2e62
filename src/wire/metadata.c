#include "wire/metadata.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/names_json.h"
#include "wire/number.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------------------- */

void metadata_text(struct writer *writer, const char *word, const char *text)
{
    writer_key(writer, word);
    writer_string(writer, text);
}

void metadata_count(struct writer *writer, const char *word, uint64_t count)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, count);
    metadata_text(writer, word, text);
}

static void number_put(struct writer *writer, const char *word, double number)
{
    char text[NUMBER_TEXT_MAX + 1];

    if (!isfinite(number))
        return;
    text[number_write(number, text)] = '\0';
    metadata_text(writer, word, text);
}

void metadata_json(struct writer *writer, const char *word, struct writer *value)
{
    enum lattn_status status = writer_end(value);

    if (status != LATTN_OK)
        writer->status = status;
    else if (strcmp(value->text->data, "null") != 0)
        metadata_text(writer, word, value->text->data);
    lattn_text_done(value->text);
}

static void certificate_put(struct writer *writer, const struct lattn_certificate *certificate)
{
    if (certificate->rank != LATTN_NEVER)
        metadata_count(writer, "rank", (uint64_t)certificate->rank);
    metadata_count(writer, "p", (uint64_t)certificate->p);
    number_put(writer, "lambda_min", certificate->lambda_min);
    metadata_text(writer, "verdict", lattn_verdict_text(certificate->verdict));
}

void metadata_write(struct writer *writer, const struct lattn_model *model)
{
    struct lattn_text text;
    struct writer value;

    lattn_text_init(&text);
    writer_open(writer, '{');
    metadata_text(writer, "format", METADATA_FORMAT);
    metadata_text(writer, "schema", METADATA_SCHEMA);
    metadata_count(writer, "d", (uint64_t)model->d);
    metadata_count(writer, "m", (uint64_t)model->m);
    metadata_text(writer, "bias", model->bias ? "true" : "false");
    metadata_count(writer, "pairs", model->pairs);
    metadata_count(writer, "generation", model->generation);
    if (model->certificate != NULL)
        certificate_put(writer, model->certificate);
    number_put(writer, "residual", model->residual);
    if (model->decomposition != LATTN_DECOMPOSITION_NONE)
        metadata_text(writer, "heads_decomposition",
                      lattn_decomposition_text(model->decomposition));
    if (model->certified != LATTN_CERTIFIED_UNKNOWN)
        metadata_text(writer, "heads_certified_minimal",
                      model->certified == LATTN_CERTIFIED_MINIMAL ? "true" : "false");
    writer_begin(&value, &text, LATTN_FORMAT_JSON);
    writer_row(&value, model->sigma, model->heads);
    metadata_json(writer, "sigma", &value);
    writer_begin(&value, &text, LATTN_FORMAT_JSON);
    names_write(&value, &model->names);
    metadata_json(writer, "names", &value);
    writer_close(writer, '}');
}

/* ---- reading ------------------------------------------------------------------------------- */

enum word {
    WORD_BIAS,
    WORD_PAIRS,
    WORD_GENERATION,
    WORD_RANK,
    WORD_P,
    WORD_LAMBDA_MIN,
    WORD_VERDICT,
    WORD_RESIDUAL,
    WORD_SIGMA,
    WORD_NAMES,
    WORD_DECOMPOSITION,
    WORD_CERTIFIED,
    WORDS
};

static const char *const words[WORDS] = {"bias",
                                         "pairs",
                                         "generation",
                                         "rank",
                                         "p",
                                         "lambda_min",
                                         "verdict",
                                         "residual",
                                         "sigma",
                                         "names",
                                         "heads_decomposition",
                                         "heads_certified_minimal"};

struct metadata {
    struct lattn_model *model;
    struct lattn_certificate certificate;
    uint64_t seen; /* bit i: words[i] was there */
};

static enum lattn_status sigma_take(struct scan *scan, struct lattn_model *model)
{
    struct scan_matrix row = {.name = "the value",
                              .unit = "numbers",
                              .columns_max = model->heads,
                              .numbers = model->sigma};
    enum lattn_status status = scan_row(scan, &row);

    if (status == LATTN_OK && row.columns != model->heads)
        return complain(scan->complaint, LATTN_SHAPE, "%d numbers for %d heads", row.columns,
                        model->heads);
    return status;
}

static enum lattn_status certified_take(struct scan *scan, enum lattn_certified *ret_certified)
{
    int32_t flag;
    enum lattn_status status = scan_flag(scan, "the value", &flag);

    if (status == LATTN_OK)
        *ret_certified = flag ? LATTN_CERTIFIED_MINIMAL : LATTN_CERTIFIED_NOT;
    return status;
}

static enum lattn_status int64_take(struct scan *scan, int64_t *ret_count)
{
    uint64_t count;
    enum lattn_status status = scan_count_to(scan, "the value", INT64_MAX, &count);

    if (status == LATTN_OK)
        *ret_count = (int64_t)count;
    return status;
}

/* Take the value that stands at the cursor as JSON. */
static enum lattn_status value_take(struct scan *scan, enum word word, struct metadata *metadata)
{
    struct lattn_model *model = metadata->model;

    switch (word) {
    case WORD_BIAS:
        return scan_flag(scan, "the value", &model->bias);
    case WORD_PAIRS:
        return scan_count_to(scan, "the value", UINT64_MAX, &model->pairs);
    case WORD_GENERATION:
        return scan_count_to(scan, "the value", UINT64_MAX, &model->generation);
    case WORD_RANK:
        return int64_take(scan, &metadata->certificate.rank);
    case WORD_P:
        return int64_take(scan, &metadata->certificate.p);
    case WORD_LAMBDA_MIN:
        return scan_number(scan, "the value", &metadata->certificate.lambda_min);
    case WORD_RESIDUAL:
        return scan_number(scan, "the value", &model->residual);
    case WORD_SIGMA:
        return sigma_take(scan, model);
    case WORD_NAMES:
        return names_read(scan, &model->names);
    case WORD_CERTIFIED:
        return certified_take(scan, &model->certified);
    case WORD_VERDICT: /* words, not JSON */
    case WORD_DECOMPOSITION:
    case WORDS:
        break;
    }
    return LATTN_FIELD;
}

static enum lattn_status verdict_take(const struct scan_string *string,
                                      struct lattn_complaint *complaint,
                                      enum lattn_verdict *ret_verdict)
{
    static const enum lattn_verdict verdicts[] = {LATTN_NOT_IDENTIFYING, LATTN_IDENTIFYING,
                                                  LATTN_CANNOT_TELL};

    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        if (scan_string_is(string, lattn_verdict_text(verdicts[i]))) {
            *ret_verdict = verdicts[i];
            return LATTN_OK;
        }
    }
    return complain(complaint, LATTN_FIELD, "the value is no verdict");
}

static enum lattn_status decomposition_take(const struct scan_string *string,
                                            struct lattn_complaint *complaint,
                                            enum lattn_decomposition *ret_decomposition)
{
    static const enum lattn_decomposition decompositions[] = {LATTN_DECOMPOSITION_SVD,
                                                              LATTN_DECOMPOSITION_FEWEST};

    for (size_t i = 0; i < sizeof decompositions / sizeof *decompositions; i++) {
        if (scan_string_is(string, lattn_decomposition_text(decompositions[i]))) {
            *ret_decomposition = decompositions[i];
            return LATTN_OK;
        }
    }
    return complain(complaint, LATTN_FIELD, "the value is no decomposition");
}

/*
 * Undo the string's escapes and read what it holds. A scan wants braces around its text: so they
 * are put there.
 */
static enum lattn_status json_take(const struct scan_string *string, enum word word,
                                   struct metadata *metadata, struct lattn_complaint *complaint)
{
    char *text = memory_raw(string->length + 3, 1);
    struct scan scan;
    enum lattn_status status;
    size_t length;

    if (text == NULL)
        return LATTN_NO_MEMORY;
    text[0] = '{';
    if (!scan_string_decode(string, string->length + 1, text + 1)) {
        memory_release(text);
        return complain(complaint, LATTN_SYNTAX, "the value holds a zero byte");
    }
    length = strlen(text);
    text[length] = '}';
    scan = (struct scan){
        .start = text + 1, .at = text + 1, .end = text + length + 1, .complaint = complaint};
    status = value_take(&scan, word, metadata);
    if (status == LATTN_OK && (!scan_take(&scan, '}') || scan.at != scan.end))
        status = scan_refuse(&scan, "the end");
    memory_release(text);
    return status;
}

static enum lattn_status string_take(const struct scan_string *string, enum word word,
                                     struct metadata *metadata, struct lattn_complaint *complaint)
{
    if (word == WORD_VERDICT)
        return verdict_take(string, complaint, &metadata->certificate.verdict);
    if (word == WORD_DECOMPOSITION)
        return decomposition_take(string, complaint, &metadata->model->decomposition);
    return json_take(string, word, metadata, complaint);
}

static enum lattn_status value_read(struct scan *scan, const struct scan_string *string,
                                    enum word word, struct metadata *metadata)
{
    struct lattn_complaint inner = {""};
    enum lattn_status status = string_take(string, word, metadata, &inner);

    if (status == LATTN_OK || status == LATTN_NO_MEMORY)
        return status;
    return complain(scan->complaint, status, "%s in __metadata__: %.200s", words[word], inner.text);
}

/* One key with its value, which is a string whatever the key is. */
static enum lattn_status entry_read(struct scan *scan, struct metadata *metadata)
{
    struct scan_string key;
    struct scan_string value;
    int32_t word = 0;
    enum lattn_status status = scan_string(scan, "a key of __metadata__", &key);

    if (status == LATTN_OK && !scan_take(scan, ':'))
        return scan_refuse(scan, "':'");
    if (status == LATTN_OK)
        status = scan_string(scan, "a value in __metadata__", &value);
    if (status != LATTN_OK)
        return status;
    while (word < WORDS && !scan_string_is(&key, words[word]))
        word++;
    if (word == WORDS)
        return LATTN_OK;
    if (metadata->seen >> word & 1)
        return complain(scan->complaint, LATTN_FIELD, "%s comes twice in __metadata__",
                        words[word]);
    metadata->seen |= (uint64_t)1 << word;
    return value_read(scan, &value, (enum word)word, metadata);
}

static enum lattn_status entries_read(struct scan *scan, struct metadata *metadata)
{
    enum lattn_status status = LATTN_OK;

    if (!scan_take(scan, '{'))
        return scan_mismatch(scan, "__metadata__", "an object");
    if (scan_take(scan, '}'))
        return LATTN_OK;
    do
        status = entry_read(scan, metadata);
    while (status == LATTN_OK && scan_take(scan, ','));
    if (status == LATTN_OK && !scan_take(scan, '}'))
        return scan_refuse(scan, "',' or '}'");
    return status;
}

enum lattn_status metadata_read(struct scan *scan, struct lattn_model *model)
{
    struct metadata metadata = {.model = model,
                                .certificate = {.features_seen = LATTN_NEVER,
                                                .components = LATTN_NEVER,
                                                .rank = LATTN_NEVER,
                                                .lambda_min = NAN,
                                                .lambda_max = NAN,
                                                .rho = NAN,
                                                .rho_seen = NAN,
                                                .tau = NAN,
                                                .threshold = NAN,
                                                .identifying_since = LATTN_NEVER,
                                                .lost_at = LATTN_NEVER}};
    enum lattn_status status = entries_read(scan, &metadata);

    if (status != LATTN_OK || (metadata.seen >> WORD_VERDICT & 1) == 0)
        return status;
    metadata.certificate.pairs = model->pairs;
    metadata.certificate.generation = model->generation;
    model->certificate = memory_zeroed(1, sizeof *model->certificate);
    if (model->certificate == NULL)
        return LATTN_NO_MEMORY;
    *model->certificate = metadata.certificate;
    return LATTN_OK;
}
