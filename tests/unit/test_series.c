#include "series.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* What came out: "key:z,z,..=y;" for each pair. */
static enum lattn_status pair_write(void *arg, const char *key, const struct lattn_item *item)
{
    char *text = arg;
    size_t length = strlen(text);

    length += (size_t)snprintf(text + length, 256 - length, "%s:", key);
    for (int32_t i = 0; i < item->n * item->d; i++)
        length += (size_t)snprintf(text + length, 256 - length, "%g,", item->z[i]);
    length += (size_t)snprintf(text + length, 256 - length, "=");
    for (int32_t i = 0; i < item->m; i++)
        length += (size_t)snprintf(text + length, 256 - length, "%g,", item->y[i]);
    snprintf(text + length, 256 - length, ";");
    return item->weight > 0 && item->labels == LATTN_LABELS_LAST ? LATTN_OK : LATTN_SHAPE;
}

static enum lattn_status push(struct series *series, const char *row, char *ret_text)
{
    struct lattn_complaint complaint = {""};
    char copy[64];
    const char *key;
    enum lattn_status status;

    snprintf(copy, sizeof copy, "%s", row);
    status = series_read(series, copy, strlen(copy), &key, &complaint);
    if (status != LATTN_OK)
        return complaint.text[0] != '\0' ? status : LATTN_NO_DATA;
    return series_push(series, key, pair_write, ret_text);
}

static void begin(struct series *series, const char *header)
{
    struct lattn_complaint complaint = {""};

    cr_assert_eq(series_begin(series, header, strlen(header), &complaint), LATTN_OK);
    cr_assert(series->has_header);
}

Test(series, ends_a_sequence_with_the_row_of_its_label)
{
    struct series series = {.wish = {"a,b", "y", "k"}, .window = 2};
    char text[256] = "";

    begin(&series, "k,a,b,y");
    cr_assert_eq(push(&series, "one,1,2,3", text), LATTN_OK);
    cr_assert_eq(push(&series, "two,4,5,6", text), LATTN_OK);
    cr_assert_eq(push(&series, "one,7,8,9", text), LATTN_OK);
    cr_assert_eq(push(&series, "one,10,11,12", text), LATTN_OK);
    cr_assert_str_eq(text, "one:1,2,=3,;two:4,5,=6,;one:1,2,7,8,=9,;one:7,8,10,11,=12,;");
    series_done(&series);
}

Test(series, learns_the_next_row_where_it_is_autoregressive)
{
    struct series series = {.wish = {"a", NULL, NULL}, .window = 2, .is_autoregressive = 1};
    char text[256] = "";

    begin(&series, "a");
    for (int i = 1; i <= 4; i++) {
        char row[16];

        snprintf(row, sizeof row, "%d", i);
        cr_assert_eq(push(&series, row, text), LATTN_OK);
    }
    cr_assert_str_eq(text, ":1,=2,;:1,2,=3,;:2,3,=4,;");
    series_done(&series);
}

Test(series, is_as_before_behind_a_row_that_is_refused)
{
    struct series series = {.wish = {"a", "y", NULL}, .window = 2};
    char text[256] = "";

    begin(&series, "a,y");
    cr_assert_eq(push(&series, "1,2", text), LATTN_OK);
    cr_assert_eq(push(&series, "5,x", text), LATTN_FIELD);
    cr_assert_eq(push(&series, "3,4", text), LATTN_OK);
    cr_assert_str_eq(text, ":1,=2,;:1,3,=4,;");
    series_done(&series);
}

Test(series, refuses_a_header_without_its_columns)
{
    struct series series = {.wish = {"a", "y", NULL}, .window = 1};
    struct lattn_complaint complaint = {""};

    cr_assert_eq(series_begin(&series, "a,b", 3, &complaint), LATTN_NAME);
    cr_assert_not_null(strstr(complaint.text, "y"));
    cr_assert_not(series.has_header);
    series_done(&series);
}

static enum lattn_status refuse(void *arg, const char *key, const struct lattn_item *item)
{
    (void)arg;
    (void)key;
    (void)item;
    return LATTN_CLOSED;
}

Test(series, ends_where_nobody_takes_its_pair)
{
    struct series series = {.wish = {"a", "y", NULL}, .window = 1};
    struct lattn_complaint complaint = {""};
    char row[] = "1,2";
    const char *key;

    begin(&series, "a,y");
    cr_assert_eq(series_read(&series, row, 3, &key, &complaint), LATTN_OK);
    cr_assert_eq(series_push(&series, key, refuse, NULL), LATTN_CLOSED);
    series_done(&series);
}
