#include "wire/metadata.h"

#include "support/models.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void object_write(const struct lattn_model *model, struct lattn_text *text)
{
    struct writer writer;

    writer_begin(&writer, text, LATTN_FORMAT_JSON);
    metadata_write(&writer, model);
    cr_assert_eq(writer_end(&writer), LATTN_OK);
}

static enum lattn_status object_read(const char *text, struct lattn_model *model,
                                     struct lattn_complaint *complaint)
{
    struct scan scan;

    cr_assert_eq(scan_begin(&scan, text, strlen(text), complaint), LATTN_OK);
    return metadata_read(&scan, model);
}

Test(metadata, is_an_object_of_strings)
{
    struct lattn_model *model;
    struct lattn_text text;
    int32_t index;

    cr_assert_eq(lattn_model_open(&model, 2, 1, 2), LATTN_OK);
    model->sigma[0] = 2;
    model->sigma[1] = 0.5;
    model->pairs = 100;
    model->generation = 7;
    model->residual = 1e-15;
    cr_assert_eq(lattn_names_coordinate(&model->names, "a\"", &index), LATTN_OK);
    lattn_text_init(&text);
    object_write(model, &text);
    cr_assert_str_eq(text.data,
                     "{\"format\":\"pt\",\"schema\":\"lattn 1\",\"d\":\"2\",\"m\":\"1\","
                     "\"bias\":\"false\",\"pairs\":\"100\",\"generation\":\"7\","
                     "\"residual\":\"1.0000000000000001e-15\",\"sigma\":\"[2,0.5]\","
                     "\"names\":\"{\\\"coordinates\\\":[\\\"a\\\\\\\"\\\"],\\\"outputs\\\":[],"
                     "\\\"blocks\\\":[]}\"}");
    lattn_text_done(&text);
    lattn_model_close(&model);
}

Test(metadata, leaves_out_what_does_not_apply)
{
    struct lattn_model *model;
    struct lattn_text text;

    cr_assert_eq(lattn_model_open(&model, 2, 1, 0), LATTN_OK);
    model->residual = NAN;
    lattn_text_init(&text);
    object_write(model, &text);
    cr_assert_str_eq(text.data, "{\"format\":\"pt\",\"schema\":\"lattn 1\",\"d\":\"2\",\"m\":\"1\","
                                "\"bias\":\"false\",\"pairs\":\"0\",\"generation\":\"0\","
                                "\"sigma\":\"[]\"}");
    lattn_text_done(&text);
    lattn_model_close(&model);
}

Test(metadata, reads_what_it_wrote)
{
    struct lattn_model *model = models_random(5, 2, 3, 1);
    struct lattn_model *read;
    struct lattn_complaint complaint = {""};
    struct lattn_text text;
    struct lattn_text again;

    lattn_text_init(&text);
    lattn_text_init(&again);
    object_write(model, &text);
    cr_assert_eq(lattn_model_open(&read, 5, 2, 3), LATTN_OK);
    cr_assert_eq(object_read(text.data, read, &complaint), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(memcmp(read->sigma, model->sigma, 3 * sizeof *read->sigma), 0);
    cr_assert_eq(read->certificate->verdict, LATTN_IDENTIFYING);
    cr_assert_eq(read->certificate->rank, 75);
    cr_assert_eq(read->certificate->lambda_min, 0.1);
    cr_assert_eq(read->certificate->pairs, UINT64_MAX);
    cr_assert_eq(read->certificate->identifying_since, LATTN_NEVER);
    cr_assert(isnan(read->certificate->rho));
    object_write(read, &again);
    cr_assert_str_eq(again.data, text.data);
    lattn_text_done(&text);
    lattn_text_done(&again);
    lattn_model_close(&model);
    lattn_model_close(&read);
}

Test(metadata, passes_over_strings_of_others)
{
    static const char text[] =
        "{ \"author\" : \"me\\n\", \"pairs\":\" 3 \",\"\\u0062ias\":\"true\" }";
    struct lattn_model *model;
    struct lattn_complaint complaint = {""};

    cr_assert_eq(lattn_model_open(&model, 2, 1, 1), LATTN_OK);
    cr_assert_eq(object_read(text, model, &complaint), LATTN_OK, "%s", complaint.text);
    cr_assert_eq(model->pairs, 3);
    cr_assert_eq(model->bias, 1);
    cr_assert_null(model->certificate);
    lattn_model_close(&model);
}

Test(metadata, says_what_is_wrong)
{
    static const struct {
        const char *text;
        enum lattn_status status;
        const char *said;
    } cases[] = {
        {"{\"pairs\":3}", LATTN_FIELD, "a value in __metadata__ is 3, a string is expected"},
        {"{\"author\":[]}", LATTN_FIELD,
         "a value in __metadata__ is an array, a string is expected"},
        {"{\"pairs\":\"3\",\"pairs\":\"3\"}", LATTN_FIELD, "pairs comes twice in __metadata__"},
        {"{\"pairs\":\"-3\"}", LATTN_FIELD,
         "pairs in __metadata__: the value is -3, a whole number that is not negative is expected"},
        {"{\"pairs\":\"3,4\"}", LATTN_SYNTAX,
         "pairs in __metadata__: byte 2: the end expected, found ,4"},
        {"{\"pairs\":\"3}\"}", LATTN_SYNTAX,
         "pairs in __metadata__: byte 3: the end expected, found }"},
        {"{\"pairs\":\"3\\u0000\"}", LATTN_SYNTAX,
         "pairs in __metadata__: the value holds a zero byte"},
        {"{\"rank\":\"9223372036854775808\"}", LATTN_RANGE,
         "rank in __metadata__: the value is 9223372036854775808, at most 9223372036854775807 is "
         "accepted"},
        {"{\"bias\":\"1\"}", LATTN_FIELD,
         "bias in __metadata__: the value is 1, true or false is expected"},
        {"{\"residual\":\"1e999\"}", LATTN_NOT_FINITE,
         "residual in __metadata__: the value is 1e999, which is not finite as a double"},
        {"{\"verdict\":\"sure\"}", LATTN_FIELD, "verdict in __metadata__: the value is no verdict"},
        {"{\"sigma\":\"[1]\"}", LATTN_SHAPE, "sigma in __metadata__: 1 numbers for 2 heads"},
        {"{\"sigma\":\"[1,2,3]\"}", LATTN_RANGE,
         "sigma in __metadata__: the value has more than 2 numbers"},
        {"{\"sigma\":\"[1,NaN]\"}", LATTN_NOT_FINITE, NULL},
        {"{\"names\":\"{\\\"coordinates\\\":[\\\"a\\\",\\\"a\\\"]}\"}", LATTN_NAME,
         "names in __metadata__: coordinates[1] and coordinates[0] have the same name"},
        {"{\"names\":\"\"}", LATTN_SYNTAX, NULL},
        {"{\"names\" \"\"}", LATTN_SYNTAX, "byte 10: ':' expected, found \"\""},
        {"{\"author\":\"\";}", LATTN_SYNTAX, "byte 13: ',' or '}' expected, found ;"},
        {"{\"author\":\"\",}", LATTN_SYNTAX, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_complaint complaint = {""};
        struct lattn_model *model;

        cr_assert_eq(lattn_model_open(&model, 2, 1, 2), LATTN_OK);
        cr_assert_eq(object_read(cases[i].text, model, &complaint), cases[i].status, "%s: %s",
                     cases[i].text, complaint.text);
        cr_assert_neq(complaint.text[0], '\0', "%s", cases[i].text);
        if (cases[i].said != NULL)
            cr_assert_str_eq(complaint.text, cases[i].said);
        lattn_model_close(&model);
    }
}
