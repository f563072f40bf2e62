#include <lattn/query.h>
#include <lattn/wire.h>

#include "base/memory.h"
#include "support/leaks.h"
#include "support/models.h"

#include <criterion/criterion.h>
#include <string.h>

/* What NumPy reads from such files is in tests/system/tools_probe.py. */

static void finding_write(const struct lattn_finding *finding, struct lattn_text *ret_file)
{
    lattn_text_init(ret_file);
    cr_assert_eq(lattn_write_finding_safetensors(ret_file, finding), LATTN_OK);
    cr_assert_eq(ret_file->length % 8, 0);
}

static void check_holds(const struct lattn_text *file, const char *part)
{
    cr_assert_not_null(strstr(file->data + 8, part), "%s is not in %s", part, file->data + 8);
}

/* The number `index` of those at the end of the file, -1 the last. */
static double number_at(const struct lattn_text *file, int32_t index)
{
    double number;

    memcpy(&number, file->data + file->length + index * (int32_t)sizeof number, sizeof number);
    return number;
}

Test(finding_file, has_no_tensor_where_nothing_was_recovered)
{
    const struct lattn_finding finding = {.outcome = LATTN_OUTCOME_UNDECIDED,
                                          .architecture = LATTN_ARCHITECTURE_SOFTMAX,
                                          .reason = "the budget"};
    struct lattn_text file;

    finding_write(&finding, &file);
    check_holds(&file, "{\"__metadata__\":{\"format\":\"pt\",\"schema\":\"lattn 1\","
                       "\"kind\":\"softmax\",\"finding\":\"{");
    check_holds(&file, "\\\"verdict\\\":\\\"undecided\\\"");
    cr_assert_null(strstr(file.data + 8, "dtype"));
    lattn_text_done(&file);
}

Test(finding_file, holds_heads_and_their_errors)
{
    struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_LABEL};
    struct lattn_text file;

    cr_assert_eq(lattn_attention_open(&finding.attention, 2, 3, 1), LATTN_OK);
    finding.attention->W[0] = 1;
    finding.attention->W_error[3] = 2;
    finding.attention->V[0] = 3;
    finding.attention->V_error[5] = 4;
    finding.attention->threshold = 0.5;
    finding_write(&finding, &file);
    check_holds(&file, "\"W\":{\"dtype\":\"F64\",\"shape\":[1,2,2],\"data_offsets\":[0,32]},"
                       "\"W_error\":{\"dtype\":\"F64\",\"shape\":[1,2,2],"
                       "\"data_offsets\":[32,64]},"
                       "\"V\":{\"dtype\":\"F64\",\"shape\":[1,3,2],\"data_offsets\":[64,112]},"
                       "\"V_error\":{\"dtype\":\"F64\",\"shape\":[1,3,2],"
                       "\"data_offsets\":[112,160]}}");
    check_holds(&file, "\\\"threshold\\\":0.5");
    cr_assert_eq(number_at(&file, -20), 1);
    cr_assert_eq(number_at(&file, -13), 2);
    cr_assert_eq(number_at(&file, -12), 3);
    cr_assert_eq(number_at(&file, -1), 4);
    lattn_text_done(&file);
    lattn_attention_close(&finding.attention);
}

Test(finding_file, holds_the_network_behind_attention)
{
    struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_TRANSFORMER};
    struct lattn_text file;

    cr_assert_eq(lattn_attention_open_network(&finding.attention, 2, 1), LATTN_OK);
    finding.attention->network->J[0] = 1;
    finding.attention->network->q = 2;
    finding_write(&finding, &file);
    check_holds(&file, "\"J\":{\"dtype\":\"F64\",\"shape\":[1,2],\"data_offsets\":[64,80]}");
    check_holds(&file, "\"c\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[80,88]}");
    check_holds(&file, "\"q\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[112,120]}");
    cr_assert_eq(number_at(&file, -7), 1);
    cr_assert_eq(number_at(&file, -1), 2);
    lattn_text_done(&file);
    lattn_attention_close(&finding.attention);
}

Test(finding_file, of_linear_attention_is_a_model)
{
    struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_LINEAR};
    struct lattn_complaint complaint = {""};
    struct lattn_model *model;
    struct lattn_text file;

    finding.linear = models_random(3, 2, 4, 7);
    finding_write(&finding, &file);
    cr_assert_eq(lattn_model_read(file.data, file.length, &model, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_assert_eq(memcmp(model->V, finding.linear->V, 24 * sizeof(double)), 0);
    cr_assert_eq(memcmp(model->Q, finding.linear->Q, 36 * sizeof(double)), 0);
    lattn_model_close(&model);
    lattn_model_close(&finding.linear);
    lattn_text_done(&file);
}

Test(finding_file, is_written_whole_or_not_at_all)
{
    const struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_SOFTMAX};
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        enum lattn_status status;
        struct lattn_text file;

        lattn_text_init(&file);
        memory_fail(k, k % 2 == 0);
        status = lattn_write_finding_safetensors(&file, &finding);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
        cr_assert_eq(file.length == 0, failed);
        lattn_text_done(&file);
    }
    cr_assert_eq(leaks(), 0);
}
