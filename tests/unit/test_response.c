#include <lattn/transcript.h>

#include <criterion/criterion.h>
#include <string.h>

enum { ROOM = 4096 };

static struct lattn_response response_of(const char *text, double *numbers)
{
    struct lattn_complaint complaint = {""};
    struct lattn_response response;
    enum lattn_status status =
        lattn_response_read(text, strlen(text), numbers, &response, &complaint);

    cr_assert_eq(status, LATTN_OK, "%s: %s", text, complaint.text);
    return response;
}

Test(response, has_y_as_number_row_or_rows)
{
    static const struct {
        const char *text;
        int32_t rows;
        int32_t columns;
        double numbers[4];
    } cases[] = {
        {"{\"y\": 0.5}", 0, 1, {0.5}},
        {"{\"y\": -1e-3}", 0, 1, {-1e-3}},
        {"{\"y\": true}", 0, 1, {1}},
        {"{\"y\": false}", 0, 1, {0}},
        {"{\"y\": [7]}", 0, 1, {7}},
        {"{\"y\": [1, 2, 3]}", 0, 3, {1, 2, 3}},
        {"{\"y\": [[1, 2], [3, 4]]}", 2, 2, {1, 2, 3, 4}},
        {"{\"y\": [[1], [2], [3]]}\r", 3, 1, {1, 2, 3}},
        {"{\"y\": 1, \"error\": null}", 0, 1, {1}},
    };
    double numbers[ROOM];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_response response = response_of(cases[i].text, numbers);
        int32_t rows = response.rows == 0 ? 1 : response.rows;

        cr_expect_eq(response.is_refused, 0);
        cr_expect_eq(response.rows, cases[i].rows, "%s", cases[i].text);
        cr_expect_eq(response.columns, cases[i].columns, "%s", cases[i].text);
        cr_expect_arr_eq(numbers, cases[i].numbers,
                         (size_t)rows * (size_t)response.columns * sizeof *numbers);
    }
}

Test(response, has_the_id_as_it_was_written)
{
    double numbers[ROOM];

    cr_expect_str_eq(response_of("{\"y\": 1}", numbers).id, "");
    cr_expect_str_eq(response_of("{\"id\": null, \"y\": 1}", numbers).id, "");
    cr_expect_str_eq(response_of("{\"id\": 17, \"y\": 1}", numbers).id, "17");
    cr_expect_str_eq(response_of("{\"y\": 1, \"id\": \"17\"}", numbers).id, "\"17\"");
}

Test(response, has_the_words_of_a_refusal)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"{\"error\": \"too long\"}", "too long"},
        {"{\"id\": 3, \"error\": {\"code\": \"range\", \"message\": \"at most 8\"}}", "at most 8"},
        {"{\"error\": {\"code\": 3}}", ""},
        {"{\"error\": true}", ""},
        {"{\"y\": null, \"error\": [1]}", ""},
        {"{\"error\": {\"message\": 3}}", ""},
    };
    double numbers[ROOM];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_response response = response_of(cases[i].text, numbers);

        cr_expect_eq(response.is_refused, 1, "%s", cases[i].text);
        cr_expect_str_eq(response.words, cases[i].words, "%s", cases[i].text);
    }
}

Test(response, cuts_long_words_between_letters)
{
    char text[ROOM] = "{\"error\": \"";
    size_t length = strlen(text);
    double numbers[ROOM];
    struct lattn_response response;

    for (int i = 0; i < LATTN_RESPONSE_WORDS_MAX; i++, length += 2)
        memcpy(text + length, "\xc3\xa4", 2);
    memcpy(text + length, "\"}", 3);
    response = response_of(text, numbers);
    cr_expect_eq(strlen(response.words), (LATTN_RESPONSE_WORDS_MAX - 1) / 2 * 2);
}

Test(response, passes_over_fields_of_others)
{
    double numbers[ROOM];
    struct lattn_response response = response_of(
        "{\"id\": 1, \"z\": [[1, 2], [3, 4]], \"ms\": {\"a\": [0.1]}, \"y\": 5}", numbers);

    cr_expect_eq(response.columns, 1);
    cr_expect_eq(memcmp(numbers, &(double){5}, sizeof(double)), 0);
}

Test(response, refuses_what_is_no_answer)
{
    static const struct {
        const char *text;
        enum lattn_status status;
        const char *words;
    } cases[] = {
        {"", LATTN_SYNTAX, ""},
        {"Loading model ...", LATTN_SYNTAX, ""},
        {"0.5", LATTN_SYNTAX, ""},
        {"{\"y\": 0.5", LATTN_SYNTAX, ""},
        {"{\"y\": 0.5} {}", LATTN_SYNTAX, ""},
        {"{\"y\": NaN}", LATTN_NOT_FINITE, ""},
        {"{\"y\": [1, Infinity]}", LATTN_NOT_FINITE, "y[1]"},
        {"{\"y\": 1e999}", LATTN_NOT_FINITE, ""},
        {"{\"y\": \"0.5\"}", LATTN_FIELD, "y is"},
        {"{\"y\": {\"value\": 1}}", LATTN_FIELD, "y is"},
        {"{\"y\": [1, \"a\"]}", LATTN_FIELD, "y[1]"},
        {"{\"y\": [1, [2]]}", LATTN_FIELD, "y[1]"},
        {"{\"y\": [[1], 2]}", LATTN_FIELD, "y[1]"},
        {"{\"y\": [[1, 2], [3]]}", LATTN_SHAPE, "y[1]"},
        {"{\"y\": []}", LATTN_EMPTY, "y has no number"},
        {"{\"y\": [[]]}", LATTN_EMPTY, "y has no number"},
        {"{\"y\": 1, \"y\": 2}", LATTN_FIELD, "y"},
        {"{\"y\": null}", LATTN_FIELD, "y or error"},
        {"{\"id\": 1}", LATTN_FIELD, "y or error"},
        {"{}", LATTN_FIELD, "y or error"},
        {"{\"y\": 1, \"error\": \"x\"}", LATTN_FIELD, "come together"},
        {"{\"id\": [1], \"y\": 1}", LATTN_FIELD, "id"},
    };
    double numbers[ROOM];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_response response = {.columns = -7};
        struct lattn_complaint complaint = {""};

        cr_expect_eq(lattn_response_read(cases[i].text, strlen(cases[i].text), numbers, &response,
                                         &complaint),
                     cases[i].status, "%s: %s", cases[i].text, complaint.text);
        cr_expect(strstr(complaint.text, cases[i].words) != NULL, "%s", complaint.text);
        cr_expect_eq(response.columns, -7, "%s", cases[i].text);
    }
}
