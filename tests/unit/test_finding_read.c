#include <lattn/wire.h>

#include "base/memory.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double entry(size_t i)
{
    return ldexp((double)(i * 7 % 11) - 5, -3);
}

static void entries_fill(double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] = entry(i);
}

static struct lattn_attention *layer_of(int32_t d, int32_t m, int32_t heads)
{
    struct lattn_attention *layer;

    cr_assert_eq(lattn_attention_open(&layer, d, m, heads), LATTN_OK);
    entries_fill(layer->W, (size_t)(heads * d * d));
    entries_fill(layer->V, (size_t)(heads * m * d));
    layer->W_error[0] = INFINITY;
    return layer;
}

static struct lattn_attention *network_of(int32_t d, int32_t width)
{
    struct lattn_attention *layer;

    cr_assert_eq(lattn_attention_open_network(&layer, d, width), LATTN_OK);
    entries_fill(layer->W, (size_t)(d * d));
    entries_fill(layer->network->J, (size_t)(width * d));
    entries_fill(layer->network->c, (size_t)width);
    entries_fill(layer->network->p, (size_t)d);
    for (int32_t k = 0; k < width; k++)
        layer->network->s[k] = k % 2 ? 1 : -1;
    layer->network->q = 0.25;
    return layer;
}

static enum lattn_status read_text(const char *text, struct lattn_attention **ret_attention,
                                   struct lattn_complaint *complaint)
{
    enum lattn_architecture architecture;

    return lattn_attention_read(text, strlen(text), &architecture, ret_attention, complaint);
}

/* What was written comes back and computes the same; the layer is released. */
static void check_comes_back(struct lattn_attention *layer, enum lattn_architecture architecture)
{
    const struct lattn_finding finding = {.architecture = architecture, .attention = layer};
    struct lattn_complaint complaint = {""};
    struct lattn_attention *back;
    enum lattn_architecture told;
    struct lattn_text text;
    double x[6 * 5];
    double expected[8];
    double found[8];

    entries_fill(x, sizeof x / sizeof *x);
    lattn_text_init(&text);
    cr_assert_eq(lattn_write_finding(&text, &finding), LATTN_OK);
    cr_assert_eq(lattn_attention_read(text.data, text.length, &told, &back, &complaint), LATTN_OK,
                 "%s", complaint.text);
    cr_expect_eq(told, architecture);
    cr_expect_eq(back->heads, layer->heads);
    cr_expect(memcmp(&back->threshold, &layer->threshold, sizeof(double)) == 0);
    lattn_attention_apply(layer, x, 6, expected);
    lattn_attention_apply(back, x, 6, found);
    cr_expect(memcmp(found, expected, (size_t)layer->m * sizeof(double)) == 0);
    lattn_attention_close(&back);
    lattn_attention_close(&layer);
    lattn_text_done(&text);
}

Test(finding_read, gives_back_what_was_written)
{
    struct lattn_attention *label = layer_of(3, 1, 1);

    label->threshold = 0.375;
    check_comes_back(label, LATTN_ARCHITECTURE_LABEL);
    for (int32_t d = 1; d <= 5; d++) {
        for (int32_t m = 1; m <= 3; m++)
            check_comes_back(layer_of(d, m, 1 + m % LATTN_PROBE_HEADS_MAX),
                             LATTN_ARCHITECTURE_SOFTMAX);
        for (int32_t width = 0; width <= 4; width++)
            check_comes_back(network_of(d, width), LATTN_ARCHITECTURE_TRANSFORMER);
    }
}

/* Every other text is refused with a reason. */
Test(finding_read, refuses_what_is_no_such_layer)
{
    static const struct {
        const char *text;
        enum lattn_status status;
        const char *reason;
    } rows[] = {
        {"{", LATTN_SYNTAX, ""},
        {"{}", LATTN_NO_DATA, "no finding of softmax"},
        {"{\"kind\":\"linear\",\"heads\":[]}", LATTN_NO_DATA, "no finding of softmax"},
        {"{\"kind\":\"softmax\",\"verdict\":\"undecided\"}", LATTN_EMPTY, "\"undecided\""},
        {"{\"kind\":\"softmax\"}", LATTN_FIELD, "heads is missing"},
        {"{\"kind\":\"softmax\",\"d\":257,\"m\":1,\"heads\":[]}", LATTN_RANGE, "d is 257"},
        {"{\"kind\":\"softmax\",\"d\":1,\"m\":1,\"heads\":[]}", LATTN_EMPTY, "heads is empty"},
        {"{\"kind\":\"softmax\",\"d\":1,\"m\":1,\"heads\":[{},{},{},{},{}]}", LATTN_RANGE, "heads"},
        {"{\"kind\":\"softmax\",\"d\":1,\"m\":1,\"heads\":[{}]}", LATTN_FIELD, "W is missing"},
        {"{\"kind\":\"softmax\",\"d\":1,\"m\":1,\"heads\":[{\"W\":[[1]]}]}", LATTN_FIELD,
         "v is missing"},
        {"{\"kind\":\"softmax\",\"d\":2,\"m\":1,\"heads\":[{\"W\":[[1,2]],\"v\":[1,2]}]}",
         LATTN_SHAPE, "W is 1 x 2, 2 x 2"},
        {"{\"kind\":\"softmax\",\"d\":2,\"m\":1,\"heads\":[{\"W\":[[1,2],[3,4]],\"v\":[1]}]}",
         LATTN_SHAPE, "v is 1 x 1, 1 x 2"},
        {"{\"kind\":\"label\",\"d\":1,\"m\":1,\"heads\":[{\"W\":[[1]],\"v\":[1]}]}", LATTN_FIELD,
         "threshold is missing"},
        {"{\"kind\":\"label\",\"d\":1,\"m\":2,\"heads\":[]}", LATTN_RANGE, "m is 2"},
        {"{\"kind\":\"transformer\",\"d\":1,\"m\":1,\"heads\":[{\"W\":[[1]]}]}", LATTN_FIELD,
         "network is missing"},
        {"{\"kind\":\"transformer\",\"d\":1,\"m\":1,\"heads\":[{\"W\":[[1]]}],\"network\":{}}",
         LATTN_FIELD, "network.J is missing"},
        {"{\"kind\":\"transformer\",\"d\":99,\"m\":1,\"heads\":[{\"W\":[[1]]}],"
         "\"network\":{\"J\":[0,0,0,0,0,0,0,0,0]}}",
         LATTN_SHAPE, "rows of less than 99"},
        {"{\"kind\":\"transformer\",\"d\":1,\"m\":1,\"heads\":[{\"W\":[[1]]}],"
         "\"network\":{\"J\":[[1]],\"c\":[1],\"s\":[1],\"p\":[1]}}",
         LATTN_FIELD, "network.q is missing"},
        {"{\"kind\":\"softmax\",\"d\":1,\"m\":1,\"heads\":[{\"W\":[[1e999]],\"v\":[1]}]}",
         LATTN_NOT_FINITE, "1e999"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lattn_attention *attention = NULL;
        struct lattn_complaint complaint = {""};

        cr_expect_eq(read_text(rows[i].text, &attention, &complaint), rows[i].status, "%s: %s",
                     rows[i].text, complaint.text);
        cr_expect(strstr(complaint.text, rows[i].reason) != NULL, "%s: %s", rows[i].text,
                  complaint.text);
        cr_expect_null(attention);
    }
}

Test(finding_read, without_memory_keeps_nothing)
{
    const char text[] = "{\"kind\":\"transformer\",\"d\":1,\"m\":1,\"heads\":[{\"W\":[[1]]}],"
                        "\"network\":{\"J\":[[1]],\"c\":[1],\"s\":[1],\"p\":[1],\"q\":0}}";
    struct lattn_complaint complaint;
    struct lattn_attention *attention = NULL;
    enum lattn_status status = LATTN_NO_MEMORY;

    for (uint64_t k = 1; status == LATTN_NO_MEMORY; k++) {
        memory_fail(k, 0);
        status = read_text(text, &attention, &complaint);
        memory_fail(0, 0);
        cr_assert_lt(k, 100);
        if (status == LATTN_NO_MEMORY)
            cr_assert_null(attention);
    }
    cr_assert_eq(status, LATTN_OK);
    lattn_attention_close(&attention);
    cr_expect_eq(leaks(), 0);
}
