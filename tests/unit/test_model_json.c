#include <lattn/wire.h>

#include "base/memory.h"
#include "support/leaks.h"
#include "support/unpack.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* d = 2, m = 1, two heads, with everything that a model can carry. */
static struct lattn_model *model_full(void)
{
    struct lattn_model *model;
    int32_t index;
    struct lattn_block block = {"pair", 0, 2};

    cr_assert_eq(lattn_model_open(&model, 2, 1, 2), LATTN_OK);
    for (int32_t i = 0; i < 4; i++)
        model->V[i] = 1.0 / (3 + i);
    for (int32_t i = 0; i < 8; i++)
        model->Q[i] = -1e-9 * i;
    model->sigma[0] = 2;
    model->sigma[1] = 1;
    model->bias = 1;
    model->residual = 1e-15;
    model->pairs = UINT64_MAX;
    model->generation = 5;
    model->certificate = memory_zeroed(1, sizeof *model->certificate);
    model->certificate->verdict = LATTN_IDENTIFYING;
    model->certificate->p = 6;
    model->certificate->lambda_min = NAN;
    model->certificate->identifying_since = 12;
    model->certificate->lost_at = LATTN_NEVER;
    cr_assert_eq(lattn_names_coordinate(&model->names, "\"a\"", &index), LATTN_OK);
    cr_assert_eq(lattn_names_extend(&model->names, 2, 1), LATTN_OK);
    cr_assert_eq(lattn_names_block(&model->names, &block), LATTN_OK);
    return model;
}

Test(model_json, is_the_object_of_the_interface)
{
    struct lattn_model *model;
    struct lattn_text text;

    cr_assert_eq(lattn_model_open(&model, 2, 1, 1), LATTN_OK);
    model->V[1] = 0.5;
    model->Q[2] = -1;
    model->sigma[0] = 3;
    model->residual = NAN;
    lattn_text_init(&text);
    cr_assert_eq(lattn_write_model(&text, LATTN_FORMAT_JSON, model), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"d\":2,\"m\":1,\"heads\":[{\"V\":[[0,0.5]],\"Q\":[[0,0],[-1,0]],"
                                "\"sigma\":3}],\"pairs\":0,\"generation\":0,\"residual\":null,"
                                "\"certificate\":null,\"names\":null,\"bias\":false,"
                                "\"heads_certified_minimal\":null,\"heads_decomposition\":null}");
    lattn_text_done(&text);
    lattn_model_close(&model);
}

Test(model_json, reads_what_it_wrote)
{
    struct lattn_model *model = model_full();
    struct lattn_model *read;
    struct lattn_complaint complaint = {0};
    struct lattn_text text;
    struct lattn_text again;

    lattn_text_init(&text);
    lattn_text_init(&again);
    cr_assert_eq(lattn_write_model(&text, LATTN_FORMAT_JSON, model), LATTN_OK);
    cr_assert_eq(lattn_model_read(text.data, text.length, &read, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_assert_eq(memcmp(read->V, model->V, 4 * sizeof(double)), 0);
    cr_assert_eq(memcmp(read->Q, model->Q, 8 * sizeof(double)), 0);
    cr_assert_eq(read->sigma[1], 1);
    cr_assert_eq(read->bias, 1);
    cr_assert_eq(read->pairs, UINT64_MAX);
    cr_assert(isnan(read->certificate->lambda_min));
    cr_assert_eq(read->certificate->lost_at, LATTN_NEVER);
    cr_assert_str_eq(read->names.coordinates[0], "\"a\"");
    cr_assert_str_eq(read->names.coordinates[1], "");
    cr_assert_str_eq(read->names.blocks[0].name, "pair");
    cr_assert_eq(lattn_write_model(&again, LATTN_FORMAT_JSON, read), LATTN_OK);
    cr_assert_str_eq(again.data, text.data);
    lattn_text_done(&text);
    lattn_text_done(&again);
    lattn_model_close(&model);
    lattn_model_close(&read);
}

Test(model_json, says_the_same_in_messagepack)
{
    struct lattn_model *model = model_full();
    struct lattn_text json;
    struct lattn_text packed;
    struct lattn_text frame;
    struct lattn_text again;
    struct lattn_reply reply;
    struct lattn_model *read;

    lattn_text_init(&json);
    lattn_text_init(&packed);
    lattn_text_init(&frame);
    lattn_text_init(&again);
    cr_assert_eq(lattn_write_model(&json, LATTN_FORMAT_JSON, model), LATTN_OK);
    cr_assert_eq(lattn_write_model(&packed, LATTN_FORMAT_MSGPACK, model), LATTN_OK);
    cr_assert(unpack_equal(packed.data, packed.length, json.data));
    cr_assert_eq(lattn_write_reply(&frame, LATTN_FORMAT_MSGPACK, "1", packed.data, packed.length),
                 LATTN_OK);
    cr_assert_eq(lattn_reply_read(frame.data, frame.length, LATTN_FORMAT_MSGPACK, &reply, NULL),
                 LATTN_OK);
    cr_assert_eq(lattn_reply_model(&reply, &read), LATTN_OK);
    cr_assert_eq(lattn_write_model(&again, LATTN_FORMAT_JSON, read), LATTN_OK);
    cr_assert_str_eq(again.data, json.data);
    lattn_model_close(&model);
    lattn_model_close(&read);
    lattn_reply_done(&reply);
    lattn_text_done(&json);
    lattn_text_done(&packed);
    lattn_text_done(&frame);
    lattn_text_done(&again);
}

Test(model_json, reads_fields_in_any_order_and_passes_over_strangers)
{
    static const char text[] =
        "{\"schema\":[1],\"names\":{\"blocks\":[{\"name\":\"b\",\"size\":1,\"start\":0}],"
        "\"coordinates\":[\"x\"]},\"heads\":[{\"sigma\":1,\"Q\":[[2]],\"V\":[[3],[4]]}],"
        "\"m\":2,\"d\":1}";
    struct lattn_model *model;
    struct lattn_complaint complaint = {0};

    cr_assert_eq(lattn_model_read(text, sizeof text - 1, &model, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_assert_eq(model->V[1], 4);
    cr_assert_eq(model->Q[0], 2);
    cr_assert_eq(model->names.blocks_count, 1);
    cr_assert_null(model->certificate);
    lattn_model_close(&model);
}

Test(model_json, says_what_is_wrong)
{
    static const struct {
        const char *text;
        enum lattn_status status;
        const char *said;
    } cases[] = {
        {"{\"m\":1,\"heads\":[]}", LATTN_RANGE, "d is 0, 1 to 256 is accepted"},
        {"{\"d\":257,\"m\":1,\"heads\":[]}", LATTN_RANGE, "d is 257, 1 to 256 is accepted"},
        {"{\"d\":1,\"m\":2000,\"heads\":[]}", LATTN_RANGE, "m is 2000, 1 to 1024 is accepted"},
        {"{\"d\":1,\"m\":1}", LATTN_FIELD, "heads is missing"},
        {"{\"d\":1,\"m\":1,\"heads\":{}}", LATTN_FIELD, "heads is an object, an array is expected"},
        {"{\"d\":1.5,\"m\":1,\"heads\":[]}", LATTN_FIELD,
         "d is 1.5, a whole number that is not negative is expected"},
        {"{\"d\":200,\"m\":1,\"heads\":[1,2,3]}", LATTN_SHAPE,
         "3 heads of d = 200 and m = 1 need more numbers than there are"},
        {"{\"d\":1,\"m\":1,\"heads\":[{\"V\":[[1]],\"Q\":[[1]]}]}", LATTN_FIELD,
         "heads[0] lacks V, Q or sigma"},
        {"{\"d\":1,\"m\":1,\"heads\":[{\"V\":[],\"Q\":[[1]],\"sigma\":1}]}", LATTN_SHAPE,
         "heads[0].V is 0 x 0, 1 x 1 is expected"},
        {"{\"d\":1,\"m\":1,\"heads\":[{\"V\":[[1]],\"Q\":[[1],[2]],\"sigma\":1}]}", LATTN_RANGE,
         "heads[0].Q has more than 1 rows"},
        {"{\"d\":1,\"m\":1,\"heads\":[{\"V\":[[1]],\"Q\":[[1,2]],\"sigma\":1}]}", LATTN_RANGE,
         "heads[0].Q[0] has more than 1 columns"},
        {"{\"d\":1,\"m\":1,\"heads\":[{\"V\":[[null]],\"Q\":[[1]],\"sigma\":1}]}", LATTN_FIELD,
         "heads[0].V[0][0] is null, a number is expected"},
        {"{\"d\":1,\"m\":1,\"heads\":[{\"V\":[[1e999]],\"Q\":[[1]],\"sigma\":1}]}",
         LATTN_NOT_FINITE, "heads[0].V[0][0] is 1e999, which is not finite as a double"},
        {"{\"d\":1,\"m\":1,\"heads\":[],\"certificate\":{\"verdict\":\"sure\"}}", LATTN_FIELD,
         "verdict is \"sure\", a verdict is expected"},
        {"{\"d\":1,\"m\":1,\"heads\":[],\"names\":{\"coordinates\":[\"a\",\"a\"]}}", LATTN_NAME,
         "coordinates[1] and coordinates[0] have the same name"},
        {"{\"d\":1,\"m\":1,\"heads\":[],\"names\":{\"blocks\":[{\"name\":\"b\",\"start\":0,"
         "\"size\":1}]}}",
         LATTN_RANGE, "block \"b\" lies outside the coordinates"},
        {"{\"d\":1,\"m\":1,\"heads\":[]}}", LATTN_SYNTAX, "byte 25: the end expected, found }"},
        {"hello", LATTN_SYNTAX, "byte 1: '{' expected, found hello"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_model *model = NULL;
        struct lattn_complaint complaint = {0};

        cr_assert_eq(lattn_model_read(cases[i].text, strlen(cases[i].text), &model, &complaint),
                     cases[i].status, "%s: %s", cases[i].text, complaint.text);
        cr_assert_str_eq(complaint.text, cases[i].said, "%s", complaint.text);
        cr_assert_null(model);
    }
}

Test(model_json, survives_failing_allocations)
{
    struct lattn_model *model = model_full();
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct lattn_model *read = NULL;
        struct lattn_text text;
        enum lattn_status status;

        lattn_text_init(&text);
        memory_fail(k, k % 2 == 0);
        status = lattn_write_model(&text, LATTN_FORMAT_JSON, model);
        if (status == LATTN_OK)
            status = lattn_model_read(text.data, text.length, &read, NULL);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK, "allocation %ju", (uintmax_t)k);
        cr_assert_eq(read == NULL, failed);
        lattn_model_close(&read);
        lattn_text_done(&text);
    }
    lattn_model_close(&model);
    cr_assert_eq(leaks(), 0);
}
