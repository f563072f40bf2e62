/*
 * Images of learners and of states: whatever is accepted is the same after writing and reading. The
 * first byte of the input says what the rest is: bytes of an image, or patches of one that is
 * sound, each an offset of two bytes, a length, and so many bytes. Lengths and checksum are put
 * right, so that damage is found behind them. Every fourth learner is asked and taught as well,
 * which takes most of the time.
 */
#include <lattn/state.h>

#include "store/checksum.h"
#include "store/state.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    DIM = 3,
    TOKENS = 2,
    BYTES_MAX = 1 << 16,
    LENGTH_AT = 16,
    HEADER_BYTES = 24,
    CHECKSUM_BYTES = 8,
    PAIRS = 9
};

enum what { LEARNER_PATCHED, STATE_PATCHED, LEARNER_BYTES, STATE_BYTES, WHATS };

struct image {
    size_t length;
    size_t at;
    uint8_t bytes[BYTES_MAX];
};

static void require(int holds)
{
    if (!holds)
        abort();
}

static enum lattn_status image_sink(void *arg, const void *bytes, size_t length)
{
    struct image *image = arg;

    require(image->length + length <= BYTES_MAX);
    memcpy(image->bytes + image->length, bytes, length);
    image->length += length;
    return LATTN_OK;
}

static enum lattn_status image_source(void *arg, void *ret_bytes, size_t length)
{
    struct image *image = arg;

    require(length <= image->length - image->at);
    memcpy(ret_bytes, image->bytes + image->at, length);
    image->at += length;
    return LATTN_OK;
}

static void number_put(uint8_t *to, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(number >> 8 * i);
}

/* ---- images that are sound ------------------------------------------------------------------ */

/* Two components, one of them dense in three coordinates, and names. */
static void pairs_make(double *z, double *y, struct lattn_item *items)
{
    for (int i = 0; i < PAIRS; i++) {
        for (int k = 0; k < TOKENS * DIM; k++)
            z[i * TOKENS * DIM + k] =
                i % 3 == 0 ? k % DIM == 0 : (double)((i * 7 + k * 5) % 11) - 5;
        y[i] = i % 4;
        items[i] = (struct lattn_item){.z = z + i * TOKENS * DIM,
                                       .y = y + i,
                                       .weight = 1 + i % 2,
                                       .n = TOKENS,
                                       .d = DIM,
                                       .m = 1,
                                       .labels = LATTN_LABELS_LAST};
    }
}

static void state_make(struct state *state)
{
    static const char *const names[] = {"a", "b", "c", "d"}, *const outputs[] = {"out"};
    static const struct lattn_block block = {.name = "all", .start = 1, .size = 3};
    static double z[PAIRS * TOKENS * DIM], y[PAIRS];
    static struct lattn_item items[PAIRS];
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct record_note note = {.producer = "p", .seq = 4};
    struct record record = {.kind = RECORD_NAMES,
                            .append = names,
                            .append_count = 3,
                            .outputs = outputs,
                            .outputs_count = 1};

    settings.forget = 0.99;
    pairs_make(z, y, items);
    require(state_open(state, &settings) == LATTN_OK);
    require(state_apply(state, &record, NULL) == LATTN_OK);
    record = (struct record){.kind = RECORD_BLOCK,
                             .items = items,
                             .items_count = PAIRS,
                             .notes = &note,
                             .notes_count = 1,
                             .tally = {.accepted = PAIRS}};
    require(state_apply(state, &record, NULL) == LATTN_OK);
    record =
        (struct record){.kind = RECORD_NAMES, .append = names, .append_count = 4, .blocks = &block};
    record.blocks_count = 1;
    require(state_apply(state, &record, NULL) == LATTN_OK);
}

static void image_start(enum what what, struct image *image)
{
    static struct state state;

    if (state.learner == NULL)
        state_make(&state);
    image->length = 0;
    image->at = 0;
    if (what == LEARNER_PATCHED)
        require(lattn_learner_save(state.learner, image_sink, image) == LATTN_OK);
    if (what == STATE_PATCHED)
        require(state_save(&state, image_sink, image) == LATTN_OK);
}

/* ---- what becomes of them -------------------------------------------------------------------- */

static void image_patch(struct image *image, const uint8_t *data, size_t size)
{
    while (size > 3) {
        size_t at = (data[0] + 256u * data[1]) % image->length;
        size_t length = data[2] % 16 + 1u;

        data += 3;
        size -= 3;
        for (; length > 0 && size > 0 && at < image->length; length--, size--)
            image->bytes[at++] = *data++;
    }
}

static void image_repair(enum what what, struct image *image)
{
    int is_state = what == STATE_PATCHED || what == STATE_BYTES;

    if (image->length < HEADER_BYTES + CHECKSUM_BYTES)
        return;
    memcpy(image->bytes, is_state ? "lattnsta\1\0\0\0\1" : "lattnlrn\1\0\0\0\1", 13);
    number_put(image->bytes + LENGTH_AT, image->length);
    if (is_state)
        number_put(image->bytes + image->length - CHECKSUM_BYTES,
                   checksum_of(image->bytes, image->length - CHECKSUM_BYTES, 0));
}

static void learner_use(struct lattn_learner *learner)
{
    static double z[PAIRS * TOKENS * DIM], y[PAIRS];
    static struct lattn_item items[PAIRS];
    static double answer[2][LATTN_OUTPUTS_MAX];
    struct lattn_prediction prediction = {.y = answer[0], .std_error = answer[1]};
    struct lattn_report report;

    pairs_make(z, y, items);
    if (lattn_learner_report(learner, &report) == LATTN_OK)
        lattn_report_done(&report);
    for (int i = 0; i < 2; i++) {
        (void)lattn_learner_predict(learner, &items[i], &prediction, NULL);
        if (lattn_learner_admit(learner, &items[i], NULL) == LATTN_OK)
            lattn_learner_survey(learner, &(struct lattn_batch){&items[i], 1});
    }
}

static void learner_examine(struct image *image, int is_used)
{
    static struct image again;
    struct lattn_complaint complaint;
    struct lattn_learner *learner;

    if (lattn_learner_load(&learner, image_source, image, image->length, &complaint) != LATTN_OK)
        return;
    again.length = 0;
    require(lattn_learner_save(learner, image_sink, &again) == LATTN_OK);
    require(again.length == image->length);
    require(memcmp(again.bytes, image->bytes, again.length) == 0);
    if (is_used)
        learner_use(learner);
    lattn_learner_close(&learner);
}

static void state_examine(struct image *image, int is_used)
{
    static struct image again;
    struct lattn_complaint complaint;
    struct state state;

    if (state_load(&state, image_source, image, image->length, &complaint) != LATTN_OK)
        return;
    again.length = 0;
    require(state_save(&state, image_sink, &again) == LATTN_OK);
    require(again.length == image->length);
    require(memcmp(again.bytes, image->bytes, again.length) == 0);
    if (is_used)
        learner_use(state.learner);
    state_done(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct image image;
    enum what what;
    int is_used;

    if (size == 0 || size > BYTES_MAX)
        return 0;
    what = (enum what)(data[0] % WHATS);
    is_used = data[0] / WHATS % 4 == 0;
    image_start(what, &image);
    if (what == LEARNER_PATCHED || what == STATE_PATCHED)
        image_patch(&image, data + 1, size - 1);
    else
        (void)image_sink(&image, data + 1, size - 1);
    image_repair(what, &image);
    if (what == LEARNER_PATCHED || what == LEARNER_BYTES)
        learner_examine(&image, is_used);
    else
        state_examine(&image, is_used);
    return 0;
}
