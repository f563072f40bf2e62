/*
 * Writes tests/golden/state_1.image: a learner of two coordinates and a bias that knows exactly
 *
 *     y_0 = 2 S_12 z_1 - S_22 z_2 + S_00 z_2,    y_1 = S_00 z_1 / 3
 *
 * (coordinate 0 is the bias, so S_00 counts the tokens: here 3), taught with forgetting by two
 * producers, with names, a block, and a third coordinate that was named afterwards and never
 * occurred.
 */
#include "core/dense.h"
#include "store/state.h"

#include <stdio.h>
#include <stdlib.h>

enum { D = 2, M = 2, TOKENS = 3, PAIRS = 60, BLOCK = 20 };

static void require(enum lattn_status status)
{
    if (status == LATTN_OK)
        return;
    (void)fprintf(stderr, "golden_state_1: %s\n", lattn_status_text(status));
    exit(1);
}

static enum lattn_status file_sink(void *arg, const void *bytes, size_t length)
{
    return fwrite(bytes, 1, length, arg) == length ? LATTN_OK : LATTN_INPUT_OUTPUT;
}

static void labels_make(const double *z, double *y)
{
    double s12 = 0, s22 = 0;
    const double *query = z + (size_t)(TOKENS - 1) * D;

    for (int t = 0; t < TOKENS; t++) {
        s12 += z[t * D] * z[t * D + 1];
        s22 += z[t * D + 1] * z[t * D + 1];
    }
    y[0] = 2 * s12 * query[0] - s22 * query[1] + 3 * query[1];
    y[1] = query[0];
}

/* Small integers: the labels are exact. */
static void items_make(struct lattn_item *items, double *z, double *y)
{
    for (int i = 0; i < PAIRS; i++, z += TOKENS * D, y += M) {
        for (int k = 0; k < TOKENS * D; k++)
            z[k] = (i * i + 3 * i * k + 7 * k * k + i / 5) % 9 - 4;
        labels_make(z, y);
        items[i] = (struct lattn_item){.z = z,
                                       .y = y,
                                       .weight = 1 + i % 2,
                                       .n = TOKENS,
                                       .d = D,
                                       .m = M,
                                       .labels = LATTN_LABELS_LAST};
    }
}

static void state_teach(struct state *state, const struct lattn_item *items)
{
    for (int b = 0; b < PAIRS / BLOCK; b++) {
        const struct record_note note = {.producer = b == 1 ? "left" : "right",
                                         .seq = (uint64_t)b * 100};
        const struct record record = {.kind = RECORD_BLOCK,
                                      .items = items + (size_t)b * BLOCK,
                                      .items_count = BLOCK,
                                      .notes = &note,
                                      .notes_count = 1,
                                      .tally = {.accepted = (uint64_t)(b + 1) * BLOCK,
                                                .rejected = 3,
                                                .duplicates = (uint64_t)b}};

        require(state_apply(state, &record, NULL));
    }
}

int main(void)
{
    static const char *const append[] = {"red", "green", "blue"}, *const outputs[] = {"a", "b"};
    static const struct lattn_block block = {.name = "colour", .start = 1, .size = 2};
    static double z[PAIRS * TOKENS * D], y[PAIRS * M];
    static struct lattn_item items[PAIRS];
    struct record record = {.kind = RECORD_NAMES,
                            .append = append,
                            .append_count = 2,
                            .outputs = outputs,
                            .outputs_count = 2,
                            .blocks = &block,
                            .blocks_count = 1};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_certificate certificate;
    struct state state;

    dense_threads_one();
    settings.bias = 1;
    settings.forget = 0.999;
    settings.precision = 1e-14;
    settings.memory_max = (size_t)1 << 30;
    items_make(items, z, y);
    require(state_open(&state, &settings));
    require(state_apply(&state, &record, NULL));
    state_teach(&state, items);
    require(lattn_learner_certify(state.learner, &certificate));
    (void)fprintf(stderr, "golden_state_1: %s\n", lattn_verdict_text(certificate.verdict));
    record = (struct record){.kind = RECORD_NAMES, .append = append, .append_count = 3};
    require(state_apply(&state, &record, NULL));
    require(state_save(&state, file_sink, stdout));
    state_done(&state);
    return 0;
}
