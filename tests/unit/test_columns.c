#include "columns.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum lattn_status find(struct columns *columns, const char *header, struct columns_wish wish,
                              struct lattn_complaint *complaint)
{
    *columns = (struct columns){0};
    return columns_find(columns, &wish, header, strlen(header), complaint);
}

Test(columns, are_found_by_name_in_the_order_asked_for)
{
    struct lattn_complaint complaint;
    struct columns columns;

    cr_assert_eq(find(&columns, "\xef\xbb\xbfid,\"x, of it\",y,z",
                      (struct columns_wish){"z,\"x, of it\"", "y", "id"}, &complaint),
                 LATTN_OK);
    cr_assert_eq(columns.tokens.count, 2);
    cr_expect_eq(columns.tokens.places[0], 3);
    cr_expect_eq(columns.tokens.places[1], 1);
    cr_assert_eq(columns.labels.count, 1);
    cr_expect_eq(columns.labels.places[0], 2);
    cr_expect_eq(columns.key, 0);
    columns_done(&columns);
}

Test(columns, are_all_but_the_key_by_default)
{
    struct lattn_complaint complaint;
    struct columns columns;

    cr_assert_eq(find(&columns, "a,k,b", (struct columns_wish){.key = "k"}, &complaint), LATTN_OK);
    cr_assert_eq(columns.tokens.count, 2);
    cr_expect_eq(columns.tokens.places[1], 2);
    cr_expect_eq(columns.labels.count, 2);
    columns_done(&columns);
    cr_assert_eq(find(&columns, "a,k,b", (struct columns_wish){0}, &complaint), LATTN_OK);
    cr_expect_eq(columns.tokens.count, 3);
    columns_done(&columns);
}

static void expect_refusal(const char *header, struct columns_wish wish, const char *expected)
{
    struct lattn_complaint complaint = {""};
    struct columns columns;

    cr_expect_lt((int)find(&columns, header, wish, &complaint), LATTN_OK);
    cr_expect_str_eq(complaint.text, expected);
    columns_done(&columns);
}

Test(columns, refuses_headers_and_wishes_that_do_not_agree)
{
    expect_refusal("a,b", (struct columns_wish){"a,c", "b", NULL}, "there is no column \"c\"");
    expect_refusal("a,b", (struct columns_wish){"a", "b", "k"}, "there is no column \"k\"");
    expect_refusal("a,b,a", (struct columns_wish){"b,a", "b", NULL},
                   "columns 1 and 3 are both called \"a\"");
    expect_refusal("a,b,a", (struct columns_wish){"b", "b", "a"},
                   "columns 1 and 3 are both called \"a\"");
    expect_refusal("k,b,a,b", (struct columns_wish){.key = "k"},
                   "columns 2 and 4 are both called \"b\"");
    expect_refusal("a,b", (struct columns_wish){"a,b,a", "b", NULL},
                   "column \"a\" is asked for twice");
    expect_refusal("a,\"b", (struct columns_wish){"a", "a", NULL},
                   "cell 2: its quote is not closed");
    expect_refusal("k", (struct columns_wish){.key = "k"},
                   "0 columns for the tokens, accepted are 1 to 256");
}

Test(columns, may_share_a_name_that_is_not_asked_for)
{
    struct lattn_complaint complaint;
    struct columns columns;

    cr_assert_eq(find(&columns, "a,,b,", (struct columns_wish){"a", "b", NULL}, &complaint),
                 LATTN_OK);
    cr_expect_eq(columns.labels.places[0], 2);
    columns_done(&columns);
}

Test(columns, are_found_in_the_widest_header, .timeout = 10)
{
    enum { COUNT = 1000000 };
    struct lattn_complaint complaint;
    struct columns columns;
    char *header = calloc(COUNT + 2, 1);

    cr_assert_not_null(header);
    memset(header, ',', COUNT);
    header[COUNT] = 'a';
    cr_assert_eq(find(&columns, header, (struct columns_wish){"a", "a", NULL}, &complaint),
                 LATTN_OK);
    cr_expect_eq(columns.tokens.places[0], COUNT);
    columns_done(&columns);
    free(header);
}

static enum lattn_status read(const struct columns *columns, const char *record, double *token,
                              double *label, char *key, struct lattn_complaint *complaint)
{
    struct csv_cells cells = {0};
    const char *found = "";
    char text[2048];
    enum lattn_status status;

    cr_assert_lt(strlen(record), sizeof text);
    memcpy(text, record, strlen(record) + 1);
    cr_assert_eq(csv_cells_cut(&cells, text, strlen(text), complaint), LATTN_OK);
    status = columns_read(columns, &cells, token, label, &found, complaint);
    snprintf(key, 16, "%.15s", found);
    csv_cells_done(&cells);
    return status;
}

Test(columns, read_a_row)
{
    struct lattn_complaint complaint = {""};
    struct columns columns;
    double token[2];
    double label[1];
    char key[16];

    cr_assert_eq(find(&columns, "k,a,b,c", (struct columns_wish){"c,a", "b", "k"}, &complaint),
                 LATTN_OK);
    cr_assert_eq(read(&columns, "one,1,2,3", token, label, key, &complaint), LATTN_OK);
    cr_expect_eq(token[0], 3);
    cr_expect_eq(token[1], 1);
    cr_expect_eq(label[0], 2);
    cr_expect_str_eq(key, "one");
    cr_expect_eq(read(&columns, "one,1,2", token, label, key, &complaint), LATTN_FIELD);
    cr_expect_str_eq(complaint.text, "column \"c\" is missing, 3 of 4 are there");
    cr_expect_eq(read(&columns, "one,1,2,3,4", token, label, key, &complaint), LATTN_FIELD);
    cr_expect_str_eq(complaint.text, "5 cells, the header names 4 columns");
    cr_expect_eq(read(&columns, "one,1,two,3", token, label, key, &complaint), LATTN_FIELD);
    cr_expect_str_eq(complaint.text, "column \"b\": \"two\" is not a number");
    cr_expect_eq(read(&columns, "one,,2,3", token, label, key, &complaint), LATTN_FIELD);
    cr_expect_str_eq(complaint.text, "column \"a\" is empty");
    cr_expect_eq(read(&columns, "one,1,2,1e999", token, label, key, &complaint), LATTN_FIELD);
    cr_expect_str_eq(complaint.text, "column \"c\": \"1e999\" is beyond the doubles");
    columns_done(&columns);
}

Test(columns, bound_the_length_of_a_key)
{
    struct lattn_complaint complaint = {""};
    struct columns columns;
    double token[1];
    double label[1];
    char record[1030];
    char key[16];

    cr_assert_eq(find(&columns, "k,a", (struct columns_wish){"a", "a", "k"}, &complaint), LATTN_OK);
    memset(record, 'x', sizeof record);
    memcpy(record + 1023, ",1", 3);
    cr_expect_eq(read(&columns, record, token, label, key, &complaint), LATTN_OK);
    memcpy(record + 1023, "x,1", 4);
    cr_expect_eq(read(&columns, record, token, label, key, &complaint), LATTN_FIELD);
    cr_expect_str_eq(complaint.text, "column \"k\" has 1024 bytes, at most 1023 are keys");
    columns_done(&columns);
}
