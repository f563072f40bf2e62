#include "wire/tensor.h"

#include "support/packed.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const units[TENSOR_RANK_MAX] = {"sequences", "tokens", "coordinates"};

struct reading {
    struct tensor tensor;
    struct lattn_complaint complaint;
    double numbers[16];
};

static enum lattn_status read_json(struct reading *reading, const char *json)
{
    struct packed packed = packed_of(json);
    struct message message = {packed.data, packed.data + packed.length};
    enum lattn_status status;

    memset(reading, 0, sizeof *reading);
    reading->tensor = (struct tensor){.name = "z", .units = units, .numbers = reading->numbers};
    status = tensor_read(&message, &reading->tensor, &reading->complaint);
    cr_assert(status != LATTN_OK || message.at == message.end);
    packed_done(&packed);
    return status;
}

static void assert_reads(const char *json, int32_t rank, const uint64_t *shape, size_t count)
{
    struct reading reading;

    cr_assert_eq(read_json(&reading, json), LATTN_OK, "%s: %s", json, reading.complaint.text);
    cr_assert_eq(reading.tensor.rank, rank, "%s", json);
    cr_assert_eq(tensor_count(&reading.tensor), count, "%s", json);
    for (int32_t axis = 0; axis < rank; axis++)
        cr_assert_eq(reading.tensor.shape[axis], shape[axis], "%s", json);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(reading.numbers[i], (double)i + 1, "%s", json);
}

Test(tensor, reads_numbers_along_up_to_three_axes)
{
    static const uint64_t one[] = {2};
    static const uint64_t two[] = {2, 1};
    static const uint64_t three[] = {1, 2, 2};

    assert_reads("1", 0, NULL, 1);
    assert_reads("[1, 2]", 1, one, 2);
    assert_reads("[[1], [2]]", 2, two, 2);
    assert_reads("[[[1, 2], [3, 4]]]", 3, three, 4);
    assert_reads("{'shape': [], 'dtype': '<f8', 'data': {'$f8': [1]}}", 0, NULL, 1);
    assert_reads("{'shape': [2], 'dtype': '<f4', 'data': {'$f4': [1, 2]}}", 1, one, 2);
    assert_reads("{'data': {'$f8': [1, 2]}, 'shape': [2, 1], 'dtype': '<f8'}", 2, two, 2);
    assert_reads("{'shape': [1, 2, 2], 'dtype': '<f8', 'data': {'$f8': [1, 2, 3, 4]}}", 3, three,
                 4);
}

static void assert_refused(const char *json, enum lattn_status status, const char *said)
{
    struct reading reading;

    cr_assert_eq(read_json(&reading, json), status, "%s: %s", json, reading.complaint.text);
    cr_assert_str_eq(reading.complaint.text, said, "%s: %s", json, reading.complaint.text);
}

Test(tensor, says_what_is_wrong_with_nested_arrays)
{
    assert_refused("'many'", LATTN_FIELD,
                   "z is \"many\", a number, an array or a tensor is expected");
    assert_refused("[[1, 2], [3, '4']]", LATTN_FIELD, "z[1][1] is \"4\", a number is expected");
    assert_refused("[[1, null]]", LATTN_FIELD, "z[0][1] is nil, a number is expected");
    assert_refused("[[1, [2]]]", LATTN_FIELD, "z[0][1] is an array, a number is expected");
    assert_refused("[[[[1]]]]", LATTN_FIELD, "z[0][0][0] is an array, a number is expected");
    assert_refused("[[1], 2]", LATTN_FIELD, "z[1] is 2, a row of numbers is expected");
    assert_refused("[[1, 2], [3]]", LATTN_SHAPE, "z[1] has 1 coordinates, z[0] has 2");
    assert_refused("[[[1, 2]], [[3, 4], [5, 6]]]", LATTN_SHAPE, "z[1] has 2 tokens, z[0] has 1");
    assert_refused("[[[1, 2]], [[3]]]", LATTN_SHAPE, "z[1][0] has 1 coordinates, z[0][0] has 2");
    assert_refused("[[1], [{'$float': 'NaN'}]]", LATTN_NOT_FINITE,
                   "z[1][0] is NaN, which is not finite");
    assert_refused("[[{'$float4': '-Infinity'}]]", LATTN_NOT_FINITE,
                   "z[0][0] is -Infinity, which is not finite");
}

Test(tensor, says_what_is_wrong_with_a_map)
{
    assert_refused("{'shape': [1, 1], 'dtype': '<i4', 'data': {'$f4': [1]}}", LATTN_FIELD,
                   "z.dtype is \"<i4\", \"<f8\" or \"<f4\" is expected");
    assert_refused("{'shape': [1, 1], 'dtype': '<f8', 'data': 'abcdefgh'}", LATTN_FIELD,
                   "z.data is \"abcdefgh\", bin is expected");
    assert_refused("{'shape': [2, 2], 'dtype': '<f8', 'data': {'$f8': [1, 2, 3]}}", LATTN_SHAPE,
                   "z.data has 24 bytes, its shape takes 32 in <f8");
    assert_refused("{'shape': [2, 2], 'dtype': '<f4', 'data': {'$f8': [1, 2, 3]}}", LATTN_SHAPE,
                   "z.data has 24 bytes, its shape takes 16 in <f4");
    assert_refused("{'shape': [4294967296, 4294967296], 'dtype': '<f8', 'data': {'$f8': []}}",
                   LATTN_SHAPE, "z.data has 0 bytes, its shape takes more than any frame has");
    assert_refused("{'shape': [4000000000, 0], 'dtype': '<f8', 'data': {'$f8': []}}", LATTN_RANGE,
                   "z.shape[1] is 0, at least 1 is expected");
    assert_refused("{'shape': [1, -1], 'dtype': '<f8', 'data': {'$f8': []}}", LATTN_FIELD,
                   "z.shape[1] is -1, a whole number that is not negative is expected");
    assert_refused("{'shape': [1, 1, 1, 1], 'dtype': '<f8', 'data': {'$f8': [1]}}", LATTN_SHAPE,
                   "z.shape has 4 axes, at most 3 are accepted");
    assert_refused("{'shape': 1, 'dtype': '<f8', 'data': {'$f8': [1]}}", LATTN_FIELD,
                   "z.shape is 1, an array is expected");
    assert_refused("{'shape': [1, 1], 'data': {'$f8': [1]}}", LATTN_FIELD, "z.dtype is missing");
    assert_refused("{}", LATTN_FIELD, "z.shape is missing");
    assert_refused("{'$map': ['shape', [1, 1], 'shape', [1, 1]]}", LATTN_FIELD,
                   "field \"shape\" comes twice");
    assert_refused("{'shape': [2, 2], 'dtype': '<f8', 'data': {'$f8': [1, 2, 'NaN', 4]}}",
                   LATTN_NOT_FINITE, "z[1][0] is NaN, which is not finite");
    assert_refused("{'shape': [2, 1, 2], 'dtype': '<f4', 'data': {'$f4': [1, 2, 3, 'Infinity']}}",
                   LATTN_NOT_FINITE, "z[1][0][1] is Infinity, which is not finite");
}

Test(tensor, finds_the_shape_of_what_is_refused)
{
    struct packed packed = packed_of("{'dtype': 7, 'data': null, 'shape': [3, 1, 1]}");
    struct tensor tensor = {.name = "z"};

    tensor_find_shape((struct message){packed.data, packed.data + packed.length}, &tensor);
    cr_assert_eq(tensor.rank, 3);
    cr_assert_eq(tensor.shape[0], 3);
    packed_done(&packed);
    packed = packed_of("'many'");
    tensor_find_shape((struct message){packed.data, packed.data + packed.length}, &tensor);
    cr_assert_eq(tensor.rank, -1);
    packed_done(&packed);
}
