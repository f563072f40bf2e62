/*
 * Models as safetensors: what was read is the same after writing and reading, and so it is from
 * JSON. The input is tried as a file, and as a header with the data behind its first zero byte,
 * which spares the fuzzer finding the header's length.
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

static void model_check(const struct lattn_model *model)
{
    struct lattn_model *read;
    struct lattn_complaint complaint;
    struct lattn_text written;
    struct lattn_text again;

    lattn_text_init(&written);
    lattn_text_init(&again);
    require(lattn_write_safetensors(&written, model) == LATTN_OK);
    require(lattn_model_read(written.data, written.length, &read, &complaint) == LATTN_OK);
    require(lattn_write_safetensors(&again, read) == LATTN_OK);
    require(written.length == again.length);
    require(memcmp(written.data, again.data, written.length) == 0);
    lattn_model_close(&read);
    again.length = 0;
    require(lattn_write_npz(&again, model) == LATTN_OK);
    lattn_text_done(&written);
    lattn_text_done(&again);
}

static void bytes_check(const char *bytes, size_t length)
{
    struct lattn_model *model;
    struct lattn_complaint complaint;
    char *exact = malloc(length + 1);

    memcpy(exact + 1, bytes, length);
    if (lattn_model_read(exact + 1, length, &model, &complaint) == LATTN_OK) {
        model_check(model);
        lattn_model_close(&model);
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size == 0 ? NULL : memchr(data, 0, size);
    size_t header = zero == NULL ? size : (size_t)(zero - data);
    size_t numbers = zero == NULL ? 0 : size - header - 1;
    char *file = calloc(8 + header + numbers, 1);

    for (size_t i = 0; i < 4; i++)
        file[i] = (char)(header >> (8 * i) & 0xff);
    if (header > 0)
        memcpy(file + 8, data, header);
    if (numbers > 0)
        memcpy(file + 8 + header, zero + 1, numbers);
    bytes_check(file, 8 + header + numbers);
    if (size > 0)
        bytes_check((const char *)data, size);
    free(file);
    return 0;
}
