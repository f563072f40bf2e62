/*
 * Models and layers of softmax attention: what was read is the same after writing and reading.
 */
#include <lattn/wire.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void attention_write(struct lattn_text *text, enum lattn_architecture architecture,
                            struct lattn_attention *attention)
{
    const struct lattn_finding finding = {.architecture = architecture, .attention = attention};

    require(lattn_write_finding(text, &finding) == LATTN_OK);
}

static void attention_try(const char *text, size_t size)
{
    enum lattn_architecture architecture;
    struct lattn_attention *attention;
    struct lattn_attention *read;
    struct lattn_text written;
    struct lattn_text again;

    if (lattn_attention_read(text, size, &architecture, &attention, NULL) != LATTN_OK)
        return;
    lattn_text_init(&written);
    lattn_text_init(&again);
    attention_write(&written, architecture, attention);
    require(lattn_attention_read(written.data, written.length, &architecture, &read, NULL) ==
            LATTN_OK);
    attention_write(&again, architecture, read);
    require(strcmp(written.data, again.data) == 0);
    lattn_attention_close(&attention);
    lattn_attention_close(&read);
    lattn_text_done(&written);
    lattn_text_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size);
    struct lattn_model *model;
    struct lattn_model *read;
    struct lattn_complaint complaint;
    struct lattn_text written;
    struct lattn_text again;

    lattn_text_init(&written);
    lattn_text_init(&again);
    if (size > 0)
        memcpy(text, data, size);
    if (lattn_model_read(text, size, &model, &complaint) == LATTN_OK) {
        require(lattn_write_model(&written, LATTN_FORMAT_JSON, model) == LATTN_OK);
        require(lattn_model_read(written.data, written.length, &read, &complaint) == LATTN_OK);
        require(lattn_write_model(&again, LATTN_FORMAT_JSON, read) == LATTN_OK);
        require(strcmp(written.data, again.data) == 0);
        lattn_model_close(&read);
        lattn_model_close(&model);
    }
    attention_try(text, size);
    lattn_text_done(&written);
    lattn_text_done(&again);
    free(text);
    return 0;
}
