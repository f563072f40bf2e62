#include "wire/safetensors.h"

#include "base/memory.h"
#include "support/approx.h"
#include "support/leaks.h"
#include "support/models.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* The header of a file with d = 2, m = 1 and one head, by another hand than ours. */
#define ONE_V "\"V\":{\"dtype\":\"F64\",\"shape\":[1,1,2],\"data_offsets\":[0,16]}"
#define ONE_Q "\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2],\"data_offsets\":[16,48]}"

static void file_make(const char *header, const double *numbers, size_t data_length,
                      struct lattn_text *ret_file)
{
    char length[8] = {(char)(strlen(header) & 0xff), (char)(strlen(header) >> 8)};

    lattn_text_init(ret_file);
    cr_assert_eq(lattn_text_add(ret_file, length, 8), LATTN_OK);
    cr_assert_eq(lattn_text_add(ret_file, header, strlen(header)), LATTN_OK);
    cr_assert_eq(lattn_text_add(ret_file, (const char *)numbers, data_length), LATTN_OK);
}

/* Read a file from memory of its exact size, so that a sanitizer sees any step beyond. */
static enum lattn_status file_read(const char *bytes, size_t length, struct lattn_model **ret_model,
                                   struct lattn_complaint *complaint)
{
    char *exact = malloc(length + (length == 0));
    enum lattn_status status;

    memcpy(exact, bytes, length);
    status = lattn_model_read(exact, length, ret_model, complaint);
    free(exact);
    return status;
}

static struct lattn_model *file_take(const struct lattn_text *file)
{
    struct lattn_model *model;
    struct lattn_complaint complaint = {""};

    cr_assert_eq(file_read(file->data, file->length, &model, &complaint), LATTN_OK, "%s",
                 complaint.text);
    return model;
}

Test(safetensors, is_a_header_and_the_numbers)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"schema\":\"lattn 1\",\"d\":\"2\",\"m\":\"1\","
        "\"bias\":\"false\",\"pairs\":\"0\",\"generation\":\"0\",\"residual\":\"0\","
        "\"sigma\":\"[3]\"}," ONE_V "," ONE_Q "}       ";
    const double numbers[] = {0, 0.5, 0, 0, -1, 0};
    size_t length = (sizeof header - 1) / 8 * 8;
    struct lattn_model *model;
    struct lattn_text file;

    cr_assert_eq(lattn_model_open(&model, 2, 1, 1), LATTN_OK);
    model->V[1] = 0.5;
    model->Q[2] = -1;
    model->sigma[0] = 3;
    lattn_text_init(&file);
    cr_assert_eq(lattn_write_safetensors(&file, model), LATTN_OK);
    cr_assert_eq(file.length, 8 + length + sizeof numbers);
    cr_assert_eq((unsigned char)file.data[0] + 256 * (unsigned char)file.data[1], length);
    cr_assert_eq(memcmp(file.data + 2, "\0\0\0\0\0\0", 6), 0);
    cr_assert_eq(memcmp(file.data + 8, header, length), 0, "%.*s", (int)length, file.data + 8);
    cr_assert_eq(memcmp(file.data + 8 + length, numbers, sizeof numbers), 0);
    lattn_text_done(&file);
    lattn_model_close(&model);
}

Test(safetensors, reads_what_it_wrote)
{
    for (int32_t d = 1; d <= 9; d++) {
        for (int32_t heads = 0; heads <= 3; heads++) {
            struct lattn_model *model = models_random(d, 1 + d % 3, heads, (uint64_t)d);
            struct lattn_model *read;
            struct lattn_text file;

            lattn_text_init(&file);
            cr_assert_eq(lattn_write_safetensors(&file, model), LATTN_OK);
            cr_assert_eq(file.length % 8, 0);
            read = file_take(&file);
            cr_assert(models_are_equal(model, read), "d = %d, %d heads", d, heads);
            cr_assert_eq(read->certificate->verdict, LATTN_IDENTIFYING);
            lattn_text_done(&file);
            lattn_model_close(&model);
            lattn_model_close(&read);
        }
    }
}

Test(safetensors, keeps_to_the_bit_what_json_says)
{
    struct lattn_model *model = models_random(4, 2, 5, 3);
    struct lattn_model *from_json;
    struct lattn_model *from_file;
    struct lattn_complaint complaint;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_model(&text, LATTN_FORMAT_JSON, model), LATTN_OK);
    cr_assert_eq(lattn_model_read(text.data, text.length, &from_json, &complaint), LATTN_OK);
    text.length = 0;
    cr_assert_eq(lattn_write_safetensors(&text, from_json), LATTN_OK);
    from_file = file_take(&text);
    cr_assert(models_are_equal(model, from_file));
    lattn_text_done(&text);
    lattn_model_close(&model);
    lattn_model_close(&from_json);
    lattn_model_close(&from_file);
}

Test(safetensors, reads_files_of_others)
{
    static const char *const headers[] = {
        "{" ONE_V "," ONE_Q "}",
        "{" ONE_Q " ,\n" ONE_V " } \n\t ",
        "{" ONE_V "," ONE_Q ",\"__metadata__\":{}}",
        "{\"__metadata__\":{\"format\":\"pt\",\"by\":\"NumPy\"}," ONE_V "," ONE_Q "}",
        ("{\"Q\":{\"data_offsets\":[0,32],\"shape\":[1,2,2],\"dtype\":\"F64\"},"
         "\"V\":{\"data_offsets\":[32,48],\"shape\":[1,1,2],\"dtype\":\"F64\"}}"),
    };
    const double V_first[] = {3, 4, 1, 2, 3, 4};
    const double Q_first[] = {1, 2, 3, 4, 3, 4};

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct lattn_text file;
        struct lattn_model *model;

        file_make(headers[i], i == 4 ? Q_first : V_first, sizeof V_first, &file);
        model = file_take(&file);
        cr_assert_eq(memcmp(model->V, V_first, 2 * sizeof(double)), 0);
        cr_assert_eq(memcmp(model->Q, V_first + 2, 4 * sizeof(double)), 0);
        cr_assert_eq(model->bias, 0);
        cr_assert(isnan(model->residual));
        cr_assert_null(model->certificate);
        cr_assert_lt(approx_error(model->sigma[0], 5 * sqrt(30)), 8 * DBL_EPSILON);
        lattn_text_done(&file);
        lattn_model_close(&model);
    }
}

Test(safetensors, says_what_is_wrong_with_a_header)
{
    static const struct {
        const char *header;
        size_t data_length;
        enum lattn_status status;
        const char *said;
    } cases[] = {
        {"{" ONE_V "," ONE_Q ",\"U\":{}}", 48, LATTN_FIELD, "unknown field \"U\""},
        {"{" ONE_V ",\"W\":{}}", 16, LATTN_FIELD,
         "it holds softmax attention, which is read back from JSON alone"},
        {"{" ONE_V "," ONE_V "}", 48, LATTN_FIELD, "field \"V\" comes twice"},
        {"{" ONE_V "}", 16, LATTN_FIELD, "there is no tensor Q"},
        {"{}", 0, LATTN_FIELD, "there is no tensor V"},
        {" {" ONE_V "," ONE_Q "}", 48, LATTN_SYNTAX, "its header does not begin with '{'"},
        {"{" ONE_V "," ONE_Q "},", 48, LATTN_SYNTAX, NULL},
        {"{" ONE_V "," ONE_Q "}}", 48, LATTN_SYNTAX, "byte 127: the end expected, found }"},
        {"", 0, LATTN_SYNTAX, NULL},
        {"{" ONE_V "," ONE_Q "}", 40, LATTN_SHAPE, "V and Q take 48 bytes, 40 are there"},
        {"{" ONE_V "," ONE_Q "}", 56, LATTN_SHAPE, "V and Q take 48 bytes, 56 are there"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2],\"data_offsets\":[24,56]}}", 56,
         LATTN_SHAPE, "V and Q leave a gap or overlap"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2],\"data_offsets\":[8,40]}}", 48,
         LATTN_SHAPE, "V and Q leave a gap or overlap"},
        {"{\"V\":{\"dtype\":\"F64\",\"shape\":[1,1,2],\"data_offsets\":[8,24]},"
         "\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2],\"data_offsets\":[24,56]}}",
         56, LATTN_SHAPE, "V and Q leave a gap or overlap"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2],\"data_offsets\":[16,40]}}", 40,
         LATTN_SHAPE, "Q has bytes 16 to 40, its shape takes 32"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2],\"data_offsets\":[48,16]}}", 48,
         LATTN_SHAPE, "Q has bytes 48 to 16, its shape takes 32"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2],"
         "\"data_offsets\":[18446744073709551600,16]}}",
         48, LATTN_SHAPE, "Q has bytes 18446744073709551600 to 16, its shape takes 32"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,3,3],\"data_offsets\":[16,88]}}", 88,
         LATTN_SHAPE, "Q is 1 x 3 x 3, 1 x 2 x 2 goes with V"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F32\",\"shape\":[1,2,2],\"data_offsets\":[16,32]}}", 32,
         LATTN_FIELD, "Q.dtype is \"F32\", \"F64\" is expected"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[2,2],\"data_offsets\":[16,48]}}", 48,
         LATTN_SHAPE, "Q.shape has 2 numbers, 3 are expected"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2,1],\"data_offsets\":[16,48]}}", 48,
         LATTN_SHAPE, "Q.shape has more than 3 numbers"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,-2],\"data_offsets\":[16,48]}}", 48,
         LATTN_FIELD, "Q.shape is -2, a whole number that is not negative is expected"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,4294967297],"
         "\"data_offsets\":[16,48]}}",
         48, LATTN_RANGE, "Q.shape is 4294967297, at most 2147483647 is accepted"},
        {"{" ONE_V ",\"Q\":{\"dtype\":\"F64\",\"shape\":[1,2,2]}}", 48, LATTN_FIELD,
         "Q lacks dtype, shape or data_offsets"},
        {"{" ONE_V ",\"Q\":[]}", 48, LATTN_FIELD, "Q is an array, an object is expected"},
        {"{\"V\":{\"dtype\":\"F64\",\"shape\":[0,1,257],\"data_offsets\":[0,0]},"
         "\"Q\":{\"dtype\":\"F64\",\"shape\":[0,257,257],\"data_offsets\":[0,0]}}",
         0, LATTN_RANGE, "d is 257, 1 to 256 is accepted"},
        {"{\"V\":{\"dtype\":\"F64\",\"shape\":[2147483647,0,1],\"data_offsets\":[0,0]},"
         "\"Q\":{\"dtype\":\"F64\",\"shape\":[2147483647,1,1],\"data_offsets\":[0,0]}}",
         0, LATTN_RANGE, "m is 0, 1 to 1024 is accepted"},
        {"{" ONE_V "," ONE_Q ",\"__metadata__\":{\"pairs\":3}}", 48, LATTN_FIELD,
         "a value in __metadata__ is 3, a string is expected"},
        {"{" ONE_V "," ONE_Q ",\"__metadata__\":[]}", 48, LATTN_FIELD,
         "__metadata__ is an array, an object is expected"},
    };
    const double numbers[16] = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_complaint complaint = {""};
        struct lattn_model *model = NULL;
        struct lattn_text file;

        file_make(cases[i].header, numbers, cases[i].data_length, &file);
        cr_assert_eq(file_read(file.data, file.length, &model, &complaint), cases[i].status,
                     "%s: %s", cases[i].header, complaint.text);
        cr_assert_null(model);
        cr_assert_neq(complaint.text[0], '\0', "%s", cases[i].header);
        if (cases[i].said != NULL)
            cr_assert_str_eq(complaint.text, cases[i].said);
        lattn_text_done(&file);
    }
}

Test(safetensors, does_not_believe_the_length_of_a_header)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *said;
    } cases[] = {
        {"\x02\0\0\0\0\0\0\0{", 9, "its header claims 2 bytes of 1"},
        {"\x01\0\0\0\0\0\0\0", 8, "its header claims 1 bytes of 0"},
        {"\x01\xe1\xf5\x05\0\0\0\0{}", 10,
         "its header claims 100000001 bytes, at most 100000000 are accepted"},
        {"\xff\xff\xff\xff\xff\xff\xff\0{}", 10,
         "its header claims 72057594037927935 bytes, at most 100000000 are accepted"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_complaint complaint = {""};
        struct lattn_model *model;

        cr_assert_eq(file_read(cases[i].bytes, cases[i].length, &model, &complaint), LATTN_SYNTAX);
        cr_assert_str_eq(complaint.text, cases[i].said);
    }
}

Test(safetensors, refuses_numbers_that_are_not_finite)
{
    static const char *const said[] = {"V[0][0][1] is not finite", "Q[0][1][0] is not finite"};
    const double wrong[] = {NAN, INFINITY, -INFINITY};

    for (size_t i = 0; i < 6; i++) {
        double numbers[6] = {1, 1, 1, 1, 1, 1};
        struct lattn_complaint complaint = {""};
        struct lattn_model *model;
        struct lattn_text file;

        numbers[i % 2 == 0 ? 1 : 4] = wrong[i / 2];
        file_make("{" ONE_V "," ONE_Q "}", numbers, sizeof numbers, &file);
        cr_assert_eq(file_read(file.data, file.length, &model, &complaint), LATTN_NOT_FINITE);
        cr_assert_str_eq(complaint.text, said[i % 2]);
        lattn_text_done(&file);
    }
}

Test(safetensors, refuses_a_head_whose_size_is_no_double)
{
    const double numbers[] = {1e200, 0, 0, 1e200, 0, 0};
    const double large[] = {1e200, 0, 0, 1, 0, 0};
    struct lattn_complaint complaint = {""};
    struct lattn_model *model;
    struct lattn_text file;

    file_make("{" ONE_V "," ONE_Q "}", numbers, sizeof numbers, &file);
    cr_assert_eq(file_read(file.data, file.length, &model, &complaint), LATTN_RANGE);
    cr_assert_str_eq(complaint.text, "head 0 is too large");
    lattn_text_done(&file);
    file_make("{" ONE_V "," ONE_Q "}", large, sizeof large, &file);
    model = file_take(&file);
    cr_assert_lt(approx_error(model->sigma[0], 1e200), 8 * DBL_EPSILON);
    lattn_text_done(&file);
    lattn_model_close(&model);
}

Test(safetensors, refuses_every_file_that_is_cut_off_or_longer)
{
    struct lattn_model *model = models_random(3, 2, 2, 4);
    struct lattn_model *read = NULL;
    struct lattn_text file;

    lattn_text_init(&file);
    cr_assert_eq(lattn_write_safetensors(&file, model), LATTN_OK);
    for (size_t length = 0; length < file.length; length++)
        cr_assert_lt(file_read(file.data, length, &read, NULL), 0, "%zu bytes", length);
    cr_assert_eq(lattn_text_add(&file, "\n", 1), LATTN_OK);
    cr_assert_eq(file_read(file.data, file.length, &read, NULL), LATTN_SHAPE);
    cr_assert_null(read);
    lattn_text_done(&file);
    lattn_model_close(&model);
}

Test(safetensors, survives_failing_allocations)
{
    struct lattn_model *model = models_random(3, 2, 2, 5);
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct lattn_model *read = NULL;
        struct lattn_text file;
        enum lattn_status status;

        lattn_text_init(&file);
        cr_assert_eq(lattn_text_add(&file, "x", 1), LATTN_OK);
        memory_fail(k, k % 2 == 0);
        status = lattn_write_safetensors(&file, model);
        if (status != LATTN_OK)
            cr_assert_str_eq(file.data, "x");
        else
            status = lattn_model_read(file.data + 1, file.length - 1, &read, NULL);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK, "allocation %ju", (uintmax_t)k);
        cr_assert_eq(read == NULL, failed);
        lattn_model_close(&read);
        lattn_text_done(&file);
    }
    lattn_model_close(&model);
    cr_assert_eq(leaks(), 0);
}
