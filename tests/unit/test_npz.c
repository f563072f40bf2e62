#include <lattn/wire.h>

#include "base/memory.h"
#include "support/models.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What NumPy and Python's zipfile say is in tests/system/tools_formats.py. */

static uint32_t number_at(const char *bytes, size_t at, size_t width)
{
    uint32_t number = 0;

    for (size_t i = 0; i < width; i++)
        number |= (uint32_t)(unsigned char)bytes[at + i] << (8 * i);
    return number;
}

/* CRC-32 bit by bit, as it is defined. */
static uint32_t crc_slow(const char *bytes, size_t length)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

/* Check one record with its entry in the directory; returns its content and the next record. */
static const char *record_check(const char *file, size_t *at, size_t *entry, const char *name,
                                size_t *ret_length)
{
    size_t name_length = strlen(name);
    const char *content = file + *at + 30 + name_length;
    size_t length = number_at(file, *at + 18, 4);

    cr_assert_eq(number_at(file, *at, 4), 0x04034b50, "%s", name);
    cr_assert_eq(number_at(file, *at + 8, 2), 0, "stored");
    cr_assert_eq(number_at(file, *at + 22, 4), length);
    cr_assert_eq(number_at(file, *at + 26, 4), name_length);
    cr_assert_eq(memcmp(file + *at + 30, name, name_length), 0);
    cr_assert_eq(number_at(file, *at + 14, 4), crc_slow(content, length));
    cr_assert_eq(number_at(file, *entry, 4), 0x02014b50);
    cr_assert_eq(memcmp(file + *entry + 6, file + *at + 4, 26), 0);
    cr_assert_eq(number_at(file, *entry + 42, 4), *at);
    cr_assert_eq(memcmp(file + *entry + 46, name, name_length), 0);
    *at += 30 + name_length + length;
    *entry += 46 + name_length;
    *ret_length = length;
    return content;
}

/* Check an npy file and give what stands behind its head. */
static const char *npy_check(const char *content, size_t length, const char *head,
                             size_t data_length)
{
    size_t head_length = 10 + number_at(content, 8, 2);

    cr_assert_eq(memcmp(content, "\x93NUMPY\x01\0", 8), 0);
    cr_assert_eq(head_length % 64, 0);
    cr_assert_eq(memcmp(content + 10, head, strlen(head)), 0, "%.100s", content + 10);
    cr_assert_eq(strspn(content + 10 + strlen(head), " "), head_length - 11 - strlen(head));
    cr_assert_eq(content[head_length - 1], '\n');
    cr_assert_eq(length, head_length + data_length);
    return content + head_length;
}

Test(npz, is_four_arrays)
{
    struct lattn_model *model = models_random(3, 2, 4, 1);
    size_t at = 0;
    size_t directory;
    size_t entry;
    size_t length;
    struct lattn_text file;
    char head[128];
    const char *content;

    lattn_text_init(&file);
    cr_assert_eq(lattn_write_npz(&file, model), LATTN_OK);
    cr_assert_eq(number_at(file.data, file.length - 22, 4), 0x06054b50);
    cr_assert_eq(number_at(file.data, file.length - 12, 2), 4);
    directory = entry = number_at(file.data, file.length - 6, 4);

    content = record_check(file.data, &at, &entry, "V.npy", &length);
    content = npy_check(content, length,
                        "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2, 3), }", 24 * 8);
    cr_assert_eq(memcmp(content, model->V, 24 * 8), 0);
    content = record_check(file.data, &at, &entry, "Q.npy", &length);
    content = npy_check(content, length,
                        "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3, 3), }", 36 * 8);
    cr_assert_eq(memcmp(content, model->Q, 36 * 8), 0);
    content = record_check(file.data, &at, &entry, "sigma.npy", &length);
    content = npy_check(content, length,
                        "{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", 4 * 8);
    cr_assert_eq(memcmp(content, model->sigma, 4 * 8), 0);
    content = record_check(file.data, &at, &entry, "metadata.npy", &length);
    length -= 128;
    snprintf(head, sizeof head, "{'descr': '|S%zu', 'fortran_order': False, 'shape': (), }",
             length);
    content = npy_check(content, length + 128, head, length);
    cr_assert_eq(memcmp(content, "{\"format\":\"pt\"", 14), 0);
    cr_assert_eq(content[length - 1], '}');

    cr_assert_eq(at, directory);
    cr_assert_eq(entry, file.length - 22);
    cr_assert_eq(number_at(file.data, file.length - 10, 4), entry - directory);
    lattn_text_done(&file);
    lattn_model_close(&model);
}

Test(npz, is_the_same_for_the_same_model)
{
    struct lattn_text files[2];

    for (int i = 0; i < 2; i++) {
        struct lattn_model *model = models_random(2, 1, 0, 7);

        lattn_text_init(&files[i]);
        cr_assert_eq(lattn_write_npz(&files[i], model), LATTN_OK);
        lattn_model_close(&model);
    }
    cr_assert_eq(files[0].length, files[1].length);
    cr_assert_eq(memcmp(files[0].data, files[1].data, files[0].length), 0);
    lattn_text_done(&files[0]);
    lattn_text_done(&files[1]);
}

/* The matrices are never looked at: so they need not be there. */
Test(npz, refuses_what_zip_cannot_count)
{
    double *sigma = memory_zeroed(8192, sizeof *sigma);
    struct lattn_model model = {.d = 256, .m = 1, .heads = 8192, .sigma = sigma};
    struct lattn_text file;

    lattn_text_init(&file);
    cr_assert_eq(lattn_write_npz(&file, &model), LATTN_RANGE);
    cr_assert_eq(file.length, 0);
    memory_release(sigma);
    lattn_text_done(&file);
}

Test(npz, survives_failing_allocations)
{
    struct lattn_model *model = models_random(3, 2, 2, 5);
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct lattn_text file;
        enum lattn_status status;

        lattn_text_init(&file);
        cr_assert_eq(lattn_text_add(&file, "x", 1), LATTN_OK);
        memory_fail(k, k % 2 == 0);
        status = lattn_write_npz(&file, model);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK, "allocation %ju", (uintmax_t)k);
        if (failed)
            cr_assert_str_eq(file.data, "x");
        lattn_text_done(&file);
    }
    lattn_model_close(&model);
}
