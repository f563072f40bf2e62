#include "wire/finding_json.h"

#include "base/memory.h"
#include "support/leaks.h"
#include "support/models.h"

#include <lattn/wire.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* One that found nothing, and has something of each kind to say. */
static struct lattn_finding finding_refused(void)
{
    return (struct lattn_finding){
        .outcome = LATTN_OUTCOME_OTHER,
        .architecture = LATTN_ARCHITECTURE_SOFTMAX,
        .reason = "held-out answers differ",
        .residual = 0.25,
        .threshold = 1e-9,
        .noise_floor = 0.5,
        .asked = {20, 3, 16},
        .theory = 20,
        .norm = 1024,
        .length = 8,
        .checks = {{"held out", 0.25, 1e-9, 0}, {"answers add up", 0, 1, 1}},
        .checks_count = 2,
        .defences = {{"labels only", 300, 0.125}, {"noise 1", INFINITY, 2}},
        .defences_count = 2,
    };
}

static void check_written(const struct lattn_finding *finding, const char *expected)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_finding(&text, finding), LATTN_OK);
    cr_assert_str_eq(text.data, expected);
    lattn_text_done(&text);
}

/* Does what is written hold this? */
static void check_holds(const struct lattn_finding *finding, const char *part)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_finding(&text, finding), LATTN_OK);
    cr_assert_not_null(strstr(text.data, part), "%s is not in %s", part, text.data);
    lattn_text_done(&text);
}

Test(finding_json, has_no_parameters_where_none_were_recovered)
{
    const struct lattn_finding finding = finding_refused();

    check_written(
        &finding,
        "{\"kind\":\"softmax\",\"verdict\":\"not this architecture\",\"freedoms\":[],"
        "\"reason\":\"held-out answers differ\",\"residual\":0.25,\"residual_max\":"
        "1.0000000000000001e-09,\"noise\":0,\"noise_floor\":0.5,\"rank\":null,\"norm_asked\":1024,"
        "\"length_asked\":8,\"queries\":{\"learn\":20,\"trial\":3,\"verify\":16},\"theory\":20,"
        "\"checks\":[{\"name\":\"held out\",\"value\":0.25,\"threshold\":1.0000000000000001e-09,"
        "\"passed\":false},{\"name\":\"answers add up\",\"value\":0,\"threshold\":1,"
        "\"passed\":true}],\"defences\":[{\"name\":\"labels only\",\"questions\":300,"
        "\"error\":0.125},{\"name\":\"noise 1\",\"questions\":null,\"error\":2}]}");
}

Test(finding_json, gives_a_single_answer_a_vector)
{
    struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_LABEL, .rank = 1};

    cr_assert_eq(lattn_attention_open(&finding.attention, 1, 1, 2), LATTN_OK);
    finding.attention->W[1] = 3;
    finding.attention->W_error[1] = 0.5;
    finding.attention->V[0] = -2;
    finding.attention->V_error[0] = 0.25;
    finding.attention->threshold = 0.75;
    check_holds(&finding, "\"d\":1,\"m\":1,\"heads\":[{\"W\":[[0]],\"W_error\":[[0]],\"v\":[-2],"
                          "\"v_error\":[0.25]},{\"W\":[[3]],\"W_error\":[[0.5]],\"v\":[0],"
                          "\"v_error\":[0]}],\"threshold\":0.75}");
    check_holds(&finding, "\"reason\":null");
    check_holds(&finding, "\"rank\":1");
    check_holds(&finding, "\"theory\":null");
    lattn_attention_close(&finding.attention);
}

Test(finding_json, gives_several_answers_a_matrix)
{
    struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_SOFTMAX};

    cr_assert_eq(lattn_attention_open(&finding.attention, 2, 2, 1), LATTN_OK);
    for (int32_t i = 0; i < 4; i++)
        finding.attention->W[i] = finding.attention->V[i] = i;
    check_holds(&finding, "\"W\":[[0,1],[2,3]]");
    check_holds(&finding, "\"V\":[[0,1],[2,3]],\"V_error\":[[0,0],[0,0]]}]}");
    lattn_attention_close(&finding.attention);
}

Test(finding_json, has_the_network_behind_attention)
{
    struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_TRANSFORMER};

    cr_assert_eq(lattn_attention_open_network(&finding.attention, 2, 1), LATTN_OK);
    finding.attention->network->J[1] = 4;
    finding.attention->network->s[0] = -1;
    finding.attention->network->q = 0.5;
    check_holds(&finding, "\"heads\":[{\"W\":[[0,0],[0,0]],\"W_error\":[[0,0],[0,0]]}],\"network\":"
                          "{\"J\":[[0,4]],\"c\":[0],\"s\":[-1],\"p\":[0,0],\"q\":0.5}}");
    lattn_attention_close(&finding.attention);
}

Test(finding_json, of_linear_attention_is_a_model)
{
    struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_LINEAR,
                                    .outcome = LATTN_OUTCOME_UP_TO,
                                    .freedoms = LATTN_FREEDOM_HEADS,
                                    .linear_error = 0.5};
    struct lattn_complaint complaint = {""};
    struct lattn_model *model;
    struct lattn_text text;

    finding.linear = models_random(3, 2, 4, 7);
    lattn_text_init(&text);
    cr_assert_eq(lattn_write_finding(&text, &finding), LATTN_OK);
    cr_assert_eq(lattn_model_read(text.data, text.length, &model, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_assert_eq(memcmp(model->V, finding.linear->V, 24 * sizeof(double)), 0);
    cr_assert_eq(memcmp(model->Q, finding.linear->Q, 36 * sizeof(double)), 0);
    lattn_model_close(&model);
    lattn_text_done(&text);
    check_holds(&finding, "\"coefficient_error\":0.5}");
    lattn_model_close(&finding.linear);
}

Test(finding_json, names_every_freedom)
{
    static const char *const words[] = {"scale", "order", "silent", "network", "heads"};
    char part[64];

    for (uint32_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct lattn_finding finding = {.freedoms = (uint32_t)1 << i};

        snprintf(part, sizeof part, "\"freedoms\":[{\"name\":\"%s\",\"text\":\"", words[i]);
        check_holds(&finding, part);
    }
}

Test(finding_json, tells_a_plan)
{
    const struct lattn_probe_plan plan = {.asked = {72, 9, 16}, .is_bound = 1};
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_plan(&text, &plan), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"queries\":{\"learn\":72,\"trial\":9,\"verify\":16},"
                                "\"theory\":null,\"bound\":true}");
    lattn_text_done(&text);
}

Test(finding_json, is_written_whole_or_not_at_all)
{
    const struct lattn_finding finding = finding_refused();
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        enum lattn_status status;
        struct lattn_text text;

        lattn_text_init(&text);
        memory_fail(k, k % 2 == 0);
        status = lattn_write_finding(&text, &finding);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
        cr_assert_eq(text.length == 0, failed);
        lattn_text_done(&text);
    }
    cr_assert_eq(leaks(), 0);
}
