/*
 * Models: what was read is the same after writing and reading.
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
    lattn_text_done(&written);
    lattn_text_done(&again);
    free(text);
    return 0;
}
